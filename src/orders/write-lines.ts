import type { UnifiedOrder } from '../connector-kit/index.ts'
import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface AppliedOrder {
  readonly orderId: string
  readonly isNew: boolean
  readonly order: UnifiedOrder
}
export interface WrittenLine {
  readonly orderId: string
  readonly lineId: string
  readonly listingId: string | null
  readonly sku: string | null
  readonly physical: boolean
  /** Units still to leave the building, by the channel's word. */
  readonly open: number
  /** Units which the channel says have left. */
  readonly channelShipped: number
  /** Change of the units that the channel took from its own number. */
  readonly tookDelta: number
}

interface LineRow extends WrittenLine {
  readonly external: string
}

const lineType = `"orderId" uuid, "lineId" uuid, external text, "listingId" uuid, sku text, title text, ordered int, cancelled int,
  took int, shipped int, physical boolean, total bigint, "unitPrice" numeric`

interface InputLine {
  readonly orderId: string
  readonly lineId: string
  readonly external: string
  readonly listingId: string | null
  readonly sku: string | null
  readonly title: string
  readonly ordered: number
  readonly cancelled: number
  readonly took: number
  readonly shipped: number
  readonly physical: boolean
  readonly total: string
  readonly unitPrice: string | null
  readonly fresh: boolean
}

/** The listing under which a line is mapped: the channel's own, or one by SKU where the product is gone there. */
export function lineListingRef(line: { readonly listing?: string; readonly sku?: string }): string | null {
  return line.listing ?? (line.sku ? `sku:${line.sku}` : null)
}

/**
 * Writes the lines of applied orders. A line that vanished from the new version is cancelled, never deleted: what it
 * holds must be let go by the same law as any other. A cancelled order, a test, and one that the
 * channel fulfils itself have nothing open.
 */
export async function writeLines(
  tx: Tx,
  ids: Ids,
  applied: readonly AppliedOrder[],
  listings: ReadonlyMap<string, string>,
): Promise<WrittenLine[]> {
  const input = applied.flatMap(({ orderId, isNew, order }) =>
    order.lines.map(
      (line): InputLine => ({
        orderId,
        lineId: ids.uuid(),
        external: line.ref,
        listingId: listings.get(lineListingRef(line) ?? '') ?? null,
        sku: line.sku ?? null,
        title: line.title,
        ordered: line.ordered,
        cancelled: Math.min(line.cancelled, line.ordered),
        took: line.channelTook,
        shipped: line.shipped,
        physical: line.physical,
        total: line.total.minor.toString(),
        unitPrice: line.unitPrice ?? null,
        fresh: isNew,
      }),
    ),
  )
  const written = [
    ...(await insertLines(
      tx,
      input.filter((line) => line.fresh),
    )),
    ...(await upsertLines(
      tx,
      input.filter((line) => !line.fresh),
    )),
  ]
  const gone = await cancelMissingLines(
    tx,
    applied.filter((a) => !a.isNew),
  )
  const dead = new Set(
    applied
      .filter((a) => a.order.cancelledAt !== null || a.order.isTest || a.order.hold === 'channel_fulfilled')
      .map((a) => a.orderId),
  )
  return [...written, ...gone].map((line) => (dead.has(line.orderId) ? { ...line, open: 0 } : line))
}

const columns =
  'merchant_id, order_id, line_id, external_line_id, listing_id, sku_sold, title, qty_ordered, qty_cancelled, channel_took, channel_shipped, physical, total_minor, unit_price'
const given = `$1, "orderId", "lineId", external, "listingId", sku, title, ordered, cancelled, took, shipped, physical, total, "unitPrice" from json_to_recordset($2::json) as t(${lineType})`

/** Lines of orders that are new in this transaction: nothing is there that they could meet. */
async function insertLines(tx: Tx, lines: readonly InputLine[]): Promise<WrittenLine[]> {
  if (lines.length === 0) return []
  await tx.rows(`insert into order_line (${columns}) select ${given}`, [tx.merchantId, JSON.stringify(lines)])
  return lines.map(({ orderId, lineId, listingId, sku, physical, ordered, cancelled, shipped, took }) => ({
    orderId,
    lineId,
    listingId,
    sku,
    physical,
    open: ordered - cancelled,
    channelShipped: shipped,
    tookDelta: took,
  }))
}

