import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { auth } from './auth.ts'
import { noRoute, type Reply, recorder, type Sent } from './recorder.ts'
import { credentials, readSettings, storeAddress } from './settings.ts'

const index: Record<string, unknown> = JSON.parse(readFileSync(new URL('fixtures/index.json', import.meta.url), 'utf8'))
const noOrder: Reply = {
  status: 404,
  body: { code: 'woocommerce_rest_order_invalid_id', message: 'x', data: { status: 404 } },
}

function shop(changes: Readonly<Record<string, Reply>> = {}) {
  const usual: Readonly<Record<string, Reply>> = {
    '': { body: index },
    'wc/v3/settings/general': {
      body: [
        { id: 'woocommerce_store_address', value: 'Example Street 1' },
        { id: 'woocommerce_currency', value: 'EUR' },
      ],
    },
    'wc/v3/orders/0/fulfillments': noRoute,
    'wc/v3/products/batch': { body: {} },
    ...changes,
  }
  return (sent: Sent): Reply => usual[sent.path] ?? { status: 500, body: 'not in this test' }
}

describe('probe', () => {
  test("the account is the shop's own home address, with its currency and zone", async () => {
    const { ctx, sent } = recorder(shop())
    expect(await auth.probe(ctx)).toEqual({
      key: 'https://shop.example.com',
      name: 'Example Hats',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      missing: [],
      settings: { storeUrl: 'https://shop.example.com', fulfilments: 'note', timeZone: 'Europe/Berlin' },
    })
    expect(sent[0]?.headers).not.toHaveProperty('authorization')
  })

  test.each([
    ['core records', { 'wc/v3/orders/0/fulfillments': noOrder }, 'core'],
    [
      'a tracking plugin',
      { '': { body: { ...index, namespaces: ['wc/v3', 'wc-shipment-tracking/v3'] } } },
      'tracking-plugin',
    ],
    ['neither', {}, 'note'],
  ])('a shop with %s tells "shipped" by %s', async (_name, changes: Record<string, Reply>, expected) => {
    expect((await auth.probe(recorder(shop(changes)).ctx)).settings).toMatchObject({ fulfilments: expected })
  })

  test('a read-only key is told at connect, not at the first order', async () => {
    const refusal = { code: 'woocommerce_rest_authentication_error', message: 'x', data: { status: 401 } }
    const { ctx } = recorder(shop({ 'wc/v3/products/batch': { status: 401, body: refusal } }))
    expect((await auth.probe(ctx)).missing).toEqual(['write'])
  })

  test.each([
    ['+5.5', '+05:30'],
    [-3.5, '-03:30'],
    ['0', '+00:00'],
  ])('a shop with only an offset (%s) has that as its zone', async (gmt_offset, expected) => {
    const { ctx } = recorder(shop({ '': { body: { ...index, timezone_string: '', gmt_offset } } }))
    expect((await auth.probe(ctx)).timeZone).toBe(expected)
  })

  test('www and http in the home address are the same shop, and the scheme stays ours', async () => {
    const { ctx } = recorder(shop({ '': { body: { ...index, home: 'http://www.shop.example.com' } } }))
    expect((await auth.probe(ctx)).key).toBe('https://www.shop.example.com')
  })

  const wrong: readonly [name: string, changes: Record<string, Reply>, kind: string, words: RegExp][] = [
    ['permalinks set to Plain', { '': { status: 404, body: '<html>' } }, 'invalid', /Permalinks/],
    ['a site without WordPress', { '': { body: '<html>' } }, 'invalid', /web page/],
    [
      'WordPress without WooCommerce',
      { '': { body: { ...index, namespaces: ['wp/v2'] } } },
      'invalid',
      /without WooCommerce/,
    ],
    [
      'a redirect',
      { '': { status: 301, headers: { location: 'https://www.example.com/x' } } },
      'invalid',
      /www\.example\.com/,
    ],
    [
      'a shop that claims to be another',
      { '': { body: { ...index, home: 'https://victim.example.com' } } },
      'invalid',
      /victim/,
    ],
    ['a server that is down', { '': { status: 502, body: '<html>' } }, 'transient', /502/],
    [
      'a deleted key',
      { 'wc/v3/settings/general': { status: 401, body: { code: 'woocommerce_rest_cannot_view', message: 'x' } } },
      'auth_revoked',
      /does not accept this key/,
    ],
  ]
  test.each(wrong)('%s is explained', async (_name, changes, kind, words) => {
    const { ctx } = recorder(shop(changes))
    await expect(auth.probe(ctx)).rejects.toMatchObject({ kind, message: expect.stringMatching(words) })
  })
})

describe('wc-auth', () => {
  test('the approval page gets all five parameters, the state as user_id', () => {
    const href = auth.authorizeUrl?.({
      settings: readSettings({ storeUrl: 'shop.example.com/de/' }),
      state: 'nonce',
      callbackUrl: 'https://hub.example.com/callback',
      returnUrl: 'https://hub.example.com/done',
      app: null,
    })
    const url = new URL(href ?? '')
    expect(url.origin + url.pathname).toBe('https://shop.example.com/de/wc-auth/v1/authorize')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      app_name: 'Crossdock',
      scope: 'read_write',
      user_id: 'nonce',
      return_url: 'https://hub.example.com/done',
      callback_url: 'https://hub.example.com/callback',
    })
  })
  const complete = (query: Record<string, string>) =>
    auth.complete?.({ query, settings: {}, app: null, ctx: recorder(shop()).ctx, fresh: 'fresh-secret-of-our-own' })
  test('the keys that a shop posts become credentials, with a webhook secret of our own', async () => {
    const query = { key_id: '1', user_id: 'nonce', consumer_key: 'ck_1', consumer_secret: 'cs_1' }
    expect(await complete(query)).toEqual({
      consumerKey: 'ck_1',
      consumerSecret: 'cs_1',
      webhookSecret: 'fresh-secret-of-our-own',
    })
  })
  test.each([
    ['consumer_key', { consumer_secret: 'cs_1' }],
    ['consumer_secret', { consumer_key: 'ck_1', consumer_secret: '' }],
  ])('an answer without %s is refused by its name', async (field, query) => {
    await expect(complete(query as Record<string, string>)).rejects.toMatchObject({ kind: 'invalid', info: { field } })
  })
})

describe('settings', () => {
  test.each([
    ['shop.example.com', 'https://shop.example.com'],
    [' https://Shop.Example.com/ ', 'https://shop.example.com'],
    ['https://example.com/shop/wp-json/wc/v3/', 'https://example.com/shop'],
    ['https://example.com/wp-admin', 'https://example.com'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['https://shop.example.com/?a=b#c', 'https://shop.example.com'],
    ['https://user:pw@example.com', null],
    ['ftp://example.com', null],
    ['not a host', null],
    ['', null],
  ])('"%s" means the address %s', (given, address) => {
    expect(storeAddress(given)).toBe(address)
  })
  test('parsing settings twice changes nothing', () => {
    const once = readSettings({ storeUrl: 'shop.example.com/' })
    expect(readSettings(once)).toEqual(once)
    expect(once.auth).toBe('basic')
  })
  test('a webhook secret with characters that WooCommerce would decode is refused', () => {
    const keys = { consumerKey: 'ck_1', consumerSecret: 'cs_1' }
    expect(credentials.safeParse({ ...keys, webhookSecret: 'a&lt;b0123456789abc' }).success).toBe(false)
    expect(credentials.safeParse({ ...keys, webhookSecret: 'Ab_-0123456789abcdef' }).success).toBe(true)
  })
})
