import type { PartnerFact } from '../connector-kit/index.ts'
import { cleanText } from '../model/text.ts'
import type { Parcel } from './record-shipments.ts'
import type { LineMove, OpenRequest, StateChange } from './request-state.ts'

export interface ReportedRow {
  readonly row: number
  readonly fact: PartnerFact
}
/** A row that was well-formed but fits nothing we sent. */
export interface Misfit {
  readonly row: number
  readonly code: 'FORBIDDEN' | 'SKU_NOT_IN_REQUEST' | 'UNKNOWN_SKU' | 'ALREADY_REPORTED'
  readonly field: string
  readonly message: string
}
export interface Notice {
  readonly kind: 'request_rejected' | 'cancel_rejected' | 'shipped_after_cancel' | 'shipped_short' | 'over_shipped'
  readonly orderId: string
  readonly fulfillmentOrderId: string
  readonly detail: Readonly<Record<string, unknown>>
}
/** Of this SKU of this request nothing more comes. `short`: units that will not, over all parcels; null: not said. */
interface FinalSku {
  readonly request: OpenRequest
  readonly sku: string
  readonly short: number | null
  readonly shippedAt: string
}
export type LostUnits = LineMove & { readonly shippedAt: string }
/** What a partner's rows mean, worked out without touching anything. */
export interface FactPlan {
  readonly parcels: readonly Parcel[]
  readonly states: readonly StateChange[]
  /** Units that the partner will not ship. */
  readonly refused: readonly LineMove[]
  readonly proven: readonly string[]
  readonly cancelProven: readonly string[]
  readonly notices: readonly Notice[]
  readonly misfits: readonly Misfit[]
  /** Units that will not come and are gone from the partner's shelves too, as it saw at `shippedAt`. */
  readonly lost: readonly LostUnits[]
}

interface Draft {
  parcels: Map<string, Parcel & { lines: { lineId: string; itemId: string; qty: number }[] }>
  open: Map<string, number>
  states: StateChange[]
  refused: LineMove[]
  proven: Set<string>
  cancelProven: Set<string>
  notices: Notice[]
  misfits: Misfit[]
  finals: Map<string, FinalSku>
}

const openKey = (r: OpenRequest, lineId: string, itemId: string) => `${r.fulfillmentOrderId} ${lineId} ${itemId}`

/** Everything still open of a request, as units that will not be shipped. */
function refuseRest(draft: Draft, request: OpenRequest, column: 'rejected' | 'cancelled'): void {
  for (const line of request.lines) {
    const key = openKey(request, line.lineId, line.itemId)
    const qty = draft.open.get(key) ?? 0
    if (qty === 0) continue
    draft.open.set(key, 0)
    draft.refused.push({ ...request, lineId: line.lineId, itemId: line.itemId, qty, column })
  }
}

function planAnswer(
  draft: Draft,
  request: OpenRequest,
  fact: Exclude<PartnerFact, { type: 'shipped' | 'stock' }>,
): void {
  const { fulfillmentOrderId, orderId } = request
  const note = (kind: Notice['kind'], reason: string) =>
    draft.notices.push({ kind, orderId, fulfillmentOrderId, detail: { request: request.requestNumber, reason } })
  draft.proven.add(fulfillmentOrderId)
  if (fact.type === 'accepted') {
    if (request.requestStatus === 'submitted')
      draft.states.push({ fulfillmentOrderId, requestStatus: 'accepted', status: null, reason: null })
    return
  }
  if (fact.type === 'cancel_rejected') {
    draft.cancelProven.add(fulfillmentOrderId)
    if (request.requestStatus !== 'cancellation_requested') return
    draft.states.push({
      fulfillmentOrderId,
      requestStatus: 'cancellation_rejected',
      status: null,
      reason: fact.reason ?? null,
    })
    note('cancel_rejected', fact.reason ?? 'no reason given')
    return
  }
  if (!['open', 'in_progress'].includes(request.status)) return // an answer to what is over changes nothing
  // Dropped without our asking is a refusal: asked again by itself, it would be dropped again, without end.
  const stopped =
    request.cancelled ||
    request.requestStatus === 'cancellation_requested' ||
    (fact.type === 'cancel_accepted' && request.requestStatus.startsWith('cancellation'))
  refuseRest(draft, request, stopped ? 'cancelled' : 'rejected')
  if (fact.type === 'cancel_accepted') draft.cancelProven.add(fulfillmentOrderId)
  draft.states.push({
    fulfillmentOrderId,
    requestStatus: stopped ? 'cancellation_accepted' : 'rejected',
    status: stopped ? 'cancelled' : 'incomplete',
    reason: stopped ? null : (fact.reason ?? 'dropped by the partner'),
  })
  if (!stopped) note('request_rejected', fact.reason ?? 'dropped by the partner')
}

