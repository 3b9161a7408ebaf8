import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stages } from '../../src/orders/read.ts'
import { standings } from '../../src/orders/standing.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { aShelf, messageBody, type Shelf } from './shelf.ts'
import { type Api, type Json, list, openApi } from './support.ts'

let api: Api
let shelf: Shelf
beforeAll(async () => {
  api = await openApi()
  shelf = await aShelf(api, 'moor')
})
afterAll(() => api.close())

const get = async (path: string) => (await api.call(`GET ${path}`, { key: shelf.key })).json
const itemsOf = async (path: string): Promise<Json[]> => list((await get(path)).items)

describe('stages', () => {
  test('every stage is computed from facts', async () => {
    const found = Object.fromEntries((await itemsOf('/orders')).map((order) => [order.number, order.stage]))
    expect(found).toEqual({
      '#1001': 'in_fulfillment',
      '#1002': 'shipped',
      '#1003': 'partially_shipped',
      '#1004': 'short',
      '#1005': 'unmapped',
      '#1006': 'on_hold',
      '#1007': 'cancelled',
      '#1008': 'received',
      '#1009': 'ready',
    })
  })

  test('counts by stage add up to all orders, each in one stage', async () => {
    const all = (await itemsOf('/orders')).map((order) => order.id)
    const staged = await Promise.all(stages.map((stage) => itemsOf(`/orders?stage=${stage}`)))
    const ids = staged.flat().map((order) => order.id)
    expect([...ids].sort()).toEqual([...all].sort())
    const counted = await withTenantTx(api.db, shelf.merchantId, (tx) =>
      tx.rows<{ stage: string; n: number }>('select stage, count(*)::int as n from order_stage group by stage'),
    )
    expect(counted.reduce((sum, row) => sum + row.n, 0)).toBe(all.length)
    for (const [at, stage] of stages.entries())
      expect(counted.find((row) => row.stage === stage)?.n ?? 0, stage).toBe(staged[at]?.length)
  })

  test('counts by standing partition the orders: each in one of eight, as many as its tab lists', async () => {
    const all = await itemsOf('/orders')
    const { looked, more, counts } = await get('/orders/standings')
    expect([looked, more]).toEqual([all.length, false])
    expect(Object.keys(counts ?? {}).sort()).toEqual([...standings].sort())
    const tabs = await Promise.all(standings.map((standing) => itemsOf(`/orders?standing=${standing}`)))
    expect(Object.fromEntries(standings.map((standing, at) => [standing, tabs[at]?.length]))).toEqual(counts)
    const ids = tabs.flat().map((order) => order.id)
    expect([...ids].sort()).toEqual(all.map((order) => order.id).sort())
  })

  test('where an order stands says what a person has to do with it', async () => {
    const found = Object.fromEntries((await itemsOf('/orders')).map((order) => [order.number, order.standing]))
    expect(found).toEqual({
      '#1001': 'at_warehouse',
      '#1002': 'confirming',
      '#1003': 'part_shipped',
      '#1004': 'needs_you',
      '#1005': 'needs_you',
      '#1006': 'waiting',
      '#1007': 'cancelled',
      '#1008': 'waiting',
      '#1009': 'to_send',
    })
  })

  test('the view shows nothing outside a merchant', async () => {
    const client = await api.db.work.connect()
    try {
      await client.query('begin; set local role hub_app')
      expect((await client.query('select 1 from order_stage')).rowCount).toBe(0)
    } finally {
      await client.query('rollback')
      client.release()
    }
  })
})

describe('one order', () => {
  test('shows lines, stock, requests, shipments, exceptions and what happened', async () => {
    const order = await get(`/orders/${shelf.order}`)
    expect(order).toMatchObject({
      number: '#1003',
      total: { amount: '30.00', currency: 'EUR' },
      moneyDelta: { amount: '0.00' },
    })
    expect(list(order.lines)).toMatchObject([
      { ref: '1003-0', ordered: 3, components: [{ sku: 'SKU-1', need: 3, short: 0, handedOff: 2, shipped: 1 }] },
    ])
    expect(list(order.fulfillmentOrders)).toMatchObject([
      { id: shelf.fulfillmentOrder, status: 'in_progress', lines: [{ sku: 'SKU-1', requested: 3, shipped: 1 }] },
    ])
    expect(list(order.shipments)).toMatchObject([
      { tracking: 'TRACK-3', lines: [{ sku: 'SKU-1', quantity: 1 }], channel: [{ state: 'pending' }] },
    ])
    const kinds = list(order.timeline).map((event) => String(event.kind))
    expect(kinds[0]).toBe('order.imported')
    expect(kinds.length).toBeGreaterThan(2)
  })

  test('persons are shown to a key that may see them, and to no other', async () => {
    const whole = await get(`/orders/${shelf.order}`)
    expect(list(whole.persons)).toMatchObject([{ role: 'ship_to', data: { name: 'Example Person' } }])
    const made = await api.call('POST /api-keys', { key: shelf.key, body: { label: 'r', scopes: ['orders:read'] } })
    const plain = await api.call(`GET /orders/${shelf.order}`, { key: String(made.json.secret) })
    expect(plain.json.persons).toBeNull()
    expect(plain.text).not.toMatch(/Example (Person|Street)/)
  })
})

