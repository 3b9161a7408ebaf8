import { z } from 'zod'
import { shownId } from '../api/fields.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'

/** So many of the newest versions of the ledger keep their row in the log of changes: audits compare the two. */
export const changesKept = 20_000

export interface LevelRow {
  readonly itemId: string
  readonly sku: string
  readonly locationId: string
  readonly locationCode: string
  readonly onHand: number
  readonly reserved: number
  readonly unavailable: number
  readonly denied: number
}

/** A level `t` with its item `i` and location `p`. */
export const levelColumns = `t.item_id as "itemId", i.sku, t.location_id as "locationId", p.code as "locationCode",
  t.on_hand as "onHand", t.reserved, t.unavailable, t.denied`
export const levelJoins = `cross join lateral (select sku from item i where i.merchant_id = $1 and i.item_id = t.item_id offset 0) i
  cross join lateral (select code from location p where p.merchant_id = $1 and p.location_id = t.location_id offset 0) p`

export const shownLevel = z.object({
  item: shownId,
  sku: z.string(),
  location: shownId,
  locationCode: z.string(),
  onHand: z.int(),
  reserved: z.int(),
  unavailable: z.int(),
  denied: z.int().describe('Units that the last count denies, but a partner was promised before.'),
  available: z.int(),
})

export const showLevel = (row: LevelRow): z.infer<typeof shownLevel> => ({
  item: publicId('item', row.itemId),
  sku: row.sku,
  location: publicId('location', row.locationId),
  locationCode: row.locationCode,
  onHand: row.onHand,
  reserved: row.reserved,
  unavailable: row.unavailable,
  denied: row.denied,
  available: Math.max(0, row.onHand - row.reserved - row.unavailable - row.denied),
})

const locationsMax = 200

export function levelsOfItem(tx: Tx, itemId: string): Promise<LevelRow[]> {
  return tx.rows<LevelRow & object>(
    `select ${levelColumns} from inventory_level t ${levelJoins} where t.merchant_id = $1 and t.item_id = $2 order by p.code limit ${locationsMax}`,
    [tx.merchantId, itemId],
  )
}

export interface LocationRow {
  readonly locationId: string
  readonly code: string
  readonly name: string
  readonly kind: string
  readonly rank: number
  readonly connectionId: string | null
}
export const locationColumns = `t.location_id as "locationId", t.code, t.name, t.kind, t.rank, t.connection_id as "connectionId"`

/** Locations by public id or code, whichever a caller wrote. Unknown ones are missing. */
export async function findLocations(
  tx: Tx,
  named: { readonly ids: readonly string[]; readonly codes: readonly string[] },
): Promise<readonly LocationRow[]> {
  return tx.rows<LocationRow & object>(
    `select ${locationColumns} from location t where t.merchant_id = $1 and (t.location_id = any($2::uuid[]) or t.code = any($3::text[]))`,
    [tx.merchantId, named.ids, named.codes],
  )
}

/** Lines of these orders of which a partner still holds more than is wanted. */
export async function linesHeldInExcess(tx: Tx, orderIds: readonly string[]): Promise<readonly string[]> {
  const rows = await tx.rows<{ line_id: string }>(
    `select distinct c.line_id from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from order_line_component c where c.merchant_id = $1 and c.order_id = d.id and c.excess > 0 offset 0) c
     where (select coalesce(sum(r.handed), 0) from reservation r where r.merchant_id = $1 and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id) > 0`,
    [tx.merchantId, orderIds],
  )
  return rows.map((row) => row.line_id)
}
