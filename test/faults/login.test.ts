import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Merchant, openStage, type Stage } from '../e2e/harness.ts'
import { done } from '../e2e/story.ts'

let stage: Stage<'lily'>
let lily: Merchant
beforeAll(async () => {
  stage = await openStage({
    worlds: { lily: { tokenSeconds: 3_600 } },
    env: { LANE_LEASE_MS: '3000' },
    parts: [
      { name: 'http', role: 'http' },
      { name: 'first', role: 'worker' },
      { name: 'second', role: 'worker' },
    ],
  })
  lily = stage.merchants.lily
})
afterAll(() => stage?.close())

const renewals = () => lily.truth.filter((e) => e.what === 'token.renewed').length

/** Orders that come at once need the login for their import, their stock and their shipments. */
async function sell(orders: number): Promise<void> {
  const bought = Array.from({ length: orders }, () => lily.buy(lily.shopify, { sku: 'MUG', quantity: 1 }))
  for (const one of bought) await one.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
  await stage.calm(lily)
}

describe('a login that ends', { timeout: 120_000 }, () => {
  test('fault 40: all lanes of two workers are refused at once, one renews it, and all goes on', async () => {
    await sell(1)
    lily.shopify.expireTokens()
    await sell(4)
    expect(renewals()).toBe(1)
    await stage.shown(lily, 'MUG', 15)
  })

  test('fault 40: killed after the shop gave a new pair and before it was kept, the next holder asks with the old one', async () => {
    await stage.hub.end('SIGTERM', 'first', 'second')
    await stage.hub.start({ name: 'first', role: 'worker', env: { HUB_FAILPOINTS: 'login.after_call:crash' } })
    lily.shopify.expireTokens()
    const before = renewals()
    const bought = lily.buy(lily.shopify, { sku: 'MUG', quantity: 1 })
    await stage.until('it died with the new pair in its hands', () => stage.hub.diedOf('first') === 'SIGKILL')
    expect(renewals()).toBe(before + 1)
    await stage.hub.start({ name: 'second', role: 'worker' })
    await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    expect(renewals()).toBe(before + 2)
    const [shop] = (await lily.api.connections()).filter((c) => c.id === lily.connections.shopify)
    expect(shop).toMatchObject({ status: 'active' })
    expect(await stage.broken()).toEqual({})
  })
})
