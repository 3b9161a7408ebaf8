import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import type { Order } from './api.ts'
import { deliverForged } from './forge.ts'
import { openStage, place, type Stage } from './harness.ts'
import { count, done, open, requestsFor } from './story.ts'

const never = [1_000_000, 1_000_000] as const
const worlds = {
  held: { skus: ['MUG', 'TEE', 'CAP'] },
  late: { skus: ['MUG', 'TEE', 'CAP'], dials: { waitMinutes: never } },
  rough: { skus: ['MUG', 'TEE', 'CAP', 'PEN'], dials: { partial: 1 } },
  picky: { dials: { reject: 1 } },
  plain: { skus: ['MUG', 'TEE', 'CAP', 'PEN'], unknown: ['NEW', 'ODD'] },
}
const apart = [
  { name: 'http', role: 'http' },
  { name: 'worker', role: 'worker' },
] as const
const plans = [
  { how: 'one process, timers in PostgreSQL', plan: {} },
  // Where there is no Redis here, its queue is tried nowhere; the two processes are.
  { how: 'http and worker apart, timers in Redis', plan: { parts: apart, redisUrl: inject('redisUrl') } },
]

describe.each(plans)('$how', ({ plan }) => {
  let stage: Stage<keyof typeof worlds>
  beforeAll(async () => {
    stage = await openStage({ worlds, ...plan })
  })
  afterAll(() => stage?.close())

  describe.concurrent('what happens to an order after it was placed', { timeout: 120_000 }, () => {
    test('before hand-off, a cancelled order gives its stock back and an edited one is asked for once, as it is now', async () => {
      const { held } = stage.merchants
      await held.writesToDock('off')
      const gone = held.buy(held.shopify, { sku: 'MUG', quantity: 2 })
      const fewer = held.buy(held.woo, { sku: 'TEE', quantity: 3 })
      const more = held.buy(held.shopify, { sku: 'CAP', quantity: 1 })
      for (const one of [gone, fewer, more]) await one.until('reserved', (o) => done(o, 'request.opened'))
      await stage.shown(held, 'MUG', 18)

      expect(held.shopify.cancel(gone.id)).toBe(true)
      expect(held.woo.edit(fewer.id, 'TEE', 1)).toBe(true)
      expect(held.shopify.edit(more.id, 'CAP', 3)).toBe(true)
      await gone.until('cancelled', (o) => o.stage === 'cancelled')
      for (const one of [fewer, more]) await one.until('re-opened', (o) => o.fulfillmentOrders.length === 2)
      await stage.shown(held, 'MUG', 20)
      await stage.shown(held, 'TEE', 19)
      await stage.shown(held, 'CAP', 17)

      await held.writesToDock('on')
      for (const one of [fewer, more])
        await one.until('shipped', (o) => o.stage === 'shipped' && o.exceptions.length === 0)
      await stage.calm(held)
      const asked = held.dock.requests().flatMap((r) => r.lines)
      expect(asked.toSorted((x, y) => (x.sku < y.sku ? -1 : 1))).toEqual([
        { sku: 'CAP', requested: 3, shipped: 3 },
        { sku: 'TEE', requested: 1, shipped: 1 },
      ])
    })

    describe('after hand-off', { concurrent: false }, () => {
      test('cancelled after hand-off, its stock stays held until the partner accepts, then every shop shows it', async () => {
        const { late } = stage.merchants
        const bought = late.buy(late.woo, { sku: 'MUG', quantity: 2 })
        await bought.until('accepted', (o) => o.fulfillmentOrders[0]?.requestStatus === 'accepted')
        await late.writesToDock('off') // the partner hears of the cancel only later
        expect(late.woo.cancel(bought.id)).toBe(true)
        await bought.until('cancel asked', (o) => o.cancelledAt !== null && done(o, 'request.cancel_asked'))
        await stage.shown(late, 'MUG', 18)
        expect(await late.api.level('MUG')).toMatchObject({ onHand: 20, reserved: 2 })

        await late.writesToDock('on')
        const order = await bought.until(
          'cancelled by the partner',
          (o) => o.fulfillmentOrders[0]?.status === 'cancelled',
        )
        await stage.shown(late, 'MUG', 20)
        expect(requestsFor(late, order)).toMatchObject([{ cancelled: true, shipments: [] }])
      })

      test('edited after hand-off, it raises an exception that names the line, and what was asked for stays held', async () => {
        const { late } = stage.merchants
        const bought = late.buy(late.shopify, { sku: 'TEE', quantity: 3 })
        await bought.until('accepted', (o) => o.fulfillmentOrders[0]?.requestStatus === 'accepted')
        expect(late.shopify.edit(bought.id, 'TEE', 1)).toBe(true)
        const order = await bought.until('flagged', (o) => open(o, 'edit_after_handoff') !== undefined)
        expect(open(order, 'edit_after_handoff')?.detail).toMatchObject({ sku: 'TEE', units: 2 })
        expect(order.lines[0]?.components).toMatchObject([{ need: 1, excess: 2, reserved: 3, handedOff: 3 }])
        await stage.shown(late, 'TEE', 17)
      })

      test('cancelled while the partner picks, it is shipped all the same: stock is consumed and a person is told', async () => {
        const { late } = stage.merchants
        Object.assign(late.dials, { waitMinutes: [0, 0], pickMinutes: [60, 60] })
        const bought = late.buy(late.shopify, { sku: 'CAP', quantity: 1 })
        await bought.until('accepted', (o) => o.fulfillmentOrders[0]?.requestStatus === 'accepted')
        expect(late.shopify.cancel(bought.id)).toBe(true)
        const isRefused = (o: Order) => o.fulfillmentOrders[0]?.requestStatus === 'cancellation_rejected'
        await bought.until('cancel refused', (o) => isRefused(o) && open(o, 'cancel_rejected') !== undefined)
        expect(await late.api.level('CAP')).toMatchObject({ onHand: 20, reserved: 1 })

        await bought.until('shipped after cancel', (o) => open(o, 'shipped_after_cancel') !== undefined)
        await stage.shown(late, 'CAP', 19)
        expect(await late.api.level('CAP')).toMatchObject({ onHand: 19, reserved: 0 })
        const told = (await late.api.exceptions('edit_after_handoff')).map((e) => e.detail.sku)
        expect(told).not.toContain('CAP')
      })
    })

    test('refunded without restock, it moves no stock: neither money before it ships, nor units after', async () => {
      const { plain } = stage.merchants
      const bought = plain.buy(plain.woo, { sku: 'MUG', quantity: 2 })
      await bought.until('reserved', (o) => done(o, 'request.opened'))
      expect(plain.woo.refund(bought.id, null)).toBe(true)
      await bought.until('shipped', (o) => done(o, 'shipment.confirmed'))
      await stage.shown(plain, 'MUG', 18)

      expect(plain.woo.refund(bought.id, { sku: 'MUG', quantity: 1 })).toBe(true)
      const updates = (o: Order) => count(o, 'order.updated')
      const before = updates(await bought.until('there', () => true))
      await bought.until('the refund is known', (o) => updates(o) > before)
      await stage.calm(plain)
      await stage.shown(plain, 'MUG', 18)
      expect(await plain.api.level('MUG')).toMatchObject({ onHand: 18, reserved: 0 })
    })

    test('with an unmapped SKU it is imported and held back, and an item for that SKU releases it', async () => {
      const { plain } = stage.merchants
      const bought = plain.buy(plain.shopify, { sku: 'NEW', quantity: 1 }, { sku: 'TEE', quantity: 1 })
      const held = await bought.until('unmapped', (o) => open(o, 'unmapped_sku') !== undefined)
      expect(held).toMatchObject({ stage: 'unmapped', fulfillmentOrders: [] })
      await stage.shown(plain, 'TEE', 19)

      await plain.api.call('POST /items', z.unknown(), { items: [{ sku: 'NEW', title: 'New here' }] })
      const lines = [{ sku: 'NEW', location: place.code, set: 5 }]
      await plain.api.call('POST /inventory/adjustments', z.unknown(), { reason: 'new', lines })
      const order = await bought.until('shipped', (o) => o.stage === 'shipped')
      expect(open(order, 'unmapped_sku')).toBeUndefined()
      expect(
        requestsFor(plain, order)
          .flatMap((r) => r.lines.map((l) => l.sku))
          .sort(),
      ).toEqual(['NEW', 'TEE'])
    })

    test('with an unmapped SKU it is released by mapping the listing to an item of another SKU', async () => {
      const { plain } = stage.merchants
      const bought = plain.buy(plain.woo, { sku: 'ODD', quantity: 1 })
      await bought.until('unmapped', (o) => open(o, 'unmapped_sku') !== undefined)
      const listings = await plain.api.listingsOf('ODD')
      const listing = listings.find((l) => l.connection === plain.connections.woo)
      const components = [{ sku: 'CAP', quantity: 2 }]
      await plain.api.call(`PUT /listings/${listing?.id}/components`, z.unknown(), { components })
      const order = await bought.until('shipped', (o) => o.stage === 'shipped')
      expect(requestsFor(plain, order).map((r) => r.lines)).toEqual([[{ sku: 'CAP', requested: 2, shipped: 2 }]])
      await stage.until('the listing shows half of what is left', () => plain.woo.shows('ODD') === 9)
      await stage.shown(plain, 'CAP', 18)
    })

    test('[bad-input 51] money that does not add up is flagged with its difference, and the order is imported as it is', async () => {
      const { held } = stage.merchants
      const status = await deliverForged(held, (order) => order.replaceAll('"amount": "44.90"', '"amount": "45.00"'))
      expect(status).toBe(200)
      const order = await stage.until('flagged', async () => {
        const [found] = await held.api.ordersOf('9000000000000000011')
        return found && open(found, 'money_mismatch') ? found : null
      })
      expect(order.moneyDelta).toEqual({ amount: '0.10', currency: 'EUR' })
      expect(open(order, 'money_mismatch')?.detail).toEqual({ deltaMinor: '10', currency: 'EUR' })
    })

    test('an order that arrives by webhook, twice each, and by poll is one order, reserved and asked for once', async () => {
      const { plain } = stage.merchants
      for (const shop of [plain.shopify, plain.woo]) shop.setFaults({ duplicate: 1 })
      for (const shop of [plain.shopify, plain.woo]) {
        const bought = plain.buy(shop, { sku: 'PEN', quantity: 1 })
        const order = await bought.until('shipped', (o) => done(o, 'shipment.confirmed'))
        await stage.until('it came both ways', async () => {
          const of = (await plain.api.messages()).filter((m) => m.subject?.split('/').at(-1) === bought.id)
          const webhooks = of.filter((m) => m.source === 'webhook').length
          return webhooks > 1 && of.some((m) => m.source === 'poll') && of.every((m) => m.state !== 'pending')
        })
        expect(requestsFor(plain, order).map((r) => r.lines)).toEqual([[{ sku: 'PEN', requested: 1, shipped: 1 }]])
      }
      await stage.shown(plain, 'PEN', 18)
    })

    test('in two parcels, it is told to each shop as two part shipments with their own tracking', async () => {
      const { rough } = stage.merchants
      const carts = [
        { shop: rough.shopify, skus: ['MUG', 'TEE'] },
        { shop: rough.woo, skus: ['CAP', 'PEN'] },
      ] as const
      const bought = carts.map(({ shop, skus: [two, one] }) =>
        rough.buy(shop, { sku: two, quantity: 2 }, { sku: one, quantity: 1 }),
      )
      for (const [
        n,
        {
          shop,
          skus: [two, one],
        },
      ] of carts.entries()) {
        const order = await bought[n]?.until('confirmed', (o) => count(o, 'shipment.confirmed') === 2)
        const truth = shop.orders().find((o) => o.id === bought[n]?.id)
        const requests = order ? requestsFor(rough, order) : []
        expect(requests.map((r) => r.shipments.length)).toEqual([2])
        expect(truth?.shipments).toEqual(requests[0]?.shipments)
        expect(truth?.lines).toMatchObject([
          { sku: two, shipped: 2 },
          { sku: one, shipped: 1 },
        ])
        expect(order?.exceptions).toEqual([])
        await stage.shown(rough, two, 18)
        await stage.shown(rough, one, 19)
      }
    })

    test('rejected by the partner, it waits for a person, and is asked for again when one says so', async () => {
      const { picky } = stage.merchants
      const bought = picky.buy(picky.shopify, { sku: 'MUG', quantity: 2 })
      const refused = await bought.until('rejected', (o) => open(o, 'request_rejected') !== undefined)
      await stage.calm(picky)
      expect(picky.dock.requests()).toHaveLength(1)
      expect(await picky.api.level('MUG')).toMatchObject({ onHand: 20, reserved: 2 })

      picky.dials.reject = 0
      await picky.api.call(`POST /fulfillment-orders/${refused.fulfillmentOrders[0]?.id}/retry`, z.unknown(), {})
      const order = await bought.until('shipped', (o) => done(o, 'shipment.confirmed'))
      expect(
        requestsFor(picky, order)
          .map((r) => r.shipments.length)
          .toSorted(),
      ).toEqual([0, 1])
      expect(open(order, 'request_rejected')).toBeUndefined()
      await stage.shown(picky, 'MUG', 18)
    })
  })

  test('after all of this every law of the ledger holds', async () => {
    expect(await stage.broken()).toEqual({})
  })
})
