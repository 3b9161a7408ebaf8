/** What people are told about a flow: events on an order's timeline, and exceptions that open and close with their cause. */
import type { Notice } from './fulfillment/plan-facts.ts'
import type { Fit } from './inventory/fit-stock.ts'
import { linesHeldInExcess } from './inventory/read.ts'
import { openKeysOf } from './journal/read.ts'
import {
  type Cause,
  type OrderEvent,
  type Raise,
  raiseExceptions,
  recordEvents,
  resolveExceptions,
} from './journal/record.ts'
import { moneyDelta, type OrderFact } from './orders/facts.ts'
import { namesOfKeptLines, unmappedOf } from './orders/lock-orders.ts'
import type { Tx } from './platform/db/tx.ts'

const hub = 'hub'

export interface ImportedOrder {
  readonly orderId: string
  readonly isNew: boolean
  readonly fact: OrderFact
}

/** An imported order, and money that does not add up: flagged, never mended, closed again when it does. */
export async function noteImport(tx: Tx, imported: readonly ImportedOrder[]): Promise<void> {
  const events: OrderEvent[] = []
  const raises: Raise[] = []
  const settled: string[] = []
  for (const { orderId, isNew, fact } of imported) {
    const cause: Cause = { kind: 'message', id: fact.messageId }
    const { order } = fact
    const kind = order.cancelledAt !== null ? 'order.cancelled' : isNew ? 'order.imported' : 'order.updated'
    events.push({ orderId, kind, cause, data: { status: order.remoteStatus, changedAt: order.changedAt } })
    const delta = moneyDelta(order)
    const dedupeKey = `money.${orderId}`
    if (delta === 0n) {
      if (!isNew) settled.push(dedupeKey)
    } else {
      const detail = { deltaMinor: delta.toString(), currency: order.total.currency }
      raises.push({ kind: 'money_mismatch', dedupeKey, subjectKind: 'order', subjectId: orderId, detail })
    }
  }
  await recordEvents(tx, hub, events)
  await raiseExceptions(tx, raises)
  await resolveExceptions(tx, settled)
}

/** Orders with wanted lines that nothing maps. `known`: orders that may have had such an exception before. */
export async function noteUnmapped(tx: Tx, orderIds: readonly string[], known: readonly string[]): Promise<void> {
  const unmapped = orderIds.length === 0 ? [] : await unmappedOf(tx, orderIds)
  const open = new Set(unmapped.map((row) => row.orderId))
  await raiseExceptions(
    tx,
    unmapped.map(({ orderId, lines }) => ({
      kind: 'unmapped_sku',
      dedupeKey: `unmapped.${orderId}`,
      subjectKind: 'order',
      subjectId: orderId,
      detail: { lines },
    })),
  )
  await resolveExceptions(
    tx,
    known.filter((id) => !open.has(id)).map((id) => `unmapped.${id}`),
  )
}

/** Shortages open and close with the reservation itself. `fresh`: orders that cannot have an open exception yet. */
export async function noteFit(tx: Tx, fit: Fit, cause: Cause, fresh: ReadonlySet<string>): Promise<void> {
  const short = [...fit.shortByOrder].filter(([, units]) => units > 0)
  const whole = [...fit.shortByOrder].filter(([id, units]) => units === 0 && !fresh.has(id)).map(([id]) => id)
  await raiseExceptions(
    tx,
    short.map(([orderId, units]) => ({
      kind: 'short',
      dedupeKey: `short.${orderId}`,
      subjectKind: 'order',
      subjectId: orderId,
      detail: { units },
    })),
  )
  await resolveExceptions(
    tx,
    whole.map((id) => `short.${id}`),
  )
  await recordEvents(
    tx,
    hub,
    short.map(([orderId, units]) => ({ orderId, kind: 'stock.short', cause, data: { units } })),
  )
  await closeEdits(
    tx,
    fit.orderIds.filter((id) => !fresh.has(id)),
  )
}

/** What a partner holds of an edited line is over when it let go of it, shipped it, or it is wanted again. */
async function closeEdits(tx: Tx, orderIds: readonly string[]): Promise<void> {
  const told = await openKeysOf(tx, 'edit_after_handoff', orderIds)
  if (told.length === 0) return
  const held = await linesHeldInExcess(tx, orderIds)
  await resolveExceptions(
    tx,
    told.filter((key) => !held.some((lineId) => key.endsWith(`.${lineId}`))),
  )
}

/** Units that a partner still holds although the order no longer wants them, where no cancel request covers it. */
export async function noteExcess(tx: Tx, fit: Fit, cancelled: ReadonlySet<string>): Promise<void> {
  const kept = fit.excess.filter((row) => !cancelled.has(row.orderId))
  if (kept.length === 0) return
  const held = new Set(await linesHeldInExcess(tx, [...new Set(kept.map((row) => row.orderId))]))
  const edited = kept.filter((row) => held.has(row.lineId))
  const names = await namesOfKeptLines(tx, edited)
  await raiseExceptions(
    tx,
    edited.flatMap(({ orderId, lineId, units }) => {
      const name = names.get(lineId)
      if (!name) return []
      const detail = { ...name, units }
      const dedupeKey = `edit.${orderId}.${lineId}`
      return [{ kind: 'edit_after_handoff', dedupeKey, subjectKind: 'order', subjectId: orderId, detail } as const]
    }),
  )
}

/** Requests opened or asked to stop. */
export async function noteRequests(
  tx: Tx,
  kind: 'request.opened' | 'request.cancel_asked' | 'request.sent',
  requests: readonly { readonly orderId: string; readonly requestNumber: string }[],
  cause: Cause,
): Promise<void> {
  await recordEvents(
    tx,
    hub,
    requests.map((r) => ({ orderId: r.orderId, kind, cause, data: { request: r.requestNumber } })),
  )
}

/** What a partner's file said, for the orders it concerns. */
export async function noteReport(
  tx: Tx,
  cause: Cause,
  notices: readonly Notice[],
  shipped: readonly { readonly orderId: string; readonly tracking: string | null; readonly carrier: string }[],
): Promise<void> {
  await recordEvents(tx, 'partner', [
    ...notices.map((n) => ({ orderId: n.orderId, kind: n.kind.replace('_', '.'), cause, data: n.detail })),
    ...shipped.map((s) => ({
      orderId: s.orderId,
      kind: 'shipment.recorded',
      cause,
      data: { tracking: s.tracking, carrier: s.carrier },
    })),
  ])
  await raiseExceptions(
    tx,
    notices.map((n) => ({
      kind: n.kind,
      dedupeKey: `${n.kind}.${n.fulfillmentOrderId}`,
      subjectKind: 'order',
      subjectId: n.orderId,
      detail: n.detail,
    })),
  )
}
