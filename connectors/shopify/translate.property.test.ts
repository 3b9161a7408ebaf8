import fc from 'fast-check'
import { expect, test } from 'vitest'
import { moneyToDecimal, sumMoney, type UnifiedOrder } from '#kit'
import { lastPage } from './testing.ts'
import { graphqlShape, translate } from './translate.ts'

// One story of an order, written down in both of Shopify's spellings.
const digits = { EUR: 2, USD: 2, JPY: 0, KWD: 3 } as const
const currency = fc.constantFrom('EUR', 'USD', 'JPY', 'KWD') satisfies fc.Arbitrary<keyof typeof digits>
type Currency = keyof typeof digits

const amount = fc.bigInt({ min: 0n, max: 9_999_999n })
const line = fc
  .record({
    quantity: fc.integer({ min: 1, max: 9 }),
    unit: amount,
    discounts: fc.array(fc.bigInt({ min: 0n, max: 999n }), { maxLength: 2 }),
    kind: fc.constantFrom('goods', 'goods', 'gift card', 'service'),
    sku: fc.option(fc.constantFrom('A-1', 'B-2', '')),
    shipped: fc.nat(9),
    withdrawn: fc.nat(9),
    returned: fc.nat(9),
    edited: fc.nat(9),
    restock: fc.boolean(),
  })
  .map((raw) => {
    const shipped = Math.min(raw.shipped, raw.quantity)
    const withdrawn = Math.min(raw.withdrawn, raw.quantity - shipped)
    const edited = Math.min(raw.edited, raw.quantity - shipped - withdrawn)
    return { ...raw, shipped, withdrawn, edited, returned: Math.min(raw.returned, shipped) }
  })
const story = fc.record({
  id: fc.bigInt({ min: 1n, max: 9_000_000_000_000_000_000n }),
  buyer: currency,
  shop: currency,
  lines: fc.array(line, { minLength: 1, maxLength: 5 }),
  shipping: fc.option(fc.record({ full: amount, discount: fc.bigInt({ min: 0n, max: 500n }) })),
  tax: amount,
  included: fc.boolean(),
  tip: fc.option(amount),
  duties: fc.option(amount),
  dutiesIncluded: fc.boolean(),
  fees: fc.option(amount),
  rounding: fc.option(fc.bigInt({ min: -4n, max: 4n })),
  looseDiscount: fc.bigInt({ min: 0n, max: 99n }),
  refunds: fc.array(amount, { maxLength: 2 }),
  cancelled: fc.boolean(),
  test: fc.boolean(),
  financial: fc.constantFrom(
    'paid',
    'pending',
    'authorized',
    'partially_paid',
    'refunded',
    'voided',
    'brand_new',
    null,
  ),
  at: fc.date({ min: new Date('2020-01-01'), max: new Date('2029-01-01'), noInvalidDate: true }),
  note: fc.option(fc.string({ maxLength: 40 })),
  city: fc.option(fc.constantFrom('Exampletown', '')),
})
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

const decimal = (minor: bigint, code: Currency) => moneyToDecimal({ minor, currency: code })
/** GraphQL drops trailing zeros: "10.0". */
const short = (minor: bigint, code: Currency) => {
  const [whole, fraction = ''] = decimal(minor, code).split('.')
  return `${whole}.${fraction.replace(/0+$/, '') || '0'}`
}
const bag = (s: Story, minor: bigint) => ({
  shopMoney: { amount: short(minor, s.shop), currencyCode: s.shop },
  presentmentMoney: { amount: short(minor, s.buyer), currencyCode: s.buyer },
})
const set = (s: Story, minor: bigint) => ({
  shop_money: { amount: decimal(minor, s.shop), currency_code: s.shop },
  presentment_money: { amount: decimal(minor, s.buyer), currency_code: s.buyer },
})

