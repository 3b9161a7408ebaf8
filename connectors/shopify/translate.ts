import {
  cleanText,
  type Hold,
  moneyToDecimal,
  sumMoney,
  type TranslateContext,
  type UnifiedLine,
  type UnifiedOrder,
  UnreadableError,
} from '#kit'
import { parseJson, readInstant } from './json.ts'
import { lineTotal, money, sumsOf } from './money-parts.ts'
import { fromGraphql } from './order-graphql.ts'
import type { ShopLine, ShopOrder } from './order-shape.ts'
import { fromWebhook } from './order-webhook.ts'
import { person } from './persons.ts'

/** Set by `list` and `get`; a webhook's body has no such key. */
export const graphqlShape = 'graphql'

const paidEnough = new Set(['PAID', 'PARTIALLY_REFUNDED', 'REFUNDED'])
const unpaid = new Set(['PENDING', 'PARTIALLY_PAID', 'EXPIRED', 'VOIDED', 'AUTHORIZED'])

function holdOf(order: ShopOrder, shipAuthorized: boolean): Hold | null {
  if (order.cancelledAt !== null) return null
  const financial = order.financial?.toUpperCase() ?? ''
  const isPaid = paidEnough.has(financial) || (financial === 'AUTHORIZED' && shipAuthorized)
  if (!isPaid) return unpaid.has(financial) ? 'awaiting_payment' : 'unknown_status'
  if (order.fulfilment === 'ON_HOLD') return 'on_hold'
  const risky = order.recommendation === 'CANCEL' || order.recommendation === 'INVESTIGATE'
  return risky ? 'fraud_review' : null
}

/** Words of the GraphQL API alone; a webhook says null or "partial" for all of them, so both read the quantities. */
const alsoOpen = new Set([
  '',
  'PARTIAL',
  'PARTIALLY_FULFILLED',
  'UNFULFILLED',
  'OPEN',
  'IN_PROGRESS',
  'PENDING_FULFILLMENT',
  'SCHEDULED',
  'ON_HOLD',
  'REQUEST_DECLINED',
  'FULFILLMENT_NOT_REQUIRED',
])
function statusOf(order: ShopOrder): string {
  const word = order.fulfilment?.toUpperCase() ?? ''
  const begun = order.fulfilledLines.length > 0 ? 'partially_fulfilled' : 'unfulfilled'
  const fulfilment = alsoOpen.has(word) ? begun : word.toLowerCase()
  return cleanText(`${order.financial?.toLowerCase() ?? 'no payment'}/${fulfilment}`, 100)
}

interface Tally {
  fulfilled: number
  /** Units in any refund; with the part that went back on the shelf, and the part taken before shipping. */
  refunded: number
  restocked: number
  withdrawn: number
}
function tallyOf(order: ShopOrder): Map<string, Tally> {
  const tallies = new Map<string, Tally>()
  for (const line of order.lines) tallies.set(line.id, { fulfilled: 0, refunded: 0, restocked: 0, withdrawn: 0 })
  for (const { line, quantity } of order.fulfilledLines) {
    const tally = tallies.get(line)
    if (tally) tally.fulfilled += quantity
  }
  for (const { line, quantity, restock } of order.refundLines) {
    const tally = tallies.get(line)
    if (!tally) continue
    const type = restock.toUpperCase()
    tally.refunded += quantity
    if (type !== 'NO_RESTOCK') tally.restocked += quantity
    if (type === 'CANCEL') tally.withdrawn += quantity
  }
  return tallies
}

const between = (value: number, low: number, high: number) => Math.max(low, Math.min(value, high))

function lineOf(line: ShopLine, order: ShopOrder, tally: Tally): UnifiedLine {
  const { quantity } = line
  const physical = line.requiresShipping && !line.giftCard
  const shipped = between(tally.fulfilled, 0, quantity)
  const open = quantity - shipped
  // What needs no shipping is never fulfillable, which must not read as withdrawn.
  const withdrawn = physical ? Math.max(open - line.fulfillable, tally.withdrawn) : quantity - line.current
  const unwanted = order.cancelledAt === null ? withdrawn : open
  // Units removed by an edit may stand in no refund; they went back on the shelf.
  const removed = Math.max(quantity - line.current - tally.refunded, 0)
  const took = quantity - tally.restocked - removed
  const sku = cleanText(line.sku ?? '', 200).trim()
  return {
    ref: line.ref,
    ...(line.listing === null ? {} : { listing: line.listing }),
    ...(sku === '' ? {} : { sku }),
    title: cleanText(line.title, 500),
    ordered: quantity,
    cancelled: between(unwanted, 0, open),
    shipped,
    channelTook: line.listing === null ? 0 : between(took, 0, quantity),
    physical,
    total: lineTotal(line, order.currency),
    unitPrice: moneyToDecimal(money(line.unitPrice.presentment, `line ${line.ref} price`)),
  }
}

/** @throws UnreadableError naming the field */
function instant(value: string, field: string): string {
  const at = readInstant(value)
  if (at === null) throw new UnreadableError(`${field}: not an instant`)
  return at
}

/** By id and not as listed: the two shapes of one order must give the same result. */
function byRef(a: ShopLine, b: ShopLine): number {
  return a.ref.length - b.ref.length || (a.ref < b.ref ? -1 : 1)
}

function unify(order: ShopOrder, shipAuthorized: boolean): UnifiedOrder {
  if (new Set(order.lines.map((line) => line.ref)).size < order.lines.length)
    throw new UnreadableError('line items: two of them have one id')
  const tallies = tallyOf(order)
  const none: Tally = { fulfilled: 0, refunded: 0, restocked: 0, withdrawn: 0 }
  const service = order.shipping.find((line) => !line.removed && line.title !== '')
  const note = cleanText(order.note ?? '', 5_000).trim()
  return {
    ref: order.ref,
    number: cleanText(order.number, 100),
    changedAt: order.changedAt === null ? null : instant(order.changedAt, 'updated'),
    placedAt: instant(order.placedAt, 'created'),
    cancelledAt: order.cancelledAt === null ? null : instant(order.cancelledAt, 'cancelled'),
    isTest: order.test,
    hold: holdOf(order, shipAuthorized),
    remoteStatus: statusOf(order),
    ...sumsOf(order),
    refunded: sumMoney(
      order.refunded.map((amount) => money(amount, 'refunded')),
      order.currency,
    ),
    lines: order.lines.toSorted(byRef).map((line) => lineOf(line, order, tallies.get(line.id) ?? none)),
    shipTo: order.shipTo,
    billTo: order.billTo,
    buyer: person({ email: order.email, phone: order.phone }),
    ...(service ? { shippingService: cleanText(service.title, 200) } : {}),
    ...(note === '' ? {} : { note }),
  }
}

/**
 * The only producer of an order, from a webhook's body or from what `list` and `get` stored: pure, and the same
 * result for the same order in either shape (translate.property.test.ts).
 * @throws UnreadableError naming the field
 */
export function translate(raw: string, context: TranslateContext): UnifiedOrder {
  const body = parseJson(raw)
  const isGraphql = typeof body === 'object' && body !== null && '_shape' in body && body._shape === graphqlShape
  const order = isGraphql ? fromGraphql(body) : fromWebhook(body)
  try {
    return unify(order, context.settings.shipAuthorized === true)
  } catch (error) {
    if (error instanceof RangeError) throw new UnreadableError(error.message, { cause: error })
    throw error
  }
}
