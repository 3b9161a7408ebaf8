import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openStage, type Stage } from './harness.ts'

/** Sold before the hub came: by each shop, two of them. */
let stage: Stage<'fern'>
const early: string[] = []
beforeAll(async () => {
  stage = await openStage({
    worlds: {
      fern: {
        skus: ['MUG', 'TEE'],
        shops: { writeMode: 'off', ordersFrom: '2020-01-01T00:00:00Z' },
        before: (shops) => {
          for (const shop of shops) early.push(shop.buy([{ sku: 'MUG', quantity: 2 }])?.id ?? '')
        },
      },
    },
  })
}, 120_000)
afterAll(() => stage?.close())

const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) })
const connection = z.object({
  ...{ writeMode: z.string(), handsOverFrom: z.string().nullable() },
  health: z.object({ state: z.string(), sentence: z.string() }),
  backfill: z.object({ state: z.string(), orders: z.int(), listings: z.int() }).nullable(),
})
const shadow = z.object({
  quantities: z.record(z.string(), z.int()),
  orders: z.record(z.string(), z.int()),
  skus: z.record(z.string(), z.int()),
})
const quantity = z.object({
  ...{ sku: z.string().nullable(), change: z.string() },
  before: z.int().nullable(),
  after: z.int().nullable(),
})
const standing = z.object({ standing: z.string(), placedAt: z.string(), externalId: z.string() })

const merchant = () => stage.merchants.fern
const show = (id: string) => merchant().api.call(`GET /connections/${id}`, connection)
const shadowOf = (id: string) => merchant().api.call(`GET /connections/${id}/shadow`, shadow)
const quantities = async (id: string, query = '') =>
  (await merchant().api.call(`GET /connections/${id}/shadow/quantities${query}`, page(quantity))).items
const mode = (id: string, body: object) => merchant().api.call(`PUT /connections/${id}/write-mode`, connection, body)
const orders = async () => (await merchant().api.call('GET /orders?limit=200', page(standing))).items

async function bought(which: 'shopify' | 'woo'): Promise<string> {
  const { id } = merchant().buy(merchant()[which], { sku: 'MUG', quantity: 1 })
  await stage.until(`order ${id} is read`, async () => (await merchant().api.ordersOf(id)).length === 1)
  return id
}
const requestsOf = async (externalId: string) => (await merchant().api.ordersOf(externalId))[0]?.fulfillmentOrders ?? []
const askedFor = async (externalId: string) => (await requestsOf(externalId)).map(({ lines }) => lines.length)

describe('two shops that are watched, then switched on', { timeout: 120_000 }, () => {
  test('what was there before is read with visible progress; its stock is held, and nobody is told to ship it', async () => {
    const { connections, api, dock } = merchant()
    for (const id of [connections.shopify, connections.woo]) {
      const done = await stage.until('all is read', async () => {
        const { backfill } = await show(id)
        return backfill?.state === 'done' ? backfill : null
      })
      expect(done).toMatchObject({ orders: 1, listings: 2 })
    }
    await stage.until('both orders are in', async () => (await orders()).length === 2)
    await stage.until('their stock is held', async () => (await api.level('MUG')).reserved === 4)
    expect((await orders()).map((order) => order.standing)).toEqual(['waiting', 'waiting'])
    expect(await Promise.all(early.map(askedFor))).toEqual([[], []])
    expect(dock.requests()).toEqual([])
    expect(merchant().shopify.shows('MUG')).toBe(18)
    expect((await show(connections.shopify)).health).toMatchObject({ state: 'watching' })
  })

  test('in shadow mode the hub says what it would write, and writes nothing', async () => {
    const { connections, shopify, woo } = merchant()
    for (const id of [connections.shopify, connections.woo]) {
      await mode(id, { mode: 'shadow' })
      const counted = await stage.until('both listings were looked at', async () => {
        const counts = await shadowOf(id)
        return counts.quantities.unread === 0 ? counts : null
      })
      expect(counted.quantities).toEqual({ lower: 1, higher: 0, equal: 1, unread: 0, not_written: 0 })
      expect(counted.skus).toEqual({ unmapped: 0, ambiguous: 0, not_tracked: 0, never_counted: 0, fine: 2 })
      expect(counted.orders).toMatchObject({ would_go: 1, short: 0 })
      expect(await quantities(id, '?change=lower')).toEqual([{ sku: 'MUG', before: 18, after: 16, change: 'lower' }])
    }
    expect([shopify.shows('MUG'), woo.shows('MUG')]).toEqual([18, 18])
  })

  test('with some SKUs, only those are written', async () => {
    const { connections, shopify, woo, dock } = merchant()
    await mode(connections.shopify, { mode: 'canary', skus: ['TEE'] })
    // What the warehouse counts, it also sends by file: an adjustment by hand would last until the next one.
    dock.stock([
      { sku: 'TEE', onHand: 15 },
      { sku: 'MUG', onHand: 19 },
    ])
    await stage.until('the one is written', () => shopify.shows('TEE') === 15)
    await stage.until('the other is compared', async () => {
      const [mug] = await quantities(connections.shopify, '?change=lower')
      return mug?.after === 15
    })
    expect([shopify.shows('MUG'), woo.shows('TEE'), woo.shows('MUG')]).toEqual([18, 20, 18])
    expect((await show(connections.shopify)).health).toMatchObject({ state: 'canary', sentence: 'Live for 1 SKU.' })
    expect(dock.requests()).toEqual([])
  })

  test('switched on, it hands over what was placed since the chosen moment, and never what was before', async () => {
    const { connections, shopify, woo, api, dock } = merchant()
    const later = await bought('shopify')
    expect(await askedFor(later)).toEqual([])
    const from = (await orders()).find(({ externalId }) => externalId.endsWith(later))?.placedAt
    expect((await mode(connections.shopify, { mode: 'on', handOverFrom: from })).handsOverFrom).toBe(from)
    await stage.until('it was asked for', async () => (await askedFor(later)).length === 1)
    await stage.until('it left the dock', () => dock.requests().some(({ shipments }) => shipments.length > 0))
    const live = await bought('shopify')
    await stage.until('so is a new one', async () => (await askedFor(live)).length === 1)
    await stage.until('the shop shows the number of the hub', async () => {
      return shopify.shows('MUG') === (await api.level('MUG')).available
    })
    expect(await Promise.all(early.map(askedFor))).toEqual([[], []])
    expect(woo.shows('MUG')).toBe(18)
  })

  test('back to watching: what comes then stays where it is', async () => {
    const { connections } = merchant()
    expect((await mode(connections.shopify, { mode: 'shadow' })).handsOverFrom).toBeNull()
    const last = await bought('shopify')
    expect(await askedFor(last)).toEqual([])
    expect(await Promise.all(early.map(askedFor))).toEqual([[], []])
  })
})
