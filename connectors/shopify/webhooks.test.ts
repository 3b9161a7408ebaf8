import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Headers, UnreadableError } from '#kit'
import { CredentialsShape } from './settings.ts'
import { clientSecret, credentials, shopDomain } from './testing.ts'
import { translate } from './translate.ts'
import { inbound } from './webhooks.ts'

const paid = readFileSync(new URL('fixtures/order-paid.json', import.meta.url))
const sign = (raw: Uint8Array, secret = clientSecret, encoding: 'base64' | 'hex' = 'base64') =>
  createHmac('sha256', secret).update(raw).digest(encoding)

function headersFor(raw: Uint8Array, more: Record<string, string | undefined> = {}): Headers {
  return {
    'x-shopify-topic': 'orders/create',
    'x-shopify-shop-domain': shopDomain,
    'x-shopify-event-id': 'event-1',
    'x-shopify-triggered-at': '2026-11-23T10:00:00.123456789Z',
    'x-shopify-hmac-sha256': sign(raw),
    ...more,
  }
}
const verify = (raw: Uint8Array, headers: Headers, secrets = credentials) =>
  inbound.verify({ method: 'POST', headers, raw }, secrets, 'gid://shopify/Shop/1')

test('a well signed delivery is accepted, with an id of its own for each topic', () => {
  const verdict = verify(paid, headersFor(paid))
  expect(verdict).toEqual({
    ok: true,
    topic: 'orders/create',
    deliveryId: 'orders/create:event-1',
    occurredAt: '2026-11-23T10:00:00.123Z',
  })
  expect(verify(paid, headersFor(paid, { 'x-shopify-topic': 'orders/updated' }))).toMatchObject({
    deliveryId: 'orders/updated:event-1',
  })
})

test('while the client secret is rotated, deliveries signed with either secret are accepted', () => {
  const rotated = CredentialsShape.parse({ ...credentials, apiSecrets: ['new-secret', clientSecret] })
  expect(verify(paid, headersFor(paid), rotated).ok).toBe(true)
  expect(verify(paid, headersFor(paid, { 'x-shopify-hmac-sha256': sign(paid, 'new-secret') }), rotated).ok).toBe(true)
})

const changed = Buffer.concat([paid, Buffer.from(' ')])
const signature = sign(paid)
const badSignatures: readonly [string, Uint8Array, string | undefined][] = [
  ['none', paid, undefined],
  ['of another key', paid, sign(paid, 'another-secret')],
  ['of another body', paid, sign(Buffer.from('{}'))],
  ['of the body before one byte was added', changed, signature],
  ['in hex', paid, sign(paid, clientSecret, 'hex')],
  ['empty', paid, ''],
  ['of one letter', paid, 'A'],
  ['of ten thousand letters', paid, 'A'.repeat(10_000)],
  ['with letters beyond latin-1', paid, `${'ÿ'.repeat(43)}=`],
  ['with an emoji', paid, `${'😀'.repeat(22)}`],
  ['given twice, joined by the server', paid, `${signature}, ${signature}`],
  ['with white space around it', paid, ` ${signature} `],
  ['of an empty body', new Uint8Array(), signature],
]
test.each(badSignatures)('a signature %s is refused and nothing is thrown', (_, raw, given) => {
  expect(verify(raw, headersFor(raw, { 'x-shopify-hmac-sha256': given }))).toEqual({ ok: false, reason: 'signature' })
})

test.each([
  ['another shop of the same app', 'other.myshopify.com'],
  ['a longer name', `${shopDomain}.evil.com`],
  ['no shop', undefined],
  ['two shops', `${shopDomain}, other.myshopify.com`],
])('a well signed delivery for %s is refused', (_, domain) => {
  const headers = headersFor(paid, { 'x-shopify-shop-domain': domain })
  expect(verify(paid, headers)).toEqual({ ok: false, reason: 'account' })
})

test.each([
  ['no topic', undefined],
  ['an odd topic', '../create'],
  ['two topics', 'orders/create, orders/updated'],
])('a delivery with %s is malformed', (_, topic) => {
  expect(verify(paid, headersFor(paid, { 'x-shopify-topic': topic }))).toEqual({ ok: false, reason: 'malformed' })
})

test.each([['NaN'], ['1e99'], [''], ['-1'], [undefined]])('a trigger time of %s is unknown, not a failure', (at) => {
  const verdict = verify(paid, headersFor(paid, { 'x-shopify-triggered-at': at }))
  expect(verdict.ok).toBe(true)
  if (verdict.ok) expect(verdict.occurredAt).toBe(null)
})

