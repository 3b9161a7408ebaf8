import { z } from 'zod'
import { shownId, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface RequestRow {
  readonly fulfillmentOrderId: string
  readonly orderId: string
  readonly orderNumber: string
  readonly locationId: string
  readonly connectionId: string | null
  readonly requestNumber: string
  readonly status: string
  readonly requestStatus: string
  readonly submittedAt: Date | null
  readonly ackDueAt: Date | null
  readonly cancelRequestedAt: Date | null
  readonly reason: string | null
  readonly createdAt: Date
  readonly lines:
    | readonly {
        line: string
        itemId: string
        sku: string
        requested: number
        rejected: number
        cancelled: number
        shipped: number
      }[]
    | null
}

/** A fulfilment order `t` with its order's number and its lines. */
export const requestColumns = `t.fulfillment_order_id as "fulfillmentOrderId", t.order_id as "orderId", o.external_number as "orderNumber", t.location_id as "locationId",
  t.connection_id as "connectionId", t.request_number as "requestNumber", t.status, t.request_status as "requestStatus", t.submitted_at as "submittedAt",
  t.ack_due_at as "ackDueAt", t.cancel_requested_at as "cancelRequestedAt", t.reason, t.created_at as "createdAt", l.lines`
export const requestJoins = `cross join lateral (select external_number from orders o where o.merchant_id = $1 and o.order_id = t.order_id offset 0) o
  cross join lateral (
    select json_agg(json_build_object('line', n.external_line_id, 'itemId', x.item_id, 'sku', i.sku, 'requested', x.requested, 'rejected', x.rejected,
      'cancelled', x.cancelled, 'shipped', x.shipped) order by n.external_line_id, i.sku) as lines
    from fulfillment_order_line x
    join item i on i.merchant_id = x.merchant_id and i.item_id = x.item_id
    join order_line n on n.merchant_id = x.merchant_id and n.order_id = x.order_id and n.line_id = x.line_id
    where x.merchant_id = $1 and x.fulfillment_order_id = t.fulfillment_order_id) l`

const perOrderMax = 200

export function requestsOfOrder(tx: Tx, orderId: string): Promise<RequestRow[]> {
  return tx.rows<RequestRow & object>(
    `select ${requestColumns} from (select * from fulfillment_order where merchant_id = $1 and order_id = $2) t ${requestJoins}
     order by t.created_at, t.fulfillment_order_id limit ${perOrderMax}`,
    [tx.merchantId, orderId],
  )
}

export async function readRequest(tx: Tx, fulfillmentOrderId: string): Promise<RequestRow | null> {
  const [row] = await tx.rows<RequestRow & object>(
    `select ${requestColumns} from (select * from fulfillment_order where merchant_id = $1 and fulfillment_order_id = $2) t ${requestJoins}`,
    [tx.merchantId, fulfillmentOrderId],
  )
  return row ?? null
}

export const shownRequest = z.object({
  id: shownId,
  order: shownId,
  orderNumber: z.string(),
  location: shownId,
  partner: shownId.nullable().describe('The connection that ships; null: you ship by hand.'),
  requestNumber: z.string(),
  status: z.string(),
  requestStatus: z.string(),
  submittedAt: shownTime.nullable(),
  ackDueAt: shownTime.nullable(),
  cancelRequestedAt: shownTime.nullable(),
  reason: z.string().nullable(),
  createdAt: shownTime,
  lines: z.array(
    z.object({
      line: z.string(),
      item: shownId,
      sku: z.string(),
      requested: z.int(),
      rejected: z.int(),
      cancelled: z.int(),
      shipped: z.int(),
    }),
  ),
})

export const showRequest = (row: RequestRow): z.infer<typeof shownRequest> => ({
  id: publicId('fulfillmentOrder', row.fulfillmentOrderId),
  order: publicId('order', row.orderId),
  orderNumber: row.orderNumber,
  location: publicId('location', row.locationId),
  partner: row.connectionId === null ? null : publicId('connection', row.connectionId),
  requestNumber: row.requestNumber,
  status: row.status,
  requestStatus: row.requestStatus,
  submittedAt: showTimeOrNull(row.submittedAt),
  ackDueAt: showTimeOrNull(row.ackDueAt),
  cancelRequestedAt: showTimeOrNull(row.cancelRequestedAt),
  reason: row.reason,
  createdAt: showTime(row.createdAt),
  lines: (row.lines ?? []).map(({ itemId, ...line }) => ({ ...line, item: publicId('item', itemId) })),
})

export interface ShipmentRow {
  readonly shipmentId: string
  readonly fulfillmentOrderId: string
  readonly orderId: string
  readonly ref: string
  readonly carrier: string
  readonly tracking: string | null
  readonly shippedAt: Date
  readonly createdAt: Date
  readonly lines: readonly { line: string; itemId: string; sku: string; quantity: number }[] | null
  readonly told: readonly { state: string; reason: string | null; remote: string | null }[] | null
}

/** A shipment `t` with its lines and what its channel knows of it. */
export const shipmentColumns = `t.shipment_id as "shipmentId", t.fulfillment_order_id as "fulfillmentOrderId", t.order_id as "orderId",
  t.partner_shipment_ref as ref, t.carrier, t.tracking, t.shipped_at as "shippedAt", t.created_at as "createdAt", l.lines, e.told`
export const shipmentJoins = `cross join lateral (
    select json_agg(json_build_object('line', n.external_line_id, 'itemId', x.item_id, 'sku', i.sku, 'quantity', x.qty) order by n.external_line_id, i.sku) as lines
    from shipment_line x
    join item i on i.merchant_id = x.merchant_id and i.item_id = x.item_id
    join order_line n on n.merchant_id = x.merchant_id and n.order_id = x.order_id and n.line_id = x.line_id
    where x.merchant_id = $1 and x.shipment_id = t.shipment_id) l
  cross join lateral (
    select json_agg(json_build_object('state', e.state, 'reason', e.reason, 'remote', e.external_ref) order by e.created_at) as told
    from effect e where e.merchant_id = $1 and e.subject_id = t.shipment_id and e.kind = 'shipped') e`

export function shipmentsOfOrder(tx: Tx, orderId: string): Promise<ShipmentRow[]> {
  return tx.rows<ShipmentRow & object>(
    `select ${shipmentColumns} from (select * from shipment where merchant_id = $1 and order_id = $2) t ${shipmentJoins}
     order by t.shipped_at, t.shipment_id limit ${perOrderMax}`,
    [tx.merchantId, orderId],
  )
}

export async function readShipment(tx: Tx, shipmentId: string): Promise<ShipmentRow | null> {
  const [row] = await tx.rows<ShipmentRow & object>(
    `select ${shipmentColumns} from (select * from shipment where merchant_id = $1 and shipment_id = $2) t ${shipmentJoins}`,
    [tx.merchantId, shipmentId],
  )
  return row ?? null
}

export const shownShipment = z.object({
  id: shownId,
  fulfillmentOrder: shownId,
  order: shownId,
  ref: z.string(),
  carrier: z.string(),
  tracking: z.string().nullable(),
  shippedAt: shownTime,
  createdAt: shownTime,
  lines: z.array(z.object({ line: z.string(), item: shownId, sku: z.string(), quantity: z.int() })),
  channel: z
    .array(z.object({ state: z.string(), reason: z.string().nullable(), remote: z.string().nullable() }))
    .describe('What the shop was told. "confirmed": read back from it.'),
})

export const showShipment = (row: ShipmentRow): z.infer<typeof shownShipment> => ({
  id: publicId('shipment', row.shipmentId),
  fulfillmentOrder: publicId('fulfillmentOrder', row.fulfillmentOrderId),
  order: publicId('order', row.orderId),
  ref: row.ref,
  carrier: row.carrier,
  tracking: row.tracking,
  shippedAt: showTime(row.shippedAt),
  createdAt: showTime(row.createdAt),
  lines: (row.lines ?? []).map(({ itemId, ...line }) => ({ ...line, item: publicId('item', itemId) })),
  channel: [...(row.told ?? [])],
})
