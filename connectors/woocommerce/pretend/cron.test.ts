import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  buyOne,
  openReceiver,
  openShop,
  type Receiver,
  type Shop,
  stockItem,
  subscribe,
  truthOf,
} from './test-bench.ts'

let shop: Shop
let hub: Receiver
beforeEach(async () => {
  shop = await openShop()
  hub = await openReceiver()
  stockItem(shop, 'A', 50)
})
afterEach(async () => {
  await shop.close()
  await hub.close()
})

const topics = () => hub.calls.map((call) => call.headers['x-wc-webhook-topic'])
async function sell(): Promise<void> {
  buyOne(shop, 'A')
  await shop.cron.run()
}

test('deliveries run one after another: a slow receiver keeps the next one waiting', async () => {
  await subscribe(shop, hub, 'order.created')
  buyOne(shop, 'A')
  buyOne(shop, 'A')
  let letGo: (status: number) => void = () => undefined
  const arrived = new Promise<void>((resolve) => {
    hub.answer = () => {
      resolve()
      return new Promise<number>((answer) => {
        letGo = answer
      })
    }
  })
  const run = shop.cron.run()
  await arrived
  expect(truthOf(shop, 'webhook.sent')).toHaveLength(0)
  hub.answer = () => 200
  letGo(200)
  await run
  expect(truthOf(shop, 'webhook.sent').map((entry) => entry.status)).toEqual([200, 200])
})

test('WP-Cron runs by itself every minute of the world', async () => {
  const busy = await openShop({ cronByHand: false })
  await subscribe(busy, hub, 'order.created')
  const delivered = new Promise<void>((resolve) => {
    hub.answer = () => {
      resolve()
      return 200
    }
  })
  stockItem(busy, 'A', 1)
  buyOne(busy, 'A')
  await delivered
  await busy.close()
})

test('the dials send twice, hold back, and lose deliveries', async () => {
  await subscribe(shop, hub, 'order.created')
  shop.shop.setFaults({ duplicate: 1 })
  await sell()
  expect(topics()).toEqual(['order.created', 'order.created'])
  shop.shop.setFaults({ duplicate: 0, delay: 1 })
  await sell()
  expect(hub.calls).toHaveLength(2)
  expect(shop.shop.quiet()).toBe(false)
  shop.clock.now += 60_000
  await shop.cron.run()
  expect(hub.calls).toHaveLength(3)
  shop.shop.setFaults({ delay: 0, drop: 1 })
  await sell()
  expect(hub.calls).toHaveLength(3)
  expect(truthOf(shop, 'webhook.lost')).toHaveLength(1)
  expect(shop.shop.quiet()).toBe(true)
})