const sum = (amounts: readonly bigint[]) => amounts.reduce((a, b) => a + b, 0n)
const seconds = (at: Date) => `${at.toISOString().slice(0, 19)}Z`
/** The same instant in New York winter time, as webhooks write it. */
const offset = (at: Date) => `${new Date(at.getTime() - 5 * 3_600_000).toISOString().slice(0, 19)}-05:00`

function moneyOf(s: Story) {
  const lines = sum(s.lines.map((one) => one.unit * BigInt(one.quantity) - sum(one.discounts)))
  const shipping = s.shipping ? s.shipping.full - s.shipping.discount : 0n
  const onTop = (s.included ? 0n : s.tax) + (s.dutiesIncluded ? 0n : (s.duties ?? 0n))
  const discounts = sum(s.lines.flatMap((one) => one.discounts)) + (s.shipping?.discount ?? 0n) + s.looseDiscount
  return { discounts, total: lines + shipping + onTop + (s.tip ?? 0n) + (s.fees ?? 0n) - s.looseDiscount }
}
const isGoods = (kind: string) => kind === 'goods'
const fulfillable = (one: Story['lines'][number]) => one.quantity - one.shipped - one.withdrawn - one.edited
const current = (one: Story['lines'][number]) => one.quantity - one.withdrawn - one.edited - one.returned
const number = (s: Story, index: number) => s.id + BigInt(index) + 1n

function asGraphql(s: Story): string {
  const nodes = s.lines.map((one, index) => ({
    id: `gid://shopify/LineItem/${number(s, index)}`,
    sku: one.sku,
    name: `Thing ${index}`,
    quantity: one.quantity,
    currentQuantity: current(one),
    unfulfilledQuantity: fulfillable(one),
    requiresShipping: isGoods(one.kind),
    isGiftCard: one.kind === 'gift card',
    variant: one.kind === 'service' ? null : { id: `gid://shopify/ProductVariant/${number(s, index)}` },
    originalUnitPriceSet: bag(s, one.unit),
    discountAllocations: one.discounts.map((discount) => ({ allocatedAmountSet: bag(s, discount) })),
  }))
  const refundNodes = s.lines.flatMap((one, index) => {
    const lineItem = { id: `gid://shopify/LineItem/${number(s, index)}` }
    return [
      { quantity: one.withdrawn, restockType: one.restock ? 'CANCEL' : 'NO_RESTOCK', lineItem },
      { quantity: one.returned, restockType: one.restock ? 'RETURN' : 'NO_RESTOCK', lineItem },
    ].filter((refund) => refund.quantity > 0)
  })
  const shipped = s.lines.flatMap((one, index) =>
    one.shipped > 0 ? [{ quantity: one.shipped, lineItem: { id: `gid://shopify/LineItem/${number(s, index)}` } }] : [],
  )
  const address = { name: 'Example Person', address2: null, city: s.city, countryCodeV2: 'DE', zip: '12345' }
  const title = 'Standard'
  return JSON.stringify({
    _shape: graphqlShape,
    id: `gid://shopify/Order/${s.id}`,
    name: '#1001',
    test: s.test,
    createdAt: seconds(s.at),
    updatedAt: seconds(s.at),
    cancelledAt: s.cancelled ? seconds(s.at) : null,
    email: 'buyer@example.com',
    phone: null,
    note: s.note,
    displayFinancialStatus: s.financial?.toUpperCase() ?? null,
    displayFulfillmentStatus: shipped.length > 0 ? 'PARTIALLY_FULFILLED' : 'UNFULFILLED',
    risk: { recommendation: 'NONE' },
    currencyCode: s.shop,
    presentmentCurrencyCode: s.buyer,
    taxesIncluded: s.included,
    dutiesIncluded: s.dutiesIncluded,
    totalPriceSet: bag(s, moneyOf(s).total),
    totalTaxSet: bag(s, s.tax),
    totalDiscountsSet: bag(s, moneyOf(s).discounts),
    totalTipReceivedSet: bag(s, s.tip ?? 0n),
    originalTotalDutiesSet: s.duties === null ? null : bag(s, s.duties),
    originalTotalAdditionalFeesSet: s.fees === null ? null : bag(s, s.fees),
    totalRefundedSet: bag(s, sum(s.refunds)),
    totalCashRoundingAdjustment: { paymentSet: bag(s, s.rounding ?? 0n) },
    shippingAddress: address,
    billingAddress: null,
    shippingLines: {
      pageInfo: lastPage,
      nodes: s.shipping
        ? [
            {
              title,
              isRemoved: false,
              originalPriceSet: bag(s, s.shipping.full),
              discountedPriceSet: bag(s, s.shipping.full - s.shipping.discount),
            },
          ]
        : [],
    },
    lineItems: { pageInfo: lastPage, nodes: [...nodes, ...(s.tip ? [tipNode(s, s.tip)] : [])] },
    refunds: [{ refundLineItems: { nodes: refundNodes } }],
    fulfillments: [
      { status: 'SUCCESS', fulfillmentLineItems: { nodes: shipped } },
      { status: 'CANCELLED', fulfillmentLineItems: { nodes: shipped } },
    ],
  })
}

