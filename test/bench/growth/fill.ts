/**
 * Makes many orders of few, in SQL: copies of orders that the hub's own code lived, in every table that an order is in.
 * Which tables and columns there are is asked of the database, so that a new one is copied too, or the fill fails.
 */
import type { BenchDatabase } from '../cluster.ts'
import { columnsOf, copyShops, type Table } from './shops.ts'

export interface Plan {
  readonly large: string
  readonly small: string
  /** Copies of the small shop. */
  readonly shops: number
  /** In the whole database, half of them the large merchant's. */
  readonly orders: number
}

const days = 730
/** Bodies of deliveries older than this are gone, as after a retention: else they would be nine tenths of the disk. */
const bodyDays = 30
const perChunk = 20_000
/** What names a row outside the database, or must be unlike in each copy. `c` is the copy, `t` the row it is made of. */
const own: Readonly<Record<string, string>> = {
  'orders.external_id': `'gid://shopify/Order/' || c.xid`,
  'orders.external_number': `'#' || c.num`,
  'order_number.normalised': `case t.kind when 'order' then c.num when 'external' then c.xid
    else left(t.normalised, 5) || upper(to_hex(c.xid::bigint)) || right(t.normalised, 4) end`,
  'fulfillment_order.request_number': `left(t.request_number, 5) || upper(to_hex(c.xid::bigint)) || right(t.request_number, 4)`,
  'shipment.tracking': `left(t.tracking, 5) || upper(to_hex(c.xid::bigint)) || right(t.tracking, 4)`,
  'timeline_event.data': `case when t.data ? 'changedAt'
    then t.data || jsonb_build_object('changedAt', (t.data ->> 'changedAt')::timestamptz - c.ago) else t.data end`,
  'effect.dedupe_key': `growth.id(t.subject_id, c.salt, c.prefix)::text || '.' || t.dedupe_key`,
  'inbox_message.dedupe_key': `t.dedupe_key || c.xid`,
  'inbox_message.subject_ref': `case when t.subject_ref is not null then 'gid://shopify/Order/' || c.xid end`,
  'inbox_body.received_on': `((t.at_row - c.ago) at time zone 'utc')::date`,
  'inbox_body.bytes': `case when c.ago < interval '${bodyDays} days' then t.bytes end`,
  'exception.dedupe_key': `t.dedupe_key || '.' || c.xid`,
  'inventory_movement.version': 'c.version',
  'inventory_movement.seq': 't.seq_row',
  'stock_change.version': 'c.version',
}
/** Rows of the catalogue: an order's copy points at those of the merchant it is copied to. */
const catalogue = new Set(['connection_id', 'account_id', 'item_id', 'listing_id', 'location_id'])
/** Rows of an order in tables that do not name it: how they are found, with what they lack. */
const linked: Readonly<Record<string, string>> = {
  inbox_message: `select m.order_id as tpl, t.* from message_of m join inbox_message t using (merchant_id, message_id)`,
  inbox_body: `select m.order_id as tpl, i.received_at as at_row, t.* from message_of m
    join inbox_message i using (merchant_id, message_id) join inbox_body t using (merchant_id, message_id)`,
  exception: `select o.order_id as tpl, t.* from settled o join exception t on t.merchant_id = o.merchant_id and t.subject_id = o.order_id`,
  inventory_movement: `select l.order_id as tpl, (row_number() over (partition by l.order_id order by t.version, t.seq))::int as seq_row, t.*
    from settled o join order_line l using (merchant_id, order_id)
    join inventory_movement t on t.merchant_id = l.merchant_id and t.cause_kind = 'order_line' and t.cause_id = l.line_id`,
  stock_change: `select l.order_id as tpl, l.merchant_id, 0::bigint as version, array_agg(distinct k.item_id) as item_ids, max(o.placed_at) as at
    from settled o join order_line l using (merchant_id, order_id) join order_line_component k using (merchant_id, order_id, line_id) group by 1, 2`,
}

/** The work of one copy is one row of `pick`: whose it becomes, of which order, when, and under which names. */
const prepare = `
  drop schema if exists growth cascade;
  create schema growth;
  create function growth.id(old uuid, salt text, prefix text) returns uuid language sql immutable
    return overlay(md5(old::text || salt) placing prefix from 1 for 12)::uuid;
  create temp view settled as select o.merchant_id, o.order_id, o.placed_at from orders o
    where (o.cancelled_at is not null or exists (select 1 from shipment s where s.merchant_id = o.merchant_id and s.order_id = o.order_id))
    and not exists (select 1 from reservation r where r.merchant_id = o.merchant_id and r.order_id = o.order_id and r.reserved > 0)
    and not exists (select 1 from exception e where e.merchant_id = o.merchant_id and e.subject_id = o.order_id and e.resolved_at is null);
  create temp view message_of as select distinct o.merchant_id, o.order_id, e.cause_id as message_id
    from settled o join timeline_event e using (merchant_id, order_id)
    where e.cause_kind = 'message' and e.kind in ('order.imported', 'order.updated', 'order.cancelled');`

const picks = `
  create unlogged table growth.pick as
  with t as materialized (select merchant_id, array_agg(order_id) as ids from settled group by 1),
  drawn as materialized (
    select n, case when n % 2 = 0 then '' else floor(random() * $3)::int::text end as shop, random() as r, random() as name,
      make_interval(secs => (1 - n / $4::float8) * ${days} * 86400 + 86400) as ago from generate_series(1, $4::int) n)
  select n, case when shop = '' then $1::uuid else growth.shop_id($2::uuid, shop) end as merchant_id, shop,
    ids[1 + floor(r * cardinality(ids))::int] as tpl, ago, n::text as salt,
    lpad(to_hex((extract(epoch from now() - ago) * 1000)::bigint), 12, '0') as prefix, (1000000 + n)::text as num,
    (8000000000000 + floor(name * 900000000)::bigint * 1000 + n % 1000)::text as xid,
    1000000 + row_number() over (partition by shop order by n) as version
  from drawn join t on t.merchant_id = case when shop = '' then $1::uuid else $2::uuid end;
  create index on growth.pick (n)`

