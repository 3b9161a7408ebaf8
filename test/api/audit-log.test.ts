import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { audits } from '../../src/audit/audits.ts'
import { openLook } from '../../src/audit/look.ts'
import { runAudits } from '../../src/audit/run-audits.ts'
import { uuidOf } from '../../src/model/id.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { type Api, aMerchant, list, openApi } from './support.ts'

let api: Api
let owner: { readonly id: string; readonly key: string }
let merchantId: string
beforeAll(async () => {
  api = await openApi()
})
beforeEach(async () => {
  owner = await aMerchant(api, 'West')
  merchantId = uuidOf('merchant', owner.id) ?? ''
})
afterAll(() => api.close())

const log = async (query = '') => list((await api.call(`GET /audit-log${query}`, { key: owner.key })).json.items)
const aLocation = (code: string, headers: Record<string, string> = {}) =>
  api.call('POST /locations', { key: owner.key, headers, body: { code, name: code, rank: 1 } })
const broken = async (full: boolean) => {
  const chain = audits.filter(({ id }) => id === 'I21')
  const verdicts = await runAudits({ audits: chain, look: openLook(api.db, merchantId), full, goOn: () => true })
  const ids = verdicts.flatMap(({ rows }) => rows.map(({ entry_id }) => entry_id))
  return api.database.asAdmin(async (admin) => {
    const { rows } = await admin.query('select seq from audit_entry where entry_id = any($1::uuid[])', [ids])
    return rows.map(({ seq }) => String(seq))
  })
}

test('a change says who made it, when, from what, and to what; newest first', async () => {
  const made = await aLocation('A')
  await api.call(`PATCH /locations/${String(made.json.id)}`, { key: owner.key, body: { name: 'Cellar' } })
  const entries = await log()
  const who = { actor: `key:${owner.key.split('_')[2]}`, client: 'key', targets: [made.json.id] }
  expect(entries).toMatchObject([
    { seq: '3', act: 'PATCH /api/v1/locations/:id', ...who },
    { seq: '2', act: 'POST /api/v1/locations', ...who },
    { seq: '1', act: 'merchant.created', actor: 'install', client: 'install' },
  ])
  expect(Math.abs(Date.now() - Date.parse(String(entries[0]?.at)))).toBeLessThan(60_000)
})

test('what failed, and what was only asked again, is no act', async () => {
  await aLocation('A', { 'idempotency-key': 'once' })
  await aLocation('A', { 'idempotency-key': 'once' })
  expect((await aLocation('A')).status).toBe(409)
  expect((await log()).map(({ act }) => String(act))).toEqual(['POST /api/v1/locations', 'merchant.created'])
})

test('nothing that a person wrote is in it', async () => {
  await api.call('PATCH /merchant', { key: owner.key, body: { name: 'Canary Person' } })
  expect((await api.call('GET /audit-log', { key: owner.key })).text).not.toContain('Canary')
})

test('a change of words of ours is kept with what was before; of a name only that it changed', async () => {
  await api.call('PATCH /merchant', { key: owner.key, body: { timeZone: 'Europe/Berlin', currency: 'EUR' } })
  await api.call('PATCH /merchant', { key: owner.key, body: { name: 'Canary', currency: 'EUR' } })
  await api.call('PATCH /merchant', { key: owner.key, body: {} })
  const [nothing, second, first, made] = await log()
  expect(first?.changes).toEqual([
    { field: 'timeZone', before: 'UTC', after: 'Europe/Berlin' },
    { field: 'currency', before: null, after: 'EUR' },
  ])
  expect([nothing?.changes, second?.changes, made?.changes]).toEqual([[], [{ field: 'name' }], []])
  const refused = await api.call('PATCH /merchant', { key: owner.key, body: { currency: 'EURO' } })
  expect(list(refused.json.errors)).toMatchObject([{ field: 'currency' }])
})

test('changes at the same time make one chain without a gap', async () => {
  const made = await Promise.all(Array.from({ length: 20 }, (_, n) => aLocation(`L${n}`)))
  expect(made.map(({ status }) => status)).toEqual(made.map(() => 201))
  const seqs = (await log('?limit=200')).map(({ seq }) => Number(seq))
  expect(seqs).toEqual(Array.from({ length: 21 }, (_, n) => 21 - n))
  expect(await broken(true)).toEqual([])
})