async function upsertLines(tx: Tx, lines: readonly InputLine[]): Promise<WrittenLine[]> {
  if (lines.length === 0) return []
  return tx.rows<LineRow>(
    `with d as materialized (select * from json_to_recordset($2::json) as t(${lineType})),
     old as materialized (
       select l.line_id, l.channel_took from d
       cross join lateral (select * from order_line l where l.merchant_id = $1 and l.order_id = d."orderId" and l.external_line_id = d.external offset 0) l
     ), up as (
       insert into order_line as l (${columns}) select ${given} order by "orderId", external
       on conflict (merchant_id, order_id, external_line_id) do update set
         qty_ordered = excluded.qty_ordered, qty_cancelled = excluded.qty_cancelled, channel_took = excluded.channel_took, channel_shipped = greatest(l.channel_shipped, excluded.channel_shipped), physical = excluded.physical,
         listing_id = coalesce(l.listing_id, excluded.listing_id), total_minor = excluded.total_minor, unit_price = excluded.unit_price
       returning l.*
     )
     select up.order_id as "orderId", up.line_id as "lineId", up.listing_id as "listingId", up.sku_sold as sku, up.physical,
       up.qty_ordered - up.qty_cancelled as open, up.channel_shipped as "channelShipped", up.channel_took - coalesce(old.channel_took, 0) as "tookDelta", up.external_line_id as external
     from up left join old on old.line_id = up.line_id`,
    [tx.merchantId, JSON.stringify(lines)],
  )
}

async function cancelMissingLines(tx: Tx, updated: readonly AppliedOrder[]): Promise<WrittenLine[]> {
  if (updated.length === 0) return []
  const input = updated.map(({ orderId, order }) => ({ orderId, refs: order.lines.map((line) => line.ref) }))
  return tx.rows<LineRow>(
    `with gone as materialized (
       select l.* from json_to_recordset($2::json) as d("orderId" uuid, refs text[])
       cross join lateral (select * from order_line l where l.merchant_id = $1 and l.order_id = d."orderId" and not (l.external_line_id = any(d.refs)) offset 0) l
       where l.qty_cancelled < l.qty_ordered or l.channel_took <> 0
     ), up as (
       insert into order_line as l (merchant_id, order_id, line_id, external_line_id, title, qty_ordered, total_minor)
       select $1, order_id, line_id, external_line_id, title, qty_ordered, total_minor from gone
       on conflict (merchant_id, order_id, external_line_id) do update set qty_cancelled = l.qty_ordered, channel_took = 0
     )
     select order_id as "orderId", line_id as "lineId", listing_id as "listingId", sku_sold as sku, physical, 0 as open, channel_shipped as "channelShipped",
       -channel_took as "tookDelta", external_line_id as external from gone`,
    [tx.merchantId, JSON.stringify(input)],
  )
}

/** Names, addresses, phone and e-mail go here and nowhere else. An erased person stays erased. */
export async function writePersons(tx: Tx, applied: readonly AppliedOrder[]): Promise<void> {
  const { fresh = [], known = [] } = Object.groupBy(applied, ({ isNew }) => (isNew ? 'fresh' : 'known'))
  const kept = 'on conflict (merchant_id, order_id, role) do update set data = excluded.data where p.erased_at is null'
  for (const [some, meeting] of [[fresh, ''] as const, [known, kept] as const]) {
    const rows = some.flatMap(personsOf)
    if (rows.length === 0) continue
    await tx.rows(
      `insert into order_person as p (merchant_id, order_id, role, data)
       select $1, "orderId", role, data from json_to_recordset($2::json) as t("orderId" uuid, role text, data jsonb) ${meeting}`,
      [tx.merchantId, JSON.stringify(rows)],
    )
  }
}

function personsOf({ orderId, order }: AppliedOrder) {
  return [
    { orderId, role: 'ship_to', data: order.shipTo },
    { orderId, role: 'bill_to', data: order.billTo },
    { orderId, role: 'buyer', data: order.buyer },
    { orderId, role: 'note', data: order.note ? { text: order.note } : null },
  ].filter((row) => row.data !== null)
}
