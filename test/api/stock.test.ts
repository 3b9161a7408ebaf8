import { afterAll, beforeAll, expect, test } from 'vitest'
import { aShelf, type Shelf } from './shelf.ts'
import { type Api, list, openApi } from './support.ts'

let api: Api
let shelf: Shelf
beforeAll(async () => {
  api = await openApi()
  shelf = await aShelf(api, 'hill')
})
afterAll(() => api.close())

const adjust = (lines: unknown, headers: Record<string, string> = {}, reason = 'found in the cellar') =>
  api.call('POST /inventory/adjustments', { key: shelf.key, body: { reason, lines }, headers })
const onHand = async (sku: string) => {
  const levels = list((await api.call(`GET /inventory/levels?sku=${sku}`, { key: shelf.key })).json.items)
  return levels.reduce((sum, level) => sum + Number(level.onHand), 0)
}

test('the same Idempotency-Key and body adjusts once and answers alike', async () => {
  const before = await onHand('SKU-3')
  const lines = [{ sku: 'SKU-3', location: 'HOME', delta: 5 }]
  const first = await adjust(lines, { 'idempotency-key': 'once' })
  const again = await adjust(lines, { 'idempotency-key': 'once' })
  expect([first.status, again.status]).toEqual([200, 200])
  expect(again.json).toEqual(first.json)
  expect(await onHand('SKU-3')).toBe(before + 5)
})

test('ten at once with one Idempotency-Key adjust once and answer alike', async () => {
  const before = await onHand('SKU-3')
  const lines = [{ sku: 'SKU-3', location: 'HOME', delta: 1 }]
  const answers = await Promise.all(Array.from({ length: 10 }, () => adjust(lines, { 'idempotency-key': 'ten' })))
  expect(new Set(answers.map((answer) => `${answer.status} ${answer.text}`)).size).toBe(1)
  expect(answers[0]?.status).toBe(200)
  expect(await onHand('SKU-3')).toBe(before + 1)
})

test('[bad-input 53] the same Idempotency-Key with another body is 422, and changes nothing', async () => {
  await adjust([{ sku: 'SKU-3', location: 'HOME', delta: 1 }], { 'idempotency-key': 'other' })
  const before = await onHand('SKU-3')
  const answer = await adjust([{ sku: 'SKU-3', location: 'HOME', delta: 2 }], { 'idempotency-key': 'other' })
  expect(answer.status).toBe(422)
  expect(await onHand('SKU-3')).toBe(before)
})

test('a refused request does not use up its Idempotency-Key', async () => {
  const key = { 'idempotency-key': 'refused-first' }
  expect((await adjust([{ sku: 'NOPE', location: 'HOME', delta: 1 }], key)).status).toBe(422)
  expect((await adjust([{ sku: 'SKU-3', location: 'HOME', delta: 1 }], key)).status).toBe(200)
})

test('an Idempotency-Key can be used again after a day', async () => {
  const key = { 'idempotency-key': 'yesterday' }
  await adjust([{ sku: 'SKU-3', location: 'HOME', delta: 1 }], key)
  await api.database.asAdmin((admin) =>
    admin.query(`update api_request set at = now() - interval '25 hours' where replay_key = 'yesterday'`),
  )
  const before = await onHand('SKU-3')
  expect((await adjust([{ sku: 'SKU-3', location: 'HOME', delta: 2 }], key)).status).toBe(200)
  expect(await onHand('SKU-3')).toBe(before + 2)
})

test('an Idempotency-Key of strange characters is 400', async () => {
  expect((await adjust([{ sku: 'SKU-3', location: 'HOME', delta: 1 }], { 'idempotency-key': 'a b' })).status).toBe(400)
})

test('deltas at once add up', async () => {
  const before = await onHand('SKU-3')
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => adjust([{ sku: 'SKU-3', location: 'HOME', delta: 1 }])),
  )
  expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200))
  expect(await onHand('SKU-3')).toBe(before + 8)
})

test('the ledger names who adjusted and why', async () => {
  await adjust([{ sku: 'SKU-1', location: 'HOME', set: 3 }], {}, 'stocktaking')
  const rows = await api.database.asAdmin(async (admin) => {
    const found = await admin.query(
      `select r.actor, r.action, r.reason, m.on_hand_delta from inventory_movement m join api_request r on r.request_id = m.cause_id and m.cause_kind = 'api'
       where r.reason = 'stocktaking'`,
    )
    return found.rows
  })
  const actor = `key:${shelf.key.split('_')[2]}`
  expect(rows).toEqual([
    { actor, action: 'POST /api/v1/inventory/adjustments', reason: 'stocktaking', on_hand_delta: 3 },
  ])
})

test('raising stock fills the short order, lowering it makes it short again', async () => {
  const stageOf = async () =>
    list((await api.call('GET /orders/search?q=1004', { key: shelf.key })).json.items)[0]?.stage
  expect(await stageOf()).toBe('short')
  expect((await adjust([{ sku: 'SKU-2', location: '3PL', set: 20 }])).status).toBe(200)
  expect(await stageOf()).toBe('ready')
  const lowered = await adjust([{ sku: 'SKU-2', location: '3PL', set: 4 }])
  expect(lowered.json.short).toBe(5)
  expect(await stageOf()).toBe('short')
})

