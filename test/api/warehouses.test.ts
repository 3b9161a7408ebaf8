import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { uuidOf } from '../../src/model/id.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { aShelf, type Shelf } from './shelf.ts'
import { type Api, list, openApi } from './support.ts'

let api: Api
let shelf: Shelf
beforeAll(async () => {
  api = await openApi()
})
beforeEach(async () => {
  shelf = await aShelf(
    api,
    `dock${++docks}`.replaceAll(/\d/g, (n) => 'abcdefghij'[Number(n)] ?? ''),
  )
})
afterAll(() => api.close())
let docks = 0

const get = async (path: string) => (await api.call(`GET ${path}`, { key: shelf.key })).json
const warehouse = async () => list((await get('/warehouses')).items)[0]
const handIn = (name: string, content: string) =>
  api.call(`POST /warehouses/${shelf.partner}/files`, { key: shelf.key, body: { name, content } })
const base64 = (text: string) => Buffer.from(text).toString('base64')
const inTenant = (sql: string, params: readonly unknown[] = []) =>
  withTenantTx(api.db, shelf.merchantId, (tx) => tx.rows(sql, [shelf.merchantId, ...params]))

describe('a warehouse', () => {
  test('says what came last, what waits, what is late and what was wrong', async () => {
    expect(await warehouse()).toMatchObject({
      id: shelf.partner,
      label: '3PL',
      status: 'active',
      location: { id: shelf.partnerLocation, code: '3PL' },
      lastSent: null,
      lastReceived: { id: shelf.file, state: 'applied' },
      waiting: 0,
      late: 0,
      rowsInError: 0,
    })
    await inTenant(
      `update effect set state = 'accepted' where merchant_id = $1 and kind = 'request' and state = 'pending'`,
    )
    await inTenant(`update fulfillment_order set ack_due_at = now() - interval '1 minute' where merchant_id = $1`)
    await inTenant(
      `insert into exception (merchant_id, exception_id, kind, dedupe_key, subject_kind, subject_id, detail)
       values ($1, gen_random_uuid(), 'file_rows_rejected', 'x', 'file', $2, '{"rejected": 2}')`,
      [uuidOf('file', shelf.file)],
    )
    const told = await warehouse()
    expect(told).toMatchObject({ toSend: 0, rowsInError: 2, filesInError: 1 })
    expect(Number(told?.waiting)).toBeGreaterThan(0)
    expect(told?.late).toEqual(told?.waiting)
  })

  test('shops are none of them, and one that was let go of is none any more', async () => {
    expect(list((await get('/warehouses')).items).length).toBe(1)
    await api.call(`POST /connections/${shelf.partner}/disconnect`, { key: shelf.key })
    expect(list((await get('/warehouses')).items)).toEqual([])
    expect((await handIn('stock.csv', base64('a'))).status).toBe(409)
    expect((await api.call(`POST /warehouses/${shelf.connection}/send`, { key: shelf.key })).status).toBe(404)
  })

  test('is sent what waited for its next try', async () => {
    await inTenant(
      `update effect set state = 'pending', due_at = now() + interval '1 hour' where merchant_id = $1 and kind = 'request'`,
    )
    const sent = await api.call(`POST /warehouses/${shelf.partner}/send`, { key: shelf.key })
    expect(Number(sent.json.hurried)).toBeGreaterThan(0)
    expect((await api.call(`POST /warehouses/${shelf.partner}/send`, { key: shelf.key })).json).toEqual({ hurried: 0 })
    const left = await inTenant(`select 1 from effect where merchant_id = $1 and kind = 'request' and due_at > now()`)
    expect(left).toEqual([])
  })
})

describe('a file', () => {
  test('that is handed in lies where those of the folder lie, once, and can be had again as it came', async () => {
    const text = 'sku,counted\nSKU-1,5\n'
    const made = await handIn('stock_1.csv', base64(text))
    expect([made.status, made.json.known]).toEqual([201, false])
    const id = String(made.json.id)
    expect(await get(`/files/${id}`)).toMatchObject({ name: 'stock_1.csv', direction: 'in', state: 'stored' })
    const dedupeKey = `file.${createHash('sha256').update(text).digest('hex')}`
    const [message] = await inTenant('select state from inbox_message where merchant_id = $1 and dedupe_key = $2', [
      dedupeKey,
    ])
    expect(message).toEqual({ state: 'pending' })
    expect(api.woken).toContain(shelf.merchantId)
    const content = await api.call(`GET /files/${id}/content`, { key: shelf.key })
    expect([content.text, content.headers['content-disposition']]).toEqual([text, 'attachment; filename="stock_1.csv"'])
    const again = await handIn('stock_2.csv', base64(text))
    expect(again.json.known).toBe(true)
    expect(await get(`/files/${String(again.json.id)}`)).toMatchObject({ state: 'duplicate' })
  })

  test.each([
    ['', 'content'],
    ['not base64!', 'content'],
  ])('with content %j is refused by its field', async (content, field) => {
    const answer = await handIn('stock.csv', content)
    expect(answer.status).toBe(400)
    expect(list(answer.json.errors).map((error) => String(error.field))).toContain(field)
  })

  test('whose name is a trap is downloaded under a harmless one, and one whose time is over says so', async () => {
    const content = await api.call(`GET /files/${shelf.file}/content`, { key: shelf.key })
    expect([content.text, content.headers['content-disposition'], content.headers['content-type']]).toEqual([
      'file',
      'attachment; filename="_.._etc_csv.exe"',
      'application/octet-stream',
    ])
    await inTenant('update inbox_body set bytes = null where merchant_id = $1')
    expect((await api.call(`GET /files/${shelf.file}/content`, { key: shelf.key })).status).toBe(410)
  })
})
