import { afterEach, beforeEach, expect, test } from 'vitest'
import { at, buyOne, openReceiver, openShop, type Shop, stockItem, subscribe, truthOf } from './test-bench.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
  stockItem(shop, 'A', 50)
})
afterEach(() => shop.close())

/** An order of three units paid on delivery, whose gateway cannot pay back by itself. */
async function cashOrder(): Promise<{ id: string; line: unknown; total: unknown; tax: unknown }> {
  for (let n = 0; n < 20; n += 1) {
    const id = buyOne(shop, 'A', 3)
    const { json } = await shop.call('GET', `orders/${id}`)
    if (at(json, 'payment_method') !== 'cod') continue
    const line = at(json, 'line_items', 0)
    return { id, line: at(line, 'id'), total: at(line, 'total'), tax: at(line, 'total_tax') }
  }
  throw new Error('no cash order in twenty')
}

test('refund lines are negative and point back, while quantities and totals of the order stay', async () => {
  const { id, line } = await cashOrder()
  const before = await shop.call('GET', `orders/${id}`)
  const made = await shop.call('POST', `orders/${id}/refunds`, {
    api_refund: false,
    amount: '19.99',
    line_items: [{ id: line, quantity: 1, refund_total: 16.8, refund_tax: [{ id: 1, refund_total: 3.19 }] }],
  })
  expect(made).toMatchObject({ status: 201, json: { amount: '19.99', refunded_payment: false } })
  expect(at(made.json, 'line_items', 0)).toMatchObject({
    quantity: -1,
    total: '-16.80',
    total_tax: '-3.19',
    meta_data: [{ key: '_refunded_item_id', value: String(line) }],
  })
  const after = await shop.call('GET', `orders/${id}`)
  expect(at(after.json, 'refunds')).toMatchObject([{ total: '-19.99', total_tax: '-3.19' }])
  for (const name of ['total', 'total_tax', 'status']) expect(at(after.json, name)).toBe(at(before.json, name))
  expect(at(after.json, 'line_items', 0, 'quantity')).toBe(3)
})

test('restock is the default, and five of three are accepted and put five back', async () => {
  const { id, line } = await cashOrder()
  const shown = shop.shop.shows('A')
  const lines = [{ id: line, quantity: 5, refund_total: '1.00' }]
  const made = await shop.call('POST', `orders/${id}/refunds`, { api_refund: false, line_items: lines })
  expect(made.status).toBe(201)
  expect(shop.shop.shows('A')).toBe(shown + 5)
})

test('the gateway call is the default: with cash it is a 500 whose data is a number, as is too much money', async () => {
  const { id } = await cashOrder()
  const refusal = { status: 500, json: { code: 'woocommerce_rest_cannot_create_order_refund', data: 500 } }
  expect(await shop.call('POST', `orders/${id}/refunds`, { amount: '1.00' })).toMatchObject(refusal)
  const tooMuch = { amount: '99999.00', api_refund: false }
  expect(await shop.call('POST', `orders/${id}/refunds`, tooMuch)).toMatchObject({
    ...refusal,
    json: { ...refusal.json, message: 'Invalid refund amount.' },
  })
})

test('all money back turns the order refunded, without restocking what no line named', async () => {
  const { id } = await cashOrder()
  const shown = shop.shop.shows('A')
  const total = at((await shop.call('GET', `orders/${id}`)).json, 'total')
  await shop.call('POST', `orders/${id}/refunds`, { amount: total, api_refund: false })
  expect((await shop.call('GET', `orders/${id}`)).json).toMatchObject({ status: 'refunded' })
  const other = buyOne(shop, 'A')
  await shop.call('PUT', `orders/${other}`, { status: 'refunded' })
  const { json } = await shop.call('GET', `orders/${other}`)
  expect(at(json, 'refunds')).toMatchObject([{ reason: 'Order fully refunded.' }])
  expect(shop.shop.shows('A')).toBe(shown - 1)
})

test('a refund is deleted without force, silently, and the order stays refunded', async () => {
  const hub = await openReceiver()
  const { id } = await cashOrder()
  await shop.call('PUT', `orders/${id}`, { status: 'refunded' })
  const refund = at((await shop.call('GET', `orders/${id}`)).json, 'refunds', 0, 'id')
  await subscribe(shop, hub, 'order.updated')
  expect((await shop.call('DELETE', `orders/${id}/refunds/${refund}`)).status).toBe(200)
  await shop.cron.run()
  expect(hub.calls).toEqual([])
  expect((await shop.call('GET', `orders/${id}`)).json).toMatchObject({ status: 'refunded', refunds: [] })
  await hub.close()
})

test('a refund moves the modified date of the order and sends order.updated', async () => {
  const hub = await openReceiver()
  await subscribe(shop, hub, 'order.updated')
  const { id } = await cashOrder()
  await shop.cron.run()
  hub.calls.length = 0
  shop.clock.now += 5000
  expect(shop.shop.refund(id, null)).toBe(true)
  await shop.cron.run()
  expect(hub.calls).toHaveLength(1)
  expect((await shop.call('GET', `orders/${id}`)).json).toMatchObject({ date_modified_gmt: '2026-11-23T12:00:05' })
  await hub.close()
})

test('the shop refunds units without putting them back on sale, and they are no longer wanted', async () => {
  const { id } = await cashOrder()
  const shown = shop.shop.shows('A')
  expect(shop.shop.refund(id, { sku: 'A', quantity: 2 })).toBe(true)
  expect(shop.shop.refund(id, { sku: 'A', quantity: 2 })).toBe(false)
  expect(shop.shop.shows('A')).toBe(shown)
  const order = shop.shop.orders().find((one) => one.id === id)
  expect(order?.lines).toEqual([{ sku: 'A', ordered: 3, wanted: 1, shipped: 0 }])
  expect(truthOf(shop, 'order.refunded')).toMatchObject([{ order: id, by: 'shop', lines: [{ sku: 'A', quantity: 2 }] }])
})

test('a deleted product leaves product 0 and sku null on the line', async () => {
  const { id } = await cashOrder()
  const product = [...shop.store.products.values()].find((one) => one.sku === 'A')
  await shop.call('DELETE', `products/${product?.id}?force=true`)
  const { json } = await shop.call('GET', `orders/${id}`)
  expect(at(json, 'line_items', 0)).toMatchObject({ product_id: 0, variation_id: 0, sku: null, image: { id: 0 } })
})
