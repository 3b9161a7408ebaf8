import type { Tx } from '../platform/db/tx.ts'

/** A partner's clock may be ahead of ours by so much: parcels are looked for by when they were booked. */
const skew = '1 day'

/** Units of items that left a place after the given moments: a count which was taken before them cannot know. */
export async function departedSince(
  tx: Tx,
  locationId: string,
  counts: readonly { readonly itemId: string; readonly asOf: string }[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.rows<{ itemId: string; units: number }>(
    `with d as materialized (
       select * from jsonb_to_recordset($3::jsonb) as t("itemId" uuid, "asOf" timestamptz)
     ), recent as materialized (
       select s.shipped_at, l.item_id, l.qty
       from (select shipment_id, fulfillment_order_id, shipped_at from shipment
         where merchant_id = $1 and created_at > (select min("asOf") from d) - interval '${skew}' and shipped_at > (select min("asOf") from d) offset 0) s
       cross join lateral (select 1 from fulfillment_order f where f.merchant_id = $1 and f.fulfillment_order_id = s.fulfillment_order_id and f.location_id = $2 offset 0) f
       cross join lateral (select item_id, qty from shipment_line l where l.merchant_id = $1 and l.shipment_id = s.shipment_id offset 0) l
     )
     select d."itemId", sum(r.qty)::int as units from d join recent r on r.item_id = d."itemId" and r.shipped_at > d."asOf" group by 1`,
    [tx.merchantId, locationId, JSON.stringify(counts)],
  )
  return new Map(rows.map((row) => [row.itemId, row.units]))
}
