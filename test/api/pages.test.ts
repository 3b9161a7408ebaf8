import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uuidOf } from '../../src/model/id.ts'
import { type Api, aMerchant, list, openApi } from './support.ts'

let api: Api
let owner: { readonly id: string; readonly key: string }
let merchantId = ''
beforeAll(async () => {
  api = await openApi()
  owner = await aMerchant(api, 'Dune')
  merchantId = uuidOf('merchant', owner.id) ?? ''
})
afterAll(() => api.close())

const sql = (text: string, params: readonly unknown[] = []) =>
  api.database.asAdmin((admin) => admin.query(text, [...params]))

async function walk(path: string, during: (turn: number) => Promise<unknown> = async () => undefined) {
  const ids: string[] = []
  const sizes: number[] = []
  let after = ''
  for (let turn = 0; turn < 100; turn++) {
    const page = await api.call(`GET ${path}${after}`, { key: owner.key })
    expect(page.status, page.text).toBe(200)
    ids.push(...list(page.json.items).map((item) => String(item.id)))
    sizes.push(list(page.json.items).length)
    if (page.json.next === (null as unknown)) return { ids, sizes }
    after = `&after=${encodeURIComponent(String(page.json.next))}`
    await during(turn)
  }
  throw new Error('the pages never end')
}

const insertOrders = (count: number, placedAt: string) =>
  sql(
    `insert into orders (merchant_id, order_id, account_id, connection_id, external_id, external_number, changed_at, content_sha256, placed_at,
       currency, total_minor, shop_currency, shop_total_minor, remote_status)
     select $1, gen_random_uuid(), $2, $2, gen_random_uuid()::text, '#' || n, now(), '', ${placedAt}, 'EUR', 0, 'EUR', 0, 'paid'
     from generate_series(1, $3::int) n`,
    [merchantId, randomUUID(), count],
  )

test('orders placed at the same microsecond are each shown once', async () => {
  await insertOrders(25, `'2026-03-01 10:00:00.123456Z'`)
  const { ids } = await walk('/orders?limit=4')
  expect(ids.length).toBe(25)
  expect(new Set(ids).size).toBe(25)
})

test('orders that come in while somebody pages shift nothing', async () => {
  const { ids: before } = await walk('/orders?limit=7')
  const { ids } = await walk('/orders?limit=7', () =>
    insertOrders(3, `'2026-06-01 10:00:00Z'::timestamptz + n * interval '1 second'`),
  )
  expect(ids).toEqual(before)
})

test('a filter that few rows meet costs a bounded look for each page, and still finds the last one', async () => {
  await sql(
    `insert into inbox_message (merchant_id, message_id, connection_id, source, received_at, state, reason)
     select $1, gen_random_uuid(), $2, 'poll', now() - n * interval '1 second', case n when 6000 then 'dead' else 'applied' end, case n when 6000 then 'unreadable' end
     from generate_series(1, 6000) n`,
    [merchantId, randomUUID()],
  )
  const { ids, sizes } = await walk('/inbox/messages?state=dead&limit=10')
  expect(ids.length).toBe(1)
  expect(sizes).toEqual([0, 1])
})

test('open exceptions come first, then the settled ones, newest first in each part, whatever the page size', async () => {
  await sql(
    `insert into exception (merchant_id, exception_id, kind, dedupe_key, subject_kind, subject_id, raised_at, resolved_at)
     select $1, gen_random_uuid(), 'short', 'k' || n, 'order', gen_random_uuid(), now() - n * interval '1 minute', case when n % 3 = 0 then now() end
     from generate_series(1, 20) n`,
    [merchantId],
  )
  const { rows } = await sql(
    `select exception_id::text as id from exception where merchant_id = $1 order by resolved_at is not null, raised_at desc`,
    [merchantId],
  )
  const expected = rows.map((row: { id: string }) => `exc_${row.id.replaceAll('-', '')}`)
  for (const limit of [1, 2, 7, 14, 20, 200]) {
    const { ids } = await walk(`/exceptions?limit=${limit}`)
    expect(ids, `limit ${limit}`).toEqual(expected)
  }
  expect((await walk('/exceptions?state=open&limit=3')).ids).toEqual(expected.slice(0, 14))
  expect((await walk('/exceptions?state=resolved&limit=3')).ids).toEqual(expected.slice(14))
})

test('items are paged by SKU, whatever characters it has', async () => {
  const skus = ['a', 'A', 'ä', '10', '9', '"quoted"', "o'neil", '<b>', '日本', '😀', '-', 'a b']
  await api.call('POST /items', { key: owner.key, body: { items: skus.map((sku) => ({ sku })) } })
  const { ids } = await walk('/items?limit=1')
  expect(new Set(ids).size).toBe(skus.length)
})
