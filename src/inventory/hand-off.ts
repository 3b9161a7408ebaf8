import type { Tx } from '../platform/db/tx.ts'

export interface HandedLine {
  readonly orderId: string
  readonly lineId: string
  readonly itemId: string
  readonly locationId: string
  readonly qty: number
}

/** Moves reserved units out of our reach (`1`: a partner is told to ship them) or back into it (`-1`: it will not). */
export async function markHanded(tx: Tx, lines: readonly HandedLine[], direction: 1 | -1): Promise<void> {
  if (lines.length === 0) return
  await tx.rows(
    `insert into reservation as r (merchant_id, order_id, line_id, item_id, location_id, reserved)
     select $1, "orderId", "lineId", "itemId", "locationId", sum(qty)::int
     from jsonb_to_recordset($2::jsonb) as t("orderId" uuid, "lineId" uuid, "itemId" uuid, "locationId" uuid, qty int)
     group by 2, 3, 4, 5
     on conflict (merchant_id, order_id, line_id, item_id, location_id) do update
     set handed = least(r.reserved, greatest(r.handed + $3::int * excluded.reserved, 0))`,
    [tx.merchantId, JSON.stringify(lines), direction],
  )
}

/**
 * Takes shipped units out of the ledger. Goods that left beyond what was reserved come out of free stock, and what even
 * that lacks is first booked as `found`: the parcel is a fact. A departure which the last count already saw (shipped
 * before its as-of time) was taken by it, as far as it could: the units that it denied go now, the others are found again.
 * Call under the clock, then fitStock.
 */
export async function consumeStock(
  tx: Tx,
  version: bigint,
  lines: readonly (HandedLine & { readonly shippedAt: string })[],
): Promise<void> {
  if (lines.length === 0) return
  await tx.rows(
    `with d as materialized (
       select "orderId" as order_id, "lineId" as line_id, "itemId" as item_id, "locationId" as location_id, sum(qty)::int as qty, max("shippedAt") as shipped_at
       from jsonb_to_recordset($2::jsonb) as t("orderId" uuid, "lineId" uuid, "itemId" uuid, "locationId" uuid, qty int, "shippedAt" timestamptz)
       group by 1, 2, 3, 4
     ), k as materialized (
       select d.*, least(d.qty, coalesce(r.reserved, 0)) as own, coalesce(r.handed, 0) as handed from d
       left join lateral (select reserved, handed from reservation r where r.merchant_id = $1 and r.order_id = d.order_id
         and r.line_id = d.line_id and r.item_id = d.item_id and r.location_id = d.location_id offset 0) r on true
     ), at_level as materialized (
       select k.item_id, k.location_id, sum(k.qty)::int as qty, sum(k.own)::int as own,
         sum(case when k.shipped_at <= l.counted_at then k.own else 0 end)::int as seen,
         greatest(coalesce(max(l.on_hand - l.reserved - l.unavailable - l.denied), 0), 0) as free, coalesce(max(l.denied), 0) as denied
       from k left join lateral (select * from inventory_level l where l.merchant_id = $1 and l.item_id = k.item_id and l.location_id = k.location_id offset 0) l on true
       group by 1, 2
     ), sum as materialized (
       select *, greatest(qty - own - free, 0) + seen - least(seen, denied) as found, least(seen, denied) as settled from at_level
     ), level as (
       insert into inventory_level as l (merchant_id, item_id, location_id, on_hand, reserved, denied)
       select $1, item_id, location_id, qty - found + own, own, settled from sum
       on conflict (merchant_id, item_id, location_id) do update
       set on_hand = l.on_hand - (excluded.on_hand - excluded.reserved), reserved = l.reserved - excluded.reserved, denied = l.denied - excluded.denied
     ), held as (
       insert into reservation as r (merchant_id, order_id, line_id, item_id, location_id, reserved, consumed)
       select $1, order_id, line_id, item_id, location_id, own, qty from k
       on conflict (merchant_id, order_id, line_id, item_id, location_id) do update
       set reserved = r.reserved - excluded.reserved, consumed = r.consumed + excluded.consumed,
           handed = least(r.reserved - excluded.reserved, greatest(r.handed - excluded.reserved, 0))
     )
     insert into inventory_movement (merchant_id, version, seq, item_id, location_id, kind, on_hand_delta, reserved_delta, cause_kind, cause_id)
     select $1, $3, 400000000 + row_number() over (), item_id, location_id, kind, on_hand, reserved, 'order_line', line_id from (
       select item_id, location_id, 'ship' as kind, -qty as on_hand, -own as reserved, line_id from k
       union all
       select s.item_id, s.location_id, 'found', s.found, 0, (select k.line_id from k where k.item_id = s.item_id and k.location_id = s.location_id limit 1)
       from sum s where s.found > 0) m`,
    [tx.merchantId, JSON.stringify(lines), version],
  )
}

