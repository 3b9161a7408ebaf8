import type { Tx } from '../platform/db/tx.ts'

/** The location that a partner's connection ships from, or null. */
export async function locationOf(tx: Tx, connectionId: string): Promise<string | null> {
  const [row] = await tx.rows<{ location_id: string }>(
    'select location_id from location where merchant_id = $1 and connection_id = $2 order by rank limit 1',
    [tx.merchantId, connectionId],
  )
  return row?.location_id ?? null
}

/** What is physically there of items and places now, as far as counts say; 0 where there is no row. Call under the clock to compute from it. */
export async function onHandOf(
  tx: Tx,
  keys: readonly { readonly itemId: string; readonly locationId: string }[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.rows<{ key: string; on_hand: number }>(
    `select d."itemId" || ' ' || d."locationId" as key, l.on_hand - l.denied as on_hand from jsonb_to_recordset($2::jsonb) as d("itemId" uuid, "locationId" uuid)
     cross join lateral (select on_hand, denied from inventory_level l where l.merchant_id = $1 and l.item_id = d."itemId" and l.location_id = d."locationId" offset 0) l`,
    [tx.merchantId, JSON.stringify(keys)],
  )
  return new Map(rows.map((row) => [row.key, row.on_hand]))
}
