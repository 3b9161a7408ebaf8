import { setTimeout as sleep } from 'node:timers/promises'
import { calm, type Faults } from '#kit/pretend'
import type { Scene } from './scene.ts'

const roughWeather: Faults = {
  duplicate: 0.1,
  reorder: 0.1,
  drop: 0.05,
  delay: 0.1,
  throttle: 0.03,
  failBefore: 0.03,
  failAfterEffect: 0.03,
  dropWrite: 0.02,
  hang: 0.003,
}
const crashesAt = [0.25, 0.5, 0.75]
const lookEveryMs = 100

/**
 * Turns every fault up, kills the hub when a quarter, half and three quarters of the orders are placed, and ends in
 * calm. Returns how many of these kills did not happen before the shoppers were done.
 */
export async function playChaos(scene: Scene, said: (line: string) => void, signal: AbortSignal): Promise<number> {
  await scene.world.ask({ kind: 'faults', faults: roughWeather })
  const left = [...crashesAt]
  while (!signal.aborted) {
    const { progress } = await scene.world.ask({ kind: 'glance' })
    if (progress.shoppersDone) break
    const next = left[0]
    if (next !== undefined && progress.placed >= next * progress.target) {
      left.shift()
      said(`hub killed after ${progress.placed} orders`)
      await scene.hub.crash()
    }
    await sleep(lookEveryMs)
  }
  if (!signal.aborted) await scene.world.ask({ kind: 'faults', faults: calm })
  return left.length
}
