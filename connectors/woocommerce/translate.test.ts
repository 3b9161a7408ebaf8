import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sumMoney, type UnifiedOrder, UnreadableError } from '#kit'
import { translate } from './translate.ts'

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')
const berlin = fixture('order-berlin')

/** The fixture with fields of the order replaced. */
function changed(changes: Record<string, unknown>, name = 'order-refunded-in-part'): string {
  const given: { order: Record<string, unknown>; refunds: unknown[] } = JSON.parse(fixture(name))
  return JSON.stringify({ ...given, order: { ...given.order, ...changes } })
}

/** What the hub checks: zero, or the order is flagged. */
function delta(order: UnifiedOrder): bigint {
  const { currency } = order.total
  const { shipping, tax, other, discount } = order.parts
  const lines = sumMoney(
    order.lines.map((line) => line.total),
    currency,
  )
  return order.total.minor - (lines.minor + shipping.minor + tax.minor + other.minor - discount.minor)
}
const eur = (minor: bigint) => ({ minor, currency: 'EUR' })

describe('a Berlin order, prices with tax, coupon, negative fee', () => {
  const order = translate(berlin)

  test('adds up to the cent, with net lines after coupons and one tax figure', () => {
    expect(order.total).toEqual(eur(7149n))
    expect(order.parts).toEqual({ shipping: eur(412n), tax: eur(1142n), other: eur(-200n), discount: eur(0n) })
    expect(order.lines.map((line) => line.total)).toEqual([eur(5039n), eur(756n)])
    expect(delta(order)).toBe(0n)
  })

  test('times are the GMT fields, never the local ones', () => {
    expect(order.placedAt).toBe('2026-11-23T09:00:05.000Z')
    expect(order.changedAt).toBe('2026-11-23T09:15:30.000Z')
  })

  test('a line names the variation as its listing, else the product, and shows the exact unit price', () => {
    expect(order.lines).toMatchObject([
      { ref: '501', listing: '31', sku: 'HAT', ordered: 3, cancelled: 0, channelTook: 3, unitPrice: '16.7983195' },
      { ref: '502', listing: '42', sku: 'SCARF-R', ordered: 1, cancelled: 0, channelTook: 1 },
    ])
  })

  test('the parcel goes to the shipping address with the contact data of the buyer', () => {
    expect(order.shipTo).toEqual({
      name: 'Max Example',
      company: 'Example GmbH',
      address1: 'Example Street 2',
      address2: '2nd floor',
      city: 'Exampletown',
      postcode: '10117',
      country: 'DE',
      phone: '+49 30 0000000',
      email: 'erika@example.com',
    })
    expect(order.buyer).toEqual({ name: 'Erika Example', phone: '+49 30 0000000', email: 'erika@example.com' })
    expect(order).toMatchObject({ number: 'R-1041', shippingService: 'DHL Parcel', note: 'Ring twice', isTest: false })
  })
})