describe('search', () => {
  test.each([
    ['1003', 'order'],
    ['#1003', 'order'],
    ['track-3', 'tracking'],
    ['TRACK 3', 'tracking'],
    ['P-3', 'shipment'],
  ])('%s finds the order by its %s number', async (q, kind) => {
    const [first] = await itemsOf(`/orders/search?q=${encodeURIComponent(q)}`)
    expect(first).toMatchObject({ id: shelf.order, matchedKind: kind })
  })

  test('a request number is found, and by its beginning', async () => {
    const { requestNumber } = await get(`/fulfillment-orders/${shelf.fulfillmentOrder}`)
    const beginning = String(requestNumber).slice(0, 12)
    const found = await itemsOf(`/orders/search?q=${beginning}`)
    expect(found.map((order) => order.id)).toContain(shelf.order)
  })

  test('the middle of a number finds nothing', async () => {
    expect(await itemsOf('/orders/search?q=003')).toEqual([])
  })

  test('a wildcard is a character, not a pattern', async () => {
    expect(await itemsOf(`/orders/search?q=${encodeURIComponent('9%')}`)).toEqual([])
  })

  test('pages of a search are disjoint and complete', async () => {
    const whole = (await itemsOf('/orders/search?q=100&limit=200')).map((order) => order.id)
    expect(whole.length).toBe(9)
    const paged: unknown[] = []
    let after = ''
    for (let turn = 0; turn < 20; turn++) {
      const page = await get(`/orders/search?q=100&limit=2${after}`)
      paged.push(...list(page.items).map((order) => order.id))
      if (page.next === (null as unknown)) break
      after = `&after=${String(page.next)}`
    }
    expect(paged).toEqual(whole)
  })
})

describe('what a person decides', () => {
  test('a shipment by hand ships the order, once, however often it is sent', async () => {
    const path = `/fulfillment-orders/${shelf.handFulfillmentOrder}/shipments`
    const body = { ref: 'box-1', carrier: 'Example Post', tracking: 'HAND-1', lines: [{ sku: 'SKU-3', quantity: 1 }] }
    const first = await api.call(`POST ${path}`, { key: shelf.key, body })
    expect(first.status).toBe(201)
    expect(first.json).toMatchObject({ ref: 'box-1', tracking: 'HAND-1', lines: [{ sku: 'SKU-3', quantity: 1 }] })
    const again = await api.call(`POST ${path}`, { key: shelf.key, body })
    expect(again.json.id).toBe(first.json.id)
    expect((await itemsOf('/orders/search?q=HAND-1'))[0]).toMatchObject({ number: '#1009', stage: 'shipped' })
  })

  test('a dead message is shown, read as it came, and replayed; its exception ends', async () => {
    const [dead] = await itemsOf('/inbox/messages?state=dead')
    expect(dead).toMatchObject({ id: shelf.message, reason: 'total: not a number', source: 'webhook' })
    const raw = await api.call(`GET /inbox/messages/${shelf.message}/raw`, { key: shelf.key })
    expect([raw.text, raw.headers['content-type'], raw.headers['content-disposition']]).toEqual([
      messageBody,
      'application/octet-stream',
      'attachment; filename="message.bin"',
    ])
    const open = async () => (await itemsOf('/exceptions?state=open&kind=message_dead')).length
    expect(await open()).toBe(1)
    const replayed = await api.call(`POST /inbox/messages/${shelf.message}/replay`, { key: shelf.key })
    expect(replayed.json).toMatchObject({ state: 'pending', reason: null, attempts: 0 })
    expect(await open()).toBe(0)
    expect((await api.call(`POST /inbox/messages/${shelf.message}/replay`, { key: shelf.key })).status).toBe(409)
  })

  test('raw bytes need their own scope', async () => {
    const made = await api.call('POST /api-keys', { key: shelf.key, body: { label: 'r', scopes: ['inbox:read'] } })
    const key = String(made.json.secret)
    expect((await api.call(`GET /inbox/messages/${shelf.message}`, { key })).status).toBe(200)
    expect((await api.call(`GET /inbox/messages/${shelf.message}/raw`, { key })).status).toBe(403)
  })

  test('erased bytes are gone, and said to be', async () => {
    await api.database.asAdmin((admin) =>
      admin.query('update inbox_body set bytes = null where merchant_id = $1', [shelf.merchantId]),
    )
    const raw = await api.call(`GET /inbox/messages/${shelf.message}/raw`, { key: shelf.key })
    expect([raw.status, raw.json.code]).toEqual([410, 'HUB_ERASED'])
  })

  test('a resolved exception is resolved once, and the order says who did it', async () => {
    const [short] = await itemsOf('/exceptions?kind=short')
    const path = `/exceptions/${String(short?.id)}/resolve`
    const first = await api.call(`POST ${path}`, { key: shelf.key })
    const again = await api.call(`POST ${path}`, { key: shelf.key })
    expect(again.json).toEqual(first.json)
    const order = await get(`/orders/${String(short?.subject?.id)}`)
    const events = list(order.timeline).filter((event) => String(event.kind) === 'exception.resolved')
    expect(events).toMatchObject([{ actor: `key:${shelf.key.split('_')[2]}`, data: { kind: 'short' } }])
  })
})
