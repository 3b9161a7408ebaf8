import { describe, expect, test } from 'vitest'
import type { TruthEntry, TruthOrder } from '#kit/pretend'
import type { HubAnswers } from './hub-answers.ts'
import { judge } from './verdict.ts'
import type { WarehouseRequest, WorldTruth } from './world-protocol.ts'

/** A whole small story: lily sold 2 of A, the warehouse shipped them from 5, every shop shows the 3 that are left. */
const order: TruthOrder = {
  id: '1001',
  number: '#1',
  placedAt: '2026-11-23T10:00:00Z',
  cancelled: false,
  totalMinor: 1990n,
  currency: 'EUR',
  lines: [{ sku: 'A', ordered: 2, wanted: 2, shipped: 2 }],
  shipments: [{ tracking: 'T1', lines: [{ sku: 'A', quantity: 2 }] }],
}
const request: WarehouseRequest = {
  number: 'FR1',
  orderNumber: '#1',
  cancelled: false,
  lines: [{ sku: 'A', requested: 2, shipped: 2 }],
  shipments: [{ tracking: 'T1', lines: [{ sku: 'A', quantity: 2 }] }],
}
const entry = (at: number, who: string, what: string, data: Record<string, unknown>): TruthEntry => ({
  at,
  who,
  what,
  data,
})
const placed = entry(1_000, 'lily', 'order.placed', { orderId: '1001', lines: [{ sku: 'A', quantity: 2 }] })
const sent = entry(1_050, 'lily', 'webhook.sent', {
  topic: 'orders/create',
  status: 200,
  webhookId: 'w1',
  orderId: '1001',
})
const pushed = entry(1_120, 'fern', 'stock.written', { sku: 'A', from: 5, to: 3, raised: 0, blind: 0, windowMs: 20 })
const healthy = {
  entries: [
    placed,
    entry(1_000, 'lily', 'stock.sold', { sku: 'A', before: 5, after: 3 }),
    sent,
    entry(1_050, 'world', 'webhook.answered', { ms: 12.4, status: 200 }),
    pushed,
    entry(2_000, 'north-dock', 'request.received', { number: 'FR1' }),
  ],
  lily: { order, shows: 3 },
  fern: { shows: 3 },
  onHand: 3,
  requests: [request],
}
type Story = Omit<typeof healthy, 'lily' | 'requests'> & {
  lily: { order: TruthOrder | null; shows: number }
  requests: WarehouseRequest[]
}

function truthOf(story: Story): WorldTruth {
  const shop = (name: string, kind: string, orders: readonly TruthOrder[], shown: number) => ({
    ...{ name, kind, orders, since: null },
    compareAndSet: kind === 'shopify',
    shows: { A: shown },
  })
  return {
    entries: story.entries,
    shops: [
      shop('lily', 'shopify', story.lily.order ? [story.lily.order] : [], story.lily.shows),
      shop('fern', 'woocommerce', [], story.fern.shows),
    ],
    warehouse: { name: 'north-dock', initial: { A: 5 }, onHand: { A: story.onHand }, requests: story.requests },
  }
}
const hubOrder = {
  id: 'ord_1',
  shop: 'lily',
  externalId: 'gid://shopify/Order/1001',
  stage: 'shipped',
  short: 0,
  watched: false,
  total: '19.90',
}
const honest: HubAnswers = {
  orders: [hubOrder],
  shorts: [],
  shortExceptions: [],
  moneyExceptions: [],
  requests: [{ number: 'FR1', orderId: 'ord_1' }],
  newcomers: [],
  webhooksStored: { lily: 1 },
  foundBySweeper: 0,
  audits: [],
}
const judged = (story: Partial<Story>, hub: Partial<HubAnswers> = {}, chaos = false) =>
  judge(truthOf({ ...healthy, ...story }), { ...honest, ...hub }, { chaos, seconds: 3 })
const broken = (verdict: ReturnType<typeof judge>) => [...new Set(verdict.breaks.map(({ figure }) => figure))]

