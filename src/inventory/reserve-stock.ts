import type { Tx } from '../platform/db/tx.ts'

export interface Reserved {
  readonly orderId: string
  readonly lineId: string
  readonly itemId: string
  readonly taken: number
  readonly short: number
  /** Where they were taken, and how many at each place. */
  readonly places: readonly string[]
  readonly units: readonly number[]
}

/**
 * Reserves what the orders lack, oldest first, from locations by rank. Needs and supplies are laid on one number line
 * per item: where they overlap is the allocation, what no supply covers is short. Partial by nature, so a shortage
 * neither fails nor splits a batch, and idempotent, since it fills only what lacks. `seqFrom` keeps the movements of
 * several statements under one version apart. `fresh`: orders of this same transaction, of which nothing is held yet.
 */
export async function reserveStock(
  tx: Tx,
  orderIds: readonly string[],
  {
    version,
    seqFrom,
    fresh,
  }: { readonly version: bigint; readonly seqFrom: number; readonly fresh: ReadonlySet<string> },
): Promise<Reserved[]> {
  const meeting = orderIds.every((id) => fresh.has(id))
    ? ''
    : 'on conflict (merchant_id, order_id, line_id, item_id, location_id) do update set reserved = r.reserved + excluded.reserved'
  return tx.rows<Reserved & object>(
    `with lack as materialized (
       select c.order_id, c.line_id, c.item_id, c.qty_per, c.placed_at, c.need - coalesce(h.held, 0) as qty, c.short as was, c.excess
       from unnest($2::uuid[], $5::boolean[]) as i(order_id, fresh)
       cross join lateral (select * from order_line_component c where c.merchant_id = $1 and c.order_id = i.order_id offset 0) c
       left join lateral (select sum(r.reserved + r.consumed)::int as held from reservation r
         where not i.fresh and r.merchant_id = $1 and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id) h on true
       where c.need > coalesce(h.held, 0)
     ), need as (
       select *, sum(qty) over w - qty as lo, sum(qty) over w as hi from lack
       window w as (partition by item_id order by placed_at, order_id, line_id)
     ), supply as (
       select l.item_id, l.location_id, l.on_hand, sum(l.free) over w - l.free as lo, sum(l.free) over w as hi
       from (select distinct item_id from lack) i
       cross join lateral (select l.item_id, l.location_id, l.on_hand, l.on_hand - l.reserved - l.unavailable - l.denied as free
         from inventory_level l where l.merchant_id = $1 and l.item_id = i.item_id offset 0) l
       cross join lateral (select rank from location p where p.merchant_id = $1 and p.location_id = l.location_id offset 0) p
       where l.free > 0
       window w as (partition by l.item_id order by p.rank, l.location_id)
     ), take as materialized (
       select n.order_id, n.line_id, n.item_id, s.location_id, s.on_hand, (least(n.hi, s.hi) - greatest(n.lo, s.lo))::int as qty
       from need n join supply s on s.item_id = n.item_id and s.lo < n.hi and n.lo < s.hi
     ), level as (
       insert into inventory_level as l (merchant_id, item_id, location_id, on_hand, reserved)
       select $1, item_id, location_id, max(on_hand), sum(qty)::int from take group by item_id, location_id
       on conflict (merchant_id, item_id, location_id) do update set reserved = l.reserved + excluded.reserved
     ), held as (
       insert into reservation as r (merchant_id, order_id, line_id, item_id, location_id, reserved)
       select $1, order_id, line_id, item_id, location_id, qty from take ${meeting}
     ), moved as (
       insert into inventory_movement (merchant_id, version, seq, item_id, location_id, kind, on_hand_delta, reserved_delta, cause_kind, cause_id)
       select $1, $3, $4::int + row_number() over (), item_id, location_id, 'reserve', 0, qty, 'order_line', line_id from take
     ), taken as (
       select order_id, line_id, item_id, sum(qty)::int as qty, array_agg(location_id) as places, array_agg(qty) as units from take group by order_id, line_id, item_id
     ), fate as materialized (
       select n.*, coalesce(t.qty, 0) as taken, n.qty - coalesce(t.qty, 0) as short, t.places, t.units from need n left join taken t using (order_id, line_id, item_id)
     ), component as (
       insert into order_line_component as c (merchant_id, order_id, line_id, item_id, qty_per, need, short, placed_at)
       select $1, order_id, line_id, item_id, qty_per, qty, short, placed_at from fate where short <> was or excess <> 0
       on conflict (merchant_id, order_id, line_id, item_id) do update set short = excluded.short, excess = 0
     )
     select order_id as "orderId", line_id as "lineId", item_id as "itemId", taken, short, coalesce(places, '{}') as places, coalesce(units, '{}') as units from fate`,
    [tx.merchantId, orderIds, version, seqFrom, orderIds.map((id) => fresh.has(id))],
  )
}

/** Orders that wait for any of these items, oldest first. Index: component_short. */
export async function ordersShortOf(tx: Tx, itemIds: readonly string[], limit: number): Promise<string[]> {
  if (itemIds.length === 0) return []
  const rows = await tx.rows<{ order_id: string }>(
    `select c.order_id from unnest($2::uuid[]) as i(item_id)
     cross join lateral (select order_id, placed_at from order_line_component c
       where c.merchant_id = $1 and c.item_id = i.item_id and c.short > 0 order by c.placed_at limit $3) c
     group by c.order_id order by min(c.placed_at) limit $3`,
    [tx.merchantId, [...new Set(itemIds)], limit],
  )
  return rows.map((row) => row.order_id)
}

/** Items of these that still have sellable units somewhere. */
export async function itemsWithFreeStock(tx: Tx, itemIds: readonly string[]): Promise<string[]> {
  if (itemIds.length === 0) return []
  const rows = await tx.rows<{ item_id: string }>(
    `select i.item_id from unnest($2::uuid[]) as i(item_id)
     cross join lateral (select 1 from inventory_level l where l.merchant_id = $1 and l.item_id = i.item_id
       and l.on_hand > l.reserved + l.unavailable + l.denied limit 1) l`,
    [tx.merchantId, [...new Set(itemIds)]],
  )
  return rows.map((row) => row.item_id)
}
