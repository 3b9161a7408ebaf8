import type { FulfillmentRequest, Person } from '../connector-kit/index.ts'
import type { Tx } from '../platform/db/tx.ts'

/** Units of a request line; where they are reserved is the fulfilment order's location. */
export interface RequestUnits {
  readonly orderId: string
  readonly lineId: string
  readonly itemId: string
  readonly locationId: string
  readonly qty: number
}
export interface Submitted {
  readonly fulfillmentOrderId: string
  readonly request: FulfillmentRequest
  readonly units: readonly RequestUnits[]
}

interface RequestRow {
  readonly fulfillmentOrderId: string
  readonly number: string
  readonly orderNumber: string
  readonly placedAt: Date
  readonly service: string | null
  readonly shipTo: Person | null
  readonly lines: readonly (RequestUnits & { readonly sku: string; readonly title: string })[]
}

/** One row per asked request with what the partner must know. */
async function readRequests(tx: Tx, fulfillmentOrderIds: readonly string[]): Promise<RequestRow[]> {
  return tx.rows<RequestRow & object>(
    `select f.fulfillment_order_id as "fulfillmentOrderId", f.request_number as number, o.external_number as "orderNumber", o.placed_at as "placedAt",
       o.shipping_service as service, (select data from order_person p where p.merchant_id = $1 and p.order_id = f.order_id and p.role = 'ship_to') as "shipTo",
       l.lines
     from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from fulfillment_order f where f.merchant_id = $1 and f.fulfillment_order_id = d.id offset 0) f
     cross join lateral (select * from orders o where o.merchant_id = $1 and o.order_id = f.order_id offset 0) o
     cross join lateral (
       select json_agg(json_build_object('orderId', x.order_id, 'lineId', x.line_id, 'itemId', x.item_id, 'locationId', f.location_id,
         'qty', x.requested - x.cancelled - x.rejected - x.shipped, 'sku', i.sku, 'title', n.title) order by n.external_line_id, i.sku) as lines
       from fulfillment_order_line x
       join item i on i.merchant_id = x.merchant_id and i.item_id = x.item_id
       join order_line n on n.merchant_id = x.merchant_id and n.order_id = x.order_id and n.line_id = x.line_id
       where x.merchant_id = $1 and x.fulfillment_order_id = f.fulfillment_order_id) l`,
    [tx.merchantId, fulfillmentOrderIds],
  )
}

const asRequest = (row: RequestRow, kind: 'ship' | 'cancel'): FulfillmentRequest => ({
  number: row.number,
  kind,
  orderNumber: row.orderNumber,
  placedAt: row.placedAt.toISOString(),
  shipTo: kind === 'ship' ? row.shipTo : null,
  service: row.service,
  lines: row.lines.map((line, at) => ({ lineNumber: at + 1, sku: line.sku, title: line.title, quantity: line.qty })),
})

/**
 * Turns open fulfilment orders into requests that count as handed off from this commit on. Order rows are locked first,
 * so a cancellation either comes before (and nothing is sent) or after (and a cancel request follows).
 */
export async function submitRequests(
  tx: Tx,
  fulfillmentOrderIds: readonly string[],
  ackWithinS: number,
): Promise<Submitted[]> {
  const fresh = await tx.rows<{ id: string }>(
    `with locked as materialized (
       select o.order_id from orders o where o.merchant_id = $1 and o.order_id in (
         select f.order_id from fulfillment_order f where f.merchant_id = $1 and f.fulfillment_order_id = any($2::uuid[]))
       and o.cancelled_at is null order by o.external_id for no key update
     )
     update fulfillment_order f set request_status = 'submitted', status = 'in_progress', submitted_at = now(), ack_due_at = now() + $3 * interval '1 second'
     where f.merchant_id = $1 and f.fulfillment_order_id = any($2::uuid[]) and f.request_status = 'unsubmitted' and f.status = 'open'
       and f.order_id in (select order_id from locked)
     returning f.fulfillment_order_id as id`,
    [tx.merchantId, fulfillmentOrderIds, ackWithinS],
  )
  const rows = await readRequests(
    tx,
    fresh.map((row) => row.id),
  )
  return rows.map((row) => ({
    fulfillmentOrderId: row.fulfillmentOrderId,
    request: asRequest(row, 'ship'),
    units: row.lines,
  }))
}

/** The cancel requests of fulfilment orders that still wait for their partner's answer. */
export async function cancelRequestsFor(tx: Tx, fulfillmentOrderIds: readonly string[]): Promise<Submitted[]> {
  const waiting = await tx.rows<{ id: string }>(
    `select fulfillment_order_id as id from fulfillment_order f where f.merchant_id = $1 and f.fulfillment_order_id = any($2::uuid[])
     and f.request_status = 'cancellation_requested'`,
    [tx.merchantId, fulfillmentOrderIds],
  )
  const rows = await readRequests(
    tx,
    waiting.map((row) => row.id),
  )
  return rows.map((row) => ({
    fulfillmentOrderId: row.fulfillmentOrderId,
    request: asRequest(row, 'cancel'),
    units: row.lines,
  }))
}
