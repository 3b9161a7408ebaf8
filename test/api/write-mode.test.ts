import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Api, aMerchant, list, openApi } from './support.ts'

let api: Api
let key: string
beforeAll(async () => {
  api = await openApi()
  key = (await aMerchant(api, 'Fern')).key
})
afterAll(() => api.close())

const now = '2026-11-24T00:00:00Z'
async function aShop(shop: string, writeMode: 'on' | 'off' = 'off') {
  const body = {
    connector: 'fake-shop',
    label: shop,
    credentials: { token: 'good-token' },
    settings: { shop },
    writeMode,
  }
  const { status, json } = await api.call('POST /connections', { key, body })
  expect(status).toBe(201)
  return String(json.id)
}
const finish = (shop: string) =>
  api.database.asAdmin((admin) =>
    admin.query(
      `update backfill b set orders_done_at = now(), listings_done_at = now() from connection c
       where c.connection_id = b.connection_id and c.label = $1`,
      [shop],
    ),
  )
const put = (id: string, body: unknown) => api.call(`PUT /connections/${id}/write-mode`, { key, body })

describe('how far the hub may go at a shop', () => {
  test('one that is only watched hands nothing over, and one connected to be written to hands over from its first order', async () => {
    const watched = await api.call(`GET /connections/${await aShop('w-one')}`, { key })
    expect(watched.json).toMatchObject({
      writeMode: 'off',
      handsOverFrom: null,
      backfill: { state: 'running', orders: 0 },
    })
    expect(watched.json.health).toMatchObject({ state: 'watching', remedy: { action: 'go_live' } })
    const live = await api.call(`GET /connections/${await aShop('w-two', 'on')}`, { key })
    expect(live.json).toMatchObject({ writeMode: 'on', handsOverFrom: expect.any(String), backfill: null })
  })

  test('switching on waits until what was there is read, and asks from when on orders are handed over', async () => {
    const id = await aShop('w-three')
    expect((await put(id, { mode: 'shadow' })).json).toMatchObject({ writeMode: 'shadow', handsOverFrom: null })
    expect(await put(id, { mode: 'on', handOverFrom: now })).toMatchObject({
      status: 409,
      json: { code: 'HUB_BACKFILL_RUNS' },
    })
    await finish('w-three')
    const unasked = await put(id, { mode: 'on' })
    expect([unasked.status, list(unasked.json.errors).map((e) => e.field)]).toEqual([400, ['handOverFrom']])
    expect((await put(id, { mode: 'on', handOverFrom: now })).json).toMatchObject({
      ...{ writeMode: 'on', handsOverFrom: '2026-11-24T00:00:00.000Z' },
    })
    expect((await put(id, { mode: 'on' })).json.handsOverFrom).toBe('2026-11-24T00:00:00.000Z')
    expect((await put(id, { mode: 'shadow' })).json.handsOverFrom).toBeNull()
  })

  test('some SKUs are named with canary, and only there', async () => {
    const id = await aShop('w-four')
    await finish('w-four')
    const { json } = await put(id, { mode: 'canary', skus: ['MUG', 'MUG', 'CUP'] })
    expect(json).toMatchObject({ writeMode: 'canary', canarySkus: ['MUG', 'CUP'], handsOverFrom: null })
    for (const body of [{ mode: 'canary' }, { mode: 'canary', skus: [] }, { mode: 'shadow', skus: ['MUG'] }]) {
      const refused = await put(id, body)
      expect([refused.status, list(refused.json.errors).map((e) => e.field)]).toEqual([400, ['skus']])
    }
    expect((await put(id, { mode: 'shadow', handOverFrom: now })).status).toBe(400)
    expect((await put(id, { mode: 'on', handOverFrom: null })).json.canarySkus).toEqual([])
  })

  test('of two who change it at once one is told', async () => {
    const id = await aShop('w-five')
    const { version } = (await api.call(`GET /connections/${id}`, { key })).json
    const answers = await Promise.all([put(id, { mode: 'shadow', version }), put(id, { mode: 'shadow', version })])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  test('it is no business of PATCH, which a person need not prove themselves for', async () => {
    const id = await aShop('w-six')
    expect(await api.call(`PATCH /connections/${id}`, { key, body: { writeMode: 'on' } })).toMatchObject({
      status: 409,
    })
    expect((await api.call(`GET /connections/${id}`, { key })).json.writeMode).toBe('off')
  })

  test('who disconnects and connects again watches first', async () => {
    const id = await aShop('w-seven', 'on')
    await api.call(`POST /connections/${id}/disconnect`, { key })
    const body = {
      connector: 'fake-shop',
      label: 'w-seven',
      credentials: { token: 'good-token' },
      settings: { shop: 'w-seven' },
    }
    const again = await api.call('POST /connections', { key, body: { ...body, writeMode: 'off' } })
    expect(again.json).toMatchObject({ id, writeMode: 'off', handsOverFrom: null })
  })

  test('a backfill of a live shop hands over nothing that is older than what it handed over before', async () => {
    const id = await aShop('w-eight', 'on')
    const before = (await api.call(`GET /connections/${id}`, { key })).json
    const since = '2026-01-01T00:00:00Z'
    const { json } = await api.call(`POST /connections/${id}/backfill`, { key, body: { since } })
    expect(json).toMatchObject({ ordersFrom: '2026-01-01T00:00:00.000Z', handsOverFrom: before.handsOverFrom })
    expect(json.backfill).toMatchObject({ state: 'running', since: '2026-01-01T00:00:00.000Z' })
  })
})
