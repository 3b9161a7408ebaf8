import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { UnreadableError } from '#kit'
import { translate } from './translate.ts'

const paid = readFileSync(new URL('fixtures/order-paid.json', import.meta.url), 'utf8')
const eur = (minor: bigint) => ({ minor, currency: 'EUR' })
const money = (amount: string, code = 'EUR') => ({
  shop_money: { amount, currency_code: code },
  presentment_money: { amount, currency_code: code },
})

/** The paid order with some of it changed; `line` changes its only line. */
function read(change: object = {}, line: object = {}, settings: object = {}) {
  const order = JSON.parse(paid.replaceAll(/: (\d{16,})/g, ': "$1"'))
  const raw = JSON.stringify({ ...order, ...change, line_items: [{ ...order.line_items[0], ...line }] })
  return translate(raw, { source: 'webhook', settings: { ...settings } })
}

test('a paid order becomes a unified order, complete and with exact ids', () => {
  expect(translate(paid, { source: 'webhook', settings: {} })).toEqual({
    ref: 'gid://shopify/Order/9000000000000000011',
    number: '#1001',
    changedAt: '2026-11-23T10:05:00.000Z',
    placedAt: '2026-11-23T10:00:00.000Z',
    cancelledAt: null,
    isTest: false,
    hold: null,
    remoteStatus: 'paid/unfulfilled',
    total: eur(4490n),
    shopTotal: eur(4490n),
    parts: { shipping: eur(490n), tax: eur(0n), other: eur(0n), discount: eur(0n) },
    refunded: eur(0n),
    lines: [
      {
        ref: 'gid://shopify/LineItem/9000000000000000021',
        listing: 'gid://shopify/ProductVariant/9000000000000000031',
        sku: 'EX-1',
        title: 'Example mug - Blue',
        ordered: 2,
        cancelled: 0,
        shipped: 0,
        channelTook: 2,
        physical: true,
        total: eur(4000n),
        unitPrice: '20.00',
      },
    ],
    shipTo: {
      name: 'Example Buyer',
      address1: 'Example Street 1',
      city: 'Exampletown',
      province: 'BE',
      postcode: '10115',
      country: 'DE',
    },
    billTo: null,
    buyer: { email: 'buyer@example.com' },
    shippingService: 'Standard',
    note: 'Leave it at the door',
  })
})

test.each([
  ['paid', null],
  ['partially_refunded', null],
  ['refunded', null],
  ['pending', 'awaiting_payment'],
  ['partially_paid', 'awaiting_payment'],
  ['voided', 'awaiting_payment'],
  ['expired', 'awaiting_payment'],
  ['authorized', 'awaiting_payment'],
  ['invented_tomorrow', 'unknown_status'],
  [null, 'unknown_status'],
])('an order that is %s gets the hold %s and is never refused', (financial_status, hold) => {
  expect(read({ financial_status }).hold).toBe(hold)
})

test('an authorized order is shippable where the merchant says so', () => {
  expect(read({ financial_status: 'authorized' }, {}, { shipAuthorized: true }).hold).toBe(null)
})

test('an order without any personal data is an order', () => {
  const order = read({ email: '', phone: null, note: null, shipping_address: null })
  expect([order.shipTo, order.billTo, order.buyer, order.note]).toEqual([null, null, null, undefined])
})

test('a cancelled order wants nothing more, whatever its lines say, and is held for nothing', () => {
  const order = read({ cancelled_at: '2026-11-23T12:00:00+01:00', financial_status: 'voided' })
  expect([order.lines[0]?.cancelled, order.hold, order.cancelledAt]).toEqual([2, null, '2026-11-23T11:00:00.000Z'])
})

const refund = (quantity: number, restock_type: string) => ({
  refunds: [{ refund_line_items: [{ line_item_id: '9000000000000000021', quantity, restock_type }] }],
})

test('a unit refunded before shipping without restock is not wanted, and stays off the shelf', () => {
  const order = read(refund(1, 'no_restock'), { current_quantity: 1, fulfillable_quantity: 1 })
  expect(order.lines[0]).toMatchObject({ ordered: 2, cancelled: 1, channelTook: 2, total: eur(4000n) })
})