test('a change wakes the lanes of its merchant, after the commit only', async () => {
  api.woken.length = 0
  await adjust([{ sku: 'NOPE', location: 'HOME', delta: 1 }])
  expect(api.woken).toEqual([])
  await adjust([{ sku: 'SKU-3', location: 'HOME', delta: 1 }])
  expect(api.woken).toEqual([shelf.merchantId])
})

test('mapping the listing of an unmapped order gives it its stock', async () => {
  const find = async () => list((await api.call('GET /orders/search?q=1005', { key: shelf.key })).json.items)[0]?.stage
  expect(await find()).toBe('unmapped')
  const [gone] = list((await api.call('GET /listings?unmapped=true', { key: shelf.key })).json.items)
  const body = { components: [{ sku: 'SKU-1', quantity: 1 }] }
  const mapped = await api.call(`PUT /listings/${String(gone?.id)}/components`, { key: shelf.key, body })
  expect(list(mapped.json.components)).toMatchObject([{ sku: 'SKU-1', quantity: 1, source: 'manual' }])
  expect(await find()).toBe('ready')
  expect(list((await api.call('GET /listings?unmapped=true', { key: shelf.key })).json.items)).toEqual([])
})

test('creating an item again keeps its id and changes its title', async () => {
  const post = (title: string) =>
    api.call('POST /items', { key: shelf.key, body: { items: [{ sku: 'SKU-1', title }] } })
  const [again] = list((await post('New name')).json.items)
  expect(String(again?.id)).toBe(shelf.item)
  const item = await api.call(`GET /items/${shelf.item}`, { key: shelf.key })
  expect(item.json).toMatchObject({ sku: 'SKU-1', title: 'New name' })
  expect(list(item.json.levels).length).toBeGreaterThan(0)
  expect(list(item.json.listings).length).toBeGreaterThan(0)
})

test('of two changes of one location with the same version, the second is 409', async () => {
  const { version } =
    list((await api.call('GET /locations', { key: shelf.key })).json.items).find(
      (location) => String(location.id) === shelf.location,
    ) ?? {}
  const patch = (name: string) =>
    api.call(`PATCH /locations/${shelf.location}`, { key: shelf.key, body: { name, version } })
  const answers = await Promise.all([patch('Attic'), patch('Shed')])
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409])
})

test('the matrix shows beside what is there what each shop shows, and says of which number it is', async () => {
  const { items } = (await api.call('GET /inventory/matrix', { key: shelf.key })).json
  const rows = list(items)
  expect(rows.map((row) => row.sku)).toEqual(['SKU-1', 'SKU-2', 'SKU-3'])
  for (const row of rows) {
    expect(Number(row.onHand)).toBe(await onHand(String(row.sku)))
    expect(Number(row.available)).toBe(Number(row.onHand) - Number(row.reserved) - Number(row.held))
    expect(list(row.listings).length).toBeGreaterThan(0)
  }
  expect(list(rows[0]?.listings)[0]).toMatchObject({ connection: shelf.connection, takes: 1, canTell: true })
})

test('the matrix narrows to how a SKU begins, to what is short, and to what is not in step', async () => {
  const skus = async (query: string) => {
    const { items } = (await api.call(`GET /inventory/matrix?${query}`, { key: shelf.key })).json
    return list(items).map((row) => row.sku)
  }
  expect(await skus('sku=sku-2')).toEqual(['SKU-2'])
  expect(await skus('sku=%25')).toEqual([])
  expect(await skus('show=short')).toEqual(['SKU-2'])
  expect(await skus('show=not_in_step')).toEqual([])
  await api.database.asAdmin((admin) =>
    admin.query(
      `insert into listing_push (merchant_id, connection_id, listing_id, desired_version, confirmed_qty)
       select l.merchant_id, l.connection_id, l.listing_id, 9, 4 from listing l
       join listing_component k using (merchant_id, listing_id) join item i using (merchant_id, item_id) where i.sku = 'SKU-2' limit 1`,
    ),
  )
  expect(await skus('show=not_in_step')).toEqual(['SKU-2'])
})

test('the ledger of an item is its movements, newest first, page by page; they add up to what is there', async () => {
  await adjust([{ sku: 'SKU-3', location: 'HOME', delta: 3 }], {}, 'found behind the shelf')
  const { items } = (await api.call('GET /items?sku=SKU-3', { key: shelf.key })).json
  const path = `/items/${String(list(items)[0]?.id)}/movements`
  const whole = list((await api.call(`GET ${path}?limit=200`, { key: shelf.key })).json.items)
  expect(whole[0]).toMatchObject({ kind: 'adjust', onHand: 3, reserved: 0, reason: 'found behind the shelf' })
  expect(whole.reduce((sum, move) => sum + Number(move.onHand), 0)).toBe(await onHand('SKU-3'))
  const paged: string[] = []
  for (let after = ''; paged.length < 500; ) {
    const page = (await api.call(`GET ${path}?limit=2${after && `&after=${after}`}`, { key: shelf.key })).json
    paged.push(...list(page.items).map((move) => String(move.version)))
    if (page.next === null) break
    after = String(page.next)
  }
  expect(paged).toEqual(whole.map((move) => move.version))
})