describe('a run in which all went well', () => {
  test('breaks nothing and counts what happened', () => {
    const { figures, breaks } = judged({})
    expect(breaks).toEqual([])
    expect(figures).toEqual({
      ...{ orders: 1, imported: 1, lost: 0, duplicated: 0, oversold: 0, exposure: 0, short: 0 },
      ...{ requested: 2, shipped: 2, confirmed: 2, stockMismatch: 0, auditViolations: 0, moneyFlagged: 0 },
      ...{ ackP99Ms: 12, fanoutP99Ms: 120, seconds: 3 },
    })
  })
  test('a cancelled order that the warehouse had already packed is no break', () => {
    const cancelled = {
      ...order,
      cancelled: true,
      shipments: [],
      lines: [{ sku: 'A', ordered: 2, wanted: 0, shipped: 0 }],
    }
    expect(judged({ lily: { order: cancelled, shows: 3 } }).breaks).toEqual([])
  })
})

describe('orders and deliveries', () => {
  test('an order that the hub has not is lost', () => {
    const { figures } = judged({}, { orders: [] })
    expect(figures).toMatchObject({ lost: 1, imported: 0 })
  })
  test('a webhook that was answered 200 and is nowhere is lost, even when a poll brought its order', () => {
    expect(judged({}, { webhooksStored: {} }).figures.lost).toBe(1)
  })
  test('the same delivery sent twice needs to be stored once', () => {
    expect(judged({ entries: [...healthy.entries, sent] }).breaks).toEqual([])
  })
  test('a shop without delivery ids needs every accepted delivery stored', () => {
    const woo = entry(1_060, 'fern', 'webhook.sent', {
      topic: 'order.updated',
      resource: 7,
      status: 200,
      deliveryId: 'same',
    })
    const entries = [...healthy.entries, woo, woo]
    expect(judged({ entries }, { webhooksStored: { lily: 1, fern: 1 } }).figures.lost).toBe(1)
  })
  test('an order that the hub has twice is duplicated', () => {
    expect(judged({}, { orders: [hubOrder, { ...hubOrder, id: 'ord_2' }] }).figures.duplicated).toBe(1)
  })
  test('units that left beyond what was ever ordered are duplicated', () => {
    const again = { ...request, number: 'FR2', lines: [{ sku: 'A', requested: 2, shipped: 2 }] }
    const requests = [
      { number: 'FR1', orderId: 'ord_1' },
      { number: 'FR2', orderId: 'ord_1' },
    ]
    expect(judged({ requests: [request, again] }, { requests }).figures.duplicated).toBe(2)
  })
  test('a shop that was told more than what left is told twice', () => {
    const lines = [{ sku: 'A', ordered: 4, wanted: 4, shipped: 4 }]
    const shipments = [...order.shipments, ...order.shipments]
    expect(judged({ lily: { order: { ...order, lines, shipments }, shows: 3 } }).figures.duplicated).toBe(3)
  })
  test('a request number used for two contents is duplicated', () => {
    const entries = [
      ...healthy.entries,
      entry(3_000, 'north-dock', 'request.duplicate', { number: 'FR1', identical: false }),
    ]
    expect(judged({ entries }).figures.duplicated).toBe(1)
  })
  test('a request that belongs to no order is counted', () => {
    expect(judged({}, { requests: [] }).figures.duplicated).toBeGreaterThan(0)
  })
})

