import { afterEach, beforeEach, expect, test } from 'vitest'
import { at, buyOne, openShop, rows, type Shop, stockItem } from './test-bench.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
  stockItem(shop, 'A', 500)
})
afterEach(() => shop.close())

async function ids(query: string, of: Shop = shop): Promise<readonly unknown[]> {
  return rows(await of.call('GET', query)).map((row) => at(row, 'id'))
}

test('modified_after is exclusive, in whole seconds', async () => {
  shop.clock.now += 700
  const order = Number(buyOne(shop, 'A'))
  expect(await ids('orders?modified_after=2026-11-23T12:00:00Z')).toEqual([])
  expect(await ids('orders?modified_after=2026-11-23T11:59:59Z')).toEqual([order])
  expect(await ids('orders?modified_before=2026-11-23T12:00:00Z')).toEqual([])
  expect(await ids('products?modified_after=2026-11-23T12:00:00Z')).toEqual([])
  expect(await ids('products?modified_after=2026-11-23T11:59:59Z')).toHaveLength(1)
})

test.each([
  ['no Z and no flag is the time on the wall', '2026-11-23T12:55:00', 1],
  ['no Z and no flag is the time on the wall', '2026-11-23T13:01:00', 0],
  ['no Z with the flag is GMT', '2026-11-23T11:55:00&dates_are_gmt=true', 1],
  ['no Z with the flag is GMT', '2026-11-23T12:01:00&dates_are_gmt=true', 0],
  ['Z without the flag is right', '2026-11-23T11:55:00Z', 1],
  ['an offset without the flag is right', '2026-11-23T12:55:00%2B01:00', 1],
  ['Z with the flag misses the last hour', '2026-11-23T11:55:00Z&dates_are_gmt=true', 0],
  ['Z with the flag misses the last hour', '2026-11-23T10:55:00Z&dates_are_gmt=true', 1],
])('in Berlin %s (%s)', async (_title, after, found) => {
  buyOne(shop, 'A')
  expect(await ids(`orders?modified_after=${after}`)).toHaveLength(found)
})

test('in New York Z with the flag sees five hours too many', async () => {
  const far = await openShop({ timeZone: 'America/New_York' })
  stockItem(far, 'A', 5)
  buyOne(far, 'A')
  expect(await ids('orders?modified_after=2026-11-23T16:55:00Z&dates_are_gmt=true', far)).toHaveLength(1)
  expect(await ids('orders?modified_after=2026-11-23T16:55:00Z', far)).toHaveLength(0)
  await far.close()
})

test('dates come local and as GMT, neither with a Z', async () => {
  shop.clock.now = Date.parse('2026-07-01T22:30:00Z')
  const order = buyOne(shop, 'A')
  expect((await shop.call('GET', `orders/${order}`)).json).toMatchObject({
    date_created: '2026-07-02T00:30:00',
    date_created_gmt: '2026-07-01T22:30:00',
  })
})

test('over 100 a page is 400, a page past the end is empty, and the whole is counted', async () => {
  for (let n = 0; n < 12; n += 1) buyOne(shop, 'A')
  const first = await shop.call('GET', 'orders')
  expect(rows(first)).toHaveLength(10)
  expect([first.headers.get('x-wp-total'), first.headers.get('x-wp-totalpages')]).toEqual(['12', '2'])
  expect(await shop.call('GET', 'orders?page=3')).toMatchObject({ status: 200, json: [] })
  expect(await shop.call('GET', 'orders?per_page=101')).toMatchObject({
    status: 400,
    json: { code: 'rest_invalid_param', data: { status: 400, params: { per_page: expect.any(String) } } },
  })
})

test.each(['orderby=total', 'status=wc-completed', 'status=eaten', 'modified_after=yesterday', 'order=up'])(
  'orders?%s is 400 rest_invalid_param',
  async (query) => {
    expect(await shop.call('GET', `orders?${query}`)).toMatchObject({
      status: 400,
      json: { code: 'rest_invalid_param' },
    })
  },
)

test('status any leaves out the bin, lists and brackets are arrays, of repeated keys the last wins', async () => {
  const [open = '', cancelled = '', binned = ''] = [buyOne(shop, 'A'), buyOne(shop, 'A'), buyOne(shop, 'A')]
  shop.shop.cancel(cancelled)
  await shop.call('DELETE', `orders/${binned}`)
  const both = [Number(open), Number(cancelled)]
  expect(await ids('orders?status=any&orderby=id&order=asc')).toEqual(both)
  expect(await ids('orders?orderby=id&order=asc')).toEqual(both)
  expect(await ids('orders?status=trash')).toEqual([Number(binned)])
  expect(await ids('orders?status=processing,cancelled&orderby=id&order=asc')).toEqual(both)
  expect(await ids('orders?status[]=processing&status[]=cancelled&orderby=id&order=asc')).toEqual(both)
  expect(await ids('orders?status=processing&status=cancelled')).toEqual([Number(cancelled)])
  expect(await ids(`orders?number=${open}&orderby=id&order=asc`)).toEqual(both)
  expect(await ids(`orders?include=${open},${binned}`)).toEqual([Number(open)])
})

test('orderby modified gives the order of changes', async () => {
  const [first, second] = [Number(buyOne(shop, 'A')), Number(buyOne(shop, 'A'))]
  shop.clock.now += 2000
  await shop.call('PUT', `orders/${first}`, { status: 'on-hold' })
  expect(await ids('orders?orderby=modified&order=asc')).toEqual([second, first])
})

test('variations hide from product listings but not from sku, their own id, or the collection of all', async () => {
  for (const sku of ['B', 'C', 'D', 'V']) stockItem(shop, sku, 5)
  const variation = [...shop.store.products.values()].find((product) => product.sku === 'V')
  expect(await ids('products?per_page=100')).not.toContain(variation?.id)
  expect(await ids(`products?include=${variation?.id}`)).toEqual([])
  expect(await ids('products?sku=V')).toEqual([variation?.id])
  expect(await ids('products?search_sku=v')).toEqual([variation?.id])
  expect(await ids('variations')).toEqual([variation?.id])
  expect(await ids(`products/${variation?.parentId}/variations`)).toEqual([variation?.id])
  expect((await shop.call('GET', `products/${variation?.id}`)).json).toMatchObject({
    type: 'variation',
    parent_id: variation?.parentId,
  })
  expect((await shop.call('PUT', `products/${variation?.id}`, { stock_quantity: 1 })).status).toBe(404)
})

test('_fields narrows a listing', async () => {
  buyOne(shop, 'A')
  const [row] = rows(await shop.call('GET', 'orders?_fields=id,status'))
  expect(Object.keys(row ?? {})).toEqual(['id', 'status'])
})
