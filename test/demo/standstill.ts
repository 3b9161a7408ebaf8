import { setTimeout as sleep } from 'node:timers/promises'
import { calm } from '#kit/pretend'
import type { Scene } from './scene.ts'

const lostMs = 1_500

/**
 * The worst moment for a stock number: a shop sells, its webhooks are lost, and news from another shop makes the hub
 * write there before a poll has shown it what was sold. Played once for each shop while the sky is clear, so that
 * nothing else excuses a number that goes up. Returns how many SKUs were sold so; none means that nothing was proved.
 */
export async function playStandstills({ world }: Scene): Promise<number> {
  const { shops } = await world.ask({ kind: 'glance' })
  let sold = 0
  for (const { name } of shops) {
    await world.ask({ kind: 'faults', faults: { ...calm, drop: 1 }, shop: name })
    sold += await world.ask({ kind: 'rush', shop: name })
    await sleep(lostMs)
    await world.ask({ kind: 'faults', faults: calm, shop: name })
  }
  return sold
}
