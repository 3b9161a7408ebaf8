/** What a partner's file causes: answers to requests, departures, stock. The second page of flows.ts. */
import { createHash } from 'node:crypto'
import { itemsBySku } from './catalog/items.ts'
import { confirmEffects, dropEffects, intend } from './effects/effects.ts'
import { askPartners, stockCounted } from './flows.ts'
import { cancelsAnswered } from './flows-orders.ts'
import { departedSince } from './fulfillment/departed.ts'
import { recordIncoming } from './fulfillment/partner-files.ts'
import { type FactPlan, type Misfit, type Notice, planFacts, type ReportedRow } from './fulfillment/plan-facts.ts'
import {
  linesForChannel,
  type RecordedShipment,
  recordShipments,
  shipmentIdOf,
} from './fulfillment/record-shipments.ts'
import {
  changeStates,
  closedRequests,
  type LineMove,
  lockRequests,
  moveLines,
  type OpenRequest,
  openByHand,
} from './fulfillment/request-state.ts'
import { storeArrivals } from './inbox/messages.ts'
import { tickClock } from './inventory/clock.ts'
import { fitStock } from './inventory/fit-stock.ts'
import { consumeStock, loseStock, markHanded } from './inventory/hand-off.ts'
import { locationOf } from './inventory/locate.ts'
import { type Cause, resolveExceptions } from './journal/record.ts'
import { cleanText } from './model/text.ts'
import { noteFit, noteReport } from './notes.ts'
import { addSearchNumbers } from './orders/import-orders.ts'
import { originsOf } from './orders/lock-orders.ts'
import type { Ids } from './platform/base/ports.ts'
import type { Tx } from './platform/db/tx.ts'

const none: ReadonlySet<string> = new Set()

export interface Report {
  readonly connectionId: string
  readonly cause: Cause
}

/** A partner reported. Rows that fit nothing we sent come back as misfits; the rest is applied, once, whatever is repeated. */
export async function partnerReported(
  tx: Tx,
  ids: Ids,
  report: Report,
  rows: readonly ReportedRow[],
): Promise<Misfit[]> {
  const requests = await lockRequests(
    tx,
    report.connectionId,
    rows.flatMap(({ fact }) => (fact.type === 'stock' ? [] : [fact.request])),
  )
  const plan = planFacts(rows, requests)
  await changeStates(tx, plan.states)
  const shipments = await recordShipments(tx, ids, plan.parcels)
  const place = new Map([...requests.values()].map((r) => [r.fulfillmentOrderId, r]))
  const left = shipments.flatMap((s) => {
    const locationId = place.get(s.fulfillmentOrderId)?.locationId ?? ''
    const { fulfillmentOrderId, orderId, shippedAt } = s
    return s.lines.map((line) => ({
      ...line,
      fulfillmentOrderId,
      orderId,
      locationId,
      shippedAt,
      column: 'shipped' as const,
    }))
  })
  const version = await tickClock(tx)
  await consumeStock(tx, version, left)
  await settleUnits(tx, version, plan, left)
  const touched = [...new Set([...left, ...plan.refused, ...plan.lost].map((m) => m.orderId))]
  const fit = await fitStock(
    tx,
    version,
    touched,
    [...left, ...plan.lost].map((l) => l.itemId),
  )
  await tellChannels(tx, ids, shipments)
  await noteReport(tx, report.cause, [...plan.notices, ...lateParcels(shipments, place)], shipments)
  await noteFit(tx, fit, report.cause, none)
  await cancelsAnswered(tx, ids, report.cause, [...new Set([...requests.values()].map((r) => r.orderId))])
  await askPartners(tx, ids, fit, { cause: report.cause, cancelled: none })
  return [...plan.misfits, ...(await partnerCounted(tx, ids, report, rows))]
}

