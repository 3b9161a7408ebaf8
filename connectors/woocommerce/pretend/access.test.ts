import { afterEach, beforeEach, expect, test } from 'vitest'
import { at, openReceiver, openShop, type Receiver, type Shop, stockItem, truthOf } from './test-bench.ts'
import { issueKey } from './wc-auth.ts'

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

const basic = (key: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`,
})
async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; code: unknown }> {
  const response = await fetch(`${shop.store.url}/wp-json/${path}`, init)
  return { status: response.status, code: at(await response.json(), 'code') }
}
const keyOf = (permissions: 'read' | 'write' | 'read_write') => issueKey(shop.store, permissions, 'test')

test('nobody, an unknown key and a deleted user are the same 401; a wrong secret is another', async () => {
  const { key, secret } = keyOf('read_write')
  const cannotView = { status: 401, code: 'woocommerce_rest_cannot_view' }
  expect(await ask('wc/v3/orders')).toEqual(cannotView)
  expect(await ask('wc/v3/orders', { headers: basic('ck_unknown', secret) })).toEqual(cannotView)
  expect(await ask('wc/v3/orders', { headers: basic(key, 'cs_wrong') })).toEqual({
    status: 401,
    code: 'woocommerce_rest_authentication_error',
  })
  expect((await ask('wc/v3/orders', { headers: basic(key, secret) })).status).toBe(200)
  shop.store.owner = 'deleted'
  expect(await ask('wc/v3/orders', { headers: basic(key, secret) })).toEqual(cannotView)
})

test('query credentials work; a read key that writes is 401; a demoted owner is 403; wp/v2 is 401', async () => {
  const { key, secret } = keyOf('read')
  const query = `consumer_key=${key}&consumer_secret=${secret}`
  expect((await ask(`wc/v3/orders?${query}`)).status).toBe(200)
  const write = { method: 'PUT', body: '{}', headers: { 'content-type': 'application/json' } }
  expect((await ask(`wc/v3/products/102?${query}`, write)).status).toBe(401)
  expect((await ask('wp/v2/posts', { headers: basic(key, secret) })).status).toBe(401)
  shop.store.owner = 'demoted'
  expect(await ask(`wc/v3/orders?${query}`)).toEqual({ status: 403, code: 'woocommerce_rest_cannot_view' })
  const full = keyOf('read_write')
  const edit = `wc/v3/products/102?consumer_key=${full.key}&consumer_secret=${full.secret}`
  expect(await ask(edit, write)).toEqual({ status: 403, code: 'woocommerce_rest_cannot_edit' })
})

test('the site tells namespaces and time zone to anybody; a broken body is 400, a strange path 404', async () => {
  const index = await fetch(`${shop.store.url}/wp-json/`)
  expect(await index.json()).toMatchObject({
    url: shop.store.url,
    timezone_string: 'Europe/Berlin',
    gmt_offset: 1,
    namespaces: expect.arrayContaining(['wc/v3']),
  })
  const { key, secret } = keyOf('read_write')
  const headers = { ...basic(key, secret), 'content-type': 'application/json' }
  const broken = await ask('wc/v3/products/102', { method: 'PUT', headers, body: '{' })
  expect(broken).toEqual({ status: 400, code: 'rest_invalid_json' })
  expect(await ask('wc/v3/eaten', { headers })).toEqual({ status: 404, code: 'rest_no_route' })
  expect(await ask('wc/v3/orders/999999', { headers })).toEqual({
    status: 404,
    code: 'woocommerce_rest_shop_order_invalid_id',
  })
  expect((await shop.call('GET', 'settings/general/woocommerce_currency')).json).toMatchObject({ value: 'EUR' })
  expect((await shop.call('GET', 'system_status')).json).toMatchObject({ settings: { currency: 'EUR' } })
})

const consent = (change: Record<string, string> = {}) => {
  const given = {
    app_name: 'Hub <b>',
    scope: 'read_write',
    user_id: 'nonce-1',
    return_url: 'http://hub.example.com/back?x=1',
    callback_url: `${hub.url}/keys?state=7`,
    ...change,
  }
  return `${shop.store.url}/wc-auth/v1/authorize?${new URLSearchParams(given)}`
}
async function approve(): Promise<Response> {
  const page = await (await fetch(consent())).text()
  const href = /class="wc-auth-approve" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&#38;', '&') ?? ''
  return fetch(new URL(href, shop.store.url), { redirect: 'manual' })
}

test('the page names who asks, of which store, and for what', async () => {
  const page = await (await fetch(consent({ scope: 'read' }))).text()
  expect(page).toContain('Hub &#60;b&#62; would like to connect to your store')
  expect(page).toContain(`pretended WooCommerce at ${shop.store.url}`)
  expect(page).toContain('<li>View orders and sales reports</li>')
  expect(page).not.toContain('Create')
})

test('a grant posts working keys before it sends the browser back', async () => {
  const back = await approve()
  expect(back.status).toBe(302)
  expect(back.headers.get('location')).toBe('http://hub.example.com/back?x=1&success=1&user_id=nonce-1')
  expect(hub.calls).toHaveLength(1)
  expect(hub.calls[0]?.url.search).toBe('?state=7')
  expect(hub.calls[0]?.headers['content-type']).toBe('application/json;charset=UTF-8')
  const keys: unknown = JSON.parse(hub.calls[0]?.body.toString() ?? '')
  expect(keys).toMatchObject({ user_id: 'nonce-1', key_permissions: 'read_write' })
  const headers = basic(String(at(keys, 'consumer_key')), String(at(keys, 'consumer_secret')))
  expect((await ask('wc/v3/orders', { headers })).status).toBe(200)
  await approve()
  expect(shop.store.keys.size).toBe(3)
})

test.each([201, 204, 500])('a callback answered %i loses the key and shows Access denied', async (status) => {
  hub.answer = () => status
  const before = shop.store.keys.size
  const answer = await approve()
  expect(answer.status).toBe(401)
  expect(await answer.text()).toContain('Access denied')
  expect(shop.store.keys.size).toBe(before)
})

test('a redirected callback is followed as GET with the keys still in the body', async () => {
  hub.answer = (call) => (call.url.pathname === '/keys' ? 302 : 200)
  expect((await approve()).status).toBe(302)
  expect(hub.calls.map((call) => call.method)).toEqual(['POST', 'GET'])
  expect(hub.calls[1]?.body.toString()).toContain('consumer_secret')
})

test.each([
  [{ callback_url: 'http://hub.example.com/keys' }],
  [{ scope: 'everything' }],
  [{ user_id: '' }],
  [{ return_url: 'nowhere' }],
])('consent is refused with 401 for %j', async (change) => {
  expect((await fetch(consent(change))).status).toBe(401)
})

test('the faults of the host are HTML, happen before or after the effect, and are told in the truth', async () => {
  shop.shop.setFaults({ throttle: 1 })
  const throttled = await shop.call('GET', 'orders')
  expect([429, 503]).toContain(throttled.status)
  expect(throttled.headers.get('content-type')).toContain('text/html')
  shop.shop.setFaults({ throttle: 0, failBefore: 1 })
  expect((await shop.call('PUT', 'products/102', { stock_quantity: 3 })).status).toBeGreaterThanOrEqual(500)
  expect(shop.shop.shows('A')).toBe(50)
  shop.shop.setFaults({ failBefore: 0, failAfterEffect: 1 })
  await shop.call('PUT', 'products/102', { stock_quantity: 3 }).catch(() => undefined)
  expect(shop.shop.shows('A')).toBe(3)
  expect(truthOf(shop, 'api.fault').map((fault) => [fault.fault, fault.effect])).toEqual([
    ['throttle', false],
    ['failBefore', false],
    ['failAfterEffect', true],
  ])
})

test('a hanging answer never comes', async () => {
  shop.shop.setFaults({ hang: 1 })
  const waiting = fetch(`${shop.store.url}/wp-json/`, { signal: AbortSignal.timeout(150) })
  await expect(waiting).rejects.toThrow()
  expect(truthOf(shop, 'api.fault')).toMatchObject([{ fault: 'hang' }])
})
