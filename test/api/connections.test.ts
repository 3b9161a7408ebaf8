import { afterAll, beforeAll, expect, test } from 'vitest'
import { findEndpoint } from '../../src/connections/find-endpoint.ts'
import { openConnection } from '../../src/connections/open-connection.ts'
import { uuidOf } from '../../src/model/id.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { type Api, aMerchant, connectors, list, openApi } from './support.ts'

let api: Api
let owner: { readonly id: string; readonly key: string }
beforeAll(async () => {
  api = await openApi()
  owner = await aMerchant(api, 'Lake')
})
afterAll(() => api.close())

const connect = (shop: string, more: object = {}) =>
  api.call('POST /connections', {
    key: owner.key,
    body: {
      connector: 'fake-shop',
      label: 'A shop',
      credentials: { token: 'canary-token' },
      settings: { shop },
      ...more,
    },
  })
const uuid = (noun: 'connection' | 'merchant', id: unknown) => uuidOf(noun, String(id)) ?? ''
const merchantId = () => uuid('merchant', owner.id)
const lanesOf = (id: unknown) =>
  withTenantTx(api.db, merchantId(), async (tx) => {
    const rows = await tx.rows<{ kind: string }>(
      'select kind from lane where merchant_id = $1 and connection_id = $2 order by kind',
      [tx.merchantId, uuid('connection', id)],
    )
    return rows.map((row) => row.kind)
  })
const opened = (id: unknown) =>
  withTenantTx(api.db, merchantId(), (tx) =>
    openConnection(tx, uuid('connection', id), { connectors, keys: api.deps.keys }),
  )

test('a new shop is probed, sealed, given its lanes and an address', async () => {
  const made = await connect('first')
  expect(made.status).toBe(201)
  expect(made.json).toMatchObject({
    connector: 'fake-shop',
    account: { key: 'first', name: 'Shop first' },
    status: 'active',
    settings: { shop: 'first', found: 'by probe' },
    lag: { pendingMessages: 0, listingsBehind: 0, effectsOpen: 0 },
  })
  expect(await lanesOf(made.json.id)).toEqual(['effect', 'health', 'import', 'listings', 'poll', 'push.stock'])
  const connection = await opened(made.json.id)
  expect(connection?.secrets).toEqual({ token: 'canary-token' })
  const found = await findEndpoint(api.db, api.deps.keys, connectors)(connection?.endpointToken ?? '')
  expect(found).toEqual({
    merchantId: merchantId(),
    connectionId: uuid('connection', made.json.id),
    connector: 'fake-shop',
    account: 'first',
    secrets: { token: 'canary-token' },
  })
})

test('an address that nobody has is nobody', async () => {
  expect(await findEndpoint(api.db, api.deps.keys, connectors)('A'.repeat(43))).toBeNull()
})

test('a secret is in no row, no answer and no log', async () => {
  const made = await connect('quiet', { credentials: { token: 'canary-quiet' } })
  expect(made.text).not.toContain('canary-')
  const rows = await api.database.asAdmin(async (admin) => (await admin.query('select t::text from connection t')).rows)
  expect(JSON.stringify(rows)).not.toContain('canary-')
  const requests = await api.database.asAdmin(
    async (admin) => (await admin.query('select t::text from api_request t')).rows,
  )
  expect(JSON.stringify(requests)).not.toContain('canary-')
  expect(api.lines.join('\n')).not.toContain('canary-')
})

test('reconnecting continues the same connection with new credentials', async () => {
  const first = await connect('again')
  const before = await opened(first.json.id)
  await api.call(`PATCH /connections/${String(first.json.id)}`, { key: owner.key, body: { status: 'paused' } })
  const second = await connect('again', { credentials: { token: 'renewed-token' }, label: 'Renewed' })
  expect(second.status).toBe(200)
  expect(second.json).toMatchObject({ id: first.json.id, label: 'Renewed', status: 'active' })
  const after = await opened(first.json.id)
  expect(after).toMatchObject({ secrets: { token: 'renewed-token' }, accountId: before?.accountId })
  expect(after?.endpointToken).toBe(before?.endpointToken)
})

test('two connects of one shop at once make one connection', async () => {
  const answers = await Promise.all([connect('race'), connect('race'), connect('race')])
  expect(answers.filter((answer) => answer.status === 201).length).toBe(1)
  expect(answers.every((answer) => [200, 201, 409].includes(answer.status))).toBe(true)
  const shops = list((await api.call('GET /connections', { key: owner.key })).json.items)
  expect(shops.filter((shop) => String(shop.account?.key) === 'race').length).toBe(1)
})

test.each([
  ['a token that is too short', { credentials: { token: 'abc' } }, 400, 'credentials.token'],
  ['no token', { credentials: {} }, 400, 'credentials.token'],
  ['a setting that fits nothing', { settings: { shop: 'No Shop' } }, 400, 'settings.shop'],
  ['a setting that nobody knows', { settings: { shop: 'x', admin: true } }, 400, 'settings.admin'],
  ['an unknown connector', { connector: 'fax' }, 400, 'connector'],
  ['__proto__ as a connector', { connector: '__proto__' }, 400, 'connector'],
  ['a location for a shop', { location: { code: 'A', name: 'A', rank: 1 } }, 400, 'location'],
  ['a token that the shop refuses', { credentials: { token: 'wrong' } }, 422, 'credentials'],
  ['a shop that does not answer', { credentials: { token: 'silent' } }, 422, 'settings'],
  ['[bad-input 28] a token without a right', { credentials: { token: 'narrow' } }, 422, 'credentials'],
])('%s connects nothing and is answered by field', async (_name, more, status, field) => {
  const count = async () => list((await api.call('GET /connections', { key: owner.key })).json.items).length
  const before = await count()
  const answer = await connect('refused', more)
  expect([answer.status, list(answer.json.errors)[0]?.field]).toEqual([status, field])
  expect(answer.text).not.toMatch(/canary|"abc"|silent|narrow/)
  expect(await count()).toBe(before)
})

