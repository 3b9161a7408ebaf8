import { z } from 'zod'
import { shownId, shownTime } from '../api/fields.ts'
import { conditions, type List, type Page, type PageQuery, readPage } from '../api/page.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'

/** What one listing of an item shows at its shop. */
interface Cell {
  readonly listingId: string
  readonly connectionId: string
  readonly takes: number
  readonly canTell: boolean
  readonly shows: number | null
  readonly behind: boolean
  readonly confirmedAt: string | null
  readonly error: string | null
}
interface MatrixRow {
  readonly itemId: string
  readonly sku: string
  readonly title: string
  readonly onHand: number
  readonly reserved: number
  readonly held: number
  readonly available: number
  readonly short: number
  readonly cells: readonly Cell[] | null
}

export const shownMatrixRow = z.object({
  item: shownId,
  sku: z.string(),
  title: z.string(),
  onHand: z.int(),
  reserved: z.int(),
  held: z.int().describe('Not for sale: damaged, or denied by a count.'),
  available: z.int(),
  short: z.int().describe('Units that orders lack.'),
  listings: z.array(
    z.object({
      listing: shownId,
      connection: shownId,
      takes: z.int().describe('Units of the item in one unit of the listing.'),
      canTell: z.boolean().describe('False: its shop counts no stock there, or its listing was not read yet.'),
      shows: z.int().nullable().describe('The number that was last read back from the shop.'),
      behind: z.boolean().describe('A newer number is on its way.'),
      confirmedAt: shownTime.nullable(),
      error: z.string().nullable(),
    }),
  ),
})

const show = (row: MatrixRow): z.infer<typeof shownMatrixRow> => ({
  item: publicId('item', row.itemId),
  ...{ sku: row.sku, title: row.title, onHand: row.onHand, reserved: row.reserved, held: row.held },
  ...{ available: row.available, short: row.short },
  listings: (row.cells ?? []).map(({ listingId, connectionId, confirmedAt, ...cell }) => ({
    ...cell,
    listing: publicId('listing', listingId),
    connection: publicId('connection', connectionId),
    confirmedAt: confirmedAt === null ? null : new Date(confirmedAt).toISOString(),
  })),
})

const list: List = { name: 'matrix', from: 'item', keys: [['sku', 'text']], direction: 'asc' }
const listingsMax = 100

const select = `t.item_id as "itemId", t.sku, t.title, v.on_hand as "onHand", v.reserved, v.held, v.available, n.short, c.cells`
const joins = `cross join lateral (
    select coalesce(sum(on_hand), 0)::int as on_hand, coalesce(sum(reserved), 0)::int as reserved,
      coalesce(sum(unavailable + denied), 0)::int as held,
      coalesce(sum(greatest(0, on_hand - reserved - unavailable - denied)), 0)::int as available
    from inventory_level v where v.merchant_id = $1 and v.item_id = t.item_id) v
  cross join lateral (
    select coalesce(sum(n.short), 0)::int as short from order_line_component n
    where n.merchant_id = $1 and n.item_id = t.item_id and n.short > 0) n
  cross join lateral (
    select json_agg(json_build_object('listingId', l.listing_id, 'connectionId', l.connection_id, 'takes', k.qty_per,
        'canTell', l.publish_target is not null and l.tracked, 'shows', p.confirmed_qty, 'behind', coalesce(p.desired_version > p.confirmed_version, false),
        'confirmedAt', p.confirmed_at, 'error', p.error) order by l.listing_id) as cells,
      coalesce(bool_or(p.desired_version > p.confirmed_version or p.error is not null), false) as apart
    from (select listing_id, qty_per from listing_component k where k.merchant_id = $1 and k.item_id = t.item_id
          order by k.listing_id limit ${listingsMax}) k
    cross join lateral (select * from listing l where l.merchant_id = $1 and l.listing_id = k.listing_id offset 0) l
    left join lateral (select * from listing_push p
      where p.merchant_id = $1 and p.connection_id = l.connection_id and p.listing_id = l.listing_id offset 0) p on true) c`

export interface MatrixAsked extends PageQuery {
  /** How the SKU begins, in any case. */
  readonly sku?: string | undefined
  readonly show?: 'not_in_step' | 'short' | undefined
}

/** Items with what is there and what every shop shows of them. */
export function readMatrix(tx: Tx, asked: MatrixAsked): Promise<Page<z.infer<typeof shownMatrixRow>>> {
  const where = conditions(tx.merchantId)
  where.check('starts_with(lower(t.sku), lower(?))', asked.sku)
  if (asked.show === 'not_in_step') where.checkDear('c.apart = ?', true)
  if (asked.show === 'short') where.checkDear('(n.short > 0) = ?', true)
  return readPage<MatrixRow, z.infer<typeof shownMatrixRow>>(
    tx,
    list,
    { reading: { ...where, select, joins }, page: asked },
    show,
  )
}
