import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Merchant, openStage, type Stage } from '../e2e/harness.ts'
import { done } from '../e2e/story.ts'
import { forgetWebhooks, lookAgain, webhooksOf, whenSubscribed } from './webhooks.ts'

describe('a worker that stands still', { timeout: 120_000 }, () => {
  let stage: Stage<'lily'>
  let lily: Merchant
  beforeAll(async () => {
    stage = await openStage({
      worlds: { lily: {} },
      env: { LANE_LEASE_MS: '3000' },
      parts: [
        { name: 'http', role: 'http' },
        { name: 'first', role: 'worker' },
      ],
    })
    lily = stage.merchants.lily
    await lily.api.call('POST /locations', z.unknown(), { code: 'HOME', name: 'At home', rank: 2 })
    await stage.hub.end('SIGTERM', 'first')
    const env = { HUB_FAILPOINTS: 'push.before_call:block=5000*1' }
    await stage.hub.start({ name: 'first', role: 'worker', env })
  })
  afterAll(() => stage?.close())

  test('fault 07: with its event loop blocked past its lease, another does its work, and its own late write changes nothing', async () => {
    const units = (set: number) =>
      lily.api.call('POST /inventory/adjustments', z.unknown(), {
        reason: 'counted',
        lines: [{ sku: 'MUG', location: 'HOME', set }],
      })
    const isLost = () =>
      stage.database.asAdmin(async (admin) => {
        const { rows } = await admin.query(
          `select 1 from lane where kind = 'push.stock' and lease_token is not null and lease_until < now()`,
        )
        return rows.length > 0
      })
    await units(10)
    await stage.until('its lease ran out while it stood still', isLost)
    await units(5)
    await stage.hub.start({ name: 'second', role: 'worker' })
    await stage.shown(lily, 'MUG', 25)
    const bought = lily.buy(lily.woo, { sku: 'MUG', quantity: 2 })
    await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    await stage.shown(lily, 'MUG', 23)
    await stage.calm(lily)
    const puts = lily.truth.filter((e) => e.what === 'stock.written' && (e.data as { to?: unknown }).to === 30)
    expect(puts, 'the number that was no longer true never reached a shop').toEqual([])
    expect(await stage.broken()).toEqual({})
  })
})

describe('a shop that forgot its webhooks', { timeout: 120_000 }, () => {
  let stage: Stage<'lily'>
  let lily: Merchant
  beforeAll(async () => {
    // No poll comes to the rescue while this lasts.
    stage = await openStage({ worlds: { lily: {} }, env: { POLL_EVERY_S: '3600' } })
    lily = stage.merchants.lily
  })
  afterAll(() => stage?.close())

  test('fault 35: the look every quarter of an hour makes them anew, and what came meanwhile is fetched', async () => {
    const before = await whenSubscribed(stage, lily)
    await forgetWebhooks(lily)
    expect(await webhooksOf(lily)).toEqual([])
    const missed = lily.buy(lily.shopify, { sku: 'MUG', quantity: 1 })
    await stage.database.asAdmin((admin) => admin.query(lookAgain))
    await missed.until('asked for', (o) => done(o, 'request.sent'))
    expect(await webhooksOf(lily)).toHaveLength(before)
    const told = lily.buy(lily.shopify, { sku: 'MUG', quantity: 1 })
    await told.until('asked for', (o) => done(o, 'request.sent'))
    const sources = new Map((await lily.api.messages()).map((m) => [m.subject?.split('/').at(-1), m.source]))
    expect([sources.get(missed.id), sources.get(told.id)]).toEqual(['poll', 'webhook'])
    expect(await stage.broken()).toEqual({})
  })
})
