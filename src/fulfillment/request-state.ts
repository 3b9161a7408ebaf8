import type { Tx } from '../platform/db/tx.ts'
import type { RequestUnits } from './submit-requests.ts'

/** A request as the partner's facts find it. Locked, order rows first. */
export interface OpenRequest {
  readonly fulfillmentOrderId: string
  readonly orderId: string
  readonly locationId: string
  readonly requestNumber: string
  readonly status: string
  readonly requestStatus: string
  readonly cancelled: boolean
  readonly lines: readonly {
    readonly lineId: string
    readonly itemId: string
    readonly sku: string
    readonly requested: number
    readonly rejected: number
    readonly open: number
  }[]
  /** What was booked of it already, by the partner's own parcel and SKU. */
  readonly recorded: readonly { readonly shipment: string; readonly sku: string; readonly quantity: number }[]
}

const requestRow = `f.fulfillment_order_id as "fulfillmentOrderId", f.order_id as "orderId", f.location_id as "locationId", f.request_number as "requestNumber",
  f.status, f.request_status as "requestStatus", o.cancelled_at is not null as cancelled, l.lines, p.recorded`
const requestParts = `
  cross join lateral (select * from orders o where o.merchant_id = $1 and o.order_id = f.order_id offset 0) o
  cross join lateral (
    select json_agg(json_build_object('lineId', x.line_id, 'itemId', x.item_id, 'sku', i.sku, 'requested', x.requested, 'rejected', x.rejected,
      'open', greatest(x.requested - x.cancelled - x.rejected - x.shipped, 0)) order by x.line_id) as lines
    from fulfillment_order_line x join item i on i.merchant_id = x.merchant_id and i.item_id = x.item_id
    where x.merchant_id = $1 and x.fulfillment_order_id = f.fulfillment_order_id) l
  cross join lateral (
    select coalesce(json_agg(json_build_object('shipment', s.ref, 'sku', i.sku, 'quantity', s.qty)), '[]') as recorded from (
      select s.partner_shipment_ref as ref, y.item_id, sum(y.qty)::int as qty
      from (select shipment_id, partner_shipment_ref from shipment where merchant_id = $1 and fulfillment_order_id = f.fulfillment_order_id offset 0) s
      cross join lateral (select item_id, qty from shipment_line y where y.merchant_id = $1 and y.shipment_id = s.shipment_id offset 0) y group by 1, 2) s
    cross join lateral (select sku from item i where i.merchant_id = $1 and i.item_id = s.item_id offset 0) i) p`

/** Requests of a partner by number, their orders locked in the house's order. Unknown numbers are simply missing. */
export async function lockRequests(
  tx: Tx,
  connectionId: string,
  numbers: readonly string[],
): Promise<ReadonlyMap<string, OpenRequest>> {
  await tx.rows(
    `select 1 from orders o where o.merchant_id = $1 and o.order_id in (
       select f.order_id from fulfillment_order f where f.merchant_id = $1 and f.request_number = any($2::text[]) and f.connection_id = $3)
     order by o.external_id for no key update`,
    [tx.merchantId, numbers, connectionId],
  )
  const rows = await tx.rows<OpenRequest & object>(
    `select ${requestRow} from unnest($2::text[]) as d(number)
     cross join lateral (select * from fulfillment_order f where f.merchant_id = $1 and f.request_number = d.number and f.connection_id = $3 offset 0) f
     ${requestParts} where f.request_status <> 'unsubmitted'`,
    [tx.merchantId, [...new Set(numbers)], connectionId],
  )
  return new Map(rows.map((row) => [row.requestNumber, row]))
}

/** A request of a place that has no partner, its order locked; null when there is none or a partner ships it. */
export async function openByHand(tx: Tx, fulfillmentOrderId: string): Promise<OpenRequest | null> {
  await tx.rows(
    `select 1 from orders o where o.merchant_id = $1 and o.order_id = (
       select f.order_id from fulfillment_order f where f.merchant_id = $1 and f.fulfillment_order_id = $2) for no key update`,
    [tx.merchantId, fulfillmentOrderId],
  )
  const [row] = await tx.rows<OpenRequest & object>(
    `select ${requestRow} from (select * from fulfillment_order f where f.merchant_id = $1 and f.fulfillment_order_id = $2 and f.connection_id is null) f ${requestParts}`,
    [tx.merchantId, fulfillmentOrderId],
  )
  return row ?? null
}

export interface StateChange {
  readonly fulfillmentOrderId: string
  readonly requestStatus: 'accepted' | 'rejected' | 'cancellation_accepted' | 'cancellation_rejected' | null
  readonly status: 'in_progress' | 'incomplete' | 'cancelled' | null
  readonly reason: string | null
}

/** States only move forward: a late "accepted" does not undo a shipment or a cancellation. */
export async function changeStates(tx: Tx, changes: readonly StateChange[]): Promise<void> {
  if (changes.length === 0) return
  // One file may say several things of a request; an update takes one row of each.
  const merged = new Map<string, StateChange>()
  for (const change of changes) {
    const before = merged.get(change.fulfillmentOrderId)
    const { fulfillmentOrderId } = change
    merged.set(fulfillmentOrderId, {
      fulfillmentOrderId,
      requestStatus: change.requestStatus ?? before?.requestStatus ?? null,
      status: change.status ?? before?.status ?? null,
      reason: change.reason ?? before?.reason ?? null,
    })
  }
  await tx.rows(
    `update fulfillment_order f set request_status = coalesce(d."requestStatus", f.request_status), status = coalesce(d.status, f.status), reason = coalesce(d.reason, f.reason)
     from (select * from jsonb_to_recordset($2::jsonb) as t("fulfillmentOrderId" uuid, "requestStatus" text, status text, reason text)) d
     where f.merchant_id = $1 and f.fulfillment_order_id = d."fulfillmentOrderId" and f.fulfillment_order_id = any($3::uuid[])`,
    [tx.merchantId, JSON.stringify([...merged.values()]), [...merged.keys()]],
  )
}

