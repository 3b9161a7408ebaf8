import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import type { HttpRequest } from '#kit'
import { auth } from './connect.ts'
import { CredentialsShape, SettingsShape } from './settings.ts'
import { location, type Reply, shopCtx, shopDomain } from './testing.ts'

const app = { clientId: 'client-1', clientSecret: 'app-secret' }
const scopesOf = (handles: readonly string[]) => handles.map((handle) => ({ handle }))
const all = [
  'write_orders',
  'write_products',
  'write_inventory',
  'read_locations',
  'write_merchant_managed_fulfillment_orders',
]
const shop = {
  id: 'gid://shopify/Shop/1',
  name: 'Example',
  myshopifyDomain: shopDomain,
  currencyCode: 'EUR',
  ianaTimezone: 'Europe/Berlin',
}

test('a probe says who the shop is and where its stock is kept', async () => {
  const { ctx } = shopCtx(
    ({ name }) =>
      name === 'ShopInfo'
        ? { data: { shop, currentAppInstallation: { accessScopes: scopesOf(all) } } }
        : { data: { location: { id: location } } },
    { settings: { locationId: undefined } },
  )
  expect(await auth.probe(ctx)).toEqual({
    key: 'gid://shopify/Shop/1',
    name: 'Example',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    missing: [],
    settings: { locationId: location },
  })
})

test('[bad-input 28] writing implies reading, and what is missing is named', async () => {
  const { ctx } = shopCtx(() => ({
    data: {
      shop,
      currentAppInstallation: { accessScopes: scopesOf(['read_orders', 'write_products', 'write_locations']) },
    },
  }))
  expect((await auth.probe(ctx)).missing).toEqual([
    'write_orders',
    'write_inventory',
    'write_merchant_managed_fulfillment_orders',
  ])
})

const token = {
  access_token: 'a-2',
  expires_in: 3600,
  refresh_token: 'r-2',
  refresh_token_expires_in: 7_776_000,
  scope: '',
}
function tokenCtx(reply: Reply, secrets: object = { clientId: 'client-1', refreshToken: 'r-1' }) {
  const sent: HttpRequest[] = []
  const { ctx } = shopCtx(() => reply, { secrets })
  const send = async (request: HttpRequest) => {
    sent.push(request)
    const body = 'body' in reply ? reply.body : JSON.stringify(reply.data)
    return { status: 'body' in reply ? (reply.status ?? 200) : 200, headers: {}, body: Buffer.from(body) }
  }
  return { ctx: { ...ctx, send }, sent }
}
async function refresh(reply: Reply, secrets?: object) {
  const { ctx, sent } = tokenCtx(reply, secrets)
  const result = await auth.refresh?.(ctx)
  return { result, sent }
}

test('a refresh gives the new pair and when it ends', async () => {
  const { result, sent } = await refresh({ data: token })
  expect(result?.secrets).toMatchObject({
    accessToken: 'a-2',
    refreshToken: 'r-2',
    shop: shopDomain,
    apiSecrets: ['client-secret-for-tests'],
  })
  expect(result?.expiresAt).toBe('2026-11-23T11:00:00.500Z')
  expect(CredentialsShape.parse(result?.secrets)).toEqual(result?.secrets)
  expect(sent[0]).toMatchObject({ url: `https://${shopDomain}/admin/oauth/access_token`, budget: 'token' })
  expect(JSON.parse(String(sent[0]?.body))).toEqual({
    client_id: 'client-1',
    client_secret: 'client-secret-for-tests',
    grant_type: 'refresh_token',
    refresh_token: 'r-1',
  })
})

test.each([
  ['expires_in', { ...token, expires_in: undefined }],
  ['expires_in of zero', { ...token, expires_in: 0 }],
  ['refresh_token', { ...token, refresh_token: undefined }],
])('an answer without %s is refused: the token would look permanent', async (_, data) => {
  await expect(refresh({ data })).rejects.toMatchObject({ kind: 'transient', info: { remoteCode: 'malformed' } })
})

