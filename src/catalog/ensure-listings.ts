import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'
import { lockCatalogue } from './lock-catalogue.ts'

export interface SeenListing {
  readonly ref: string
  readonly sku: string | null
  readonly title: string
  /** Unknown (null) when the listing is only known from an order line. */
  readonly target: string | null
  readonly tracked: boolean
}

/**
 * Makes the listings known and maps new ones to the item of exactly the same SKU. A mapping made by a person, an
 * empty one too, is never touched. Returns listing ids by channel ref.
 */
export async function ensureListings(
  tx: Tx,
  ids: Ids,
  connectionId: string,
  seen: readonly SeenListing[],
): Promise<ReadonlyMap<string, string>> {
  if (seen.length === 0) return new Map()
  await lockCatalogue(tx)
  const rows = [...new Map(seen.map((s) => [s.ref, s])).values()].map((s) => ({ ...s, id: ids.uuid() }))
  const known = await tx.rows<{ ref: string; listing_id: string }>(
    `with d as materialized (
       select * from json_to_recordset($3::json) as t(id uuid, ref text, sku text, title text, target text, tracked boolean)
     ), up as (
       insert into listing as l (merchant_id, listing_id, connection_id, external_id, channel_sku, title, publish_target, tracked)
       select $1, id, $2, ref, sku, title, target, tracked from d order by ref
       on conflict (merchant_id, connection_id, external_id) do update
       set channel_sku = coalesce(excluded.channel_sku, l.channel_sku), title = coalesce(nullif(excluded.title, ''), l.title),
           publish_target = coalesce(excluded.publish_target, l.publish_target),
           tracked = case when excluded.publish_target is null then l.tracked else excluded.tracked end
       returning l.listing_id, l.external_id, l.channel_sku, l.mapped_by_hand
     ), mapped as (
       insert into listing_component (merchant_id, listing_id, item_id, qty_per, source)
       select $1, up.listing_id, i.item_id, 1, 'sku' from up
       cross join lateral (select item_id from item i where i.merchant_id = $1 and i.sku = up.channel_sku offset 0) i
       left join lateral (select 1 as there from listing_component k where k.merchant_id = $1 and k.listing_id = up.listing_id limit 1) k on true
       where not up.mapped_by_hand and k.there is null
       on conflict do nothing
     )
     select external_id as ref, listing_id from up`,
    [tx.merchantId, connectionId, JSON.stringify(rows)],
  )
  return new Map(known.map((row) => [row.ref, row.listing_id]))
}

/**
 * Listing ids for what order lines name. Known ones are only read: an import must not rewrite (and lock) the catalogue;
 * unknown ones become stubs, so that the order is whole before anyone has looked at the shop's products.
 */
export async function listingsOfLines(
  tx: Tx,
  ids: Ids,
  connectionId: string,
  lines: readonly { readonly ref: string; readonly sku: string | null; readonly title: string }[],
): Promise<ReadonlyMap<string, string>> {
  const refs = [...new Set(lines.map((line) => line.ref))]
  const known = await tx.rows<{ ref: string; listing_id: string }>(
    `select d.ref, l.listing_id from unnest($3::text[]) as d(ref)
     cross join lateral (select listing_id from listing l where l.merchant_id = $1 and l.connection_id = $2 and l.external_id = d.ref offset 0) l`,
    [tx.merchantId, connectionId, refs],
  )
  const found = new Map(known.map((row) => [row.ref, row.listing_id]))
  const missing = lines.filter((line) => !found.has(line.ref)).map((line) => ({ ...line, target: null, tracked: true }))
  for (const [ref, id] of await ensureListings(tx, ids, connectionId, missing)) found.set(ref, id)
  return found
}
