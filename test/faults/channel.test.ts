import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type DelayLine, openDelayLine } from '../e2e/delay-line.ts'
import { type FarSides, type Merchant, openStage, type Stage } from '../e2e/harness.ts'
import { count, done, requestsFor, tellStory } from '../e2e/story.ts'
import { type FaultProxy, openProxy } from './proxy.ts'

let shopifyWire: FaultProxy
let wooWire: DelayLine
let stage: Stage<'lily'>
let lily: Merchant
const skus = ['MUG', 'TEE', 'CAP', 'PEN', 'BAG', 'JAR', 'CUP']

/** Shopify over a wire of bytes, WooCommerce over one of requests. */
async function wire({ shopify, woo }: FarSides) {
  const baseUrl = String(shopify.connect.settings.baseUrl)
  shopifyWire = await openProxy(baseUrl)
  wooWire = await openDelayLine(woo)
  const connect = {
    ...shopify.connect,
    settings: { ...shopify.connect.settings, baseUrl: shopifyWire.through(baseUrl) },
  }
  const close = async () => {
    await shopifyWire.close()
    await shopify.close()
  }
  const hosts = [`127.0.0.1:${shopifyWire.port}`]
  return { shopify: { ...shopify, connect, hosts, close }, woo: wooWire.shop }
}

beforeAll(async () => {
  stage = await openStage({ worlds: { lily: { skus, wire } }, env: { LANE_LEASE_MS: '3000' } })
  lily = stage.merchants.lily
})
afterAll(() => stage?.close())

const created = () => lily.truth.filter((e) => e.what === 'fulfillment.created' && e.who === lily.shopify.name).length
const setStock = (sku: string, set: number) =>
  lily.api.call('POST /inventory/adjustments', z.unknown(), {
    reason: 'counted',
    lines: [{ sku, location: 'HOME', set: set - 20 }],
  })

describe('a channel that fails', { timeout: 120_000 }, () => {
  test.for([
    { row: '26', where: 'before it happened', faults: { blackhole: true }, sku: 'MUG' },
    { row: '27', where: 'after it happened', faults: { swallowReplies: true }, sku: 'TEE' },
  ])('fault $row: a call that nobody answers, cut $where, has its effect once', async ({ faults, sku }) => {
    const before = created()
    const asked = shopifyWire.onceSaid('mutation Ship', faults)
    const bought = lily.buy(lily.shopify, { sku, quantity: 2 })
    await asked
    const order = await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    expect(created()).toBe(before + 1)
    expect(count(order, 'shipment.confirmed')).toBe(1)
    expect(requestsFor(lily, order)).toHaveLength(1)
    await stage.shown(lily, sku, 18)
  })

  test('fault 27: a write of stock whose answer is lost is read back, and the shop ends with the newest number', async () => {
    await lily.api.call('POST /locations', z.unknown(), { code: 'HOME', name: 'At home', rank: 2 })
    const asked = shopifyWire.onceSaid('mutation SetQuantities', { swallowReplies: true })
    await setStock('CAP', 30)
    await asked
    await setStock('CAP', 25)
    await stage.shown(lily, 'CAP', 25)
  })

  test('fault 29: a shop that answers nothing but 503 is asked less and less often, and nobody else is later for it', async () => {
    lily.woo.setFaults({ failBefore: 1 })
    const waiting = lily.buy(lily.woo, { sku: 'PEN', quantity: 2 })
    const calls = wooWire.calls()
    const from = performance.now()
    const bought = lily.buy(lily.shopify, { sku: 'PEN', quantity: 2 })
    await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    const seconds = (performance.now() - from) / 1_000
    expect((wooWire.calls() - calls) / seconds, 'calls a second to the shop that fails').toBeLessThan(15)
    lily.woo.setFaults({ failBefore: 0 })
    await waiting.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    await stage.shown(lily, 'PEN', 16)
  })

  test('fault 36: when no webhook ever comes, polls bring every order, and once', async () => {
    for (const shop of [lily.shopify, lily.woo]) shop.setFaults({ drop: 1 })
    await tellStory(stage, lily, lily.shopify, 'BAG')
    for (const shop of [lily.shopify, lily.woo]) shop.setFaults({ drop: 0 })
  })

  test('fault 39: a login that is withdrawn in the middle stops its connection without a storm, and a new one resumes', async () => {
    const refusal = {
      status: 401,
      body: '{"code":"woocommerce_rest_cannot_view","message":"no","data":{"status":401}}',
    }
    await setStock('JAR', 31)
    await stage.shown(lily, 'JAR', 31)
    wooWire.meddle(() => refusal)
    await setStock('JAR', 32)
    const waiting = lily.buy(lily.woo, { sku: 'JAR', quantity: 1 })
    const statusOf = async () => (await lily.api.connections()).find((c) => c.id === lily.connections.woo)?.status
    await stage.until('a person is asked for', async () => (await statusOf()) === 'reauth_required')
    const calls = wooWire.calls()
    await lily.buy(lily.shopify, { sku: 'JAR', quantity: 1 }).until('asked for', (o) => done(o, 'request.sent'))
    await stage.until('Shopify shows it', () => lily.shopify.shows('JAR') === 31)
    expect(wooWire.calls() - calls, 'calls with a login that is known to be dead').toBeLessThan(5)
    wooWire.meddle(null)
    await lily.api.call('POST /connections', z.unknown(), lily.woo.connect)
    await waiting.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    await stage.shown(lily, 'JAR', 30)
  })

  test('fault 41: a shop that is disconnected and connected again in the middle has each order once', async () => {
    lily.woo.setFaults({ drop: 1 })
    const bought = [1, 2, 3].map(() => lily.buy(lily.woo, { sku: 'CUP', quantity: 1 }))
    await stage.until('one is there', async () => (await lily.api.ordersOf(bought[0]?.id ?? ''))[0])
    await lily.api.call(`POST /connections/${lily.connections.woo}/disconnect`, z.unknown())
    bought.push(lily.buy(lily.woo, { sku: 'CUP', quantity: 1 }))
    const again = await lily.api.call('POST /connections', z.object({ id: z.string() }), lily.woo.connect)
    expect(again.id).toBe(lily.connections.woo)
    for (const one of bought) {
      const order = await one.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
      expect(requestsFor(lily, order)).toHaveLength(1)
    }
    await stage.shown(lily, 'CUP', 16)
  })

  test('after all of this nothing waits, and every promise holds', async () => {
    await stage.calm(lily)
    expect(await stage.broken()).toEqual({})
  })
})
