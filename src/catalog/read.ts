import type { Tx } from '../platform/db/tx.ts'

export { itemsBySku } from './items.ts'

export interface ItemRow {
  readonly itemId: string
  readonly sku: string
  readonly title: string
  readonly createdAt: Date
}
export interface ListingRow {
  readonly listingId: string
  readonly connectionId: string
  readonly externalId: string
  readonly channelSku: string | null
  readonly title: string
  readonly publishTarget: string | null
  readonly tracked: boolean
  readonly components: readonly { itemId: string; sku: string; qtyPer: number; source: string }[] | null
  readonly desiredVersion: bigint | null
  readonly confirmedVersion: bigint | null
  readonly confirmedQty: number | null
  readonly confirmedAt: Date | null
  readonly error: string | null
}

export const itemColumns = 't.item_id as "itemId", t.sku, t.title, t.created_at as "createdAt"'

/** A listing `t`, with what one unit takes (`k`) and what its shop shows (`p`). */
export const listingColumns = `t.listing_id as "listingId", t.connection_id as "connectionId", t.external_id as "externalId", t.channel_sku as "channelSku",
  t.title, t.publish_target as "publishTarget", t.tracked, k.components, p.desired_version as "desiredVersion", p.confirmed_version as "confirmedVersion",
  p.confirmed_qty as "confirmedQty", p.confirmed_at as "confirmedAt", p.error`
export const listingJoins = `cross join lateral (
    select json_agg(json_build_object('itemId', k.item_id, 'sku', i.sku, 'qtyPer', k.qty_per, 'source', k.source) order by i.sku) as components
    from listing_component k join item i on i.merchant_id = k.merchant_id and i.item_id = k.item_id
    where k.merchant_id = $1 and k.listing_id = t.listing_id) k
  left join lateral (select * from listing_push p
    where p.merchant_id = $1 and p.connection_id = t.connection_id and p.listing_id = t.listing_id) p on true`

export async function readItem(tx: Tx, itemId: string): Promise<ItemRow | null> {
  const [row] = await tx.rows<ItemRow & object>(
    `select ${itemColumns} from item t where t.merchant_id = $1 and t.item_id = $2`,
    [tx.merchantId, itemId],
  )
  return row ?? null
}

export async function readListing(tx: Tx, listingId: string): Promise<ListingRow | null> {
  const [row] = await tx.rows<ListingRow & object>(
    `select ${listingColumns} from listing t ${listingJoins} where t.merchant_id = $1 and t.listing_id = $2`,
    [tx.merchantId, listingId],
  )
  return row ?? null
}

const listingsMax = 200

/** Listings that take the item. */
export function listingsOfItem(tx: Tx, itemId: string): Promise<ListingRow[]> {
  return tx.rows<ListingRow & object>(
    `select ${listingColumns} from (
       select l.* from listing_component c join listing l on l.merchant_id = c.merchant_id and l.listing_id = c.listing_id
       where c.merchant_id = $1 and c.item_id = $2 order by l.listing_id limit ${listingsMax}) t ${listingJoins} order by t.listing_id`,
    [tx.merchantId, itemId],
  )
}

/** Which of these items the merchant has. */
export async function knownItems(tx: Tx, itemIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.rows<{ item_id: string }>(
    'select item_id from item where merchant_id = $1 and item_id = any($2::uuid[])',
    [tx.merchantId, itemIds],
  )
  return new Set(rows.map((row) => row.item_id))
}
