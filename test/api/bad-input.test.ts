import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aShelf, type Shelf } from './shelf.ts'
import { type Api, list, openApi } from './support.ts'

let api: Api
let shelf: Shelf
beforeAll(async () => {
  api = await openApi()
  shelf = await aShelf(api, 'east')
})
afterAll(() => api.close())

const line = (more: object) => ({ reason: 'try', lines: [{ sku: 'SKU-1', location: 'HOME', ...more }] })
const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url')
const owner = () => shelf.merchantId.slice(-12)

type Row = readonly [name: string, route: (s: Shelf) => string, body: unknown, status: number, field: string]
const adjust = () => 'POST /inventory/adjustments'

const rows: readonly Row[] = [
  // Mass assignment: what a caller may not set is refused, not dropped.
  [
    '[bad-input 43] merchantId in a PATCH',
    (s) => `PATCH /connections/${s.connection}`,
    { merchantId: 'mer_1' },
    400,
    '',
  ],
  ['[bad-input 43] id in a PATCH', (s) => `PATCH /connections/${s.connection}`, { id: 'con_1', label: 'x' }, 400, ''],
  [
    '[bad-input 43] createdAt in a PATCH',
    (s) => `PATCH /connections/${s.connection}`,
    { createdAt: '2026-01-01' },
    400,
    '',
  ],
  ['credentials in a PATCH', (s) => `PATCH /connections/${s.connection}`, { credentials: {} }, 400, ''],
  ['[bad-input 43] role in a PATCH', () => 'PATCH /merchant', { role: 'admin' }, 400, ''],
  ['connection in a location PATCH', (s) => `PATCH /locations/${s.location}`, { connection: null }, 400, ''],
  ['an unknown field deep in a list', () => 'POST /items', { items: [{ sku: 'A', onHand: 5 }] }, 400, 'items.0'],
  // Query.
  ['[bad-input 44] sort=;drop', () => 'GET /orders?sort=;drop', undefined, 400, ''],
  ['[bad-input 44] limit=-1', () => 'GET /orders?limit=-1', undefined, 400, 'limit'],
  ['limit=0', () => 'GET /orders?limit=0', undefined, 400, 'limit'],
  ['[bad-input 44] limit=1e9', () => 'GET /orders?limit=1e9', undefined, 400, 'limit'],
  ['[bad-input 44] limit=NaN', () => 'GET /orders?limit=NaN', undefined, 400, 'limit'],
  ['limit=1.5', () => 'GET /orders?limit=1.5', undefined, 400, 'limit'],
  ['limit twice', () => 'GET /orders?limit=1&limit=2', undefined, 400, 'limit'],
  ['[bad-input 54] a nested filter', () => 'GET /orders?stage[in]=ready', undefined, 400, ''],
  ['[bad-input 54] a filter ten levels deep', () => `GET /orders?where${'[and]'.repeat(10)}=1`, undefined, 400, ''],
  [
    '[bad-input 54] a filter as JSON',
    () => 'GET /orders?filter=%7B%22and%22%3A%5B%7B%22or%22%3A%5B%5D%7D%5D%7D',
    undefined,
    400,
    '',
  ],
  ['a stage that is none', () => 'GET /orders?stage=ready%27--', undefined, 400, 'stage'],
  [
    'an id of another noun',
    () => 'GET /orders?connection=ord_00000000000070008000000000000000',
    undefined,
    400,
    'connection',
  ],
  ['a date that is none', () => 'GET /orders?placedFrom=2026-02-31T00:00:00Z', undefined, 400, 'placedFrom'],
  ['a date of year 0', () => 'GET /orders?placedFrom=0000-01-01T00:00:00Z', undefined, 400, 'placedFrom'],
  ['a date without a zone', () => 'GET /orders?placedFrom=2026-01-01T00:00:00', undefined, 400, 'placedFrom'],
  ['a search for nothing', () => 'GET /orders/search?q=%23-%20', undefined, 400, 'q'],
  ['a search with NUL', () => 'GET /orders/search?q=%00', undefined, 400, 'q'],
  ['a SKU with NUL in a filter', () => 'GET /items?sku=a%00b', undefined, 400, 'sku'],
  ['a lone surrogate in a filter', () => 'GET /items?sku=%ED%A0%80', undefined, 200, ''],
  // Cursors.
  ['a cursor of another list', () => `GET /items?after=${cursor('orders', owner(), 'x')}`, undefined, 400, 'after'],
  ['a cursor that is not JSON', () => 'GET /orders?after=AAAA', undefined, 400, 'after'],
  [
    'a cursor with a date of no calendar',
    () =>
      `GET /orders?after=${cursor('orders', owner(), '2026-02-31 00:00:00+00', '00000000-0000-7000-8000-000000000000')}`,
    undefined,
    400,
    'after',
  ],
  [
    'a cursor with a strange offset',
    () =>
      `GET /orders?after=${cursor('orders', owner(), '2026-02-01 00:00:00+99', '00000000-0000-7000-8000-000000000000')}`,
    undefined,
    400,
    'after',
  ],
  [
    'a cursor with SQL',
    () => `GET /orders?after=${cursor('orders', owner(), "now()'; drop table orders --", 'x')}`,
    undefined,
    400,
    'after',
  ],
  [
    'a cursor with an object',
    () => `GET /orders?after=${cursor('orders', owner(), { a: 1 }, [])}`,
    undefined,
    400,
    'after',
  ],
  ['a search cursor of elsewhere', () => `GET /orders/search?q=1&after=${cursor('a', 'b')}`, undefined, 400, 'after'],
  // Quantities.
  ['[bad-input 50] a negative quantity', adjust, line({ set: -1 }), 400, 'lines.0.set'],
  ['[bad-input 50] a float quantity', adjust, line({ set: 1.5 }), 400, 'lines.0.set'],
  ['[bad-input 50] 1e21 as a quantity', adjust, line({ set: 1e21 }), 400, 'lines.0.set'],
  ['[bad-input 50] "5" as a quantity', adjust, line({ set: '5' }), 400, 'lines.0.set'],
  ['null as a quantity', adjust, line({ set: null }), 400, 'lines.0.set'],
  ['2^31 as a delta', adjust, line({ delta: 2_147_483_648 }), 400, 'lines.0.delta'],
  ['set and delta', adjust, line({ set: 1, delta: 1 }), 400, 'lines.0'],
  ['neither set nor delta', adjust, line({}), 400, 'lines.0'],
  [
    'more than 500 lines',
    adjust,
    { reason: 'x', lines: Array(501).fill({ sku: 'A', location: 'B', set: 1 }) },
    400,
    'lines',
  ],
  ['no line', adjust, { reason: 'x', lines: [] }, 400, 'lines'],
  ['no reason', adjust, { lines: [{ sku: 'SKU-1', location: 'HOME', set: 1 }] }, 400, 'reason'],
  ['an unknown SKU', adjust, line({ sku: 'NOPE', set: 1 }), 422, 'lines.0.sku'],
  ['an unknown location', adjust, line({ location: 'NOPE', set: 1 }), 422, 'lines.0.location'],
  ['more taken than is there', adjust, line({ delta: -1 }), 422, 'lines.0.delta'],
  [
    'a SKU twice',
    adjust,
    { reason: 'x', lines: [0, 1].map(() => ({ sku: 'SKU-1', location: 'HOME', delta: 1 })) },
    422,
    'lines.1.sku',
  ],
  [
    'a float in a kit',
    (s) => `PUT /listings/${s.listing}/components`,
    { components: [{ sku: 'SKU-1', quantity: 0.5 }] },
    400,
    'components.0.quantity',
  ],
  [
    'an unknown SKU in a kit',
    (s) => `PUT /listings/${s.listing}/components`,
    { components: [{ sku: 'NOPE', quantity: 1 }] },
    404,
    'components.0.sku',
  ],
  [
    'an item twice in a kit',
    (s) => `PUT /listings/${s.listing}/components`,
    {
      components: [
        { sku: 'SKU-1', quantity: 1 },
        { sku: 'SKU-1', quantity: 2 },
      ],
    },
    400,
    'components',
  ],
  // Text.
  ['NUL in a SKU', () => 'POST /items', { items: [{ sku: 'a\u0000b' }] }, 400, 'items.0.sku'],
  ['half a surrogate pair', () => 'POST /items', '{"items":[{"sku":"a\\ud800"}]}', 400, 'items.0.sku'],
  ['a SKU of blanks', () => 'POST /items', { items: [{ sku: '   ' }] }, 400, 'items.0.sku'],
  ['a SKU of 256 characters', () => 'POST /items', { items: [{ sku: 'x'.repeat(256) }] }, 400, 'items.0.sku'],
  ['a SKU twice in one request', () => 'POST /items', { items: [{ sku: 'x' }, { sku: 'x' }] }, 400, 'items'],
  ['a list for an object', () => 'POST /items', [], 400, ''],
  ['__proto__', () => 'POST /items', '{"items":[{"sku":"a","__proto__":{"x":1}}]}', 400, ''],
  ['broken JSON', () => 'POST /items', '{"items":', 400, ''],
  // Ids.
  ['an id that is none', () => 'GET /orders/1', undefined, 400, 'id'],
  ['an id in capitals', (s) => `GET /orders/${s.order.toUpperCase()}`, undefined, 400, 'id'],
  ['an id that nobody has', () => 'GET /orders/ord_00000000000070008000000000000000', undefined, 404, ''],
  ['a path that climbs', () => 'GET /orders/..%2f..%2fetc', undefined, 400, 'id'],
  ['an address that is none', () => 'GET /nothing', undefined, 404, ''],
  // States.
  [
    'a retry of what is not incomplete',
    (s) => `POST /fulfillment-orders/${s.fulfillmentOrder}/retry`,
    undefined,
    409,
    '',
  ],
  [
    "a shipment by hand of a partner's request",
    (s) => `POST /fulfillment-orders/${s.fulfillmentOrder}/shipments`,
    { carrier: 'x', lines: [{ sku: 'SKU-1', quantity: 1 }] },
    409,
    '',
  ],
  [
    'more shipped than asked',
    (s) => `POST /fulfillment-orders/${s.handFulfillmentOrder}/shipments`,
    { carrier: 'x', lines: [{ sku: 'SKU-3', quantity: 2 }] },
    422,
    'lines.0.quantity',
  ],
  [
    'a SKU that was not asked for',
    (s) => `POST /fulfillment-orders/${s.handFulfillmentOrder}/shipments`,
    { carrier: 'x', lines: [{ sku: 'SKU-1', quantity: 1 }] },
    422,
    'lines.0.sku',
  ],
  ['a location code that is taken', () => 'POST /locations', { code: 'HOME', name: 'Again' }, 409, 'code'],
]

