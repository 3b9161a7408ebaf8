import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { privacy } from './privacy.ts'

const app = { clientId: 'client-1', clientSecret: 'app-secret' }
// Shapes of the three payloads as Shopify publishes them (docs "privacy law compliance", read 2026-11-23).
const customer = { id: 207119551, email: 'person@example.com', phone: '+10000000000' }
const shop = { shop_id: 954889, shop_domain: 'example.myshopify.com' }
const request = (topic: string, body: unknown, secret = app.clientSecret) => {
  const raw = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const signature = createHmac('sha256', secret).update(raw).digest('base64')
  return { method: 'POST', raw, headers: { 'x-shopify-topic': topic, 'x-shopify-hmac-sha256': signature } }
}
const account = 'gid://shopify/Shop/954889'

test.each([
  [
    'customers/data_request',
    { ...shop, customer, orders_requested: [299938, '820982911946154508'], data_request: { id: 9999 } },
    { kind: 'export', account, orders: ['gid://shopify/Order/299938', 'gid://shopify/Order/820982911946154508'] },
  ],
  [
    'customers/redact',
    { ...shop, customer, orders_to_redact: [299938] },
    { kind: 'erase', account, orders: ['gid://shopify/Order/299938'] },
  ],
  ['customers/redact', { ...shop, customer }, { kind: 'erase', account, orders: [] }],
  ['shop/redact', shop, { kind: 'erase_account', account }],
  ['orders/create', { id: 1 }, null],
])('%s says whose orders are meant, and nothing of the person is read', (topic, body, ask) => {
  const asked = request(topic, body)
  expect(privacy.verify(asked, app)).toBe(true)
  expect(privacy.decode(asked)).toEqual(ask)
})

test('an id beyond what a double holds is read to its last digit', () => {
  const body = '{"shop_id":954889,"orders_to_redact":[820982911946154508]}'
  expect(privacy.decode(request('customers/redact', body))).toMatchObject({
    orders: ['gid://shopify/Order/820982911946154508'],
  })
})

test.each([
  ['another secret', request('shop/redact', shop, 'other')],
  ['no signature', { ...request('shop/redact', shop), headers: { 'x-shopify-topic': 'shop/redact' } }],
  ['another body', { ...request('shop/redact', shop), raw: Buffer.from('{"shop_id":1}') }],
])('a question with %s is nobody’s', (_name, asked) => {
  expect(privacy.verify(asked, app)).toBe(false)
})

test.each([
  ['no JSON', 'x', /JSON|read/i],
  ['a list', '[]', /object/],
  ['no shop', '{}', /shop_id/],
  ['a shop that is no number', '{"shop_id":"evil"}', /shop_id/],
])('a body that is %s is unreadable, by name', (_name, body, words) => {
  expect(() => privacy.decode(request('shop/redact', body))).toThrow(words)
})