export interface LineMove extends RequestUnits {
  readonly fulfillmentOrderId: string
  readonly column: 'shipped' | 'rejected' | 'cancelled'
}

/** Books what became of requested units, then closes the requests of which nothing is open any more. */
export async function moveLines(tx: Tx, moves: readonly LineMove[]): Promise<void> {
  if (moves.length === 0) return
  await tx.rows(
    `insert into fulfillment_order_line as x (merchant_id, fulfillment_order_id, order_id, line_id, item_id, requested, rejected, cancelled, shipped)
     select $1, "fulfillmentOrderId", "orderId", "lineId", "itemId", 0,
       sum(qty) filter (where "column" = 'rejected'), sum(qty) filter (where "column" = 'cancelled'), sum(qty) filter (where "column" = 'shipped')
     from (select "fulfillmentOrderId", "orderId", "lineId", "itemId", "column", qty from jsonb_to_recordset($2::jsonb)
             as t("fulfillmentOrderId" uuid, "orderId" uuid, "lineId" uuid, "itemId" uuid, "column" text, qty int)
           union all select "fulfillmentOrderId", "orderId", "lineId", "itemId", c, 0 from jsonb_to_recordset($2::jsonb)
             as t("fulfillmentOrderId" uuid, "orderId" uuid, "lineId" uuid, "itemId" uuid) cross join unnest(array['rejected','cancelled','shipped']) as c) d
     group by 2, 3, 4, 5
     on conflict (merchant_id, fulfillment_order_id, line_id, item_id) do update
     set rejected = x.rejected + excluded.rejected, cancelled = x.cancelled + excluded.cancelled, shipped = x.shipped + excluded.shipped`,
    [tx.merchantId, JSON.stringify(moves)],
  )
  await tx.rows(
    `update fulfillment_order f set status = 'closed', request_status = case when f.request_status in ('rejected','cancellation_accepted') then f.request_status else 'closed' end
     where f.merchant_id = $1 and f.fulfillment_order_id = any($2::uuid[])
       and (f.status = 'in_progress' or f.status = 'incomplete' and f.request_status <> 'rejected')
       and not exists (select 1 from fulfillment_order_line x where x.merchant_id = $1 and x.fulfillment_order_id = f.fulfillment_order_id
         and x.requested > x.rejected + x.cancelled + x.shipped)`,
    [tx.merchantId, [...new Set(moves.map((m) => m.fulfillmentOrderId))]],
  )
}

/** Of these, the requests of which nothing is open any more. */
export async function closedRequests(tx: Tx, fulfillmentOrderIds: readonly string[]): Promise<string[]> {
  if (fulfillmentOrderIds.length === 0) return []
  const rows = await tx.rows<{ id: string }>(
    `select fulfillment_order_id as id from fulfillment_order
     where merchant_id = $1 and fulfillment_order_id = any($2::uuid[]) and status = 'closed'`,
    [tx.merchantId, [...new Set(fulfillmentOrderIds)]],
  )
  return rows.map((row) => row.id)
}

/** The order of a request that waits for a person, or null. */
export async function orderOfIncomplete(tx: Tx, fulfillmentOrderId: string): Promise<string | null> {
  const [row] = await tx.rows<{ order_id: string }>(
    `select order_id from fulfillment_order where merchant_id = $1 and fulfillment_order_id = $2 and status = 'incomplete'`,
    [tx.merchantId, fulfillmentOrderId],
  )
  return row?.order_id ?? null
}

/**
 * A person decided that what a partner refused, or never told of, may be asked for again: says which units are open still,
 * so that they are booked as lost, and closes the request. Null when it does not wait for that. The order is locked.
 */
export async function releaseIncomplete(
  tx: Tx,
  fulfillmentOrderId: string,
): Promise<(LineMove & { readonly shippedAt: string })[] | null> {
  const closed = await tx.rows(
    `update fulfillment_order set status = 'closed' where merchant_id = $1 and fulfillment_order_id = $2 and status = 'incomplete' returning 1`,
    [tx.merchantId, fulfillmentOrderId],
  )
  if (closed.length === 0) return null
  return tx.rows<LineMove & { readonly shippedAt: string }>(
    `select f.fulfillment_order_id as "fulfillmentOrderId", f.order_id as "orderId", x.line_id as "lineId", x.item_id as "itemId", f.location_id as "locationId",
       x.requested - x.rejected - x.cancelled - x.shipped as qty, 'rejected' as "column", now()::text as "shippedAt"
     from (select * from fulfillment_order where merchant_id = $1 and fulfillment_order_id = $2) f
     join fulfillment_order_line x on x.merchant_id = f.merchant_id and x.fulfillment_order_id = f.fulfillment_order_id
     where x.requested > x.rejected + x.cancelled + x.shipped`,
    [tx.merchantId, fulfillmentOrderId],
  )
}
