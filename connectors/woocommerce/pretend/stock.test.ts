import { afterEach, beforeEach, expect, test } from 'vitest'
import { at, buyOne, openShop, rows, type Shop, stockItem, truthOf } from './test-bench.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
  for (const sku of ['A', 'B', 'C', 'D', 'V']) stockItem(shop, sku, 50)
})
afterEach(() => shop.close())

const idOf = (sku: string) => [...shop.store.products.values()].find((product) => product.sku === sku)?.id ?? 0
const put = (body: unknown, sku = 'A') => shop.call('PUT', `products/${idOf(sku)}`, body)

test('an absolute write loses a sale made since the read, and the truth counts the units', async () => {
  await shop.call('GET', `products/${idOf('A')}`)
  buyOne(shop, 'A', 5)
  expect((await put({ stock_quantity: 50 })).json).toMatchObject({ stock_quantity: 50 })
  expect(shop.shop.shows('A')).toBe(50)
  expect(truthOf(shop, 'stock.sold')).toMatchObject([{ sku: 'A', before: 50, after: 45 }])
  expect(truthOf(shop, 'stock.written')).toMatchObject([{ sku: 'A', from: 45, to: 50, by: 'api', raised: 5, blind: 0 }])
})

test.each([
  ['a sale that the client has read', async () => shop.call('GET', 'products?per_page=100'), 0, 5],
  ['a cancelled sale', async (order: string) => shop.shop.cancel(order), 0, 0],
  ['a sale whose order the client was shown', async (order: string) => shop.call('GET', `orders/${order}`), 5, 0],
])('%s counts as exposure only inside the window', async (_title, between, raised, blind) => {
  await shop.call('GET', `products/${idOf('A')}`)
  const order = buyOne(shop, 'A', 5)
  await between(order)
  await put({ stock_quantity: 50 })
  expect(truthOf(shop, 'stock.written')).toMatchObject([{ raised, blind }])
})

test('a write that lowers, and one after the client saw sale and order, raise nothing', async () => {
  await shop.call('GET', `products/${idOf('A')}`)
  const order = buyOne(shop, 'A', 5)
  await put({ stock_quantity: 45 })
  await shop.call('GET', `orders/${order}`)
  await shop.call('GET', `products/${idOf('A')}`)
  await put({ stock_quantity: 60 })
  expect(truthOf(shop, 'stock.written')).toMatchObject([
    { from: 45, to: 45, raised: 0, blind: 0 },
    { from: 45, to: 60, raised: 0, blind: 0 },
  ])
})

test('a sale that one write overwrote is not counted again by the next', async () => {
  await shop.call('GET', `products/${idOf('A')}`)
  buyOne(shop, 'A', 5)
  await put({ stock_quantity: 50 })
  await put({ stock_quantity: 60 })
  expect(truthOf(shop, 'stock.written')).toMatchObject([{ raised: 5 }, { raised: 0, blind: 0 }])
})

test('an answer that never reached the client does not close its window', async () => {
  await shop.call('GET', `products/${idOf('A')}`)
  buyOne(shop, 'A', 5)
  shop.shop.setFaults({ failAfterEffect: 1 })
  await shop.call('GET', `products/${idOf('A')}`).catch(() => undefined)
  shop.shop.setFaults({ failAfterEffect: 0 })
  await put({ stock_quantity: 50 })
  expect(truthOf(shop, 'stock.written')).toMatchObject([{ raised: 5 }])
})

test.each([
  ['41', 200, 41],
  [-3, 200, -3],
  [null, 200, 0],
  [1.5, 400, 50],
  ['1.5', 400, 50],
  ['many', 400, 50],
])('stock_quantity %j is answered %i and leaves %i', async (quantity, status, left) => {
  expect((await put({ stock_quantity: quantity })).status).toBe(status)
  expect(shop.shop.shows('A')).toBe(left)
})

test('a write to a product that keeps no stock is a 200 that changes nothing', async () => {
  await put({ manage_stock: false })
  const answer = await put({ stock_quantity: 7 })
  expect(answer).toMatchObject({ status: 200, json: { manage_stock: false, stock_quantity: null } })
})

