import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Merchant, openStage, type Stage } from './harness.ts'
import { count, done, requestsFor } from './story.ts'

let stage: Stage<'lily'>
let lily: Merchant
beforeAll(async () => {
  stage = await openStage({ worlds: { lily: {} }, env: { LANE_LEASE_MS: '3000' } })
  lily = stage.merchants.lily
})
afterAll(() => stage?.close())

/** On the way of an order, in the order in which it meets them. */
const places = [
  'ingest.after_commit',
  'push.before_call',
  'push.after_call',
  'request.before_call',
  'request.after_call',
  'files.before_archive',
  'effect.before_call',
  'effect.after_call',
]

describe('killed (-9) at every step of an order', { timeout: 240_000 }, () => {
  test('the hub asks for it once, tells its shop once, loses nothing, and every shop shows the ledger', async () => {
    await stage.hub.end('SIGTERM')
    await stage.hub.start({ name: 'all', role: 'all', env: { HUB_FAILPOINTS: `${places[0]}:crash` } })
    const bought = [lily.shopify, lily.woo].map((shop) => ({ shop, ...lily.buy(shop, { sku: 'MUG', quantity: 2 }) }))
    for (const place of places) {
      const next = places[places.indexOf(place) + 1]
      const ended = await stage.until(`it died at ${place}`, () => stage.hub.diedOf('all'), 30_000)
      expect([place, ended]).toEqual([place, 'SIGKILL'])
      await stage.hub.start({ name: 'all', role: 'all', env: next ? { HUB_FAILPOINTS: `${next}:crash` } : {} })
    }

    for (const { shop, id, until } of bought) {
      const order = await until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
      expect(requestsFor(lily, order).map((r) => r.lines)).toEqual([[{ sku: 'MUG', requested: 2, shipped: 2 }]])
      const truth = shop.orders().find((o) => o.id === id)
      expect(truth?.shipments.map((s) => s.tracking)).toEqual(order.shipments.map((s) => s.tracking))
      expect(count(order, 'shipment.recorded')).toBe(1)
      expect(order.exceptions).toEqual([])
    }
    await stage.calm(lily)
    expect(lily.dock.requests()).toHaveLength(2)
    expect(lily.truth.filter((e) => e.what === 'fulfillment.created')).toHaveLength(2)
    expect(lily.truth.filter((e) => e.what === 'request.duplicate')).toEqual([])
    await stage.shown(lily, 'MUG', 16)
    expect(await stage.broken()).toEqual({})
  })
})