test('a check goes on where the one before ended', async () => {
  for (const code of ['A', 'B', 'C']) await aLocation(code)
  const check = (after: string) => api.call(`GET /audit-log/check?after=${after}`, { key: owner.key })
  expect((await check('0')).json).toEqual({ looked: 4, through: '4', broken: null, next: null })
  expect((await check('2')).json).toEqual({ looked: 2, through: '4', broken: null, next: null })
  expect((await check('4')).json).toEqual({ looked: 0, through: null, broken: null, next: null })
  expect((await check('x')).status).toBe(400)
})

test('pages follow one another while entries are added', async () => {
  for (const code of ['A', 'B', 'C']) await aLocation(code)
  const first = await api.call('GET /audit-log?limit=2', { key: owner.key })
  await aLocation('D')
  const rest = await log(`?limit=2&after=${String(first.json.next)}`)
  expect([...list(first.json.items), ...rest].map(({ seq }) => String(seq))).toEqual(['4', '3', '2', '1'])
  expect((await api.call('GET /audit-log?after=x', { key: owner.key })).status).toBe(400)
})

test("another merchant's log and its cursor stay closed", async () => {
  await aLocation('A')
  await aLocation('B')
  const page = await api.call('GET /audit-log?limit=1', { key: owner.key })
  const other = await aMerchant(api, 'East')
  const theirs = list((await api.call('GET /audit-log', { key: other.key })).json.items)
  expect(theirs.map(({ act }) => String(act))).toEqual(['merchant.created'])
  const after = String(page.json.next)
  expect((await api.call(`GET /audit-log?after=${after}`, { key: other.key })).status).toBe(404)
})

describe('whoever changes it is found', () => {
  const change = (sql: string) =>
    api.database.asAdmin((admin) => admin.query(sql.replaceAll('$m', `merchant_id = '${merchantId}'`)))
  const rehash = `update audit_entry a set hash = sha256(convert_to(jsonb_build_array(a.merchant_id, a.entry_id, a.seq, (extract(epoch from a.at) * 1000000)::bigint,
     a.actor, a.client, a.act, a.targets, encode(a.prev_hash, 'hex'))::text, 'UTF8')) where $m and seq = 3`
  beforeEach(async () => {
    for (const code of ['A', 'B', 'C', 'D', 'E']) await aLocation(code)
    expect(await broken(true)).toEqual([])
  })

  test.each([
    ['another actor', `update audit_entry set actor = 'key:someoneelse' where $m and seq = 3`, '3'],
    ['another time', `update audit_entry set at = at + interval '1 microsecond' where $m and seq = 3`, '3'],
    ['another client', `update audit_entry set client = 'browser' where $m and seq = 3`, '3'],
    ['another act', `update audit_entry set act = 'x' where $m and seq = 3`, '3'],
    ['other values', `update audit_entry set changes = '[{"field":"role"}]' where $m and seq = 3`, '3'],
    ['other targets', `update audit_entry set targets = '{}' where $m and seq = 3`, '3'],
    ['an entry less', `delete from audit_entry where $m and seq = 3`, '4'],
    ['no beginning', `delete from audit_entry where $m and seq < 3`, '3'],
    [
      'two that changed places',
      `update audit_entry set seq = seq + 10 where $m and seq = 2; update audit_entry set seq = 2 where $m and seq = 3;
      update audit_entry set seq = 3 where $m and seq = 12`,
      '2',
    ],
    [
      'another actor with a hash that fits',
      `update audit_entry set actor = 'key:x' where $m and seq = 3; ${rehash}`,
      '4',
    ],
  ])('%s', async (_, sql, first) => {
    await change(sql)
    expect(await broken(true)).toEqual([first])
    expect(await broken(false)).toEqual([first])
    const check = (await api.call('GET /audit-log/check', { key: owner.key })).json
    expect([check.broken, check.next]).toEqual([first, null])
    const told = await api.call('GET /audits', { key: owner.key })
    expect(list(told.json.audits).find(({ name }) => String(name) === 'audit_log_broken')).toMatchObject({
      state: 'broken',
      rows: [{ entry_id: expect.stringMatching(/^aud_/) }],
    })
  })

  test.each([
    `update audit_entry set actor = 'x'`,
    `delete from audit_entry`,
    `truncate audit_entry`,
    `insert into audit_entry select gen_random_uuid(), entry_id, 1, at, actor, client, act, targets, '', '' from audit_entry limit 1`,
  ])('and no merchant’s transaction can: %s', async (sql) => {
    await expect(withTenantTx(api.db, merchantId, (tx) => tx.rows(sql))).rejects.toMatchObject({ code: '42501' })
  })
})
