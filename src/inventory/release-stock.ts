import type { Tx } from '../platform/db/tx.ts'

export interface Released {
  readonly orderId: string
  readonly lineId: string
  readonly itemId: string
  readonly released: number
  /** Held for nothing, because a partner was told to ship it: stays until the partner answers or ships. */
  readonly excess: number
}

/**
 * Gives back what the orders hold beyond their need, as far as no partner was told to ship it; the rest becomes
 * excess. Also clears shorts that are no longer needed. Upserts, because they probe the whole key: an UPDATE … FROM
 * may scan the merchant while statistics are young.
 */
export async function releaseStock(tx: Tx, orderIds: readonly string[], version: bigint): Promise<Released[]> {
  return tx.rows<{ orderId: string; lineId: string; itemId: string; released: number; excess: number }>(
    `with c as materialized (
       select c.order_id, c.line_id, c.item_id, c.qty_per, c.need, c.placed_at, h.held, h.free
       from unnest($2::uuid[]) as i(order_id)
       cross join lateral (select * from order_line_component c where c.merchant_id = $1 and c.order_id = i.order_id offset 0) c
       cross join lateral (select coalesce(sum(r.reserved + r.consumed), 0)::int as held, coalesce(sum(r.reserved - r.handed), 0)::int as free
         from reservation r where r.merchant_id = $1 and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id) h
       where h.held >= c.need and (h.held > c.need or c.short > 0 or c.excess > 0)
     ), give as materialized (
       select c.order_id, c.line_id, c.item_id, r.location_id,
         least(r.free, greatest(least(c.held - c.need, c.free) - (sum(r.free) over w - r.free), 0))::int as qty
       from c
       cross join lateral (select r.location_id, r.reserved - r.handed as free from reservation r
         where r.merchant_id = $1 and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id and r.reserved > r.handed offset 0) r
       where c.held > c.need
       window w as (partition by c.order_id, c.line_id, c.item_id order by r.location_id desc)
     ), level as (
       insert into inventory_level as l (merchant_id, item_id, location_id, on_hand, reserved)
       select $1, item_id, location_id, sum(qty)::int, sum(qty)::int from give where qty > 0 group by item_id, location_id
       on conflict (merchant_id, item_id, location_id) do update set reserved = l.reserved - excluded.reserved
     ), held as (
       insert into reservation as r (merchant_id, order_id, line_id, item_id, location_id, reserved)
       select $1, order_id, line_id, item_id, location_id, qty from give where qty > 0
       on conflict (merchant_id, order_id, line_id, item_id, location_id) do update set reserved = r.reserved - excluded.reserved
     ), moved as (
       insert into inventory_movement (merchant_id, version, seq, item_id, location_id, kind, on_hand_delta, reserved_delta, cause_kind, cause_id)
       select $1, $3, row_number() over (), item_id, location_id, 'release', 0, -qty, 'order_line', line_id from give where qty > 0
     ), fate as materialized (
       select order_id, line_id, item_id, max(qty_per) as qty_per, max(need) as need, max(placed_at) as placed_at, max(held) as held, sum(qty)::int as given
       from (select order_id, line_id, item_id, qty_per, need, placed_at, held, 0 as qty from c
         union all select order_id, line_id, item_id, null, null, null, null, qty from give) x
       group by order_id, line_id, item_id
     ), component as (
       insert into order_line_component as x (merchant_id, order_id, line_id, item_id, qty_per, need, excess, placed_at)
       select $1, order_id, line_id, item_id, qty_per, need, held - given - need, placed_at from fate
       on conflict (merchant_id, order_id, line_id, item_id) do update set short = 0, excess = excluded.excess
     )
     select order_id as "orderId", line_id as "lineId", item_id as "itemId", given as released, held - given - need as excess from fate`,
    [tx.merchantId, orderIds, version],
  )
}
