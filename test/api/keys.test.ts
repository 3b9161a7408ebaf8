import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Api, aMerchant, installToken, list, openApi } from './support.ts'

let api: Api
let owner: { readonly id: string; readonly key: string }
beforeAll(async () => {
  api = await openApi()
  owner = await aMerchant(api, 'West')
})
afterAll(() => api.close())

async function aKey(scopes: readonly string[], more: object = {}) {
  const made = await api.call('POST /api-keys', { key: owner.key, body: { label: 'test', scopes, ...more } })
  return { id: String(made.json.id), secret: String(made.json.secret), status: made.status }
}

test('no key, a strange key and a key of nobody are 401', async () => {
  const nobody = `hub_live_zzzzzzzz_${'A'.repeat(32)}`
  for (const authorization of [undefined, 'Bearer', 'Bearer x', `Bearer ${nobody}`, `Basic ${owner.key}`, owner.key]) {
    const answer = await api.call('GET /orders', { ...(authorization !== undefined && { headers: { authorization } }) })
    expect([authorization, answer.status]).toEqual([authorization, 401])
    expect(answer.headers['www-authenticate']).toContain('Bearer')
  }
})

test('the right id with another secret is 401', async () => {
  const changed = `${owner.key.slice(0, -1)}${owner.key.endsWith('A') ? 'B' : 'A'}`
  expect((await api.call('GET /orders', { key: changed })).status).toBe(401)
})

test('[bad-input 45] a key in the address is 400, however it is named', async () => {
  for (const name of ['key', 'api_key', 'access_token', 'API_KEY']) {
    const answer = await api.call(`GET /orders?${name}=${owner.key}`, { key: owner.key })
    expect([name, answer.status]).toEqual([name, 400])
  }
})

test('[bad-input 45] a key does what its scopes say and nothing else', async () => {
  const { secret } = await aKey(['orders:read'])
  expect((await api.call('GET /orders', { key: secret })).status).toBe(200)
  const denied = await api.call('GET /items', { key: secret })
  expect(denied.status).toBe(403)
  expect(denied.json.detail).toContain('items:read')
  expect((await api.call('POST /items', { key: secret, body: { items: [] } })).status).toBe(403)
})

test('[bad-input 45] a revoked key is 401 at once, and stays in the list', async () => {
  const { id, secret } = await aKey(['orders:read'])
  expect((await api.call(`DELETE /api-keys/${id}`, { key: owner.key })).status).toBe(200)
  expect((await api.call('GET /orders', { key: secret })).status).toBe(401)
  const keys = list((await api.call('GET /api-keys', { key: owner.key })).json.items)
  expect(keys.find((key) => String(key.id) === id)?.revokedAt).not.toBeNull()
})

test('a key says when it was last used, and one that nobody used says so', async () => {
  const { id, secret } = await aKey(['orders:read'])
  const usedAt = async () =>
    list((await api.call('GET /api-keys', { key: owner.key })).json.items).find((key) => String(key.id) === id)
      ?.lastUsedAt
  expect(await usedAt()).toBeNull()
  await Promise.all([1, 2, 3].map(() => api.call('GET /orders', { key: secret })))
  expect(Math.abs(Date.now() - Date.parse(String(await usedAt())))).toBeLessThan(60_000)
})

test('an expired key is 401', async () => {
  const { secret } = await aKey(['orders:read'], { expiresAt: '2020-01-01T00:00:00Z' })
  expect((await api.call('GET /orders', { key: secret })).status).toBe(401)
})

test('the secret is shown once: no list and no row holds it', async () => {
  const { secret } = await aKey(['orders:read'])
  const part = secret.split('_')[3] ?? ''
  expect(part.length).toBe(32)
  expect((await api.call('GET /api-keys', { key: owner.key })).text).not.toContain(part)
  const dump = await api.database.asAdmin(async (admin) => (await admin.query('select t::text from api_key t')).rows)
  expect(JSON.stringify(dump)).not.toContain(part)
})

test('a key cannot make a stronger one', async () => {
  const { secret } = await aKey(['api-keys:write', 'orders:read'])
  const body = (scopes: string[]) => ({ label: 'more', scopes })
  expect((await api.call('POST /api-keys', { key: secret, body: body(['orders:persons']) })).status).toBe(403)
  expect((await api.call('POST /api-keys', { key: secret, body: body(['*']) })).status).toBe(403)
  expect((await api.call('POST /api-keys', { key: secret, body: body(['orders:read']) })).status).toBe(201)
})

test('only the installation makes merchants, and it does nothing else', async () => {
  expect((await api.call('POST /merchants', { key: owner.key, body: { name: 'Mine too' } })).status).toBe(403)
  expect((await api.call('GET /orders', { key: installToken })).status).toBe(403)
  expect((await api.call('GET /merchant', { key: installToken })).status).toBe(403)
  expect(
    (await api.call('POST /merchants', { key: installToken, body: { name: 'x', timeZone: 'Mars/One' } })).status,
  ).toBe(400)
})

test('a merchant changes its own settings', async () => {
  const body = { shipsPartially: true, timeZone: 'Europe/Berlin' }
  const changed = await api.call('PATCH /merchant', { key: owner.key, body })
  expect(changed.json).toMatchObject({ id: owner.id, name: 'West', ...body })
})

test('keys are paged in a stable order', async () => {
  const all = list((await api.call('GET /api-keys?limit=200', { key: owner.key })).json.items).map((key) => key.id)
  const paged: unknown[] = []
  let after = ''
  for (let turn = 0; turn < 50; turn++) {
    const page = await api.call(`GET /api-keys?limit=2${after}`, { key: owner.key })
    paged.push(...list(page.json.items).map((key) => key.id))
    if (page.json.next === (null as unknown)) break
    after = `&after=${String(page.json.next)}`
  }
  expect(paged).toEqual(all)
})