/** A tip is also a line, under a title in the buyer's language. */
function tipNode(s: Story, tip: bigint) {
  return {
    id: `gid://shopify/LineItem/${number(s, 50)}`,
    sku: null,
    name: 'Trinkgeld',
    quantity: 1,
    currentQuantity: 1,
    unfulfilledQuantity: 0,
    requiresShipping: false,
    isGiftCard: false,
    variant: null,
    originalUnitPriceSet: bag(s, tip),
    discountAllocations: [],
  }
}
function tipLine(s: Story, tip: bigint) {
  return {
    id: `#${number(s, 50)}#`,
    name: 'Trinkgeld',
    quantity: 1,
    current_quantity: 1,
    fulfillable_quantity: 0,
    requires_shipping: false,
    gift_card: false,
    variant_id: null,
    sku: '',
    price_set: set(s, tip),
    discount_allocations: [],
  }
}

function asWebhook(s: Story): string {
  const refundLines = s.lines.flatMap((one, index) =>
    [
      { quantity: one.withdrawn, restock_type: one.restock ? 'cancel' : 'no_restock' },
      { quantity: one.returned, restock_type: one.restock ? 'return' : 'no_restock' },
    ]
      .filter((refund) => refund.quantity > 0)
      .map((refund) => ({ ...refund, line_item_id: `#${number(s, index)}#` })),
  )
  const shipped = s.lines.flatMap((one, index) =>
    one.shipped > 0 ? [{ id: `#${number(s, index)}#`, quantity: one.shipped }] : [],
  )
  const lines = s.lines.map((one, index) => ({
    id: `#${number(s, index)}#`,
    admin_graphql_api_id: `gid://shopify/LineItem/${number(s, index)}`,
    name: `Thing ${index}`,
    title: `Thing ${index}`,
    quantity: one.quantity,
    current_quantity: current(one),
    fulfillable_quantity: fulfillable(one),
    requires_shipping: isGoods(one.kind),
    gift_card: one.kind === 'gift card',
    variant_id: one.kind === 'service' ? null : `#${number(s, index)}#`,
    sku: one.sku ?? '',
    price_set: set(s, one.unit),
    discount_allocations: one.discounts.map((discount) => ({ amount_set: set(s, discount) })),
  }))
  const body = {
    id: `#${s.id}#`,
    admin_graphql_api_id: `gid://shopify/Order/${s.id}`,
    name: '#1001',
    created_at: offset(s.at),
    updated_at: offset(s.at),
    cancelled_at: s.cancelled ? offset(s.at) : null,
    test: s.test,
    financial_status: s.financial,
    fulfillment_status: shipped.length > 0 ? 'partial' : null,
    currency: s.shop,
    presentment_currency: s.buyer,
    taxes_included: s.included,
    duties_included: s.dutiesIncluded,
    total_price_set: set(s, moneyOf(s).total),
    total_tax_set: set(s, s.tax),
    total_discounts_set: set(s, moneyOf(s).discounts),
    total_tip_received: decimal(s.tip ?? 0n, s.shop),
    original_total_duties_set: s.duties === null ? null : set(s, s.duties),
    original_total_additional_fees_set: s.fees === null ? null : set(s, s.fees),
    total_cash_rounding_payment_adjustment_set: s.rounding === null ? null : set(s, s.rounding),
    email: 'buyer@example.com',
    phone: null,
    note: s.note,
    shipping_address: { name: 'Example Person', address2: '', city: s.city, country_code: 'DE', zip: '12345' },
    shipping_lines: s.shipping
      ? [
          {
            title: 'Standard',
            is_removed: false,
            price_set: set(s, s.shipping.full),
            discounted_price_set: set(s, s.shipping.full - s.shipping.discount),
          },
        ]
      : [],
    // The two spellings list lines in no common order.
    line_items: [...lines, ...(s.tip ? [tipLine(s, s.tip)] : [])].reverse(),
    refunds: [
      {
        refund_line_items: refundLines,
        transactions: [
          ...s.refunds.map((minor) => ({
            kind: 'refund',
            status: 'success',
            amount: decimal(minor, s.buyer),
            currency: s.buyer,
          })),
          { kind: 'refund', status: 'failure', amount: '1', currency: s.buyer },
        ],
      },
    ],
    fulfillments: [
      { status: 'success', line_items: shipped },
      { status: 'cancelled', line_items: shipped },
    ],
  }
  return JSON.stringify(body).replaceAll(/"#(\d+)#"/g, '$1')
}