function planShipment(
  draft: Draft,
  request: OpenRequest,
  row: number,
  fact: Extract<PartnerFact, { type: 'shipped' }>,
): void {
  const lines = request.lines.filter((line) => line.sku === fact.sku)
  if (lines.length === 0) {
    const message = `SKU "${cleanText(fact.sku, 60)}" is not in request ${request.requestNumber}; send the SKU of the request's own line`
    draft.misfits.push({ row, code: 'SKU_NOT_IN_REQUEST', field: 'sku', message })
    return
  }
  draft.proven.add(request.fulfillmentOrderId)
  const known = request.recorded.find((r) => r.shipment === fact.shipment && r.sku === fact.sku)
  if (known && fact.quantity !== 0 && known.quantity !== fact.quantity) {
    const message = `shipment "${cleanText(fact.shipment, 60)}" was reported before with ${known.quantity} of this SKU, which counts; report further units under a shipment id of their own`
    draft.misfits.push({ row, code: 'ALREADY_REPORTED', field: 'quantity', message })
    return
  }
  if (fact.final)
    draft.finals.set(`${request.requestNumber} ${fact.sku}`, {
      request,
      sku: fact.sku,
      short: fact.short ?? null,
      shippedAt: fact.shippedAt,
    })
  if (fact.quantity === 0 || known) return // only says that no more will come, or what was said before
  const key = `${request.fulfillmentOrderId} ${fact.shipment}`
  const parcel = draft.parcels.get(key) ?? {
    fulfillmentOrderId: request.fulfillmentOrderId,
    orderId: request.orderId,
    ref: fact.shipment,
    carrier: fact.carrier,
    tracking: fact.tracking,
    shippedAt: fact.shippedAt,
    lines: [],
  }
  draft.parcels.set(key, parcel)
  let left = fact.quantity
  for (const line of lines) {
    const open = draft.open.get(openKey(request, line.lineId, line.itemId)) ?? 0
    const qty = line === lines.at(-1) ? left : Math.min(left, open)
    if (qty === 0) continue
    parcel.lines.push({ lineId: line.lineId, itemId: line.itemId, qty })
    draft.open.set(openKey(request, line.lineId, line.itemId), Math.max(0, open - qty))
    left -= qty
    if (qty > open)
      draft.notices.push({
        kind: 'over_shipped',
        orderId: request.orderId,
        fulfillmentOrderId: request.fulfillmentOrderId,
        detail: { sku: fact.sku, units: qty - open },
      })
  }
}

/**
 * What a final row leaves open. An earlier parcel's file may still be on its way, so only the units that the partner calls
 * short are lost; what was called short before is `rejected` already. Where it does not say, a person decides: units asked
 * for again by mistake would leave twice.
 */
function settleFinal(draft: Draft, { request, sku, short, shippedAt }: FinalSku): LostUnits[] {
  const lines = request.lines.filter((line) => line.sku === sku)
  const { fulfillmentOrderId, orderId } = request
  const openOf = (line: (typeof lines)[number]) => draft.open.get(openKey(request, line.lineId, line.itemId)) ?? 0
  const note = (units: number, reason: string) =>
    draft.notices.push({ kind: 'shipped_short', orderId, fulfillmentOrderId, detail: { sku, units, reason } })
  if (short === null) {
    const open = lines.reduce((sum, line) => sum + openOf(line), 0)
    if (open === 0 || !['open', 'in_progress'].includes(request.status)) return []
    draft.states.push({
      fulfillmentOrderId,
      requestStatus: null,
      status: 'incomplete',
      reason: 'complete without these',
    })
    note(open, 'the partner calls the request complete and told of no parcel with these; ask again if they never left')
    return []
  }
  let left = short - lines.reduce((sum, line) => sum + line.rejected, 0)
  const lost = lines.flatMap((line) => {
    const qty = Math.min(Math.max(left, 0), openOf(line))
    left -= qty
    return qty === 0
      ? []
      : [{ ...request, lineId: line.lineId, itemId: line.itemId, qty, shippedAt, column: 'rejected' as const }]
  })
  const units = lost.reduce((sum, move) => sum + move.qty, 0)
  if (units > 0) note(units, 'the partner does not have them; they were asked for again as far as there is stock')
  return lost
}

/** One answer to a number that nobody has and to one that is somebody else's: it must not tell which of them it is. */
const notTheirs =
  'this request was not sent to you, so nothing was applied for this row; give request_number as our file says it'

/** Works out what reported rows mean for the requests they name. Pure. Stock rows are not its business. */
export function planFacts(rows: readonly ReportedRow[], requests: ReadonlyMap<string, OpenRequest>): FactPlan {
  const draft: Draft = {
    parcels: new Map(),
    open: new Map(),
    states: [],
    refused: [],
    proven: new Set(),
    cancelProven: new Set(),
    notices: [],
    misfits: [],
    finals: new Map(),
  }
  for (const request of requests.values())
    for (const l of request.lines) draft.open.set(openKey(request, l.lineId, l.itemId), l.open)
  for (const { row, fact } of rows) {
    if (fact.type === 'stock') continue
    const request = requests.get(fact.request)
    if (!request) {
      draft.misfits.push({ row, code: 'FORBIDDEN', field: 'request_number', message: notTheirs })
    } else if (fact.type === 'shipped') planShipment(draft, request, row, fact)
    else planAnswer(draft, request, fact)
  }
  const lost = [...draft.finals.values()].flatMap((final) => settleFinal(draft, final))
  return {
    parcels: [...draft.parcels.values()],
    states: draft.states,
    refused: draft.refused,
    proven: [...draft.proven],
    cancelProven: [...draft.cancelProven],
    notices: draft.notices,
    misfits: draft.misfits,
    lost,
  }
}
