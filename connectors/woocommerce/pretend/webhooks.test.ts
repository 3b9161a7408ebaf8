import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  at,
  bodyOf,
  buyOne,
  openReceiver,
  openShop,
  type Receiver,
  type Shop,
  stockItem,
  subscribe,
} from './test-bench.ts'

let shop: Shop
let hub: Receiver
beforeEach(async () => {
  shop = await openShop()
  hub = await openReceiver()
  stockItem(shop, 'A', 50)
})
afterEach(async () => {
  await shop.close()
  await hub.close()
})

const topics = () => hub.calls.map((call) => call.headers['x-wc-webhook-topic'])
const statuses = () => hub.calls.map((call) => at(bodyOf(call), 'status'))
const settled = (status: number) => {
  hub.answer = () => status
}
async function fail(times: number, sku = 'A'): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    buyOne(shop, sku)
    await shop.cron.run()
  }
}

test('two orders delivered by one webhook in the same second carry the same delivery id', async () => {
  await subscribe(shop, hub, 'order.created')
  buyOne(shop, 'A')
  buyOne(shop, 'A')
  await shop.cron.run()
  const ids = hub.calls.map((call) => call.headers['x-wc-webhook-delivery-id'])
  expect(ids).toHaveLength(2)
  expect(new Set(ids).size).toBe(1)
  expect(at(bodyOf(hub.calls[0]), 'id')).not.toBe(at(bodyOf(hub.calls[1]), 'id'))
})

test('the checkout delivers order.updated before order.created, with identical signed bodies', async () => {
  await subscribe(shop, hub, 'order.created')
  await subscribe(shop, hub, 'order.updated')
  buyOne(shop, 'A')
  await shop.cron.run()
  expect(topics()).toEqual(['order.updated', 'order.created'])
  const [first, second] = hub.calls.map((call) => call.body.toString())
  expect(first).toBe(second)
  const signature = createHmac('sha256', 's&<>"ü')
    .update(first ?? '')
    .digest('base64')
  expect(hub.calls.map((call) => call.headers['x-wc-webhook-signature'])).toEqual([signature, signature])
})

test('a delivery is HTTP with closed connection, plain JSON type and nothing outside ASCII', async () => {
  await subscribe(shop, hub, 'order.created')
  buyOne(shop, 'A')
  await shop.cron.run()
  const headers = hub.calls[0]?.headers ?? {}
  expect(headers).toMatchObject({
    connection: 'close',
    'content-type': 'application/json',
    'content-length': String(hub.calls[0]?.body.length),
    'x-wc-webhook-source': `${shop.store.url}/`,
    'x-wc-webhook-resource': 'order',
    'x-wc-webhook-event': 'created',
  })
  expect(hub.calls[0]?.body.toString('utf8')).toMatch(/^[\x20-\x7e]+$/)
  expect(hub.calls[0]?.body.toString('utf8')).toContain('\\u20ac')
})

test('the payload is made at delivery, and changes until then are coalesced into one', async () => {
  await subscribe(shop, hub, 'order.created')
  await subscribe(shop, hub, 'order.updated')
  const order = buyOne(shop, 'A')
  await shop.call('PUT', `orders/${order}`, { status: 'on-hold' })
  await shop.call('PUT', `orders/${order}`, { status: 'completed' })
  expect(shop.shop.quiet()).toBe(false)
  await shop.cron.run()
  expect(topics()).toEqual(['order.updated', 'order.created'])
  expect(statuses()).toEqual(['completed', 'completed'])
  expect(shop.shop.quiet()).toBe(true)
})

test('an order cancelled while the queue run is in flight is announced as processing, and cancelled is never told', async () => {
  await subscribe(shop, hub, 'order.updated')
  buyOne(shop, 'A')
  const order = buyOne(shop, 'A')
  hub.answer = (call) => {
    if (at(bodyOf(call), 'id') !== Number(order)) shop.shop.cancel(order)
    return 200
  }
  await shop.cron.run()
  await shop.cron.run()
  expect(statuses()).toEqual(['processing', 'processing'])
  expect((await shop.call('GET', `orders/${order}`)).json).toMatchObject({ status: 'cancelled' })
})

test('an order changed after its own delivery is told again', async () => {
  await subscribe(shop, hub, 'order.updated')
  const order = buyOne(shop, 'A')
  await shop.cron.run()
  shop.shop.cancel(order)
  await shop.cron.run()
  expect(statuses()).toEqual(['processing', 'cancelled'])
})

test('a failed delivery is never tried again, and the seventh in a row disables the webhook', async () => {
  const id = await subscribe(shop, hub, 'order.created')
  settled(500)
  await fail(6)
  expect((await shop.call('GET', `webhooks/${id}`)).json).toMatchObject({ status: 'active' })
  await fail(1)
  expect((await shop.call('GET', `webhooks/${id}`)).json).toMatchObject({ status: 'disabled' })
  expect(hub.calls).toHaveLength(7)
  await fail(1)
  expect(hub.calls).toHaveLength(7)
})