function copied({ name, columns }: Table): string {
  const expressions = columns.map(({ column, type }) => {
    const special = own[`${name}.${column}`]
    if (special !== undefined) return special
    if (column === 'merchant_id') return 'c.merchant_id'
    if (catalogue.has(column)) return `growth.shop_id(t.${column}, c.shop)`
    if (type === 'uuid') return `growth.id(t.${column}, c.salt, c.prefix)`
    if (type === 'uuid[]') return `(select array_agg(growth.shop_id(i, c.shop)) from unnest(t.${column}) i)`
    if (type === 'timestamp with time zone') return `t.${column} - c.ago`
    return `t.${column}`
  })
  return `insert into ${name} (${columns.map((one) => one.column).join(', ')})
    select ${expressions.join(', ')} from growth.pick c join growth.tpl_${name} t on t.tpl = c.tpl where c.n > $1 and c.n <= $2`
}

/** The ledger after all that was shipped: what is on hand went down, and every shop was told. */
const settle = [
  `with gone as materialized (select merchant_id, item_id, location_id, sum(on_hand_delta) as delta from inventory_movement
     where version > 1000000 group by 1, 2, 3)
   update inventory_level l set on_hand = l.on_hand + g.delta from gone g
   where g.merchant_id = l.merchant_id and g.item_id = l.item_id and g.location_id = l.location_id`,
  `update stock_clock k set version = p.version from (select merchant_id, max(version) as version from growth.pick group by 1) p
   where p.merchant_id = k.merchant_id`,
  `update push_cursor p set seen_version = k.version from stock_clock k where k.merchant_id = p.merchant_id`,
  `with free as materialized (select merchant_id, item_id, sum(on_hand - reserved - unavailable - denied)::int as qty from inventory_level group by 1, 2),
   shown as materialized (select k.merchant_id, k.listing_id, min(f.qty / k.qty_per) as qty from listing_component k join free f using (merchant_id, item_id) group by 1, 2)
   update listing_push p set desired_version = k.version, sending_version = k.version, pushed_version = k.version, confirmed_version = k.version, base_version = k.version,
     sending_qty = s.qty, pushed_qty = s.qty, confirmed_qty = s.qty, base_qty = s.qty, confirmed_at = now()
   from shown s join stock_clock k using (merchant_id) where s.merchant_id = p.merchant_id and s.listing_id = p.listing_id`,
  `delete from listing_sale`,
  `insert into partner_file (merchant_id, file_id, connection_id, direction, name, size, sha256, sequence, state, document, created_at)
   select p.merchant_id, gen_random_uuid(), l.connection_id, d.way, d.way || '-' || p.n || '.csv', 20000, sha256(p.salt::bytea || d.way::bytea), p.n,
     case when p.n % 700 = 0 then 'refused' when d.way = 'in' then 'applied' else 'delivered' end, 'orders', now() - p.ago
   from growth.pick p join location l using (merchant_id) cross join (values ('in'), ('out')) d(way) where p.n % 100 = 0 and l.connection_id is not null`,
  `insert into exception (merchant_id, exception_id, kind, dedupe_key, subject_kind, subject_id, raised_at)
   select merchant_id, gen_random_uuid(), 'file_refused', 'file.' || file_id, 'file', file_id, created_at from partner_file where state = 'refused'`,
]

/** Every table that names an order, and those that only belong to one. */
async function tables(database: BenchDatabase): Promise<Table[]> {
  const named = (await columnsOf(database)).filter(({ columns }) => columns.some(({ column }) => column === 'order_id'))
  const others = (await columnsOf(database)).filter(({ name }) => linked[name] !== undefined)
  return [...named, ...others]
}

/** The shops, before anything was ordered from them. */
export async function fillShops(database: BenchDatabase, plan: Pick<Plan, 'small' | 'shops'>): Promise<void> {
  await database.query(prepare)
  await copyShops(database, plan)
}

/** Copies until there are `orders`. `say` hears how far it is. */
export async function fillOrders(database: BenchDatabase, plan: Plan, say: (line: string) => void): Promise<void> {
  await database.query('set synchronous_commit = off')
  const [there] = await database.query<{ orders: number }>('select count(*)::int as orders from orders')
  const copies = plan.orders - (there?.orders ?? 0)
  if (copies <= 0) throw new Error(`${there?.orders} orders are there already`)
  const all = await tables(database)
  for (const { name } of all) {
    const rows =
      linked[name] ?? `select o.order_id as tpl, t.* from settled o join ${name} t using (merchant_id, order_id)`
    await database.query(`create unlogged table growth.tpl_${name} as ${rows}`)
  }
  const literals = [`'${plan.large}'`, `'${plan.small}'`, plan.shops, copies]
  await database.query(picks.replaceAll(/\$(\d)/g, (_, at) => String(literals[Number(at) - 1])))
  await database.query('analyze growth.pick')
  for (let from = 0; from < copies; from += perChunk) {
    for (const table of all) await database.query(copied(table), [from, from + perChunk])
    say(`${Math.min(from + perChunk, copies)} of ${copies} orders copied`)
  }
  for (const text of settle) await database.query(text)
  await database.query('drop schema growth cascade')
  await database.query('reset synchronous_commit')
}