describe('types vary in the wild', () => {
  const order = translate(fixture('order-odd-types'))

  test('numbers as text, text as numbers, "", null, missing and PHP objects for arrays are all read', () => {
    expect(order).toMatchObject({ ref: '2002', number: '2002', remoteStatus: 'processing', hold: null })
    expect(order.total).toEqual({ minor: 3550n, currency: 'USD' })
    expect(order.lines).toMatchObject([
      { ref: '7', title: 'line 7', ordered: 2, total: { minor: 2050n } },
      { ref: '8', listing: '77', title: 'Mug', ordered: 1, unitPrice: '10' },
    ])
    expect(delta(order)).toBe(0n)
  })

  test('a deleted product has no listing and no SKU', () => {
    expect(order.lines[0]).not.toHaveProperty('listing')
    expect(order.lines[0]).not.toHaveProperty('sku')
  })

  test('an order without addresses has no persons', () => {
    expect([order.shipTo, order.billTo, order.buyer]).toEqual([null, null, null])
  })

  test('a missing total does not lose the order: it is imported and does not add up', () => {
    expect(delta(translate(changed({ total: null })))).toBe(-4000n)
  })

  const unreadable: readonly [field: string, changes: Record<string, unknown>][] = [
    ['id', { id: 'abc' }],
    ['currency', { currency: '' }],
    ['currency', { currency: 'EURO' }],
    ['status', { status: null }],
    ['date_created_gmt', { date_created_gmt: '0000-00-00T00:00:00' }],
    ['total', { total: '12,50' }],
    ['total', { total: '1e3' }],
    ['line_items.0.quantity', { line_items: [{ id: 1, quantity: 1.5, total: '1' }] }],
    ['line_items.0.quantity', { line_items: [{ id: 1, quantity: null, total: '1' }] }],
    ['line_items.0.quantity', { line_items: [{ id: 1, quantity: -1, total: '1' }] }],
    ['line_items.1.id', { line_items: [{ id: 1, quantity: 1, total: '1' }, { quantity: 1 }] }],
  ]
  test.each(unreadable)('what cannot be guessed is unreadable and names %s', (field, changes) => {
    expect(() => translate(changed(changes))).toThrow(UnreadableError)
    expect(() => translate(changed(changes))).toThrow(field)
  })

  test.each([['{'], ['[]'], ['null'], ['"x"'], ['{"order":null}'], ['{}']])('%s is unreadable', (raw) => {
    expect(() => translate(raw)).toThrow(UnreadableError)
  })

  test('an unreadable body is not quoted: it holds a person', () => {
    for (const raw of [`${berlin.slice(0, 1900)}Erika`, changed({ total: 'Erika' }), 'Erika']) {
      let error: unknown
      try {
        translate(raw)
      } catch (caught) {
        error = caught
      }
      expect(error).toBeInstanceOf(UnreadableError)
      expect(String(error instanceof Error ? `${error.message}${error.cause}` : '')).not.toContain('Erika')
    }
  })

  test('NUL and lone surrogates in text become storable', () => {
    const order = translate(changed({ customer_note: 'a\u0000b\ud800' }))
    expect(order.note).toBe('ab\ufffd')
  })

  test('whatever replaces a field, translate answers with an order or with UnreadableError', () => {
    const original: { order: Record<string, unknown> } = JSON.parse(berlin)
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(original.order)), fc.jsonValue(), (field, value) => {
        try {
          translate(JSON.stringify({ order: { ...original.order, [field]: value }, refunds: [] }))
        } catch (error) {
          if (!(error instanceof UnreadableError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('money', () => {
  test.each([
    ['JPY', '1500.000000', 1500n],
    ['KWD', '1.234000', 1234n],
    ['EUR', '19.990000', 1999n],
  ])('%s keeps its own number of decimals', (currency, total, minor) => {
    const order = translate(changed({ currency, total, line_items: [{ id: 1, quantity: 1, total }], refunds: [] }))
    expect(order.total).toEqual({ minor, currency })
    expect(order.shopTotal).toEqual(order.total)
    expect(delta(order)).toBe(0n)
  })

  test('a yen shop left at two decimals is rounded as its payment is, and still adds up', () => {
    const line_items = [{ id: 1, quantity: 1, total: '1234.00' }]
    const order = translate(changed({ currency: 'JPY', total: '1332.72', total_tax: '98.72', line_items, refunds: [] }))
    expect(order.total.minor).toBe(1333n)
    expect(delta(order)).toBe(0n)
  })

  test('a shop that rounds at subtotal level adds up: its rounding is shown among the other parts', () => {
    const line_items = [1, 2, 3].map((id) => ({ id, quantity: 1, total: '10.084034' }))
    const money = { total: '36.000000', total_tax: '5.750000', cart_tax: '5.747899', shipping_tax: '0.000000' }
    const order = translate(changed({ ...money, line_items, refunds: [] }))
    expect(order.parts.other).toEqual(eur(1n))
    expect(delta(order)).toBe(0n)
  })

  test('a gift card of a plugin, in no line, stays a difference to be flagged', () => {
    const order = translate(changed({ total: '15.000000' }))
    expect(order.parts.other).toEqual(eur(0n))
    expect(delta(order)).toBe(-2500n)
  })

  test('a cent that no rounding rule explains stays a difference', () => {
    expect(delta(translate(changed({ total: '40.010000' })))).toBe(1n)
  })

  test("orders computed by the shop's own formula add up, whichever way it rounds", () => {
    const fine = fc.integer({ min: 0, max: 500_000_000 }) // 1e-6 of a currency unit
    const text = (n: number) =>
      `${n < 0 ? '-' : ''}${Math.floor(Math.abs(n) / 1e6)}.${String(Math.abs(n) % 1e6).padStart(6, '0')}`
    const cents = (n: number) => Math.sign(n) * Math.round(Math.abs(n) / 1e4) * 1e4
    const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
    const shop = fc.record({
      atSubtotal: fc.boolean(),
      lines: fc.array(fine, { minLength: 1, maxLength: 20 }),
      fees: fc.array(fc.integer({ min: -9_000_000, max: 9_000_000 }), { maxLength: 3 }),
      shipping: fine,
      taxes: fc.tuple(fine, fine),
    })
    fc.assert(
      fc.property(shop, ({ atSubtotal, lines, fees, shipping, taxes }) => {
        const [cartTax, shippingTax] = atSubtotal ? taxes : [cents(taxes[0]), cents(taxes[1])]
        const lineSum = atSubtotal ? sum(lines) : sum(lines.map(cents))
        const total = cents(lineSum + sum(fees) + shipping + cartTax + shippingTax)
        const order = translate(
          changed({
            total: text(total),
            total_tax: text(cents(cartTax + shippingTax)),
            cart_tax: text(cartTax),
            shipping_tax: text(shippingTax),
            shipping_total: text(shipping),
            fee_lines: fees.map((fee) => ({ total: text(fee) })),
            line_items: lines.map((line, id) => ({ id, quantity: 1, total: text(line) })),
            refunds: [],
          }),
        )
        expect(delta(order)).toBe(0n)
      }),
      { numRuns: 500 },
    )
  })
})

describe('refunds', () => {
  const order = translate(fixture('order-refunded-in-part'))

  test('refunded units are cancelled units of their line; an amount without lines is only money', () => {
    expect(order.refunded).toEqual(eur(1250n))
    expect(order.lines.map((line) => [line.ordered, line.cancelled])).toEqual([
      [3, 1],
      [1, 0],
    ])
    expect(delta(order)).toBe(0n)
  })

  test('a refund does not put units back on sale unless the shop says so', () => {
    expect(order.lines.map((line) => line.channelTook)).toEqual([3, 1])
    const meta_data = [{ key: '_reduced_stock', value: '2' }]
    const restocked = changed({ line_items: [{ id: 1, quantity: 3, total: '30', meta_data }] })
    expect(translate(restocked).lines[0]?.channelTook).toBe(2)
  })

  test('more refunded than ordered cancels no more than was ordered', () => {
    const given: { order: unknown; refunds: { line_items: { quantity: number }[] }[] } = JSON.parse(
      fixture('order-refunded-in-part'),
    )
    for (const line of given.refunds[0]?.line_items ?? []) line.quantity = -5
    expect(translate(JSON.stringify(given)).lines[0]?.cancelled).toBe(3)
  })

  test('a refund after the shop completed the order is a return: nothing is cancelled', () => {
    const done = { status: 'completed', date_completed_gmt: '2026-11-22T20:00:00' }
    expect(translate(changed(done)).lines[0]?.cancelled).toBe(0)
    expect(translate(changed({ ...done, date_completed_gmt: '2026-11-23T06:59:30' })).lines[0]?.cancelled).toBe(1)
  })

  test('a body with refunds whose lines were not fetched has no version, so it is fetched again', () => {
    const { order: bare }: { order: unknown } = JSON.parse(fixture('order-refunded-in-part'))
    expect(translate(JSON.stringify(bare)).changedAt).toBeNull()
    expect(translate(JSON.stringify({ ...JSON.parse(JSON.stringify(bare)), refunds: [] })).changedAt).not.toBeNull()
  })
})

describe('status', () => {
  const open: readonly [status: string, hold: string | null, took: number][] = [
    ['pending', 'awaiting_payment', 0],
    ['on-hold', 'on_hold', 1],
    ['processing', null, 1],
    ['completed', null, 1],
    ['awaiting-pickup', 'unknown_status', 0],
    ['checkout-draft', 'unknown_status', 0],
    ['__proto__', 'unknown_status', 0],
  ]
  test.each(open)('%s: hold %s, the shop took %i of the mug', (status, hold, took) => {
    const order = translate(changed({ status }))
    expect(order).toMatchObject({ hold, cancelledAt: null, remoteStatus: status })
    expect(order.lines[1]?.channelTook).toBe(took)
  })

  test.each(['cancelled', 'failed', 'trash', 'refunded', 'wc-cancelled'])('%s: the whole order is off', (status) => {
    const order = translate(changed({ status }))
    expect(order.cancelledAt).toBe('2026-11-23T07:00:00.000Z')
    expect(order.lines.map((line) => [line.cancelled, line.channelTook])).toEqual([
      [3, 0],
      [1, 0],
    ])
  })

  test('refunded after completion is not cancelled: the goods have left', () => {
    const order = translate(changed({ status: 'refunded', date_completed_gmt: '2026-11-22T20:00:00' }))
    expect([order.cancelledAt, order.hold, order.lines[0]?.cancelled]).toEqual([null, null, 0])
  })

  test('a trashed order still holds the units that the shop never put back', () => {
    const meta_data = [{ key: '_reduced_stock', value: 3 }]
    const line_items = [{ id: 1, quantity: 3, total: '30', meta_data }]
    expect(translate(changed({ status: 'trash', line_items })).lines[0]?.channelTook).toBe(3)
  })

  test('the container of a bundle is not shipped, its parts are', () => {
    const line_items = [
      { id: 1, quantity: 1, total: '30', bundled_items: [2] },
      { id: 2, quantity: 1, total: '0', bundled_by: '1', bundled_items: [] },
      { id: 3, quantity: 1, total: '10', composite_children: [4] },
    ]
    expect(translate(changed({ line_items })).lines.map((line) => line.physical)).toEqual([false, true, false])
  })
})
