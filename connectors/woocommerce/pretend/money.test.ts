import { expect, test } from 'vitest'
import { at, buyOne, openShop, rows, type Shop } from './test-bench.ts'

/** Cents of a two-decimal text, by another way than the pretend's own. */
function cents(text: unknown): number {
  if (typeof text !== 'string' || !/^-?\d+\.\d\d$/.test(text)) throw new Error(`no two-decimal text: ${String(text)}`)
  return Number(text.replace('.', ''))
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function sumOf(lines: unknown): number {
  return list(lines).reduce((sum: number, line) => sum + cents(at(line, 'total')) + cents(at(line, 'total_tax')), 0)
}

async function busyShop(seed: number): Promise<Shop> {
  const shop = await openShop({ seed })
  for (let n = 1; n <= 9; n += 1) {
    shop.shop.addProduct({ sku: `S${n}`, title: `Ding ${n}`, priceMinor: BigInt(333 * n + 66), stock: 1000 })
  }
  for (let n = 0; n < 60; n += 1) {
    const [a, b] = [1 + (n % 9), 1 + ((n * 4 + 3) % 9)]
    const bought = shop.shop.buy([
      { sku: `S${a}`, quantity: 1 + (n % 4) },
      { sku: `S${b}`, quantity: 2 },
    ])
    if (bought && n % 3 === 0) shop.shop.edit(bought.id, `S${a}`, 7)
    if (bought && n % 5 === 0) shop.shop.edit(bought.id, `S${b}`, a === b ? 3 : 0)
  }
  return shop
}

test('lines, shipping, fees and their taxes add up to the total to the cent, edited or not', async () => {
  const shop = await busyShop(3)
  const orders = rows(await shop.call('GET', 'orders?per_page=100'))
  expect(orders).toHaveLength(60)
  for (const order of orders) {
    const parts = sumOf(at(order, 'line_items')) + sumOf(at(order, 'shipping_lines')) + sumOf(at(order, 'fee_lines'))
    expect(parts).toBe(cents(at(order, 'total')))
    const rates = list(at(order, 'tax_lines'))
    const taxes = rates.reduce((sum: number, rate) => {
      return sum + cents(at(rate, 'tax_total')) + cents(at(rate, 'shipping_tax_total'))
    }, 0)
    expect(taxes).toBe(cents(at(order, 'total_tax')))
    expect(cents(at(order, 'cart_tax')) + cents(at(order, 'shipping_tax'))).toBe(taxes)
  }
  const truth = shop.shop.orders().map((order) => [Number(order.id), Number(order.totalMinor)])
  expect(Object.fromEntries(truth)).toEqual(
    Object.fromEntries(orders.map((order) => [at(order, 'id'), cents(at(order, 'total'))])),
  )
  await shop.close()
})

test('coupons lower line totals, and what they took is the discount', async () => {
  const shop = await busyShop(3)
  const orders = rows(await shop.call('GET', 'orders?per_page=100'))
  const withCoupon = orders.filter((order) => list(at(order, 'coupon_lines')).length > 0)
  expect(withCoupon.length).toBeGreaterThan(3)
  for (const order of withCoupon) {
    const taken = list(at(order, 'line_items')).reduce((sum: number, line) => {
      const before = cents(at(line, 'subtotal')) + cents(at(line, 'subtotal_tax'))
      return sum + before - cents(at(line, 'total')) - cents(at(line, 'total_tax'))
    }, 0)
    expect(cents(at(order, 'discount_total')) + cents(at(order, 'discount_tax'))).toBe(taken)
  }
  await shop.close()
})

test('a negative fee carries negative tax', async () => {
  const shop = await busyShop(3)
  const fees = rows(await shop.call('GET', 'orders?per_page=100')).flatMap((order) => list(at(order, 'fee_lines')))
  expect(fees[0]).toMatchObject({ total: '-0.50', total_tax: '-0.09' })
  await shop.close()
})

test('dp shows the unrounded net, price is a float of it, and tax stays in cents', async () => {
  const shop = await openShop({ seed: 4 })
  shop.shop.addProduct({ sku: 'A', title: 'Ding', priceMinor: 1999n, stock: 9 })
  for (let n = 0; n < 4; n += 1) buyOne(shop, 'A', 2)
  const orders = rows(await shop.call('GET', 'orders?dp=6'))
  const plain = orders.find((order) => list(at(order, 'coupon_lines')).length === 0)
  expect(at(plain, 'line_items', 0)).toMatchObject({ total: '33.596639', total_tax: '6.380000', price: 16.7983195 })
  expect(await shop.call('GET', 'orders?dp=9')).toMatchObject({ status: 400 })
  await shop.close()
})

test('the same seed tells the same story, whatever the dials', async () => {
  const [one, two] = [await busyShop(8), await busyShop(8)]
  two.shop.setFaults({ throttle: 1 })
  const story = (shop: Shop) => shop.shop.orders()
  expect(story(one)).toEqual(story(two))
  await one.close()
  await two.close()
})