test('a write to a variation whose parent keeps the stock shows the parent number, unchanged', async () => {
  const variation = [...shop.store.products.values()].find((product) => product.sku === 'V')
  const path = `products/${variation?.parentId}`
  await shop.call('PUT', path, { manage_stock: true, stock_quantity: 9 })
  await shop.call('PUT', `${path}/variations/${variation?.id}`, { manage_stock: false })
  const answer = await shop.call('PUT', `${path}/variations/${variation?.id}`, { stock_quantity: 3 })
  expect(answer).toMatchObject({ status: 200, json: { manage_stock: 'parent', stock_quantity: 9 } })
})

test('a batch answers 200 with the refusals inside, a variation among products is one, 101 items are 413', async () => {
  const update = [
    { id: idOf('A'), stock_quantity: 40 },
    { id: idOf('V'), stock_quantity: 40 },
    { id: 99_999, stock_quantity: 40 },
  ]
  const answer = await shop.call('POST', 'products/batch', { update })
  expect(answer.status).toBe(200)
  expect(at(answer.json, 'update')).toMatchObject([
    { id: idOf('A'), stock_quantity: 40 },
    { id: idOf('V'), error: { code: 'woocommerce_rest_invalid_product_id', data: { status: 404 } } },
    { id: 99_999, error: { code: 'woocommerce_rest_product_invalid_id', data: { status: 404 } } },
  ])
  const parent = shop.store.products.get(idOf('V'))?.parentId
  const right = await shop.call('POST', `products/${parent}/variations/batch`, { update: [update[1]] })
  expect(at(right.json, 'update', 0, 'stock_quantity')).toBe(40)
  const many = Array.from({ length: 101 }, () => ({ id: idOf('A'), stock_quantity: 1 }))
  expect((await shop.call('POST', 'products/batch', { update: many })).status).toBe(413)
  expect(shop.shop.shows('A')).toBe(40)
})

test('a dropped write is echoed as done but not stored', async () => {
  shop.shop.setFaults({ dropWrite: 1 })
  expect((await put({ stock_quantity: 3 })).json).toMatchObject({ stock_quantity: 3 })
  shop.shop.setFaults({ dropWrite: 0 })
  expect((await shop.call('GET', `products/${idOf('A')}`)).json).toMatchObject({ stock_quantity: 50 })
  expect(truthOf(shop, 'stock.written')).toEqual([])
  expect(truthOf(shop, 'api.fault')).toMatchObject([{ fault: 'dropWrite' }])
})

test('REST orders check no stock: six on two units are all processing and the number is -4', async () => {
  await put({ stock_quantity: 2 })
  const lines = { set_paid: true, line_items: [{ product_id: idOf('A'), quantity: 1 }] }
  const made = await Promise.all(Array.from({ length: 6 }, () => shop.call('POST', 'orders', lines)))
  expect(made.map((one) => at(one.json, 'status'))).toEqual(Array.from({ length: 6 }, () => 'processing'))
  expect(shop.shop.shows('A')).toBe(-4)
})

test('cancel gives back, un-cancel takes again, on-hold keeps, the bin does not give back', async () => {
  const order = buyOne(shop, 'A', 3)
  const shows: number[] = []
  for (const status of ['on-hold', 'cancelled', 'processing', 'pending', 'completed']) {
    await shop.call('PUT', `orders/${order}`, { status })
    shows.push(shop.shop.shows('A'))
  }
  await shop.call('DELETE', `orders/${order}`)
  expect([...shows, shop.shop.shows('A')]).toEqual([47, 50, 47, 50, 47, 47])
})

test('a line raised by REST takes the difference but keeps its money', async () => {
  const order = buyOne(shop, 'A')
  const before = await shop.call('GET', `orders/${order}`)
  const line = at(before.json, 'line_items', 0, 'id')
  const after = await shop.call('PUT', `orders/${order}`, { line_items: [{ id: line, quantity: 4 }] })
  expect(shop.shop.shows('A')).toBe(46)
  expect(at(after.json, 'line_items', 0, 'quantity')).toBe(4)
  expect(at(after.json, 'line_items', 0, 'total')).toBe(at(before.json, 'line_items', 0, 'total'))
})

test('every fifth product is a variation, so that both ways of writing are met', async () => {
  expect(rows(await shop.call('GET', 'variations'))).toHaveLength(1)
  expect(rows(await shop.call('GET', 'products'))).toHaveLength(5)
})
