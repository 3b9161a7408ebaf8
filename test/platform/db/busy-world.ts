import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { UnifiedOrder } from '../../../src/connector-kit/index.ts'
import { type Db, openDb } from '../../../src/platform/db/pool.ts'
import { type Tx, withTenantTx } from '../../../src/platform/db/tx.ts'
import { freshDatabase, type TestDatabase } from '../../support/database.ts'
import { anOrder } from '../../support/world.ts'

const itemsMax = 1_000
const ordersMax = 10_000
const otherMerchants = 200

/**
 * A merchant with 10,000 orders whose tables were last analysed when they were empty, among 200 others. Autovacuum is
 * off in the tests' cluster, so the planner knows as little of them as in the minutes after a first start. What must
 * be named from outside (orders, listings, requests) has ids that are computed from its number.
 */
export interface BusyWorld {
  readonly database: TestDatabase
  readonly db: Db
  /** Its one connection has been there since the tables were empty. */
  readonly oldDb: Db
  readonly merchantId: string
  readonly shop: { readonly accountId: string; readonly connectionId: string }
  readonly partner: string
  tenant<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export async function openBusyWorld(
  whileEmpty: (world: BusyWorld) => Promise<void> = async () => {},
): Promise<BusyWorld> {
  const database = await freshDatabase()
  const [db, oldDb] = [openDb(database.url, { work: 1, ingest: 1 }), openDb(database.url, { work: 1, ingest: 1 })]
  const merchantId = randomUUID()
  const [accountId, connectionId, partner] = [randomUUID(), randomUUID(), randomUUID()]
  const load = (statements: readonly string[]) =>
    database.asAdmin(async (admin) => {
      await admin.query('set session_replication_role = replica') // the rows agree by construction
      for (const sql of statements) await fill(admin, sql, { merchantId, accountId, connectionId, partner })
    })
  const world: BusyWorld = {
    database,
    db,
    oldDb,
    merchantId,
    partner,
    shop: { accountId, connectionId },
    tenant: (work) => withTenantTx(db, merchantId, work),
    close: async () => {
      await Promise.all([db.close(), oldDb.close()])
      await database.drop()
    },
  }
  await database.asAdmin((admin) => admin.query('analyze'))
  await load(catalogue)
  await whileEmpty(world)
  await load([...orders, ...pushes])
  await database.asAdmin((admin) => admin.query(others, [otherMerchants]))
  return world
}

/** `:name` stands for a value; each statement takes only those it names. */
async function fill(admin: pg.Client, sql: string, values: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(values).filter((name) => sql.includes(`:${name}`))
  const text = names.reduce((s, name, n) => s.replaceAll(`:${name}`, `$${n + 1}::uuid`), sql)
  await admin.query(
    text,
    names.map((name) => values[name]),
  )
}

/** 1,000 items in two places, each sold under two listings. Of every fortieth item there is none. */
const catalogue = [
  `insert into merchant (merchant_id, name) values (:merchantId, 'Busy')`,
  `insert into connection (merchant_id, connection_id, account_id, connector, label, credentials)
   values (:merchantId, :connectionId, :accountId, 'shopify', 'Shop', ''), (:merchantId, :partner, gen_random_uuid(), 'warehouse-files', 'Partner', '')`,
  `insert into lane (merchant_id, connection_id, kind) select :merchantId, c, k from unnest(array[:connectionId, :partner]) as c cross join unnest(array['import', 'push.stock', 'effect', 'poll']) as k`,
  `insert into location (merchant_id, location_id, code, name, rank, connection_id) select :merchantId, md5('place' || n)::uuid, 'L' || n, 'Place', n, :partner from generate_series(0, 1) as n`,
  `insert into item (merchant_id, item_id, sku) select :merchantId, md5('item' || n)::uuid, 'SKU-' || n from generate_series(0, ${itemsMax - 1}) as n`,
  `insert into listing (merchant_id, listing_id, connection_id, external_id, channel_sku, publish_target)
   select :merchantId, md5('listing' || n)::uuid, :connectionId, 'V' || n, 'SKU-' || n % ${itemsMax}, 'T' || n from generate_series(0, ${2 * itemsMax - 1}) as n`,
  `insert into listing_component (merchant_id, listing_id, item_id, qty_per)
   select :merchantId, md5('listing' || n)::uuid, md5('item' || n % ${itemsMax})::uuid, 1 from generate_series(0, ${2 * itemsMax - 1}) as n`,
]

/** Of ten orders four are waiting to be sent to the partner, three are there, and three have left; some lines are short. */
const line = `(select n, k, md5('order' || n)::uuid as order_id, md5('line' || n || '.' || k)::uuid as line_id, (n * (1 + 6 * k) + 3 * k) % ${2 * itemsMax} as v,
  md5('item' || (n * (1 + 6 * k) + 3 * k) % ${itemsMax})::uuid as item_id, (n * (1 + 6 * k) + 3 * k) % 40 = 0 as short
  from generate_series(0, ${ordersMax - 1}) as n cross join generate_series(0, 1) as k) x`
const wholeOrder = `(n % 40 <> 0 and (n * 7 + 3) % 40 <> 0)`
const orders = [
  `insert into orders (merchant_id, order_id, account_id, connection_id, external_id, external_number, changed_at, content_sha256, placed_at, currency, total_minor, shop_currency, shop_total_minor, remote_status)
   select :merchantId, md5('order' || n)::uuid, :accountId, :connectionId, 'o' || n, '#o' || n, to_timestamp(1), '', to_timestamp(1700000000 + n), 'EUR', 2000, 'EUR', 2000, 'paid' from generate_series(0, ${ordersMax - 1}) as n`,
  `insert into order_person (merchant_id, order_id, role, data) select :merchantId, md5('order' || n)::uuid, 'ship_to', '{}' from generate_series(0, ${ordersMax - 1}) as n`,
  `insert into order_number (merchant_id, normalised, order_id, kind) select :merchantId, 'O' || n, md5('order' || n)::uuid, 'order' from generate_series(0, ${ordersMax - 1}) as n`,
  `insert into timeline_event (merchant_id, order_id, event_id, kind, actor, cause_kind, cause_id) select :merchantId, md5('order' || n)::uuid, gen_random_uuid(), 'order.imported', 'hub', 'message', gen_random_uuid() from generate_series(0, ${ordersMax - 1}) as n`,
  `insert into order_line (merchant_id, order_id, line_id, external_line_id, listing_id, title, qty_ordered, channel_took, total_minor)
   select :merchantId, order_id, line_id, 'o' || n || '-' || k, md5('listing' || v)::uuid, 'Thing', 1, 1, 1000 from ${line}`,
  `insert into order_line_component (merchant_id, order_id, line_id, item_id, qty_per, need, short, placed_at)
   select :merchantId, order_id, line_id, item_id, 1, 1, short::int, to_timestamp(1700000000 + n) from ${line}`,
  `insert into reservation (merchant_id, order_id, line_id, item_id, location_id, reserved, handed, consumed)
   select :merchantId, order_id, line_id, item_id, md5('place0')::uuid, (not (n % 10 > 6 and ${wholeOrder}))::int, (n % 10 between 4 and 6 and ${wholeOrder})::int, (n % 10 > 6 and ${wholeOrder})::int from ${line} where not short`,
  `insert into inventory_level (merchant_id, item_id, location_id, on_hand, reserved)
   select :merchantId, i, l, case when i in (select md5('item' || n)::uuid from generate_series(0, ${itemsMax - 1}, 40) as n) then 0 else coalesce(r.units, 0) + 50 end, coalesce(r.units, 0)
   from (select md5('item' || n)::uuid as i from generate_series(0, ${itemsMax - 1}) as n) i cross join (select md5('place' || n)::uuid as l from generate_series(0, 1) as n) l
   left join (select item_id, location_id, sum(reserved)::int as units from reservation group by 1, 2) r on r.item_id = i and r.location_id = l`,
  `insert into exception (merchant_id, exception_id, kind, dedupe_key, subject_kind, subject_id)
   select distinct on (order_id) :merchantId, gen_random_uuid(), 'short', 'short.' || order_id, 'order', order_id from order_line_component where short > 0`,
  `insert into stock_clock (merchant_id, version) values (:merchantId, 100)`,
  `insert into fulfillment_order (merchant_id, fulfillment_order_id, order_id, location_id, connection_id, request_number, status, request_status)
   select :merchantId, md5('request' || n)::uuid, md5('order' || n)::uuid, md5('place0')::uuid, :partner, 'FR' || n,
     (array['open', 'in_progress', 'closed'])[s], (array['unsubmitted', 'accepted', 'closed'])[s]
   from generate_series(0, ${ordersMax - 1}) as n cross join lateral (select 1 + (n % 10 > 3)::int + (n % 10 > 6)::int as s) s where ${wholeOrder}`,
  `insert into fulfillment_order_line (merchant_id, fulfillment_order_id, order_id, line_id, item_id, requested, shipped)
   select :merchantId, md5('request' || n)::uuid, order_id, line_id, item_id, 1, (n % 10 > 6)::int from ${line} where ${wholeOrder}`,
  `insert into shipment (merchant_id, shipment_id, fulfillment_order_id, order_id, partner_shipment_ref, carrier, shipped_at, created_at)
   select :merchantId, md5('shipment' || n)::uuid, md5('request' || n)::uuid, md5('order' || n)::uuid, 'S' || n, 'dhl', now() - n * interval '1 min', now() - n * interval '1 min' from generate_series(0, ${ordersMax - 1}) as n where n % 10 > 6 and ${wholeOrder}`,
  `insert into shipment_line (merchant_id, shipment_id, order_id, line_id, item_id, qty) select :merchantId, md5('shipment' || n)::uuid, order_id, line_id, item_id, 1 from ${line} where n % 10 > 6 and ${wholeOrder}`,
  `insert into effect (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id, state, due_at)
   select :merchantId, md5('effect' || n)::uuid, :partner, 'request', 'FR' || n, md5('request' || n)::uuid, md5('order' || n)::uuid,
     (array['pending', 'confirmed', 'confirmed'])[1 + (n % 10 > 3)::int + (n % 10 > 6)::int], now() - n * interval '1 s' from generate_series(0, ${ordersMax - 1}) as n where ${wholeOrder}`,
  `insert into effect (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id, state)
   select :merchantId, gen_random_uuid(), :connectionId, 'shipped', 'S' || n, md5('shipment' || n)::uuid, md5('order' || n)::uuid, case when n % 100 = 7 then 'pending' else 'confirmed' end
   from generate_series(0, ${ordersMax - 1}) as n where n % 10 > 6 and ${wholeOrder}`,
]

/** A long day has passed: the shop shows what it should but for a few listings, and the inbox is full of what was applied. */
const pushes = [
  `insert into stock_change (merchant_id, version, item_ids) select :merchantId, v, array(select md5('item' || (v * 10 + n))::uuid from generate_series(0, 9) as n) from generate_series(1, 100) as v`,
  `insert into push_cursor (merchant_id, connection_id, seen_version) values (:merchantId, :connectionId, 90)`,
  `insert into listing_push (merchant_id, connection_id, listing_id, desired_version, sending_version, sending_qty, pushed_version, confirmed_version, base_version, recheck_at)
   select :merchantId, :connectionId, md5('listing' || n)::uuid, 90, 80 + done, 1, 80 + done, 80 + done, 80, case when n % 100 = 2 then now() else now() + interval '1 hour' end
   from generate_series(0, ${2 * itemsMax - 1}) as n cross join lateral (select case when n % 100 = 1 then 0 else 10 end as done) d`,
  `insert into listing_sale (merchant_id, listing_id, version, qty) select :merchantId, md5('listing' || n)::uuid, v, 1 from generate_series(0, ${2 * itemsMax - 1}) as n cross join generate_series(85, 89) as v`,
  `insert into inbox_message (merchant_id, message_id, connection_id, source, topic, dedupe_key, state, received_at, due_at)
   select :merchantId, md5('message' || n)::uuid, :connectionId, 'webhook', 'orders/updated', 'k' || n, case when n % 40 = 0 then 'pending' else 'applied' end, now(), now() - n * interval '1 s' from generate_series(0, ${ordersMax - 1}) as n`,
  `insert into inbox_body (merchant_id, received_on, message_id, headers, sha256, bytes) select merchant_id, (received_at at time zone 'utc')::date, message_id, '{}', '', '{}' from inbox_message`,
]

export const requestOf = (n: number) => ({ number: `FR${n}`, sku: `SKU-${n % itemsMax}` })
/** Numbers of orders without a short line, of which `n % 10` is among the given. */
export const numbersOf = (tens: readonly number[], count: number, from = 0) =>
  Array.from({ length: ordersMax - from }, (_, n) => n + from)
    .filter((n) => tens.includes(n % 10) && n % 40 !== 0 && (n * 7 + 3) % 40 !== 0)
    .slice(0, count)
export const itemIdOf = `select md5('item' || n)::uuid::text as id from unnest($1::int[]) as n`

/** The order of that number as it is in the database, or one more when the number is higher. */
export function busyOrder(n: number, changedAt: number, more: Partial<UnifiedOrder> = {}): UnifiedOrder {
  const listings = [n % (2 * itemsMax), (n * 7 + 3) % (2 * itemsMax)]
  return anOrder(
    `o${n}`,
    changedAt,
    listings.map((v) => ({ listing: `V${v}`, quantity: 1 })),
    more,
  )
}

/** Other merchants with a shop each: a twentieth have work that is due, the rest have none. */
const others = `with m as (select gen_random_uuid() as merchant_id, gen_random_uuid() as connection_id, n from generate_series(1, $1::int) as n),
  merchant as (insert into merchant (merchant_id, name) select merchant_id, 'Other' from m),
  connection as (insert into connection (merchant_id, connection_id, account_id, connector, label, credentials)
    select merchant_id, connection_id, gen_random_uuid(), 'shopify', 'Shop', '' from m),
  lane as (insert into lane (merchant_id, connection_id, kind) select merchant_id, connection_id, k from m cross join unnest(array['import', 'push.stock', 'effect', 'poll']) as k),
  clock as (insert into stock_clock (merchant_id, version) select merchant_id, 9 from m),
  cursor as (insert into push_cursor (merchant_id, connection_id, seen_version) select merchant_id, connection_id, 9 from m),
  push as (insert into listing_push (merchant_id, connection_id, listing_id, desired_version, pushed_version, confirmed_version)
    select merchant_id, connection_id, gen_random_uuid(), 9, case when n % 20 = 0 and k = 1 then 0 else 9 end, case when n % 20 = 0 and k = 1 then 0 else 9 end
    from m cross join generate_series(1, 50) as k),
  effect as (insert into effect (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id, state)
    select merchant_id, gen_random_uuid(), connection_id, 'shipped', k::text, gen_random_uuid(), gen_random_uuid(), case when n % 20 = 0 and k = 1 then 'pending' else 'confirmed' end
    from m cross join generate_series(1, 50) as k)
  insert into inbox_message (merchant_id, message_id, connection_id, source, state)
    select merchant_id, gen_random_uuid(), connection_id, 'webhook', case when n % 20 = 0 and k = 1 then 'pending' else 'applied' end from m cross join generate_series(1, 50) as k`