const settings = {}
const read = (raw: string): UnifiedOrder => translate(raw, { source: 'fetch', settings })
/** A tip and its line are told apart by amount; two equal ones cannot be, nor must they here. */
const story1 = story.map((s) => ({
  ...s,
  tip: s.tip === 0n ? null : s.tip,
  lines: s.tip === null ? s.lines : s.lines.filter((one) => one.kind !== 'service'),
}))

test('a webhook body and a GraphQL answer of the same order give the same unified order', () => {
  fc.assert(
    fc.property(story1, (s) => {
      expect(read(asWebhook(s))).toEqual(read(asGraphql(s)))
    }),
    { numRuns: 300, seed: 20261123 },
  )
})

test('total = lines + shipping + tax + other - discount, to the last minor unit, whatever was shipped, refunded or edited', () => {
  fc.assert(
    fc.property(story1, (s) => {
      const { total, parts, lines } = read(asGraphql(s))
      const sums = [...lines.map((one) => one.total), parts.shipping, parts.tax, parts.other]
      expect(total.minor).toBe(sumMoney(sums, s.buyer).minor - parts.discount.minor)
      expect(total.minor).toBe(moneyOf(s).total + (s.rounding ?? 0n))
    }),
    { numRuns: 300, seed: 20261124 },
  )
})

test('every unit of a line is shipped, wanted or cancelled, and the stock it took is what went out and did not come back', () => {
  fc.assert(
    fc.property(story1, (s) => {
      const { lines } = read(asWebhook(s))
      for (const [index, one] of s.lines.entries()) {
        const unified = lines.find((each) => each.ref === `gid://shopify/LineItem/${number(s, index)}`)
        expect([unified?.ordered, unified?.shipped]).toEqual([one.quantity, one.shipped])
        if (!isGoods(one.kind)) continue
        expect(unified?.cancelled).toBe(s.cancelled ? one.quantity - one.shipped : one.withdrawn + one.edited)
        const back = one.edited + (one.restock ? one.withdrawn + one.returned : 0)
        expect(unified?.channelTook).toBe(one.quantity - back)
      }
    }),
    { numRuns: 300, seed: 20261125 },
  )
})