test('re-activating keeps the failure count: one more failure disables, a success clears', async () => {
  const id = await subscribe(shop, hub, 'order.created')
  settled(401)
  await fail(7)
  await shop.call('PUT', `webhooks/${id}`, { status: 'active' })
  await fail(1)
  expect((await shop.call('GET', `webhooks/${id}`)).json).toMatchObject({ status: 'disabled' })
  await shop.call('PUT', `webhooks/${id}`, { status: 'active' })
  settled(200)
  await fail(1)
  settled(500)
  await fail(6)
  expect((await shop.call('GET', `webhooks/${id}`)).json).toMatchObject({ status: 'active' })
})

test.each([
  [200, 0],
  [204, 0],
  [301, 0],
  [302, 0],
  [303, 1],
  [307, 1],
  [410, 1],
])('an answer of %i counts %i failures and no redirect is followed', async (status, failures) => {
  const id = await subscribe(shop, hub, 'order.created')
  settled(status)
  await fail(1)
  expect(shop.store.webhooks.get(id)?.failures).toBe(failures)
  expect(hub.calls.map((call) => call.url.pathname)).toEqual(['/'])
})

test('a new webhook is greeted by an unsigned form before its POST returns, whatever the greeting meets', async () => {
  hub.answer = () => 500
  const made = await shop.call('POST', 'webhooks', { topic: 'order.created', delivery_url: hub.url, secret: 'x' })
  expect(made).toMatchObject({ status: 201, json: { status: 'active', topic: 'order.created' } })
  expect(made.text).not.toContain('secret')
  expect(hub.calls).toHaveLength(1)
  expect(hub.calls[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded')
  expect(hub.calls[0]?.headers['x-wc-webhook-signature']).toBeUndefined()
  expect(hub.calls[0]?.body.toString()).toBe(`webhook_id=${at(made.json, 'id')}`)
})

test('a webhook that can never deliver, and an equal second one, are created active', async () => {
  const never = { topic: 'order.created', delivery_url: 'https://10.0.0.1/hook' }
  expect((await shop.call('POST', 'webhooks', never)).json).toMatchObject({ status: 'active' })
  expect((await shop.call('POST', 'webhooks', never)).status).toBe(201)
  expect((await shop.call('POST', 'webhooks', { topic: 'order.eaten', delivery_url: hub.url })).status).toBe(400)
})

test('what is queued for a paused webhook is still sent, for a deleted one not', async () => {
  const paused = await subscribe(shop, hub, 'order.created')
  const deleted = await subscribe(shop, hub, 'order.updated')
  buyOne(shop, 'A')
  await shop.call('PUT', `webhooks/${paused}`, { status: 'paused' })
  expect((await shop.call('DELETE', `webhooks/${deleted}`)).status).toBe(501)
  await shop.call('DELETE', `webhooks/${deleted}?force=true`)
  buyOne(shop, 'A')
  await shop.cron.run()
  expect(topics()).toEqual(['order.created'])
})

test('of a demoted owner the webhook delivers a signed error body', async () => {
  await subscribe(shop, hub, 'order.created')
  buyOne(shop, 'A')
  shop.store.owner = 'demoted'
  await shop.cron.run()
  expect(bodyOf(hub.calls[0])).toMatchObject({ code: 'woocommerce_rest_cannot_view', data: { status: 403 } })
})

test('only the bin is announced: deleting for good and coming back from the bin are silent', async () => {
  for (const topic of ['order.deleted', 'order.restored', 'order.updated', 'product.deleted']) {
    await subscribe(shop, hub, topic)
  }
  const binned = buyOne(shop, 'A')
  const gone = buyOne(shop, 'A')
  await shop.cron.run()
  hub.calls.length = 0
  await shop.call('DELETE', `orders/${gone}?force=true`)
  await shop.call('DELETE', `orders/${binned}`)
  await shop.call('DELETE', 'products/102?force=true')
  await shop.cron.run()
  expect(hub.calls.map((call) => bodyOf(call))).toEqual([{ id: Number(binned) }])
  await shop.call('PUT', `orders/${binned}`, { status: 'processing' })
  await shop.cron.run()
  expect(hub.calls).toHaveLength(1)
})

test('a sale sends product.updated, of a variation whose parent keeps the stock for both', async () => {
  await subscribe(shop, hub, 'product.updated')
  for (const sku of ['B', 'C', 'D', 'V']) stockItem(shop, sku, 5)
  const variation = [...shop.store.products.values()].find((product) => product.sku === 'V')
  const parent = variation?.parentId ?? 0
  await shop.call('PUT', `products/${parent}`, { manage_stock: true, stock_quantity: 9 })
  await shop.call('PUT', `products/${parent}/variations/${variation?.id}`, { manage_stock: false })
  await shop.cron.run()
  hub.calls.length = 0
  shop.clock.now += 60_000
  buyOne(shop, 'V')
  buyOne(shop, 'A')
  await shop.cron.run()
  expect(hub.calls.map((call) => [at(bodyOf(call), 'type'), at(bodyOf(call), 'stock_quantity')])).toEqual([
    ['variation', 8],
    ['variable', 8],
    ['simple', 49],
  ])
  expect(at(bodyOf(hub.calls[0]), 'parent_id')).toBe(parent)
  const changed = await shop.call('GET', 'products?modified_after=2026-11-23T12:00:30Z')
  expect(changed.headers.get('x-wp-total')).toBe('2')
})
