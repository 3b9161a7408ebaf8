import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Person, UnifiedOrder } from '#kit'
import { mapLeaves, mutatedJson, runs } from './mutate.ts'
import { moneyDelta, strangeIn } from './sanity.ts'
import { bought, contextOf, pollAll, type ShopWorld, translated, translatedOrNull, truthOf } from './shop-world.ts'

const rawsOf = (world: ShopWorld) => [...world.polled.values()].map((item) => item.raw)
const ordersOf = (world: ShopWorld) => rawsOf(world).map((raw) => translated(world, raw))

function agreesWithTruth(world: ShopWorld, order: UnifiedOrder): void {
  const truth = world.shop.orders().find((one) => one.number === order.number)
  expect(truth, `order ${order.number} exists`).toBeDefined()
  expect([order.shopTotal.minor, order.shopTotal.currency]).toEqual([truth?.totalMinor, truth?.currency])
  expect(order.cancelledAt !== null, `order ${order.number} is cancelled`).toBe(truth?.cancelled)
  for (const line of truth?.lines ?? []) {
    const own = order.lines.filter((one) => one.sku === line.sku)
    const wanted = own.reduce((units, one) => units + one.ordered - one.cancelled, 0)
    expect([order.number, line.sku, wanted]).toEqual([order.number, line.sku, line.wanted])
  }
}

function readingTests(world: () => ShopWorld): void {
  test('pages that cut through one second lose no order, repeat within their size and end', () => {
    const { shop, polled, pages, subject } = world()
    expect(pages.length).toBeGreaterThan(1)
    expect(Math.max(...pages)).toBeLessThanOrEqual(subject.connector.manifest.orders?.pageMax ?? 0)
    const numbers = ordersOf(world()).map((order) => order.number)
    expect(numbers.toSorted()).toEqual(
      shop
        .orders()
        .map((one) => one.number)
        .toSorted(),
    )
    expect(polled.size).toBe(shop.orders().length)
  })

  test('what changed after a poll is in the next one', async () => {
    const truthId = bought(world().shop, 'KIT-1', 1)
    const { number } = truthOf(world(), truthId)
    const { polled } = await pollAll(world(), world().watermark)
    expect([...polled.values()].map(({ raw }) => translated(world(), raw).number)).toContain(number)
  })

  test('orders are got by ref in any order, and those that are not there are named as missing', async () => {
    const { subject, wire, polled } = world()
    const refs = [...polled.keys()].slice(0, subject.connector.manifest.orders?.getMax ?? 1).toReversed()
    const unknown = (refs[0] ?? '').replace(/\d+$/, '987654321')
    const got = (await subject.connector.orders?.get(wire.ctx, [unknown, ...refs])) ?? []
    const byRef = new Map(got.map((one) => [one.ref, one]))
    expect(byRef.get(unknown)).toEqual({ ref: unknown, missing: true })
    for (const ref of refs) {
      const one = byRef.get(ref)
      if (!one || 'missing' in one) throw new Error(`${ref} is missing`)
      expect(translated(world(), one.raw, 'fetch').ref).toBe(ref)
    }
  })
}

function translatingTests(world: () => ShopWorld): void {
  test('orders agree with what truly happened, conserve money to the cent, and their quantities are possible', () => {
    for (const order of ordersOf(world())) {
      expect([order.number, moneyDelta(order), strangeIn(order)]).toEqual([order.number, 0n, []])
      agreesWithTruth(world(), order)
    }
  })

  test('translate is pure: the same body gives the same order, whoever asks', () => {
    const context = Object.freeze({
      ...contextOf(world()),
      settings: Object.freeze({ ...contextOf(world()).settings }),
    })
    for (const raw of rawsOf(world())) {
      const translate = () => world().subject.connector.orders?.translate(raw, context)
      expect(translate()).toEqual(translate())
    }
  })

  test('2,000 bodies with a value that nobody expects become a possible order or are unreadable', () => {
    fc.assert(
      fc.property(mutatedJson(rawsOf(world())), (raw) => {
        const order = translatedOrNull(world(), raw)
        expect(order === null ? [] : strangeIn(order)).toEqual([])
      }),
      runs,
    )
    for (const raw of ['', 'null', '[]', '{}', '1', '['.repeat(10_000), '\ud800'])
      expect(translatedOrNull(world(), raw)).toBe(null)
  })
}

