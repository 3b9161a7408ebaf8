import type { Tx } from '../platform/db/tx.ts'

/** Locks order rows in the house's order, before the clock. Unknown ids are simply not locked. */
export async function lockOrders(tx: Tx, orderIds: readonly string[]): Promise<void> {
  if (orderIds.length === 0) return
  await tx.rows(
    'select 1 from orders o where o.merchant_id = $1 and o.order_id = any($2::uuid[]) order by o.external_id for no key update',
    [tx.merchantId, [...new Set(orderIds)]],
  )
}

/** Of these orders, those that nobody else is changing now, locked. Never waits, so it may follow the clock. */
export async function lockFreeOrders(tx: Tx, orderIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (orderIds.length === 0) return new Set()
  const rows = await tx.rows<{ order_id: string }>(
    'select order_id from orders o where o.merchant_id = $1 and o.order_id = any($2::uuid[]) order by o.external_id for no key update skip locked',
    [tx.merchantId, [...new Set(orderIds)]],
  )
  return new Set(rows.map((row) => row.order_id))
}

/** Where an order came from: "shipped" goes back there. */
export interface Origin {
  readonly orderId: string
  readonly connectionId: string
  readonly externalId: string
  readonly cancelled: boolean
}

export async function originsOf(tx: Tx, orderIds: readonly string[]): Promise<ReadonlyMap<string, Origin>> {
  const rows = await tx.rows<Origin & object>(
    `select o.order_id as "orderId", o.connection_id as "connectionId", o.external_id as "externalId", o.cancelled_at is not null as cancelled
     from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from orders o where o.merchant_id = $1 and o.order_id = d.id offset 0) o`,
    [tx.merchantId, [...new Set(orderIds)]],
  )
  return new Map(rows.map((row) => [row.orderId, row]))
}

export interface OpenLine {
  readonly orderId: string
  readonly lineId: string
  readonly listingId: string
  readonly open: number
  readonly channelShipped: number
  readonly placedAt: string
}

const openLinesMax = 5_000

/** Wanted lines of a listing that were imported before it was mapped, oldest orders first. */
export async function linesWithoutNeeds(tx: Tx, listingIds: readonly string[]): Promise<OpenLine[]> {
  return tx.rows<OpenLine & object>(
    `select l.order_id as "orderId", l.line_id as "lineId", l.listing_id as "listingId", case when o.hold = 'channel_fulfilled' then 0 else l.qty_ordered - l.qty_cancelled end as open, l.channel_shipped as "channelShipped", o.placed_at as "placedAt"
     from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from order_line l where l.merchant_id = $1 and l.listing_id = d.id and l.physical and l.qty_ordered > l.qty_cancelled offset 0) l
     cross join lateral (select placed_at, hold from orders o where o.merchant_id = $1 and o.order_id = l.order_id and o.cancelled_at is null and not o.is_test offset 0) o
     where (select count(*) from order_line_component c where c.merchant_id = $1 and c.order_id = l.order_id and c.line_id = l.line_id) = 0
     order by o.placed_at limit ${openLinesMax}`,
    [tx.merchantId, listingIds],
  )
}

/** Of these orders, those with a wanted physical line that nothing maps, with what to show a person. */
export async function unmappedOf(
  tx: Tx,
  orderIds: readonly string[],
): Promise<{ orderId: string; lines: { sku: string | null; title: string }[] }[]> {
  return tx.rows<{ orderId: string; lines: { sku: string | null; title: string }[] }>(
    `select l.order_id as "orderId", json_agg(json_build_object('sku', l.sku_sold, 'title', l.title)) as lines
     from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from order_line l where l.merchant_id = $1 and l.order_id = d.id and l.physical and l.qty_ordered > l.qty_cancelled offset 0) l
     where (select count(*) from order_line_component c where c.merchant_id = $1 and c.order_id = l.order_id and c.line_id = l.line_id) = 0
     group by 1`,
    [tx.merchantId, orderIds],
  )
}

/** What a person calls these lines: the shop's own line id and the SKU it was sold under. Not those of cancelled orders. */
export async function namesOfKeptLines(
  tx: Tx,
  lines: readonly { readonly orderId: string; readonly lineId: string }[],
): Promise<ReadonlyMap<string, { line: string; sku: string | null }>> {
  if (lines.length === 0) return new Map()
  const rows = await tx.rows<{ lineId: string; line: string; sku: string | null }>(
    `select l.line_id as "lineId", l.external_line_id as line, l.sku_sold as sku from unnest($2::uuid[], $3::uuid[]) as d(order_id, line_id)
     cross join lateral (select * from order_line l where l.merchant_id = $1 and l.order_id = d.order_id and l.line_id = d.line_id offset 0) l
     cross join lateral (select 1 from orders o where o.merchant_id = $1 and o.order_id = d.order_id and o.cancelled_at is null offset 0) o`,
    [tx.merchantId, lines.map((l) => l.orderId), lines.map((l) => l.lineId)],
  )
  return new Map(rows.map(({ lineId, ...name }) => [lineId, name]))
}