/** Books departed and refused units on the requests, gives refused ones back to our reach, and proves what was asked. */
async function settleUnits(
  tx: Tx,
  version: bigint,
  plan: FactPlan,
  left: readonly (LineMove & { readonly shippedAt: string })[],
): Promise<void> {
  await moveLines(tx, [...left, ...plan.refused])
  await markHanded(tx, plan.refused, -1)
  await loseStock(tx, version, plan.lost)
  await moveLines(tx, plan.lost)
  await confirmEffects(tx, 'request', plan.proven)
  await confirmEffects(tx, 'request_cancel', plan.cancelProven)
  const over = await closedRequests(
    tx,
    [...left, ...plan.lost].map((m) => m.fulfillmentOrderId),
  )
  await dropEffects(tx, 'request_cancel', over, 'the goods left before the partner answered')
  await resolveExceptions(
    tx,
    [...plan.proven, ...plan.cancelProven, ...over].map((id) => `ack.${id}`),
  )
  await resolveExceptions(
    tx,
    over.map((id) => `shipped_short.${id}`),
  )
}

/** Parcels that left although their order was cancelled. */
function lateParcels(shipments: readonly RecordedShipment[], place: ReadonlyMap<string, OpenRequest>): Notice[] {
  return shipments
    .filter((s) => place.get(s.fulfillmentOrderId)?.cancelled)
    .map((s) => ({
      kind: 'shipped_after_cancel' as const,
      orderId: s.orderId,
      fulfillmentOrderId: s.fulfillmentOrderId,
      detail: { tracking: s.tracking },
    }))
}

/** "Shipped" goes back to the shop that sold it, once per shipment. */
async function tellChannels(tx: Tx, ids: Ids, shipments: readonly RecordedShipment[]): Promise<void> {
  if (shipments.length === 0) return
  const origins = await originsOf(
    tx,
    shipments.map((s) => s.orderId),
  )
  const told = new Map((await linesForChannel(tx, shipments)).map((t) => [t.shipmentId, t]))
  await intend(
    tx,
    ids,
    shipments.flatMap((s) => {
      const origin = origins.get(s.orderId)
      const lines = told.get(s.shipmentId)
      if (!origin || !lines || lines.lines.length === 0) return []
      const intent = {
        order: origin.externalId,
        lines: lines.lines,
        final: lines.final,
        carrier: s.carrier,
        tracking: s.tracking,
        shippedAt: s.shippedAt,
      }
      return [
        {
          kind: 'shipped' as const,
          connectionId: origin.connectionId,
          dedupeKey: `${s.shipmentId}.1.${s.lines.map((l) => l.lineId).sort()[0]}`,
          subjectId: s.shipmentId,
          orderId: s.orderId,
          intent,
        },
      ]
    }),
  )
  await addSearchNumbers(
    tx,
    shipments.flatMap((s) => [
      { orderId: s.orderId, number: s.ref, kind: 'shipment' },
      ...(s.tracking === null ? [] : [{ orderId: s.orderId, number: s.tracking, kind: 'tracking' }]),
    ]),
  )
}

async function partnerCounted(
  tx: Tx,
  ids: Ids,
  report: { readonly connectionId: string; readonly cause: Cause },
  rows: readonly ReportedRow[],
): Promise<Misfit[]> {
  const stock = rows.flatMap(({ row, fact }) => (fact.type === 'stock' ? [{ row, ...fact }] : []))
  if (stock.length === 0) return []
  const [locationId, items] = [
    await locationOf(tx, report.connectionId),
    await itemsBySku(
      tx,
      stock.map((s) => s.sku),
    ),
  ]
  const seen = stock.flatMap((s) => {
    const itemId = items.get(s.sku)
    return itemId && locationId ? [{ itemId, locationId, onHand: s.onHand, asOf: s.asOf, kind: 'count' as const }] : []
  })
  const left = locationId && seen.length > 0 ? await departedSince(tx, locationId, seen) : new Map<string, number>()
  const counts = seen.map((c) => ({ ...c, onHand: Math.max(0, c.onHand - (left.get(c.itemId) ?? 0)) }))
  if (counts.length > 0) await stockCounted(tx, ids, report.cause, counts)
  return stock
    .filter((s) => !items.has(s.sku))
    .map((s) => ({
      row: s.row,
      code: 'SKU_NOT_IN_REQUEST' as const,
      field: 'sku',
      message: `SKU "${cleanText(s.sku, 60)}" is not known here; create the item or correct the SKU, then send the file again`,
    }))
}

