import type { Tx } from '../platform/db/tx.ts'

/** A new truth about one level: counted there, or changed by hand. `asOf` null = now. */
export interface Count {
  readonly itemId: string
  readonly locationId: string
  readonly onHand: number
  readonly asOf: string | null
  readonly kind: 'count' | 'adjust' | 'receive'
  readonly causeKind: string
  readonly causeId: string
}
export interface Counted {
  readonly itemId: string
  readonly locationId: string
  readonly before: number
  readonly after: number
  /** Units that the count denies but a partner has already been promised: shown to a person. */
  readonly denied: number
}
export interface CountOutcome {
  readonly counted: readonly Counted[]
  /** Older than the last count of that level: nothing was changed. */
  readonly stale: readonly Count[]
  /** Orders that lost a reservation, the newest first; fitStock tries them again elsewhere. */
  readonly unreservedOrderIds: readonly string[]
  readonly raisedItemIds: readonly string[]
}

// A clock ahead of ours must not outlaw the counts that follow.
const input = `select "itemId", "locationId", "onHand", case when "asOf" > now() then now() else "asOf" end as "asOf", kind, "causeKind", "causeId" from jsonb_to_recordset($2::jsonb) as t("itemId" uuid, "locationId" uuid, "onHand" int, "asOf" timestamptz,
  kind text, "causeKind" text, "causeId" uuid)`

/** Turns the newest reservations short where the count is lower than what is reserved; handed-off units stay. */
async function unreserve(tx: Tx, version: bigint, counts: string): Promise<string[]> {
  const rows = await tx.rows<{ order_id: string }>(
    `with d as materialized (${input}), deficit as materialized (
       select l.item_id, l.location_id, l.reserved + l.unavailable - d."onHand" as units from d
       cross join lateral (select * from inventory_level l where l.merchant_id = $1 and l.item_id = d."itemId" and l.location_id = d."locationId" offset 0) l
       where l.reserved + l.unavailable > d."onHand"
     ), victim as (
       select r.*, f.units, sum(r.free) over w - r.free as before from deficit f
       cross join lateral (
         select r.order_id, r.line_id, r.item_id, r.location_id, r.reserved - r.handed as free, c.placed_at, c.qty_per, c.need, c.short
         from reservation r join order_line_component c on c.merchant_id = r.merchant_id and c.order_id = r.order_id and c.line_id = r.line_id and c.item_id = r.item_id
         where r.merchant_id = $1 and r.item_id = f.item_id and r.location_id = f.location_id and r.reserved > r.handed
         order by c.placed_at desc, r.order_id desc, r.line_id desc limit 10000) r
       window w as (partition by r.item_id, r.location_id order by r.placed_at desc, r.order_id desc, r.line_id desc)
     ), give as materialized (
       select *, least(free, units - before)::int as qty from victim where before < units
     ), level as (
       insert into inventory_level as l (merchant_id, item_id, location_id, on_hand, reserved)
       select $1, item_id, location_id, sum(qty)::int, sum(qty)::int from give group by item_id, location_id
       on conflict (merchant_id, item_id, location_id) do update set reserved = l.reserved - excluded.reserved
     ), held as (
       insert into reservation as r (merchant_id, order_id, line_id, item_id, location_id, reserved)
       select $1, order_id, line_id, item_id, location_id, qty from give
       on conflict (merchant_id, order_id, line_id, item_id, location_id) do update set reserved = r.reserved - excluded.reserved
     ), moved as (
       insert into inventory_movement (merchant_id, version, seq, item_id, location_id, kind, on_hand_delta, reserved_delta, cause_kind, cause_id)
       select $1, $3, 200000000 + row_number() over (), item_id, location_id, 'release', 0, -qty, 'order_line', line_id from give
     )
     insert into order_line_component as c (merchant_id, order_id, line_id, item_id, qty_per, need, short, placed_at)
     select $1, order_id, line_id, item_id, qty_per, need, sum(qty)::int, placed_at from give
     group by order_id, line_id, item_id, qty_per, need, placed_at
     on conflict (merchant_id, order_id, line_id, item_id) do update set short = c.short + excluded.short
     returning c.order_id`,
    [tx.merchantId, counts, version],
  )
  return [...new Set(rows.map((row) => row.order_id))]
}

/** Writes the counts as far as the law of the row allows; what it does not allow is returned as `denied`. */
async function writeLevels(tx: Tx, version: bigint, counts: string): Promise<Counted[]> {
  return tx.rows<{ itemId: string; locationId: string; before: number; after: number; denied: number }>(
    `with d as materialized (${input}), old as materialized (
       select d.*, coalesce(l.on_hand, 0) as before, coalesce(l.reserved + l.unavailable, 0) as bound from d
       left join lateral (select * from inventory_level l where l.merchant_id = $1 and l.item_id = d."itemId" and l.location_id = d."locationId" offset 0) l on true
     ), level as (
       insert into inventory_level as l (merchant_id, item_id, location_id, on_hand, denied, counted_at)
       select $1, "itemId", "locationId", greatest("onHand", bound), greatest(bound - "onHand", 0), "asOf" from old
       on conflict (merchant_id, item_id, location_id) do update
       set on_hand = excluded.on_hand, denied = excluded.denied, counted_at = coalesce(excluded.counted_at, l.counted_at)
     ), moved as (
       insert into inventory_movement (merchant_id, version, seq, item_id, location_id, kind, on_hand_delta, reserved_delta, cause_kind, cause_id)
       select $1, $3, 300000000 + row_number() over (), "itemId", "locationId", kind, greatest("onHand", bound) - before, 0, "causeKind", "causeId"
       from old where greatest("onHand", bound) <> before
     )
     select "itemId", "locationId", before, greatest("onHand", bound) as after, greatest(bound - "onHand", 0) as denied from old`,
    [tx.merchantId, counts, version],
  )
}

/**
 * Sets what is physically there. Lowering it below what is reserved turns the newest reservations short first, so the
 * truth is never refused; raising it is the caller's cue to let fitStock fill shorts. Call under the clock.
 */
export async function countStock(tx: Tx, version: bigint, counts: readonly Count[]): Promise<CountOutcome> {
  const last = new Map(counts.map((count) => [`${count.itemId} ${count.locationId}`, count]))
  const asked = [...last.values()]
  const staleKeys = new Set(
    (
      await tx.rows<{ key: string }>(
        `select d."itemId" || ' ' || d."locationId" as key from (${input}) d
         cross join lateral (select counted_at from inventory_level l where l.merchant_id = $1 and l.item_id = d."itemId" and l.location_id = d."locationId" offset 0) l
         where d."asOf" < l.counted_at`,
        [tx.merchantId, JSON.stringify(asked)],
      )
    ).map((row) => row.key),
  )
  const isStale = (count: Count) => staleKeys.has(`${count.itemId} ${count.locationId}`)
  const fresh = JSON.stringify(asked.filter((count) => !isStale(count)))
  const unreservedOrderIds = await unreserve(tx, version, fresh)
  const counted = await writeLevels(tx, version, fresh)
  return {
    counted,
    stale: asked.filter(isStale),
    unreservedOrderIds,
    raisedItemIds: counted.filter((row) => row.after !== row.before).map((row) => row.itemId),
  }
}
