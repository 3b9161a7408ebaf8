import { expect, test } from 'vitest'
import { orders } from './orders.ts'
import { type Asked, connection, lastPage, type Reply, shopCtx } from './testing.ts'

const bag = (amount: string) => ({
  shopMoney: { amount, currencyCode: 'EUR' },
  presentmentMoney: { amount, currencyCode: 'EUR' },
})
const lineNode = (id: number) => ({
  id: `gid://shopify/LineItem/${id}`,
  sku: `EX-${id}`,
  name: `Thing ${id}`,
  quantity: 1,
  currentQuantity: 1,
  unfulfilledQuantity: 1,
  requiresShipping: true,
  isGiftCard: false,
  variant: { id: `gid://shopify/ProductVariant/${id}` },
  originalUnitPriceSet: bag('1.0'),
  discountAllocations: [],
})
function orderNode(id: number, more: object = {}) {
  return {
    id: `gid://shopify/Order/${id}`,
    name: `#${id}`,
    test: false,
    createdAt: '2026-11-23T09:00:00Z',
    updatedAt: '2026-11-23T09:30:00Z',
    cancelledAt: null,
    email: null,
    phone: null,
    note: null,
    displayFinancialStatus: 'PAID',
    displayFulfillmentStatus: 'UNFULFILLED',
    risk: { recommendation: 'NONE' },
    currencyCode: 'EUR',
    presentmentCurrencyCode: 'EUR',
    taxesIncluded: true,
    dutiesIncluded: false,
    totalPriceSet: bag('1.0'),
    totalTaxSet: bag('0.0'),
    totalDiscountsSet: bag('0.0'),
    totalTipReceivedSet: bag('0.0'),
    originalTotalDutiesSet: null,
    originalTotalAdditionalFeesSet: null,
    totalRefundedSet: bag('0.0'),
    totalCashRoundingAdjustment: { paymentSet: bag('0.0') },
    shippingAddress: null,
    billingAddress: null,
    shippingLines: connection([]),
    lineItems: connection([lineNode(id)]),
    refunds: [],
    fulfillments: [],
    ...more,
  }
}
const translate = (raw: string) => orders.translate(raw, { source: 'poll', settings: {} })

/** A shop with this many orders, which pages by index. */
function shopOf(count: number) {
  return ({ name, variables }: Asked): Reply => {
    if (name !== 'OrdersChanged') return { status: 500, body: name }
    const from = Number(variables.after ?? 0)
    const nodes = Array.from({ length: Math.min(Number(variables.first), count - from) }, (_, i) =>
      orderNode(from + i + 1),
    )
    const end = from + nodes.length
    return { data: { orders: connection(nodes, end < count ? String(end) : null) } }
  }
}

test('a run keeps its bound over all pages, overlaps the last one by ten minutes, and names no order twice', async () => {
  const { ctx, asked } = shopCtx(shopOf(60))
  const since = '2026-11-23T09:50:00Z'
  const refs: string[] = []
  let page: string | null = null
  let pages = 0
  do {
    const result = await orders.list(ctx, { since, from: '2026-01-01T00:00:00Z', page })
    expect(result.watermark, 'the newest change, never our clock').toBe(since)
    refs.push(...result.items.map((item) => item.ref))
    page = result.next
    pages++
  } while (page !== null)
  expect([pages, new Set(refs).size, refs.length]).toEqual([3, 60, 60])
  const bounds = new Set(asked.map((one) => one.variables.query))
  expect([...bounds]).toEqual(["updated_at:>='2026-11-23T09:40:00Z'"])
})

test('the first run begins where the connection does', async () => {
  const { ctx, asked } = shopCtx(shopOf(0))
  const result = await orders.list(ctx, { since: null, from: '2026-10-01T12:00:00.000Z', page: null })
  expect(result).toEqual({ items: [], next: null, watermark: '2026-10-01T12:00:00.000Z' })
  expect(asked[0]?.variables.query).toContain("updated_at:>='2026-10-01T12:00:00Z'")
})

test('the watermark is the newest change of any page, and stays when nothing is new', async () => {
  const { ctx } = shopCtx(shopOf(60))
  const from = '2026-01-01T00:00:00Z'
  const first = await orders.list(ctx, { since: null, from, page: null })
  expect(first.watermark).toBe('2026-11-23T09:30:00Z')
  const quiet = shopCtx(shopOf(0))
  const later = await orders.list(quiet.ctx, { since: first.watermark, from, page: null })
  expect(later.watermark).toBe(first.watermark)
})

