import type { Tx } from '../platform/db/tx.ts'

/** SQL: what a listing `t` would show by the ledger, `s.after`; null where nothing maps it. Kits: the scarcest part decides. */
export const afterJoin = `left join lateral (
  select min(greatest(a.available, 0) / k.qty_per)::int as after, coalesce(bool_and(a.available is null), false) as uncounted from listing_component k
  left join lateral (select sum(l.on_hand - l.reserved - l.unavailable - l.denied) as available from inventory_level l
    where l.merchant_id = $1 and l.item_id = k.item_id) a on true
  where k.merchant_id = $1 and k.listing_id = t.listing_id) s on true`
/** What the channel showed at the last look: `p`. */
export const shownJoin = `left join lateral (
  select p.shown_qty, p.shown_at, p.confirmed_qty, p.confirmed_at from listing_push p
  where p.merchant_id = $1 and p.connection_id = t.connection_id and p.listing_id = t.listing_id offset 0) p on true`
export const beforeColumn = `case when p.shown_at >= coalesce(p.confirmed_at, '-infinity') then p.shown_qty else p.confirmed_qty end`
export const seenAtColumn = `greatest(p.shown_at, p.confirmed_at)`

export const changes = ['lower', 'higher', 'equal', 'unread', 'not_written'] as const
/** SQL: what the first write would do to a listing. */
export const changeColumn = `case when s.after is null or not t.tracked or t.publish_target is null or (p.shown_at is not null and ${beforeColumn} is null) then 'not_written' when ${beforeColumn} is null then 'unread'
  when s.after < ${beforeColumn} then 'lower' when s.after > ${beforeColumn} then 'higher' else 'equal' end`

export const skuProblems = ['unmapped', 'ambiguous', 'not_tracked', 'never_counted'] as const
/**
 * SQL: why a listing needs a person before it goes live. Ambiguous: another listing of the shop has its SKU, so which one
 * an item stands for is anybody's guess. Never counted: the hub has no level of what it takes, and would write 0.
 */
export const problemColumn = `case when s.after is null and not t.mapped_by_hand then 'unmapped'
  when t.channel_sku is not null and not t.mapped_by_hand and (select count(*) from (select 1 from listing g where g.merchant_id = $1 and g.channel_sku = t.channel_sku
    and g.connection_id = t.connection_id limit 2) g) > 1 then 'ambiguous'
  when not t.tracked then 'not_tracked' when s.uncounted then 'never_counted' end`

export const orderVerdicts = ['would_go', 'short', 'unmapped', 'on_hold', 'nothing_to_ship'] as const
/** SQL: what a warehouse would be told of a watched order with its stage `s`. */
export const verdictColumn = `case s.stage when 'ready' then 'would_go' when 'short' then 'short' when 'unmapped' then 'unmapped' when 'on_hold' then 'on_hold'
  when 'partially_shipped' then case when s.short > 0 then 'short' when s.unmapped > 0 then 'unmapped' when s.reserved > 0 then 'would_go' else 'nothing_to_ship' end
  else 'nothing_to_ship' end`

type Counts<Name extends string> = Readonly<Record<Name, number>>
export interface ShadowCounts {
  readonly quantities: Counts<(typeof changes)[number]>
  readonly skus: Counts<(typeof skuProblems)[number] | 'fine'>
  readonly orders: Counts<(typeof orderVerdicts)[number]>
  /** So many listings or orders were looked at, and there are more. */
  readonly more: boolean
}

/** Each takes some 100 µs to work out. */
const looksMax = 2_000

interface Group {
  readonly name: string | null
  readonly n: number
  readonly beyond: boolean
}

async function groups(
  tx: Tx,
  connectionId: string,
  ask: { from: string; joins: string; name: string },
): Promise<Group[]> {
  return tx.rows<Group & object>(
    `with looked as materialized (select t.*, row_number() over () as place from ${ask.from} limit ${looksMax + 1})
     select ${ask.name} as name, count(*)::int as n, (select count(*) > ${looksMax} from looked) as beyond
     from (select * from looked where place <= ${looksMax}) t ${ask.joins} group by 1`,
    [tx.merchantId, connectionId],
  )
}

const counted = <Name extends string>(names: readonly Name[], found: readonly Group[]): Counts<Name> => {
  const of = (name: string) => found.filter((row) => row.name === name).reduce((sum, { n }) => sum + n, 0)
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, number>
}

const listings = `(select * from listing g where g.merchant_id = $1 and g.connection_id = $2 order by g.external_id) t`
const watched = `(select * from orders o where o.merchant_id = $1 and o.connection_id = $2 and o.watched and o.cancelled_at is null and not o.is_test
  order by o.placed_at desc nulls last, o.order_id desc nulls last) t`
/** Of a watched order `t`: where it stands. */
export const stageJoin = `cross join lateral (select * from order_stage s where s.merchant_id = $1 and s.order_id = t.order_id offset 0) s`

/** How the shop and the hub differ, in numbers. Each listing and each watched order counts once. */
export async function countShadow(tx: Tx, connectionId: string): Promise<ShadowCounts> {
  const joins = `${afterJoin} ${shownJoin}`
  const quantities = await groups(tx, connectionId, { from: listings, joins, name: changeColumn })
  const skus = await groups(tx, connectionId, {
    from: listings,
    joins: afterJoin,
    name: `coalesce(${problemColumn}, 'fine')`,
  })
  const orders = await groups(tx, connectionId, { from: watched, joins: stageJoin, name: verdictColumn })
  return {
    quantities: counted(changes, quantities),
    skus: counted([...skuProblems, 'fine'], skus),
    orders: counted(orderVerdicts, orders),
    more: [...quantities, ...skus, ...orders].some(({ beyond }) => beyond),
  }
}
