import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PretendShop, TruthEntry } from '#kit/pretend'
import { startPretend } from './index.ts'

let shop: PretendShop
let truth: TruthEntry[]
beforeEach(async () => {
  truth = []
  shop = await startPretend({ name: 'woo-1', seed: 5, timeScale: 6000, record: (entry) => truth.push(entry) })
  shop.addProduct({ sku: 'A', title: 'Ding', priceMinor: 1999n, stock: 5 })
  shop.addProduct({ sku: 'B', title: 'Dong', priceMinor: 499n, stock: 5 })
})
afterEach(() => shop.close())

test('connect holds all that the hub needs, and the host to be admitted', async () => {
  expect(shop).toMatchObject({ kind: 'woocommerce', compareAndSet: false, name: 'woo-1' })
  const { connector, credentials, settings } = shop.connect
  expect(connector).toBe('woocommerce')
  expect(Object.keys(credentials)).toEqual(['consumerKey', 'consumerSecret', 'webhookSecret'])
  expect(settings).toEqual({ storeUrl: `http://${shop.hosts[0]}` })
  expect(shop.quiet()).toBe(true)
})

test('buying lowers the number at once, and not below what is shown', () => {
  expect(shop.buy([{ sku: 'A', quantity: 6 }])).toBeNull()
  expect(shop.buy([{ sku: 'none', quantity: 1 }])).toBeNull()
  const split = [
    { sku: 'A', quantity: 3 },
    { sku: 'A', quantity: 3 },
  ]
  expect(shop.buy(split)).toBeNull()
  const bought = shop.buy([
    { sku: 'A', quantity: 2 },
    { sku: 'B', quantity: 1 },
  ])
  expect([shop.shows('A'), shop.shows('B')]).toEqual([3, 4])
  expect(shop.orders()).toMatchObject([
    {
      id: bought?.id,
      cancelled: false,
      currency: 'EUR',
      lines: [
        { sku: 'A', ordered: 2, wanted: 2, shipped: 0 },
        { sku: 'B', ordered: 1, wanted: 1, shipped: 0 },
      ],
      shipments: [],
    },
  ])
  expect(truth.map((entry) => entry.what)).toEqual(['stock.sold', 'stock.sold', 'order.placed'])
})

test('a cancelled order gives its units back, once, and wants nothing', () => {
  const id = shop.buy([{ sku: 'A', quantity: 2 }])?.id ?? ''
  expect([shop.cancel(id), shop.cancel(id), shop.cancel('404')]).toEqual([true, false, false])
  expect(shop.shows('A')).toBe(5)
  expect(shop.orders()).toMatchObject([{ cancelled: true, lines: [{ wanted: 0 }] }])
  expect(truth.filter((entry) => entry.what === 'order.cancelled')).toMatchObject([{ data: { order: id, by: 'shop' } }])
})

test('an edit moves stock and total, and is refused beyond stock, for strange lines and for nothing', () => {
  const id = shop.buy([{ sku: 'A', quantity: 2 }])?.id ?? ''
  const before = shop.orders()[0]?.totalMinor ?? 0n
  expect([shop.edit(id, 'A', 6), shop.edit(id, 'B', 1), shop.edit(id, 'A', 2), shop.edit(id, 'A', 0)]).toEqual(
    Array.from({ length: 4 }, () => false),
  )
  expect(shop.edit(id, 'A', 4)).toBe(true)
  expect(shop.shows('A')).toBe(1)
  expect(shop.edit(id, 'A', 1)).toBe(true)
  expect(shop.shows('A')).toBe(4)
  expect(shop.orders()[0]).toMatchObject({ lines: [{ ordered: 4, wanted: 1 }] })
  expect(shop.orders()[0]?.totalMinor).toBeLessThan(before)
  expect(truth.filter((entry) => entry.what === 'order.edited')).toMatchObject([
    { data: { order: id, sku: 'A', from: 2, to: 4 } },
    { data: { order: id, sku: 'A', from: 4, to: 1 } },
  ])
})

test('a line edited away is told in the truth but no longer shown', () => {
  const lines = [
    { sku: 'A', quantity: 2 },
    { sku: 'B', quantity: 1 },
  ]
  const id = shop.buy(lines)?.id ?? ''
  expect(shop.edit(id, 'A', 0)).toBe(true)
  expect(shop.shows('A')).toBe(5)
  expect(shop.orders()[0]?.lines).toEqual([
    { sku: 'A', ordered: 2, wanted: 0, shipped: 0 },
    { sku: 'B', ordered: 1, wanted: 1, shipped: 0 },
  ])
})

test('money only is refunded in part, never turning the order refunded', () => {
  const id = shop.buy([{ sku: 'A', quantity: 2 }])?.id ?? ''
  expect([shop.refund(id, null), shop.refund(id, null), shop.refund('404', null)]).toEqual([true, true, false])
  expect(shop.orders()[0]?.lines).toMatchObject([{ wanted: 2 }])
  expect(shop.shows('A')).toBe(3)
})
