import type { Tx } from '../platform/db/tx.ts'
import { lockCatalogue } from './lock-catalogue.ts'

/** Replaces what one unit of a listing takes; orders already imported keep what was frozen for them. */
export async function replaceComponents(
  tx: Tx,
  listingId: string,
  components: readonly { readonly itemId: string; readonly qtyPer: number }[],
): Promise<void> {
  await tx.rows('update listing set mapped_by_hand = true where merchant_id = $1 and listing_id = $2', [
    tx.merchantId,
    listingId,
  ])
  await tx.rows('delete from listing_component where merchant_id = $1 and listing_id = $2', [tx.merchantId, listingId])
  await tx.rows(
    `insert into listing_component (merchant_id, listing_id, item_id, qty_per, source)
     select $1, $2, "itemId", "qtyPer", 'manual' from jsonb_to_recordset($3::jsonb) as t("itemId" uuid, "qtyPer" int)`,
    [tx.merchantId, listingId, JSON.stringify(components)],
  )
}

/** Creates items, or finds those that exist, and maps unmapped listings of exactly the same SKU. */
export async function createItems(
  tx: Tx,
  items: readonly { readonly itemId: string; readonly sku: string; readonly title: string }[],
): Promise<{
  readonly items: readonly { itemId: string; sku: string }[]
  readonly mappedListingIds: readonly string[]
}> {
  await lockCatalogue(tx)
  const known = await tx.rows<{ itemId: string; sku: string }>(
    `insert into item as i (merchant_id, item_id, sku, title)
     select $1, "itemId", sku, title from jsonb_to_recordset($2::jsonb) as t("itemId" uuid, sku text, title text)
     on conflict (merchant_id, sku) do update set title = coalesce(nullif(excluded.title, ''), i.title)
     returning item_id as "itemId", sku`,
    [tx.merchantId, JSON.stringify([...new Map(items.map((i) => [i.sku, i])).values()])],
  )
  const mapped = await tx.rows<{ listing_id: string }>(
    `insert into listing_component (merchant_id, listing_id, item_id, qty_per, source)
     select $1, l.listing_id, d."itemId", 1, 'sku' from jsonb_to_recordset($2::jsonb) as d("itemId" uuid, sku text)
     cross join lateral (select listing_id, mapped_by_hand from listing l where l.merchant_id = $1 and l.channel_sku = d.sku offset 0) l
     left join lateral (select 1 as there from listing_component k where k.merchant_id = $1 and k.listing_id = l.listing_id limit 1) k on true
     where not l.mapped_by_hand and k.there is null
     on conflict do nothing returning listing_id`,
    [tx.merchantId, JSON.stringify(known)],
  )
  return { items: known, mappedListingIds: mapped.map((row) => row.listing_id) }
}

/** Items by SKU; a SKU that nobody has is missing from the map. */
export async function itemsBySku(tx: Tx, skus: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.rows<{ sku: string; item_id: string }>(
    `select i.sku, i.item_id from unnest($2::text[]) as d(sku)
     cross join lateral (select sku, item_id from item i where i.merchant_id = $1 and i.sku = d.sku offset 0) i`,
    [tx.merchantId, [...new Set(skus)]],
  )
  return new Map(rows.map((row) => [row.sku, row.item_id]))
}

/** What these listings take. */
export async function itemsOfListings(tx: Tx, listingIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ item_id: string }>(
    `select distinct k.item_id from unnest($2::uuid[]) as d(id)
     cross join lateral (select item_id from listing_component k where k.merchant_id = $1 and k.listing_id = d.id offset 0) k`,
    [tx.merchantId, listingIds],
  )
  return rows.map((row) => row.item_id)
}