test.each([
  [400, 'auth_revoked'],
  [401, 'auth_revoked'],
  [429, 'rate_limited'],
  [500, 'transient'],
])('the token endpoint answering %d means %s', async (status, kind) => {
  await expect(refresh({ status, body: '{"error":"invalid_grant"}' })).rejects.toMatchObject({ kind })
})

test('credentials without a refresh token cannot be refreshed', async () => {
  await expect(refresh({ data: token }, {})).rejects.toMatchObject({ kind: 'auth_revoked' })
})

const consent = (settings: object) =>
  auth.authorizeUrl?.({
    settings: { ...settings },
    state: 's t',
    callbackUrl: 'https://hub.example.com/cb',
    returnUrl: 'https://hub.example.com/done',
    app,
  })

test('a merchant is sent to his own shop, to grant what is needed', () => {
  const url = new URL(consent({ shop: 'Example.MyShopify.com' }) ?? '')
  expect(url.origin + url.pathname).toBe(`https://${shopDomain}/admin/oauth/authorize`)
  expect(Object.fromEntries(url.searchParams)).toEqual({
    client_id: 'client-1',
    scope: 'write_orders,read_products,write_inventory,read_locations,write_merchant_managed_fulfillment_orders',
    redirect_uri: 'https://hub.example.com/cb',
    state: 's t',
  })
})

test.each([
  'evil.com',
  'x.myshopify.com.evil.com',
  'x.myshopify.com/@evil',
  'x.myshopify.com%0d%0a',
  'x.myshopify.com:8443',
  'user@x.myshopify.com',
  'xn--e1afmkfd.xn--80asehdb',
  '.myshopify.com',
  '',
])('[bad-input 24] "%s" is no shop', (name) => {
  expect(() => consent({ shop: name })).toThrow('not a myshopify.com domain')
  expect(SettingsShape.safeParse({ shop: name }).success).toBe(false)
})

test.each([
  'https://evil.com',
  'http://10.0.0.5:80',
  'http://localhost.evil.com:80',
  'http://127.0.0.1:80@evil.com:80',
])('the app secret can be sent to no address like %s', (baseUrl) => {
  expect(SettingsShape.safeParse({ shop: shopDomain, baseUrl }).success).toBe(false)
})

function signedQuery(more: Record<string, string> = {}, secret = app.clientSecret): Record<string, string> {
  const query = {
    code: 'c-1',
    host: 'aG9zdA',
    shop: shopDomain,
    state: 's',
    timestamp: String(Math.floor(Date.now() / 1000)),
    ...more,
  }
  const text = new URLSearchParams(Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))).toString()
  return { ...query, hmac: createHmac('sha256', secret).update(text).digest('hex') }
}
const complete = (query: Record<string, string>, reply: Reply = { data: token }) => {
  const { ctx, sent } = tokenCtx(reply)
  return { done: auth.complete?.({ query, settings: { shop: shopDomain }, app, ctx, fresh: '' }), sent }
}

test('a signed callback becomes credentials with an expiring token', async () => {
  const { done, sent } = complete(signedQuery())
  expect(await done).toEqual({
    shop: shopDomain,
    clientId: 'client-1',
    apiSecrets: ['app-secret'],
    accessToken: 'a-2',
    refreshToken: 'r-2',
    expiresAt: '2026-11-23T11:00:00.500Z',
  })
  expect(JSON.parse(String(sent[0]?.body))).toMatchObject({ code: 'c-1', expiring: '1' })
})

test.each([
  ['unsigned', { ...signedQuery(), hmac: '' }],
  ['signed with another secret', signedQuery({}, 'other')],
  ['changed after signing', { ...signedQuery(), code: 'c-2' }],
  ['of yesterday', signedQuery({ timestamp: '1700000000' })],
  ['for a foreign host', signedQuery({ shop: 'evil.com' })],
  ['for another shop than the one that was asked', signedQuery({ shop: 'other.myshopify.com' })],
])('[bad-input 25] a callback %s is refused before anything is sent', async (_, query) => {
  const { done, sent } = complete(query)
  await expect(done).rejects.toMatchObject({ kind: 'invalid' })
  expect(sent).toEqual([])
})