const decode = (topic: string, body: string | Uint8Array) =>
  inbound.decode({ topic, headers: {}, raw: Buffer.from(body) })

test.each([
  ['nothing', ''],
  ['no JSON', 'hello'],
  ['half of JSON', '{"id":'],
  ['a number', '7'],
  ['null', 'null'],
  ['an array', '[]'],
  ['no id', '{"name":"#1"}'],
  ['an id that is an object', '{"id":{"$gt":0}}'],
  ['a negative id', '{"id":-1}'],
  ['a fraction as id', '{"id":1.5}'],
])('a well signed body with %s is dead with a reason', (_, body) => {
  expect(() => decode('orders/create', body)).toThrow(UnreadableError)
})

test('JSON nested ten thousand deep is refused before it is parsed, in well under 50 ms', () => {
  for (const deep of [`${'['.repeat(10_000)}`, `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`]) {
    const begun = performance.now()
    expect(() => decode('orders/create', deep)).toThrow(/nested deeper than 64/)
    expect(performance.now() - begun).toBeLessThan(50)
  }
})

test('brackets inside text do not count as depth', () => {
  const body = JSON.stringify({ id: 1, note: `${'['.repeat(500)}"\\` })
  expect(decode('orders/create', body)).toHaveLength(1)
})

test('a key named __proto__ pollutes nothing', () => {
  expect(decode('orders/delete', '{"__proto__":{"id":5,"polluted":true},"id":7}')).toEqual([
    { type: 'order', ref: 'gid://shopify/Order/7' },
  ])
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  expect(decode('__proto__', '{}')).toMatchObject([{ type: 'ignored' }])
  expect(decode('constructor', '{}')).toMatchObject([{ type: 'ignored' }])
})

test('of doubled keys the last one wins', () => {
  expect(decode('orders/delete', '{"id":1,"id":2}')).toEqual([{ type: 'order', ref: 'gid://shopify/Order/2' }])
})

test('invalid UTF-8, lone surrogates and NUL become storable text', () => {
  const text = paid.toString().replace('Leave it at the door', 'a\\u0000b \\ud800 c')
  const broken = Buffer.concat([
    Buffer.from(text.slice(0, text.indexOf('Example mug'))),
    Buffer.from([0xff, 0xfe]),
    Buffer.from(text.slice(text.indexOf('Example mug'))),
  ])
  const [event] = decode('orders/create', broken)
  if (event?.type !== 'order' || event.raw === undefined) throw new Error('not an order')
  const order = translate(event.raw, { source: 'webhook', settings: {} })
  expect(order.note).toBe('ab \ufffd c')
  expect(order.lines[0]?.title).toBe('\ufffd\ufffdExample mug - Blue')
})

test('an unknown topic is ignored, whatever its body', () => {
  expect(decode('themes/publish', 'not even JSON')).toMatchObject([{ type: 'ignored' }])
})

test.each([
  ['orders/edited', '{"order_edit":{"order_id":820982911946154508}}', 'gid://shopify/Order/820982911946154508'],
  ['refunds/create', '{"id":1,"order_id":820982911946154508}', 'gid://shopify/Order/820982911946154508'],
  ['fulfillments/update', '{"id":1,"order_id":820982911946154508}', 'gid://shopify/Order/820982911946154508'],
  [
    'orders/risk_assessment_changed',
    '{"order_id":820982911946154508,"risk_level":"high"}',
    'gid://shopify/Order/820982911946154508',
  ],
])('%s names the order exactly, to be fetched', (topic, body, ref) => {
  expect(decode(topic, body)).toEqual([{ type: 'order', ref }])
})

test('a low risk is no reason to fetch the order', () => {
  expect(decode('orders/risk_assessment_changed', '{"order_id":1,"risk_level":"LOW"}')).toMatchObject([
    { type: 'ignored' },
  ])
})

test('a product names each of its variants, a deleted one itself', () => {
  const gids = [
    { admin_graphql_api_id: 'gid://shopify/ProductVariant/1' },
    { admin_graphql_api_id: 'gid://shopify/ProductVariant/2' },
  ]
  expect(decode('products/update', JSON.stringify({ id: 9, variant_gids: gids }))).toHaveLength(2)
  expect(decode('products/delete', '{"id":9}')).toEqual([{ type: 'listing', ref: 'gid://shopify/Product/9' }])
})