test('a page token that is not ours is refused', async () => {
  const { ctx } = shopCtx(shopOf(0))
  const list = orders.list(ctx, { since: null, from: '2026-10-01T12:00:00.000Z', page: '{"query":"status:any"}' })
  await expect(list).rejects.toMatchObject({ kind: 'invalid' })
})

test('an order with more lines, refunds and fulfilments than the first look shows is read to its end', async () => {
  const first = Array.from({ length: 6 }, (_, i) => lineNode(i + 1))
  const rest = Array.from({ length: 60 }, (_, i) => lineNode(i + 7))
  const refundNode = (line: number) => ({
    quantity: 1,
    restockType: 'CANCEL',
    lineItem: { id: `gid://shopify/LineItem/${line}` },
  })
  const shippedNode = (line: number) => ({ quantity: 1, lineItem: { id: `gid://shopify/LineItem/${line}` } })
  const long = orderNode(1, {
    lineItems: connection(first, 'after-6'),
    refunds: [{ refundLineItems: connection([refundNode(1)], 'more') }],
    fulfillments: [{ status: 'SUCCESS', fulfillmentLineItems: connection([shippedNode(2)], 'more') }],
  })
  const answers: Record<string, unknown> = {
    OrdersById: { nodes: [long] },
    'OrderLines after-6': { order: { lineItems: connection(rest.slice(0, 50), 'after-56') } },
    'OrderLines after-56': { order: { lineItems: connection(rest.slice(50)) } },
    OrderRefunds: { order: { refunds: [{ id: 'gid://shopify/Refund/1' }] } },
    RefundLines: { node: { refundLineItems: connection([refundNode(1)], 'r-1') } },
    'RefundLines r-1': { node: { refundLineItems: connection([refundNode(3)]) } },
    OrderFulfillments: { order: { fulfillments: [{ id: 'gid://shopify/Fulfillment/1', status: 'SUCCESS' }] } },
    FulfillmentLines: { node: { fulfillmentLineItems: connection([shippedNode(2), shippedNode(66)]) } },
  }
  const { ctx } = shopCtx(({ name, variables }) => ({
    data: answers[[name, variables.after].filter(Boolean).join(' ')],
  }))
  const [order] = await orders.get(ctx, ['gid://shopify/Order/1'])
  if (!order || !('raw' in order)) throw new Error('not read')
  const { lines, remoteStatus } = translate(order.raw)
  expect(lines).toHaveLength(66)
  expect(lines.filter((line) => line.channelTook === 0).map((line) => line.sku)).toEqual(['EX-1', 'EX-3'])
  expect(remoteStatus).toBe('paid/partially_fulfilled')
})

test('get answers for every ref, in order, and says which the shop has not', async () => {
  const { ctx, asked } = shopCtx(({ variables }) => ({
    data: {
      nodes: [variables.ids]
        .flat()
        .map((id) => (id === 'gid://shopify/Order/3' ? null : orderNode(Number(String(id).split('/').pop())))),
    },
  }))
  const refs = Array.from({ length: 25 }, (_, i) => `gid://shopify/Order/${i + 1}`)
  const read = await orders.get(ctx, refs)
  expect(read.map((one) => one.ref)).toEqual(refs)
  expect(read.filter((one) => 'missing' in one)).toEqual([{ ref: 'gid://shopify/Order/3', missing: true }])
  expect(asked).toHaveLength(5)
})

test('a half answer is not read as an order that is gone', async () => {
  const { ctx } = shopCtx(() => ({ data: { nodes: [{ id: 'gid://shopify/Order/1' }] } }))
  await expect(orders.get(ctx, ['gid://shopify/Order/1'])).rejects.toMatchObject({ kind: 'transient' })
})

test.each([
  ['ON_HOLD', 'NONE', 'on_hold'],
  ['UNFULFILLED', 'INVESTIGATE', 'fraud_review'],
  ['UNFULFILLED', 'CANCEL', 'fraud_review'],
  ['UNFULFILLED', 'SOMETHING_NEW', null],
  ['SOMETHING_NEW', 'NONE', null],
])('a fulfilment status %s with the risk advice %s holds the order as %s', async (status, recommendation, hold) => {
  const node = orderNode(1, { displayFulfillmentStatus: status, risk: { recommendation } })
  const { ctx } = shopCtx(() => ({ data: { orders: { pageInfo: lastPage, nodes: [node] } } }))
  const { items } = await orders.list(ctx, { since: null, from: '2026-01-01T00:00:00Z', page: null })
  expect(translate(items[0]?.raw ?? '').hold).toBe(hold)
})