describe('stock', () => {
  test('a shop that shows another number than is free is a mismatch', () => {
    expect(judged({ fern: { shows: 2 } }).figures).toMatchObject({ stockMismatch: 1, oversold: 0 })
  })
  test('a shop that still offers sold units is oversold too', () => {
    expect(judged({ fern: { shows: 5 } }).figures).toMatchObject({ stockMismatch: 1, oversold: 2 })
  })
  test('units asked of the warehouse beyond what it had are oversold', () => {
    const entries = [
      ...healthy.entries,
      entry(2_000, 'north-dock', 'request.oversold', { number: 'FR1', sku: 'A', units: 1 }),
    ]
    expect(judged({ entries }).figures.oversold).toBe(1)
  })
  test('a unit that the warehouse broke itself is no promise of the hub', () => {
    const entries = [
      ...healthy.entries,
      entry(2_000, 'north-dock', 'stock.damaged', { number: 'FR1', sku: 'A', units: 1 }),
      entry(2_000, 'north-dock', 'request.oversold', { number: 'FR1', sku: 'A', units: 1 }),
    ]
    expect(judged({ entries }).figures.oversold).toBe(0)
  })
  test('a raise over sales that the hub was not shown is oversold where the shop has compare-and-set', () => {
    const raise = entry(1_200, 'lily', 'stock.written', { sku: 'A', from: 3, to: 5, applied: true, unseen: 2 })
    const { figures, breaks } = judged({ entries: [...healthy.entries, raise] })
    expect(figures.oversold).toBe(2)
    expect(breaks[0]?.what).toContain('lily was raised from 3 to 5 of A')
  })
  test('the same raise is in order when as many units are free', () => {
    const back = entry(1_100, 'fern', 'order.edited', { order: '9', sku: 'A', from: 3, to: 1 })
    const raise = entry(1_200, 'lily', 'stock.written', { sku: 'A', from: 3, to: 5, applied: true, unseen: 2 })
    expect(judged({ entries: [...healthy.entries, back, raise] }).figures.oversold).toBe(0)
  })
  test('a raise is in order while a sale elsewhere is still news', () => {
    const entries = [
      entry(900, 'lily', 'order.placed', { orderId: '1001', lines: [{ sku: 'A', quantity: 1 }] }),
      entry(1_000, 'fern', 'order.placed', { order: '9', lines: [{ sku: 'A', quantity: 1 }] }),
      entry(1_100, 'lily', 'stock.written', { sku: 'A', from: 3, to: 4, applied: true, unseen: 1 }),
      sent,
    ]
    expect(judged({ entries }).figures.oversold).toBe(0)
  })
  test('a write that the shop refused or dropped put nothing back', () => {
    const raise = entry(1_200, 'lily', 'stock.written', { sku: 'A', from: 3, to: 5, applied: false, unseen: 2 })
    expect(judged({ entries: [...healthy.entries, raise] }).figures.oversold).toBe(0)
  })
  test('what a blind write puts back inside one window is exposure and no break', () => {
    const raise = entry(1_200, 'fern', 'stock.written', { sku: 'A', from: 2, to: 3, raised: 1, blind: 0, windowMs: 9 })
    const verdict = judged({ entries: [...healthy.entries, raise] })
    expect(verdict.figures.exposure).toBe(1)
    expect(verdict.breaks).toEqual([])
  })
  test('exposure beyond the stated bound is a break', () => {
    const raise = entry(1_200, 'fern', 'stock.written', { sku: 'A', from: 0, to: 6, raised: 6, blind: 0, windowMs: 9 })
    expect(broken(judged({ entries: [...healthy.entries, raise] }))).toEqual(['exposure'])
  })
  test('what a blind write puts back outside of a window could have been known, and is a break', () => {
    const raise = entry(9_000, 'fern', 'stock.written', { sku: 'A', from: 3, to: 5, raised: 0, blind: 2, windowMs: 9 })
    const verdict = judged({ entries: [...healthy.entries, raise] })
    expect(verdict.figures).toMatchObject({ exposure: 2, oversold: 0 })
    expect(broken(verdict)).toEqual(['exposure'])
  })
})

describe('the window between read and write', () => {
  test('excuses a sale that fell into it, although another read came between', () => {
    const entries = [
      ...healthy.entries,
      entry(8_800, 'fern', 'order.placed', { order: '9', lines: [{ sku: 'A', quantity: 1 }] }),
      entry(9_000, 'fern', 'stock.written', { sku: 'A', from: 2, to: 3, raised: 0, blind: 1, windowMs: 9 }),
    ]
    const verdict = judged({ entries })
    expect(verdict.figures.exposure).toBe(1)
    expect(verdict.breaks).toEqual([])
  })
})