/**
 * Units that a partner was to ship and, as it saw at `shippedAt`, does not have: off its shelf and out of the reservation
 * in one step, or the next order would be promised them again. What a later count saw already is not taken twice, and
 * units that a count denied are these. Call under the clock, then fitStock.
 */
export async function loseStock(
  tx: Tx,
  version: bigint,
  lines: readonly (HandedLine & { readonly shippedAt: string })[],
): Promise<void> {
  if (lines.length === 0) return
  await tx.rows(
    `with d as materialized (
       select "orderId" as order_id, "lineId" as line_id, "itemId" as item_id, "locationId" as location_id, sum(qty)::int as qty, max("shippedAt") as shipped_at
       from jsonb_to_recordset($2::jsonb) as t("orderId" uuid, "lineId" uuid, "itemId" uuid, "locationId" uuid, qty int, "shippedAt" timestamptz) group by 1, 2, 3, 4
     ), k as materialized (
       select d.*, least(d.qty, r.reserved) as own from d
       cross join lateral (select reserved from reservation r where r.merchant_id = $1 and r.order_id = d.order_id
         and r.line_id = d.line_id and r.item_id = d.item_id and r.location_id = d.location_id offset 0) r
     ), at_level as materialized (
       select k.item_id, k.location_id, sum(k.own)::int as own, max(l.denied) as denied,
         coalesce(sum(k.own) filter (where k.shipped_at <= l.counted_at), 0)::int as seen
       from k cross join lateral (select * from inventory_level l where l.merchant_id = $1 and l.item_id = k.item_id and l.location_id = k.location_id offset 0) l
       group by 1, 2
     ), sum as materialized (
       select *, seen - least(seen, denied) as found, least(own, denied) as settled from at_level
     ), level as (
       insert into inventory_level as l (merchant_id, item_id, location_id, on_hand, reserved, denied)
       select $1, item_id, location_id, own - found + own, own, settled from sum
       on conflict (merchant_id, item_id, location_id) do update
       set on_hand = l.on_hand - (excluded.on_hand - excluded.reserved), reserved = l.reserved - excluded.reserved, denied = l.denied - excluded.denied
     ), held as (
       insert into reservation as r (merchant_id, order_id, line_id, item_id, location_id, reserved)
       select $1, order_id, line_id, item_id, location_id, own from k
       on conflict (merchant_id, order_id, line_id, item_id, location_id) do update
       set reserved = r.reserved - excluded.reserved, handed = least(r.reserved - excluded.reserved, greatest(r.handed - excluded.reserved, 0))
     )
     insert into inventory_movement (merchant_id, version, seq, item_id, location_id, kind, on_hand_delta, reserved_delta, cause_kind, cause_id)
     select $1, $3, 500000000 + row_number() over (), item_id, location_id, kind, on_hand, reserved, 'order_line', line_id from (
       select item_id, location_id, 'adjust' as kind, -own as on_hand, -own as reserved, line_id from k where own > 0
       union all
       select s.item_id, s.location_id, 'found', s.found, 0, (select k.line_id from k where k.item_id = s.item_id and k.location_id = s.location_id limit 1)
       from sum s where s.found > 0) m`,
    [tx.merchantId, JSON.stringify(lines), version],
  )
}
