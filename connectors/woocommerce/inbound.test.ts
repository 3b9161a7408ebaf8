import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Headers, UnreadableError } from '#kit'
import { inbound } from './inbound.ts'
import { testSecrets } from './recorder.ts'

const account = 'https://shop.example.com'
const raw = Buffer.from('{"id":41,"status":"processing"}')
const sign = (body: Uint8Array, secret = testSecrets.webhookSecret) =>
  createHmac('sha256', secret).update(body).digest('base64')
const headersWith = (changes: Headers = {}): Headers => ({
  'x-wc-webhook-signature': sign(raw),
  'x-wc-webhook-source': 'https://shop.example.com/',
  'x-wc-webhook-topic': 'order.updated',
  'x-wc-webhook-delivery-id': 'abc',
  ...changes,
})
const verify = (headers: Headers, body: Uint8Array = raw) =>
  inbound.verify({ method: 'POST', headers, raw: body }, testSecrets, account)

describe('verify', () => {
  test('a signed delivery of this shop is accepted as a hint without a time and without a delivery id', () => {
    expect(verify(headersWith())).toEqual({ ok: true, topic: 'order.updated', occurredAt: null })
  })

  const bad: readonly [name: string, headers: Headers, body: Uint8Array, reason: string][] = [
    ['no signature', headersWith({ 'x-wc-webhook-signature': undefined }), raw, 'signature'],
    ['empty signature', headersWith({ 'x-wc-webhook-signature': '' }), raw, 'signature'],
    ['one character', headersWith({ 'x-wc-webhook-signature': 'A' }), raw, 'signature'],
    ['10 kB signature', headersWith({ 'x-wc-webhook-signature': 'A'.repeat(10_000) }), raw, 'signature'],
    ['non-ASCII signature', headersWith({ 'x-wc-webhook-signature': 'ä'.repeat(22) }), raw, 'signature'],
    ['another key', headersWith({ 'x-wc-webhook-signature': sign(raw, 'other') }), raw, 'signature'],
    [
      'hex instead of base64',
      headersWith({
        'x-wc-webhook-signature': createHmac('sha256', testSecrets.webhookSecret).update(raw).digest('hex'),
      }),
      raw,
      'signature',
    ],
    [
      'two signatures joined',
      headersWith({ 'x-wc-webhook-signature': `${sign(raw)}, ${sign(raw)}` }),
      raw,
      'signature',
    ],
    ['one space more in the body', headersWith(), Buffer.concat([raw, Buffer.from(' ')]), 'signature'],
    ['another shop', headersWith({ 'x-wc-webhook-source': 'https://other.example.com/' }), raw, 'account'],
    [
      'a shop named alike',
      headersWith({ 'x-wc-webhook-source': 'https://shop.example.com.evil.example/' }),
      raw,
      'account',
    ],
    ['no source', headersWith({ 'x-wc-webhook-source': undefined }), raw, 'account'],
    ['no topic', headersWith({ 'x-wc-webhook-topic': undefined }), raw, 'malformed'],
  ]
  test.each(bad)('%s is refused', (_name, headers, body, reason) => {
    expect(verify(headers, body)).toEqual({ ok: false, reason })
  })

  test('a shop behind a sub-folder and in capitals is still the same host', () => {
    const headers = headersWith({ 'x-wc-webhook-source': 'https://SHOP.example.com/de/' })
    expect(inbound.verify({ method: 'POST', headers, raw }, testSecrets, 'https://shop.example.com/de').ok).toBe(true)
  })
})

describe('greet', () => {
  const greet = (body: string, headers: Headers = {}, method = 'POST') =>
    inbound.greet?.({ method, headers, raw: Buffer.from(body) }) ?? null

  test('the unsigned ping of a new webhook is answered with pong', () => {
    expect(greet('webhook_id=17', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual({
      status: 200,
      body: 'pong',
    })
  })
  test.each([
    ['{"id":1}'],
    ['webhook_id='],
    ['webhook_id=1&x=2'],
    ['webhook_id=x'],
    [`webhook_id=${'1'.repeat(90)}`],
    [''],
  ])('an ordinary body is no ping: %s', (body) => expect(greet(body)).toBeNull())
  test('a signed delivery or a GET is no ping', () => {
    expect(greet('webhook_id=17', { 'x-wc-webhook-signature': 'x' })).toBeNull()
    expect(greet('webhook_id=17', {}, 'GET')).toBeNull()
  })
})

describe('decode', () => {
  const decode = (topic: string, body: unknown) =>
    inbound.decode({ topic, headers: {}, raw: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) })
  const refusal = (code: string, status: number) => ({ code, message: 'x', data: { status } })

  test.each([
    ['order.created', { id: 5, status: 'processing', line_items: [] }, { type: 'order', ref: '5' }],
    ['order.updated', { id: '5', status: 'cancelled' }, { type: 'order', ref: '5' }],
    ['order.deleted', { id: 5 }, { type: 'order', ref: '5' }],
    ['order.restored', { id: 5, status: 'pending' }, { type: 'order', ref: '5' }],
    ['product.updated', { id: 9, type: 'variation', parent_id: 3 }, { type: 'listing', ref: '9' }],
    ['order.updated', refusal('woocommerce_rest_cannot_view', 401), { type: 'revoked' }],
    ['order.updated', refusal('woocommerce_rest_cannot_edit', 403), { type: 'revoked' }],
  ])('%s %j', (topic, body, event) => {
    expect(decode(topic, body)).toEqual([event])
  })

  test.each([
    ['order.updated', { id: 6, status: 'checkout-draft' }],
    ['order.created', { status: 'processing' }],
    ['product.created', refusal('woocommerce_rest_product_invalid_id', 404)],
    ['order.created', { id: 0 }],
    ['coupon.updated', { id: 6 }],
    ['action.woocommerce_add_to_cart', { id: 6 }],
  ])('%s %j is ignored, with the reason', (topic, body) => {
    expect(decode(topic, body)).toEqual([{ type: 'ignored', reason: expect.stringMatching(/./) }])
  })

  test('an order event never carries the body: it may be stale', () => {
    expect(decode('order.updated', { id: 5, status: 'processing' })[0]).not.toHaveProperty('raw')
  })

  test.each([['{"id":'], ['[1]'], ['"text"'], ['null'], ['webhook_id=5'], ['']])('%s is unreadable', (body) => {
    expect(() => decode('order.updated', body)).toThrow(UnreadableError)
  })

  test('a body 10,000 levels deep or with __proto__ neither crashes nor pollutes', () => {
    expect(decode('order.updated', `{"id":1,"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)).toHaveLength(1)
    decode('order.updated', '{"id":1,"__proto__":{"polluted":true}}')
    expect({}).not.toHaveProperty('polluted')
  })
})
