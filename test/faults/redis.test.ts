import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Merchant, openStage, type Purchase, type Stage } from '../e2e/harness.ts'
import { done, requestsFor } from '../e2e/story.ts'
import { allIsHere, deliverMany, openSenderFor } from './door.ts'
import type { Sender } from './manifest.ts'
import { type FaultProxy, openProxy } from './proxy.ts'
import { hasRedis, type OwnRedis, openOwnRedis } from './redis-server.ts'

let redis: OwnRedis
let wire: FaultProxy
let stage: Stage<'lily'>
let lily: Merchant
let sender: Sender
const bought: Purchase[] = []
const skus = ['MUG', 'TEE', 'CAP', 'PEN', 'BAG']

/** While the queue is in this state: deliveries are answered as ever, and an order goes as far as the partner and the other shops. */
async function goesOn(sku: string): Promise<void> {
  const from = performance.now()
  await deliverMany(sender, 10)
  expect(performance.now() - from, 'nobody who delivers waits for the queue').toBeLessThan(1_500)
  const purchase = lily.buy(lily.shopify, { sku, quantity: 2 })
  bought.push(purchase)
  await purchase.until('asked for', (o) => done(o, 'request.sent'))
  await stage.shown(lily, sku, 18)
}

describe.runIf(hasRedis)('a Redis that fails', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    redis = await openOwnRedis()
    wire = await openProxy(redis.url)
    stage = await openStage({
      worlds: { lily: { skus } },
      parts: [
        { name: 'http', role: 'http' },
        { name: 'worker', role: 'worker' },
      ],
      redisUrl: wire.through(redis.url),
    })
    lily = stage.merchants.lily
    sender = await openSenderFor(stage, lily)
  }, 60_000)
  afterAll(async () => {
    sender?.close()
    await stage?.close()
    await wire?.close()
    await redis?.close()
  })

  test('fault 25: two seconds late, then silent on open connections, it keeps no delivery and no order waiting', async () => {
    expect(wire.connections(), 'the queue is on this wire').toBeGreaterThan(5)
    wire.set({ latencyMs: 2_000 })
    await goesOn('MUG')
    wire.set({ latencyMs: 0 })
    await redis.run('CLIENT', 'PAUSE', '1500')
    wire.set({ blackhole: true })
    await goesOn('TEE')
    wire.set({ blackhole: false })
    wire.reset()
  })

  test('fault 24: out of memory, it takes no job, and the rows are worked on all the same', async () => {
    await redis.run('CONFIG', 'SET', 'maxmemory', '1')
    await goesOn('CAP')
    await redis.run('CONFIG', 'SET', 'maxmemory', '0')
  })

  test('fault 22: away, it delays schedules only', async () => {
    await redis.kill()
    await goesOn('PEN')
    await redis.start()
  })

  test('fault 23: killed (-9), it comes back without its last second, and everything is brought to its end', async () => {
    const purchase = lily.buy(lily.woo, { sku: 'BAG', quantity: 2 })
    bought.push(purchase)
    await purchase.until('asked for', (o) => done(o, 'request.sent'))
    await redis.kill()
    await redis.start()
    for (const one of bought) {
      const order = await one.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
      expect(requestsFor(lily, order)).toHaveLength(1)
    }
    await allIsHere(stage, sender)
    await stage.calm(lily)
    expect(lily.truth.filter((e) => e.what === 'fulfillment.created')).toHaveLength(skus.length)
    expect(await stage.broken()).toEqual({})
    expect([stage.hub.diedOf('http'), stage.hub.diedOf('worker')]).toEqual([null, null])
  })
})
