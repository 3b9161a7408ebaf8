import { afterEach, describe, expect, test } from 'vitest'
import { type Merchant, openStage, type Stage } from '../e2e/harness.ts'
import { done } from '../e2e/story.ts'
import { openCluster } from './cluster.ts'
import { allIsHere, openSenderFor } from './door.ts'
import type { Sender } from './manifest.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

/** Delivers one after the other on a few lines until told to stop. */
function keepDelivering(sender: Sender, lines: number): () => Promise<void> {
  let stopped = false
  const line = async () => {
    while (!stopped) await sender.deliver()
  }
  const running = Promise.all(Array.from({ length: lines }, line))
  return async () => {
    stopped = true
    await running
  }
}

describe('a PostgreSQL that dies', { timeout: 120_000 }, () => {
  test('fault 11: stopped at once under load, twice: 503 meanwhile, back by itself, and every 2xx is there once', async () => {
    const cluster = await openCluster()
    const stage: Stage<'lily'> = await openStage({
      worlds: { lily: {} },
      parts: [
        { name: 'http', role: 'http' },
        { name: 'worker', role: 'worker' },
      ],
      database: async () => cluster.database,
    })
    endings.push(stage.close)
    const lily: Merchant = stage.merchants.lily
    const sender = await openSenderFor(stage, lily)
    endings.push(sender.close)
    const acks = () => sender.manifest().acked.size
    const stop = keepDelivering(sender, 6)
    for (const how of ['immediate', 'kill'] as const) {
      const before = acks()
      await stage.until('it is under load', () => acks() > before + 25)
      const [refusals, answered] = [sender.manifest().refused, acks()]
      cluster.end(how)
      await stage.until('the hub says that it is busy', () => sender.manifest().refused > refusals)
      await stage.until('it takes deliveries in again', () => acks() > answered + 25)
    }
    const bought = lily.buy(lily.shopify, { sku: 'MUG', quantity: 2 })
    await stop()
    await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    await stage.calm(lily)
    const { statuses } = sender.manifest()
    expect([...statuses.keys()].filter((status) => ![0, 200, 503].includes(status))).toEqual([])
    await allIsHere(stage, sender)
    expect(await stage.broken()).toEqual({})
    expect([stage.hub.diedOf('http'), stage.hub.diedOf('worker')]).toEqual([null, null])
  })
})
