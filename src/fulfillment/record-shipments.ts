import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface ParcelLine {
  readonly lineId: string
  readonly itemId: string
  readonly qty: number
}
export interface Parcel {
  readonly fulfillmentOrderId: string
  readonly orderId: string
  /** The partner's own id: the same parcel reported twice is one shipment. */
  readonly ref: string
  readonly carrier: string
  readonly tracking: string | null
  readonly shippedAt: string
  readonly lines: readonly ParcelLine[]
}
export interface RecordedShipment extends Parcel {
  readonly shipmentId: string
}

/**
 * Writes what left the building. A line of a parcel that is already written is left out of the result, so whoever
 * follows (stock, the channel) acts once however often the partner reports it.
 */
export async function recordShipments(tx: Tx, ids: Ids, parcels: readonly Parcel[]): Promise<RecordedShipment[]> {
  if (parcels.length === 0) return []
  const rows = parcels.map((p) => ({ ...p, shipmentId: ids.uuid() }))
  const known = await tx.rows<{ id: string; fulfillmentOrderId: string; ref: string }>(
    `with d as materialized (
       select * from jsonb_to_recordset($2::jsonb) as t("shipmentId" uuid, "fulfillmentOrderId" uuid, "orderId" uuid, ref text, carrier text, tracking text, "shippedAt" timestamptz)
     )
     insert into shipment as s (merchant_id, shipment_id, fulfillment_order_id, order_id, partner_shipment_ref, carrier, tracking, shipped_at)
     select $1, "shipmentId", "fulfillmentOrderId", "orderId", ref, carrier, tracking, "shippedAt" from d order by "fulfillmentOrderId", ref
     on conflict (merchant_id, fulfillment_order_id, partner_shipment_ref) do update set partner_shipment_ref = s.partner_shipment_ref
     returning shipment_id as id, fulfillment_order_id as "fulfillmentOrderId", partner_shipment_ref as ref`,
    [tx.merchantId, JSON.stringify(rows)],
  )
  const idOf = new Map(known.map((row) => [`${row.fulfillmentOrderId} ${row.ref}`, row.id]))
  const placed = rows.map((p) => ({ ...p, shipmentId: idOf.get(`${p.fulfillmentOrderId} ${p.ref}`) ?? p.shipmentId }))
  const lines = placed.flatMap((p) =>
    p.lines.map((line) => ({ ...line, shipmentId: p.shipmentId, orderId: p.orderId })),
  )
  const fresh = await tx.rows<{ shipmentId: string; lineId: string; itemId: string }>(
    `insert into shipment_line (merchant_id, shipment_id, order_id, line_id, item_id, qty)
     select $1, "shipmentId", "orderId", "lineId", "itemId", sum(qty)::int
     from jsonb_to_recordset($2::jsonb) as t("shipmentId" uuid, "orderId" uuid, "lineId" uuid, "itemId" uuid, qty int) group by 2, 3, 4, 5
     on conflict (merchant_id, shipment_id, line_id, item_id) do nothing
     returning shipment_id as "shipmentId", line_id as "lineId", item_id as "itemId"`,
    [tx.merchantId, JSON.stringify(lines)],
  )
  const isFresh = new Set(fresh.map((row) => `${row.shipmentId} ${row.lineId} ${row.itemId}`))
  return placed
    .map((p) => ({
      ...p,
      lines: p.lines.filter((line) => isFresh.has(`${p.shipmentId} ${line.lineId} ${line.itemId}`)),
    }))
    .filter((p) => p.lines.length > 0)
}

/** What to tell the channel of a shipment: units of its own lines. */
export interface ShippedLines {
  readonly shipmentId: string
  readonly lines: readonly { readonly line: string; readonly quantity: number }[]
  /** Nothing of the order is left to ship after this one. */
  readonly final: boolean
}

interface ComponentRow {
  readonly orderId: string
  readonly lineId: string
  readonly itemId: string
  readonly external: string
  readonly ordered: number
  readonly qtyPer: number
  readonly need: number
  readonly consumed: number
}

/**
 * Components become lines again: a kit counts as shipped when all its parts have left. Reads the ledger after the
 * shipments were consumed, and walks them in order, so that two parcels of one line never claim the same unit.
 */
export async function linesForChannel(tx: Tx, shipments: readonly RecordedShipment[]): Promise<ShippedLines[]> {
  const rows = await tx.rows<ComponentRow & object>(
    `select c.order_id as "orderId", c.line_id as "lineId", c.item_id as "itemId", l.external_line_id as external, l.qty_ordered as ordered, c.qty_per as "qtyPer", c.need,
       coalesce((select sum(r.consumed)::int from reservation r where r.merchant_id = $1 and r.order_id = c.order_id and r.line_id = c.line_id and r.item_id = c.item_id), 0) as consumed
     from unnest($2::uuid[]) as i(order_id)
     cross join lateral (select * from order_line_component c where c.merchant_id = $1 and c.order_id = i.order_id offset 0) c
     cross join lateral (select * from order_line l where l.merchant_id = $1 and l.order_id = c.order_id and l.line_id = c.line_id offset 0) l`,
    [tx.merchantId, [...new Set(shipments.map((s) => s.orderId))]],
  )
  const key = (lineId: string, itemId: string) => `${lineId} ${itemId}`
  const gone = new Map(rows.map((row) => [key(row.lineId, row.itemId), row.consumed]))
  for (const s of shipments)
    for (const l of s.lines) gone.set(key(l.lineId, l.itemId), (gone.get(key(l.lineId, l.itemId)) ?? 0) - l.qty)
  const unitsOf = (lineId: string) => {
    const parts = rows.filter((row) => row.lineId === lineId)
    const whole = Math.min(...parts.map((row) => Math.floor((gone.get(key(row.lineId, row.itemId)) ?? 0) / row.qtyPer)))
    return Math.min(whole, parts[0]?.ordered ?? 0)
  }
  return shipments.map((s) => {
    const lineIds = [...new Set(s.lines.map((l) => l.lineId))]
    const before = new Map(lineIds.map((id) => [id, unitsOf(id)]))
    for (const l of s.lines) gone.set(key(l.lineId, l.itemId), (gone.get(key(l.lineId, l.itemId)) ?? 0) + l.qty)
    const lines = lineIds
      .map((id) => ({
        line: rows.find((row) => row.lineId === id)?.external ?? '',
        quantity: unitsOf(id) - (before.get(id) ?? 0),
      }))
      .filter((l) => l.quantity > 0)
    const final = rows
      .filter((row) => row.orderId === s.orderId)
      .every((row) => (gone.get(key(row.lineId, row.itemId)) ?? 0) >= row.need)
    return { shipmentId: s.shipmentId, lines, final }
  })
}

/** The shipment that a parcel's name stands for, or null. */
export async function shipmentIdOf(tx: Tx, fulfillmentOrderId: string, ref: string): Promise<string | null> {
  const [row] = await tx.rows<{ id: string }>(
    'select shipment_id as id from shipment where merchant_id = $1 and fulfillment_order_id = $2 and partner_shipment_ref = $3',
    [tx.merchantId, fulfillmentOrderId, ref],
  )
  return row?.id ?? null
}
