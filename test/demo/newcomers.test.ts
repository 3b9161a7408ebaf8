import { describe, expect, test } from 'vitest'
import type { TruthOrder } from '#kit/pretend'
import type { HubAnswers } from './hub-answers.ts'
import { judge } from './verdict.ts'
import type { WorldTruth } from './world-protocol.ts'

/** Moss was connected at 5,000: it sold 1 of `a`, which a person linked to A, and 1 of GIFT, which nobody linked. */
const anOrder = (id: string, at: number, sku: string): TruthOrder => ({
  ...{ id, number: `#${id}`, placedAt: new Date(at).toISOString(), cancelled: false, totalMinor: 500n },
  currency: 'EUR',
  lines: [{ sku, ordered: 1, wanted: 1, shipped: 0 }],
  shipments: [],
})
const truthOf = (orders: readonly TruthOrder[], shows: Record<string, number>): WorldTruth => ({
  entries: [],
  shops: [{ name: 'moss', kind: 'shopify', compareAndSet: true, since: 5_000, orders, shows }],
  warehouse: { name: 'north-dock', initial: { A: 5 }, onHand: { A: 5 }, requests: [] },
})
const hubOrder = (externalId: string, watched: boolean) => ({
  ...{ id: `ord_${externalId}`, shop: 'moss', externalId, stage: 'ready', short: 0, watched, total: '5.00' },
})
const hubOf = (orders: HubAnswers['orders'], live: boolean): HubAnswers => ({
  ...{ orders, shorts: [], shortExceptions: [], moneyExceptions: [], requests: [], audits: [] },
  newcomers: [{ shop: 'moss', live, links: { a: [{ sku: 'A', quantity: 1 }], GIFT: [] } }],
  ...{ webhooksStored: {}, foundBySweeper: 0 },
})
const figures = (truth: WorldTruth, hub: HubAnswers) =>
  judge(truth, hub, { chaos: false, seconds: 1 }).breaks.map(({ figure }) => figure)

describe('a shop that was connected while the demo ran', () => {
  const linked = anOrder('1', 6_000, 'a')
  test('an order that the hub only watches holds stock and is not stuck', () => {
    expect(figures(truthOf([linked], { A: 7 }), hubOf([hubOrder('1', true)], false))).toEqual([])
  })
  test('once the hub writes there, its orders are to be shipped and its numbers to be right', () => {
    const hub = hubOf([hubOrder('1', false)], true)
    expect(figures(truthOf([linked], { A: 7 }), hub)).toEqual(['oversold', 'unshipped', 'stockMismatch'])
    expect(figures(truthOf([linked], { A: 4 }), hub)).toEqual(['unshipped'])
  })
  test('what is linked to no item is no promise yet', () => {
    expect(figures(truthOf([anOrder('2', 6_000, 'GIFT')], {}), hubOf([hubOrder('2', false)], true))).toEqual([])
  })
  test('orders from before that nobody asked for are not lost; those since then are', () => {
    expect(figures(truthOf([anOrder('3', 4_000, 'a')], {}), hubOf([], true))).toEqual([])
    expect(figures(truthOf([linked], {}), hubOf([], true))).toContain('lost')
  })
})