const personsIn = ({ shipTo, billTo, buyer }: UnifiedOrder): readonly Person[] =>
  [shipTo, billTo, buyer].filter((one) => one !== null)

/** Whatever names the person, alone or as a part, becomes null: as channels mask what an app may not see. */
function masked(raw: string, order: UnifiedOrder): string {
  const texts = personsIn(order).flatMap((person) => Object.values(person))
  // A house number alone may be the id of something else.
  const words = new Set(
    texts.flatMap((text) => [text, ...text.split(/\s+/)]).filter((word) => /\p{L}{2}|\d{5}/u.test(word)),
  )
  return mapLeaves(raw, (leaf) => (words.has(leaf) ? null : leaf))
}

function moneyless(order: UnifiedOrder) {
  const { shipTo: _to, billTo: _bill, buyer: _buyer, note: _note, ...rest } = order
  return rest
}

function variantTests(world: () => ShopWorld): void {
  test('with every personal value masked as null an order still translates, and nothing else of it changes', () => {
    const orders = ordersOf(world())
    expect(orders.filter((order) => personsIn(order).length > 0).length).toBeGreaterThan(orders.length / 2)
    for (const [n, raw] of rawsOf(world()).entries()) {
      const order = orders[n]
      if (!order) continue
      const blind = translated(world(), masked(raw, order))
      expect(moneyless(blind)).toEqual(moneyless(order))
      const left = personsIn(blind).flatMap((person) => [person.name, person.email, person.address1])
      expect(left.filter((text) => text !== undefined)).toEqual([])
    }
  })

  test('currencies without and with three decimals are read exactly, never by a factor', () => {
    const orders = ordersOf(world())
    for (const [n, raw] of rawsOf(world()).entries()) {
      const order = orders[n]
      if (!order) continue
      const { currency, minor } = order.total
      const as = (other: string, amount: (text: string) => string) =>
        mapLeaves(raw, (leaf) => (leaf === currency ? other : /^-?\d+\.\d+$/.test(leaf) ? amount(leaf) : leaf))
      const dinar = translated(
        world(),
        as('KWD', (text) => text),
      )
      expect(dinar.total).toEqual({ minor: minor * 10n, currency: 'KWD' })
      expect(strangeIn(dinar)).toEqual([])
      const yen = translatedOrNull(world(), as('JPY', timesHundred))
      expect(yen?.total ?? { minor, currency: 'JPY' }).toEqual({ minor, currency: 'JPY' })
      const cents = translatedOrNull(
        world(),
        as('JPY', (text) => text),
      )
      expect(cents === null ? 0n : cents.total.minor * 100n - minor, 'a yen is whole').toSatisfy(isHalfAtMost)
    }
  })
}

const isHalfAtMost = (cents: bigint) => cents >= -50n && cents <= 50n

/** "19.99" as "1999", "-0.5" as "-50", exactly. */
function timesHundred(text: string): string {
  const [whole = '', fraction = ''] = text.split('.')
  const digits = fraction.padEnd(2, '0')
  const rest = digits.slice(2).replace(/0+$/, '')
  return `${whole}${digits.slice(0, 2)}`.replace(/^(-?)0+(?=\d)/, '$1') + (rest === '' ? '' : `.${rest}`)
}

/** What is read from the channel and what becomes of it. */
export function orderTests(world: () => ShopWorld): void {
  describe('its orders', () => {
    readingTests(world)
    translatingTests(world)
    variantTests(world)
  })
}