describe('shortage', () => {
  const unshipped = { ...order, lines: [{ sku: 'A', ordered: 7, wanted: 7, shipped: 2 }] }
  const story = { lily: { order: unshipped, shows: 0 }, fern: { shows: 0 }, onHand: 3 }
  const told = {
    orders: [{ ...hubOrder, stage: 'short', short: 2 }],
    shorts: [{ orderId: 'ord_1', sku: 'A', units: 2 }],
    shortExceptions: ['ord_1'],
  }
  test('units that were sold and are not there are short, and allowed when the hub says the same', () => {
    const verdict = judged(story, told)
    expect(verdict.figures.short).toBe(2)
    expect(verdict.breaks).toEqual([])
  })
  test('a shortage that the hub does not record is a break', () => {
    expect(broken(judged(story, { ...told, shorts: [] }))).toEqual(['short'])
  })
  test('a shortage without an exception is a break', () => {
    expect(broken(judged(story, { ...told, shortExceptions: [] }))).toEqual(['short'])
  })
  test('a shortage that the hub invents is a break', () => {
    expect(broken(judged({}, told))).toEqual(['short'])
  })
})

describe('the way back to the shop', () => {
  const waiting = { ...order, shipments: [], lines: [{ sku: 'A', ordered: 2, wanted: 2, shipped: 0 }] }
  test('an order that waits although nothing of it is short is stuck', () => {
    const idle = { ...request, lines: [{ sku: 'A', requested: 2, shipped: 0 }], shipments: [] }
    expect(broken(judged({ lily: { order: waiting, shows: 3 }, onHand: 5, requests: [idle] }))).toEqual(['unshipped'])
  })
  test('a parcel that left and that the shop does not show is a break', () => {
    expect(broken(judged({ lily: { order: waiting, shows: 3 } }))).toEqual(['unconfirmed'])
  })
  test('another tracking number than that of the parcel is a break', () => {
    const shipments = [{ tracking: 'T2', lines: [{ sku: 'A', quantity: 2 }] }]
    expect(broken(judged({ lily: { order: { ...order, shipments }, shows: 3 } }))).toEqual(['unconfirmed'])
  })
})

describe('money and wake-ups', () => {
  test('money that the hub flagged is counted', () => {
    expect(judged({}, { moneyExceptions: ['ord_1'] }).figures.moneyFlagged).toBe(1)
  })
  test('another total than the shop itself has is counted', () => {
    expect(judged({}, { orders: [{ ...hubOrder, total: '19.91' }] }).figures.moneyFlagged).toBe(1)
  })
  test('work that only the sweeper found breaks a calm run, and not a chaotic one', () => {
    expect(broken(judged({}, { foundBySweeper: 1 }))).toEqual(['foundBySweeper'])
    expect(judged({}, { foundBySweeper: 1 }, true).breaks).toEqual([])
  })
  test('rows that the hub itself finds to break a promise are counted, and an audit that did not finish is one', () => {
    const audit = { name: 'asked_twice', means: 'It may leave twice.', state: 'broken', violations: 3 }
    const verdict = judged({}, { audits: [audit, { ...audit, state: 'unfinished', violations: 0 }] })
    expect([broken(verdict), verdict.figures.auditViolations]).toEqual([['auditViolations'], 4])
  })
})

describe('time', () => {
  test('a number from before the sale does not end the wait for the one that knows of it', () => {
    const stale = entry(1_030, 'fern', 'stock.written', { sku: 'A', from: 5, to: 4, raised: 0, blind: 0 })
    const entries = [placed, stale, { ...pushed, at: 1_400 }]
    expect(judged({ entries }, { webhooksStored: {} }).figures.fanoutP99Ms).toBe(400)
  })
})
