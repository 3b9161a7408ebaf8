import type { Tx } from '../platform/db/tx.ts'

/** How many units of a line must still leave the building. `open` is 0 for cancelled and test orders. */
export interface LineNeed {
  readonly orderId: string
  readonly lineId: string
  readonly listingId: string | null
  readonly open: number
  /** Units that have left by the channel's word; beyond what the hub shipped, someone else shipped them. */
  readonly channelShipped: number
  readonly placedAt: string
  /** Written in this same transaction: nothing is known of what it takes, and nothing is held. */
  readonly fresh?: boolean
}

/**
 * Writes what each line takes from stock. The composition is frozen when the line first meets a mapping; later only
 * the quantity moves. What has left already cannot be un-needed. Returns the lines that have a composition.
 */
export async function setNeeds(tx: Tx, lines: readonly LineNeed[]): Promise<ReadonlySet<string>> {
  const { fresh = [], known = [] } = Object.groupBy(lines, (line) => (line.fresh ? 'fresh' : 'known'))
  const mapped = [...(await insertNeeds(tx, fresh)), ...(await moveNeeds(tx, known))]
  return new Set(mapped.map((row) => row.line_id))
}

const lineType = `"orderId" uuid, "lineId" uuid, "listingId" uuid, open int, "channelShipped" int, "placedAt" timestamptz`
const columns = 'merchant_id, order_id, line_id, item_id, qty_per, need, placed_at'

async function insertNeeds(tx: Tx, lines: readonly LineNeed[]): Promise<{ line_id: string }[]> {
  if (lines.length === 0) return []
  return tx.rows<{ line_id: string }>(
    `insert into order_line_component (${columns})
     select $1, d."orderId", d."lineId", k.item_id, k.qty_per, greatest(d.open - d."channelShipped", 0) * k.qty_per, d."placedAt"
     from json_to_recordset($2::json) as d(${lineType})
     cross join lateral (select item_id, qty_per from listing_component k
       where k.merchant_id = $1 and k.listing_id = d."listingId" offset 0) k
     returning line_id`,
    [tx.merchantId, JSON.stringify(lines)],
  )
}

async function moveNeeds(tx: Tx, lines: readonly LineNeed[]): Promise<{ line_id: string }[]> {
  if (lines.length === 0) return []
  return tx.rows<{ line_id: string }>(
    `with d as materialized (
       select * from json_to_recordset($2::json) as t(${lineType})
     ), old as materialized (
       select c.order_id, c.line_id, c.item_id, c.qty_per from d
       cross join lateral (select * from order_line_component c
         where c.merchant_id = $1 and c.order_id = d."orderId" and c.line_id = d."lineId" offset 0) c
     ), fresh as (
       select d."orderId" as order_id, d."lineId" as line_id, k.item_id, k.qty_per from d
       cross join lateral (select item_id, qty_per from listing_component k
         where k.merchant_id = $1 and k.listing_id = d."listingId" offset 0) k
       where not exists (select 1 from old o where o.line_id = d."lineId")
     ), x as (select * from old union all select * from fresh)
     insert into order_line_component as c (${columns})
     select $1, x.order_id, x.line_id, x.item_id, x.qty_per, greatest(d.open * x.qty_per - greatest(d."channelShipped" * x.qty_per - coalesce(h.consumed, 0), 0), coalesce(h.consumed, 0)), d."placedAt"
     from x join d on d."orderId" = x.order_id and d."lineId" = x.line_id
     left join lateral (select sum(r.consumed)::int as consumed from reservation r
       where r.merchant_id = $1 and r.order_id = x.order_id and r.line_id = x.line_id and r.item_id = x.item_id) h on true
     on conflict (merchant_id, order_id, line_id, item_id) do update set need = excluded.need
     returning c.line_id`,
    [tx.merchantId, JSON.stringify(lines)],
  )
}

/** What a channel sold (or put back) by itself: its own number has already moved by this much. */
export async function recordSales(
  tx: Tx,
  version: bigint,
  sales: readonly { readonly listingId: string; readonly qty: number }[],
): Promise<void> {
  const byListing = new Map<string, number>()
  for (const sale of sales) byListing.set(sale.listingId, (byListing.get(sale.listingId) ?? 0) + sale.qty)
  const rows = [...byListing].filter(([, qty]) => qty !== 0)
  if (rows.length === 0) return
  await tx.rows(
    // Once under each version of the clock, so there is no other row to meet.
    `insert into listing_sale (merchant_id, listing_id, version, qty)
     select $1, listing_id, $2, qty from unnest($3::uuid[], $4::int[]) as t(listing_id, qty)`,
    [tx.merchantId, version, rows.map(([id]) => id), rows.map(([, qty]) => qty)],
  )
}