export interface HandShipment {
  readonly fulfillmentOrderId: string
  readonly ref: string
  readonly carrier: string
  readonly tracking: string | null
  readonly shippedAt: string
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
}
export type HandOutcome =
  | { readonly kind: 'recorded' | 'already_recorded'; readonly shipmentId: string }
  | { readonly kind: 'sku_not_in_request' | 'too_many'; readonly line: number; readonly open: number }
  | { readonly kind: 'not_open'; readonly status: string }

/** The merchant shipped by hand from a place without a partner: the same story as a partner's report, one parcel long. */
export async function shippedByHand(tx: Tx, ids: Ids, cause: Cause, parcel: HandShipment): Promise<HandOutcome> {
  const request = await openByHand(tx, parcel.fulfillmentOrderId)
  if (!request) return { kind: 'not_open', status: 'unknown' }
  const known = await shipmentIdOf(tx, parcel.fulfillmentOrderId, parcel.ref)
  if (known !== null) return { kind: 'already_recorded', shipmentId: known }
  if (!['open', 'in_progress'].includes(request.status)) return { kind: 'not_open', status: request.status }
  const taken: { lineId: string; itemId: string; qty: number }[] = []
  for (const [at, line] of parcel.lines.entries()) {
    const there = request.lines.filter((l) => l.sku === line.sku)
    const open = there.reduce((n, l) => n + l.open, 0)
    if (there.length === 0) return { kind: 'sku_not_in_request', line: at, open: 0 }
    if (line.quantity > open) return { kind: 'too_many', line: at, open }
    let left = line.quantity
    for (const l of there) {
      const qty = Math.min(left, l.open)
      if (qty > 0) taken.push({ lineId: l.lineId, itemId: l.itemId, qty })
      left -= qty
    }
  }
  await changeStates(tx, [
    { fulfillmentOrderId: request.fulfillmentOrderId, requestStatus: 'accepted', status: 'in_progress', reason: null },
  ])
  const { fulfillmentOrderId, orderId, locationId } = request
  const [shipment] = await recordShipments(tx, ids, [{ ...parcel, orderId, lines: taken }])
  if (!shipment) return { kind: 'not_open', status: request.status }
  const left = taken.map((line) => ({
    ...line,
    fulfillmentOrderId,
    orderId,
    locationId,
    shippedAt: parcel.shippedAt,
    column: 'shipped' as const,
  }))
  const version = await tickClock(tx)
  await markHanded(tx, left, 1)
  await consumeStock(tx, version, left)
  await moveLines(tx, left)
  const fit = await fitStock(
    tx,
    version,
    [orderId],
    left.map((l) => l.itemId),
  )
  await tellChannels(tx, ids, [shipment])
  await noteReport(tx, cause, [], [shipment])
  await noteFit(tx, fit, cause, none)
  return { kind: 'recorded', shipmentId: shipment.shipmentId }
}

/**
 * A partner's file that a person hands in: the same rows in the same inbox as one from its folder, so the same bytes by
 * both ways are one file.
 */
export async function fileHandedIn(
  tx: Tx,
  ids: Ids,
  { connectionId, name, bytes }: { readonly connectionId: string; readonly name: string; readonly bytes: Buffer },
): Promise<{ readonly fileId: string; readonly isNew: boolean }> {
  const sha256 = createHash('sha256').update(bytes).digest()
  const taken = await recordIncoming(tx, ids, { connectionId, name, size: bytes.length, sha256 })
  if (!taken.isNew) return taken
  const dedupeKey = `file.${sha256.toString('hex')}`
  const headers = { 'file-id': taken.fileId, 'file-name': name, 'file-modified': '' }
  const arrival = { source: 'file', topic: 'partner-file', subjectRef: null, dedupeKey, headers, raw: bytes } as const
  await storeArrivals(tx, ids, connectionId, [arrival])
  return taken
}