test('a partner brings its location, and no second partner takes it', async () => {
  const join = (host: string, location?: object) =>
    api.call('POST /connections', {
      key: owner.key,
      body: { connector: 'fake-3pl', label: '3PL', credentials: { password: 'x' }, settings: { host }, location },
    })
  const where = { code: 'WEST', name: 'West', rank: 1 }
  expect((await join('none.example.com')).status).toBe(400)
  const made = await join('a.example.com', where)
  expect(made.status).toBe(201)
  expect(await lanesOf(made.json.id)).toEqual(['effect', 'files', 'import'])
  const [place] = list((await api.call('GET /locations', { key: owner.key })).json.items)
  expect(place).toMatchObject({ code: 'WEST', kind: '3pl', connection: made.json.id })
  const second = await join('b.example.com', where)
  expect([second.status, list(second.json.errors)[0]?.field]).toEqual([409, 'location.code'])
})

test('polling makes the reading lanes due, and a paused connection is not polled', async () => {
  const { id } = (await connect('poll-me')).json
  const path = `/connections/${String(id)}`
  const polled = await api.call(`POST ${path}/poll`, { key: owner.key })
  expect(list(polled.json.lanes)).toEqual(['health', 'listings', 'poll'])
  await api.call(`PATCH ${path}`, { key: owner.key, body: { status: 'paused' } })
  expect((await api.call(`POST ${path}/poll`, { key: owner.key })).status).toBe(409)
})

test('[bad-input 52] of two changes with the same version, the second is 409', async () => {
  const { id, version } = (await connect('versions')).json
  const patch = (label: string) =>
    api.call(`PATCH /connections/${String(id)}`, { key: owner.key, body: { label, version } })
  const answers = await Promise.all([patch('one'), patch('two')])
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409])
})

test('disconnecting forgets the secrets, ends the address and the lanes, keeps the history, and frees the shop', async () => {
  const { id } = (await connect('leaving')).json
  const token = (await opened(id))?.endpointToken ?? ''
  const gone = await api.call(`POST /connections/${String(id)}/disconnect`, { key: owner.key })
  expect(gone.json).toMatchObject({ id, status: 'disconnected', account: { key: 'leaving' } })
  expect(await findEndpoint(api.db, api.deps.keys, connectors)(token)).toBeNull()
  expect(await lanesOf(id)).toEqual([])
  const rows = await api.database.asAdmin(async (admin) => {
    const found = await admin.query('select credentials, endpoint_token from connection where connection_id = $1', [
      uuid('connection', id),
    ])
    return found.rows
  })
  expect(rows).toEqual([{ credentials: '', endpoint_token: null }])
  const blocked = await api.call(`PATCH /connections/${String(id)}`, { key: owner.key, body: { status: 'active' } })
  expect(blocked.status).toBe(409)
  const other = await aMerchant(api, 'Other')
  const body = {
    connector: 'fake-shop',
    label: 'bought',
    credentials: { token: 'new-owner' },
    settings: { shop: 'leaving' },
  }
  expect((await api.call('POST /connections', { key: other.key, body })).status).toBe(201)
})

test('reconnecting after a disconnect continues it under a new address', async () => {
  const { id } = (await connect('back')).json
  const before = (await opened(id))?.endpointToken
  await api.call(`POST /connections/${String(id)}/disconnect`, { key: owner.key })
  const again = await connect('back')
  expect(again.json.id).toBe(id)
  const after = (await opened(id))?.endpointToken
  expect(after).not.toBe(before)
  expect(await findEndpoint(api.db, api.deps.keys, connectors)(after ?? '')).toMatchObject({ account: 'back' })
  expect((await lanesOf(id)).length).toBe(6)
})

test.each(['connected again', 'disconnected'])(
  'a stopped connection that is %s is no longer put before a person',
  async (how) => {
    const shop = `stopped-${how.slice(0, 3)}`
    const body = { connector: 'fake-shop', label: shop, credentials: { token: 'token-1' }, settings: { shop } }
    const { json } = await api.call('POST /connections', { key: owner.key, body })
    await api.database.asAdmin((admin) =>
      admin.query(
        `insert into exception (merchant_id, exception_id, kind, dedupe_key, subject_kind, subject_id)
       select merchant_id, gen_random_uuid(), 'connection_stopped', 'connection.' || connection_id, 'connection', connection_id from connection where label = $1`,
        [shop],
      ),
    )
    const open = async () => {
      const { json: page } = await api.call('GET /exceptions?state=open&kind=connection_stopped', { key: owner.key })
      return list(page.items).length
    }
    expect(await open()).toBe(1)
    if (how === 'disconnected') await api.call(`POST /connections/${json.id}/disconnect`, { key: owner.key })
    else await api.call('POST /connections', { key: owner.key, body })
    expect(await open()).toBe(0)
  },
)
