import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listOrders } from '../../src/orders/list-orders.ts'
import { readOrder } from '../../src/orders/read.ts'
import { searchOrders } from '../../src/orders/search-orders.ts'
import { countStandings } from '../../src/orders/standing.ts'
import { type Db, openDb } from '../../src/platform/db/pool.ts'
import { type Tx, withTenantTx } from '../../src/platform/db/tx.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

const ordersEach = 10_000
const merchants = [randomUUID(), randomUUID()]
let database: TestDatabase
let db: Db
let orderId = ''
const walked =
  /Seq Scan on (orders|order_number|order_line|order_line_component|reservation|fulfillment_order)\b|Rows Removed by Filter: \d{3}/

/** Two merchants of 10,000 orders, every second one half shipped; statistics are from when the tables were empty. */
beforeAll(async () => {
  database = await freshDatabase()
  db = openDb(database.url, { work: 2, ingest: 1 })
  await database.asAdmin(async (admin) => {
    await admin.query('analyze')
    for (const merchantId of merchants) {
      await admin.query(
        `insert into orders (merchant_id, order_id, account_id, connection_id, external_id, external_number, changed_at, content_sha256, placed_at,
           currency, total_minor, shop_currency, shop_total_minor, remote_status)
         select '${merchantId}', gen_random_uuid(), '${merchantId}', '${merchantId}', n, '#' || n, now(), '', now() - n * interval '1 minute', 'EUR', 0, 'EUR', 0, 'paid'
         from generate_series(1, ${ordersEach}) n;
         insert into order_number select merchant_id, 'A' || external_id, order_id, 'order' from orders where merchant_id = '${merchantId}';
         insert into order_line (merchant_id, order_id, line_id, external_line_id, title, qty_ordered, total_minor)
         select merchant_id, order_id, order_id, '1', 'x', 2, 0 from orders where merchant_id = '${merchantId}';
         insert into order_line_component (merchant_id, order_id, line_id, item_id, qty_per, need, placed_at)
         select merchant_id, order_id, order_id, merchant_id, 1, 2, placed_at from orders where merchant_id = '${merchantId}';
         insert into reservation (merchant_id, order_id, line_id, item_id, location_id, reserved, consumed)
         select merchant_id, order_id, order_id, merchant_id, merchant_id, 1, external_id::int % 2 from orders where merchant_id = '${merchantId}';
         insert into fulfillment_order (merchant_id, fulfillment_order_id, order_id, location_id, request_number)
         select merchant_id, order_id, order_id, merchant_id, external_id from orders where merchant_id = '${merchantId}'`,
      )
    }
    const { rows } = await admin.query('select order_id from orders where merchant_id = $1 limit 1', [merchants[0]])
    orderId = rows[0].order_id
  })
}, 120_000)
afterAll(async () => {
  await db.close()
  await database.drop()
})

/** The plans of what `work` asks, instead of its rows. */
async function plansOf(work: (tx: Tx) => Promise<unknown>): Promise<string> {
  const plans: string[] = []
  await withTenantTx(db, merchants[0] ?? '', async (tx) => {
    const explained: Tx = {
      ...tx,
      rows: async (text, params) => {
        const rows = await tx.rows<{ 'QUERY PLAN': string }>(`explain (analyze, costs off, timing off) ${text}`, params)
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
        return []
      },
    }
    await work(explained)
  })
  return plans.join('\n\n')
}

test('a later page of a search begins where the page before it ended', async () => {
  const plan = await plansOf((tx) => searchOrders(tx, 'a', { after: { matched: 'A9000', orderId }, limit: 50 }))
  expect(plan).toMatch(/Index (Only )?Scan using order_number_\w+/)
  expect(plan).not.toMatch(walked)
})

test('search by prefix walks the prefix index, and throws nothing away', async () => {
  const plan = await plansOf((tx) => searchOrders(tx, 'a123', { after: null, limit: 50 }))
  expect(plan).toMatch(/Index (Only )?Scan using order_number_\w+/)
  expect(plan).toMatch(/Index Cond: .*normalised ~>=~ .*normalised ~<~ /)
  expect(plan).not.toMatch(walked)
})

test('search finds exactly what begins so, the shortest first', async () => {
  const found = await withTenantTx(db, merchants[0] ?? '', (tx) => searchOrders(tx, 'a99', { after: null, limit: 200 }))
  expect(found.length).toBe(111)
  expect(found.slice(0, 2).map((order) => order.matched)).toEqual(['A99', 'A990'])
})

test('one order reads one order', async () => {
  const plan = await plansOf((tx) => readOrder(tx, orderId))
  expect(plan).not.toMatch(walked)
})

test('a page of orders looks nothing up by walking', async () => {
  const plan = await plansOf((tx) => listOrders(tx, { limit: 50 }, () => null))
  expect(plan).not.toMatch(walked)
})

test('with statistics, a page of orders and a page of a common stage read little more than they show', async () => {
  await database.asAdmin((admin) => admin.query('analyze'))
  const plain = await plansOf((tx) => listOrders(tx, { limit: 50 }, () => null))
  const staged = await plansOf((tx) => listOrders(tx, { limit: 50, stage: 'ready' }, () => null))
  for (const plan of [plain, staged]) {
    expect(plan).toMatch(/Index Scan using orders_page on orders t \(actual rows=\d{2,3}(\.00)? loops=1\)/)
    expect(plan).not.toMatch(walked)
  }
})

test('all orders of a stage are found, page by page', async () => {
  const seen = new Set<string>()
  let after: string | undefined
  for (let turn = 0; turn < 60; turn++) {
    const page = await withTenantTx(db, merchants[0] ?? '', (tx) =>
      listOrders(tx, { limit: 200, stage: 'partially_shipped', after }, (order) => order.orderId),
    )
    for (const id of page.items) seen.add(id)
    if (page.next === null) break
    after = page.next
  }
  expect(seen.size).toBe(ordersEach / 2)
})

test('counting where orders stand looks at the newest 2,000 and no more, and says that there are others', async () => {
  const plan = await plansOf((tx) => countStandings(tx, {}))
  expect(plan).toMatch(/Index Scan using orders_page on orders t \(actual rows=200\d(\.00)? loops=1\)/)
  expect(plan).not.toMatch(walked)
  const { looked, more, counts } = await withTenantTx(db, merchants[0] ?? '', (tx) => countStandings(tx, {}))
  expect([looked, more, counts.part_shipped, counts.to_send]).toEqual([2_000, true, 1_000, 1_000])
})