async function counts(): Promise<unknown> {
  return api.database.asAdmin(async (admin) => {
    const tables = ['item', 'inventory_movement', 'listing_component', 'shipment', 'api_request', 'location']
    const parts = tables.map((table) => `(select count(*) from ${table}) as ${table}`)
    return (await admin.query(`select ${parts.join(', ')}`)).rows[0]
  })
}

describe('bad input', () => {
  test.each(rows)(
    '%s is answered with its field and its mend, and nothing changes',
    async (...[, route, body, status, field]) => {
      const before = await counts()
      const answer = await api.call(route(shelf), { key: shelf.key, ...(body !== undefined && { body }) })
      expect({ status: answer.status, text: answer.status === status ? '' : answer.text }).toEqual({ status, text: '' })
      if (status === 200) return
      expect(String(answer.headers['content-type'])).toContain('application/problem+json')
      expect(String(answer.json.detail).length).toBeGreaterThan(5)
      if (field !== '') {
        const named = list(answer.json.errors).find((error) => error.field === (field as unknown))
        expect(named, answer.text).toBeDefined()
        expect(String(named?.mend).length).toBeGreaterThan(3)
      }
      expect(await counts()).toEqual(before)
    },
  )

  test('an adjustment with three bad rows of five names all three, and applies none', async () => {
    const before = await counts()
    const lines = ['SKU-1', 'NOPE', 'SKU-2', 'SKU-3', 'ALSO'].map((sku) => ({ sku, location: 'HOME', delta: 1 }))
    lines[3] = { sku: 'SKU-3', location: 'NOWHERE', delta: 1 }
    const answer = await api.call('POST /inventory/adjustments', { key: shelf.key, body: { reason: 'x', lines } })
    expect(answer.status).toBe(422)
    expect(list(answer.json.errors).map((e) => e.field)).toEqual(['lines.1.sku', 'lines.3.location', 'lines.4.sku'])
    expect(await counts()).toEqual(before)
  })

  test('a file name that climbs and a right-to-left override are data only', async () => {
    const answer = await api.call(`GET /files/${shelf.file}`, { key: shelf.key })
    expect(answer.json.name).toBe('../../etc/\u202Ecsv.exe')
    expect(list(answer.json.issues)).toEqual([
      { row: 17, severity: 'error', field: 'sku', code: 'UNKNOWN', message: 'is not known' },
    ])
  })
})
