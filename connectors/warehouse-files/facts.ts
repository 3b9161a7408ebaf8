import type { PartnerFact } from '#kit'
import {
  type Cell,
  type CellProblem,
  readCode,
  readCount,
  readDecision,
  readRequestNumber,
  readTime,
  readTracking,
  readWords,
  readYesNo,
} from './cells.ts'
import { type Column, type DocumentContract, type InboundDocument, limits } from './contract.ts'

/** Reads the cell of a column with the reader of its type; a column that the file leaves out reads as empty. */
export type Take = <T>(name: string, read: (column: Column, raw: string) => Cell<T>) => Cell<T>
export type Reading =
  | { readonly ok: true; readonly fact: PartnerFact; readonly warning?: string }
  | { readonly ok: false; readonly problems: readonly CellProblem[] }

export function takeFrom(
  contract: DocumentContract,
  places: ReadonlyMap<string, number>,
  cells: readonly string[],
): Take {
  return (name, read) => {
    const column = contract.columns.find((candidate) => candidate.name === name)
    if (column === undefined) throw new Error(`The contract has no column ${name}`)
    return read(column, cells[places.get(name) ?? -1] ?? '')
  }
}

function wrong(...cells: readonly Cell<unknown>[]): Reading {
  return { ok: false, problems: cells.filter((cell) => !cell.ok) }
}

function ack(take: Take): Reading {
  const request = take('request_number', readRequestNumber)
  const decision = take('decision', readDecision)
  const reason = take('reason', readWords)
  if (!request.ok || !decision.ok || !reason.ok) return wrong(request, decision, reason)
  const why = reason.value === '' ? {} : { reason: reason.value }
  switch (decision.value) {
    case 'accepted':
      return { ok: true, fact: { type: 'accepted', request: request.value } }
    case 'rejected': {
      const fact = { type: 'rejected', request: request.value, reason: reason.value || 'OTHER' } as const
      return reason.value === ''
        ? { ok: true, fact, warning: 'reason: empty. Say why, so that it can be mended.' }
        : { ok: true, fact }
    }
    default:
      return { ok: true, fact: { type: decision.value, request: request.value, ...why } }
  }
}

/** Null: the cell is empty. */
const readShort = (column: Column, raw: string): Cell<number | null> =>
  raw.trim() === '' ? { ok: true, value: null } : readCount(column, raw, limits.shippedMax)

function objection(field: string, code: string, message: string): CellProblem {
  return { ok: false, field, code, message: `${field}: ${message}` }
}

/** Cells that are right one by one and say together what cannot be. */
function contradictions(cells: {
  readonly quantity: Cell<number>
  readonly final: Cell<boolean>
  readonly short: Cell<number | null>
}): CellProblem[] {
  const { quantity, final, short } = cells
  if (!final.ok || final.value) return []
  const nothing = quantity.ok && quantity.value === 0
  const early = short.ok && (short.value ?? 0) > 0
  return [
    ...(nothing ? [objection('quantity', 'ZERO', 'nothing was sent. Leave the row out, or write final = yes.')] : []),
    ...(early
      ? [objection('short', 'NOT_FINAL', 'more may still come. Write final = yes, or leave short empty.')]
      : []),
  ]
}

function shipped(take: Take, timeZone: string): Reading {
  const shipment = take('shipment_id', readCode)
  const request = take('request_number', readRequestNumber)
  const sku = take('sku', readCode)
  const quantity = take('quantity', (column, raw) => readCount(column, raw, limits.shippedMax))
  const carrier = take('carrier', readWords)
  const tracking = take('tracking', readTracking)
  const at = take('shipped_at', (column, raw) => readTime(column, raw, timeZone))
  const final = take('final', readYesNo)
  const short = take('short', readShort)
  const against = contradictions({ quantity, final, short })
  if (
    !shipment.ok ||
    !request.ok ||
    !sku.ok ||
    !quantity.ok ||
    !carrier.ok ||
    !tracking.ok ||
    !at.ok ||
    !final.ok ||
    !short.ok ||
    against.length > 0
  )
    return wrong(shipment, request, sku, quantity, carrier, tracking, at, final, short, ...against)
  const fact: PartnerFact = {
    type: 'shipped',
    request: request.value,
    shipment: shipment.value,
    sku: sku.value,
    quantity: quantity.value,
    carrier: carrier.value,
    tracking: tracking.value,
    shippedAt: at.value,
    final: final.value,
    ...(final.value && short.value !== null ? { short: short.value } : {}),
  }
  if (tracking.value !== null || quantity.value === 0) return { ok: true, fact }
  return {
    ok: true,
    fact,
    warning: 'tracking: empty, so the buyer cannot follow the parcel. Send it when you have it.',
  }
}

function stock(take: Take, timeZone: string): Reading {
  const sku = take('sku', readCode)
  const onHand = take('on_hand', (column, raw) => readCount(column, raw, limits.onHandMax))
  const asOf = take('as_of', (column, raw) => readTime(column, raw, timeZone))
  if (!sku.ok || !onHand.ok || !asOf.ok) return wrong(sku, onHand, asOf)
  return { ok: true, fact: { type: 'stock', sku: sku.value, onHand: onHand.value, asOf: asOf.value } }
}

/** One row of a document to the fact it states, or to everything that is wrong with it. */
export function readFact(document: InboundDocument, take: Take, timeZone: string): Reading {
  if (document === 'acks') return ack(take)
  return document === 'shipments' ? shipped(take, timeZone) : stock(take, timeZone)
}