test('a unit returned after shipping was wanted, and is back on the shelf', () => {
  const shipped = { fulfillments: [{ status: 'success', line_items: [{ id: '9000000000000000021', quantity: 2 }] }] }
  const order = read({ ...refund(1, 'return'), ...shipped }, { current_quantity: 1, fulfillable_quantity: 0 })
  expect(order.lines[0]).toMatchObject({ ordered: 2, cancelled: 0, shipped: 2, channelTook: 1 })
  expect(order.remoteStatus).toBe('paid/partially_fulfilled')
})

test('only money that was really paid back counts as refunded', () => {
  const transactions = [
    { kind: 'refund', status: 'success', amount: '5.00', currency: 'EUR' },
    { kind: 'refund', status: 'failure', amount: '7.00', currency: 'EUR' },
    { kind: 'void', status: 'success', amount: '9.00', currency: 'EUR' },
    // Shopify's own sample has no currency here.
    { kind: 'refund', status: 'success', amount: '0.50', currency: null },
  ]
  expect(read({ refunds: [{ transactions }] }).refunded).toEqual(eur(550n))
})

test('an order-level discount that no line carries is named as such', () => {
  const order = read({ total_price_set: money('40.90'), total_discounts_set: money('4.00') })
  expect(order.parts.discount).toEqual(eur(400n))
})

test('a free shipping discount lowers shipping once', () => {
  const order = JSON.parse(paid)
  const shipping = [{ ...order.shipping_lines[0], discounted_price_set: money('0.00') }]
  const read1 = read({ shipping_lines: shipping, total_price_set: money('40.00'), total_discounts_set: money('4.90') })
  expect(read1.parts).toMatchObject({ shipping: eur(0n), discount: eur(0n) })
})

test('yen and dinar keep their own number of decimals', () => {
  const change = (amount: string, code: string) => ({
    currency: code,
    presentment_currency: code,
    shipping_lines: [],
    total_price_set: money(amount, code),
    total_tax_set: null,
    total_discounts_set: null,
  })
  const yen = read(change('2400', 'JPY'), { price_set: money('1200', 'JPY') })
  expect([yen.total, yen.lines[0]?.total, yen.lines[0]?.unitPrice]).toEqual([
    { minor: 2400n, currency: 'JPY' },
    { minor: 2400n, currency: 'JPY' },
    '1200',
  ])
  expect(read(change('2.468', 'KWD'), { price_set: money('1.234', 'KWD') }).total.minor).toBe(2468n)
})

test.each([
  ['[bad-input 51] a sum of floats', { total_price_set: money('0.30000000000000004') }, /total/],
  [
    '[bad-input 51] decimals in yen',
    {
      total_price_set: money('10.50', 'JPY'),
      presentment_currency: 'JPY',
      shipping_lines: [],
      total_discounts_set: null,
    },
    /JPY has 0 decimals/,
  ],
  [
    'a number instead of text',
    { total_price_set: { ...money('1'), presentment_money: { amount: 1.1, currency_code: 'EUR' } } },
    /total_price_set/,
  ],
  ['exponents', { total_price_set: money('1e3') }, /not a decimal amount/],
  ['no currency', { total_price_set: money('1.00', '') }, /order is in EUR/],
  ['another currency than the order', { total_price_set: money('1.00', 'USD') }, /in USD, but the order is in EUR/],
  [
    'a refund in another currency',
    { refunds: [{ transactions: [{ kind: 'refund', status: 'success', amount: '1', currency: 'USD' }] }] },
    /USD/,
  ],
  ['an odd date', { updated_at: 'yesterday' }, /updated: not an instant/],
])('an order with %s is unreadable, and the message names the field', (_, change, message) => {
  const line = 'presentment_currency' in change ? { price_set: money('1', 'JPY') } : {}
  expect(() => read(change, line)).toThrow(UnreadableError)
  expect(() => read(change, line)).toThrow(message)
})

test.each([[-1], [1.5], [1e21], ['5'], [null]])('[bad-input 50] a quantity of %s is unreadable', (quantity) => {
  expect(() => read({}, { quantity })).toThrow(/line_items\.0\.quantity/)
})
