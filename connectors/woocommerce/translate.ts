import { type Hold, type UnifiedLine, type UnifiedOrder, UnreadableError } from '#kit'
import { fineText, rounded } from './amounts.ts'
import { instantOf } from './gmt.ts'
import { partsOf, refundedOf } from './money.ts'
import { type Envelope, envelope, type Order, type OrderLine } from './order-shape.ts'
import { billTo, buyer, shipTo } from './persons.ts'
import { cancelledUnits, isDead, unitsRefunded, unitsTaken } from './quantities.ts'

const holds: ReadonlyMap<string, Hold | null> = new Map<string, Hold | null>([
  ['pending', 'awaiting_payment'],
  ['on-hold', 'on_hold'],
  ['processing', null],
  ['completed', null],
  ['cancelled', null],
  ['failed', null],
  ['refunded', null],
  ['trash', null],
])

function read(raw: string): Envelope {
  let json: unknown
  try {
    json = JSON.parse(raw)
  } catch {
    // No cause: the parser's message quotes the body, which holds a person.
    throw new UnreadableError('order: not JSON')
  }
  const isEnvelope = typeof json === 'object' && json !== null && 'order' in json
  const parsed = envelope[isEnvelope ? 'stored' : 'bare'].safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new UnreadableError(`order: ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'unreadable'}`)
}

/** A container of a bundle is not shipped: its parts are lines of their own. */
function isPhysical(line: OrderLine): boolean {
  return line.bundled_items.length === 0 && line.composite_children.length === 0
}

function lineOf(line: OrderLine, order: Order, cancelled: number): UnifiedLine {
  const listing = line.variation_id ?? line.product_id
  return {
    ref: line.id,
    ...(listing !== null && { listing }),
    ...(line.sku !== '' && { sku: line.sku }),
    title: line.name || `line ${line.id}`,
    ordered: line.quantity,
    cancelled,
    // Only the status speaks of departures in the order's own body; single fulfilments live in another resource.
    shipped: order.status === 'completed' ? line.quantity - cancelled : 0,
    channelTook: unitsTaken(line, order.status),
    physical: isPhysical(line),
    total: rounded(line.total, order.currency),
    ...(line.price !== 0n && { unitPrice: fineText(line.price) }),
  }
}

function required(text: string, field: string): string {
  if (text === '') throw new UnreadableError(`order: ${field}: missing`)
  return text
}

function placedAt(order: Order): string {
  const at = instantOf(order.date_created_gmt)
  if (at === null) throw new UnreadableError('order: date_created_gmt: not a time')
  return at
}

/** WooCommerce's order, with its refunds, as the hub's. Pure. */
export function translate(raw: string): UnifiedOrder {
  const { order: given, refunds } = read(raw)
  const status = required(given.status, 'status').replace(/^wc-/, '')
  const order = { ...given, status, currency: given.currency.toUpperCase() }
  if (!/^[A-Z]{3}$/.test(order.currency)) throw new UnreadableError('order: currency: not an ISO 4217 code')
  const modified = instantOf(order.date_modified_gmt)
  const dead = isDead(order)
  const refunded = unitsRefunded(order, refunds ?? [])
  const lines = order.line_items.map((line) => lineOf(line, order, cancelledUnits(line, dead, refunded)))
  if (new Set(lines.map((line) => line.ref)).size < lines.length)
    throw new UnreadableError('order: line_items: two of them have one id')
  const total = rounded(order.total, order.currency)
  const service = order.shipping_lines.map((line) => line.method_title).find((title) => title !== '')
  return {
    ref: order.id,
    number: order.number || order.id,
    // Without the refunds' lines the quantities are a guess: null makes the hub fetch the order whole.
    changedAt: refunds === null && order.refunds.length > 0 ? null : modified,
    placedAt: placedAt(order),
    cancelledAt: dead ? (modified ?? placedAt(order)) : null,
    isTest: false,
    hold: holds.has(status) ? (holds.get(status) ?? null) : 'unknown_status',
    remoteStatus: status,
    total,
    // One currency per order; that of a multi-currency plugin is not convertible from the body.
    shopTotal: total,
    parts: partsOf(
      order,
      lines.map((line) => line.total),
    ),
    refunded: refundedOf(order),
    lines,
    shipTo: shipTo(order.shipping, order.billing),
    billTo: billTo(order.billing),
    buyer: buyer(order.billing),
    ...(service !== undefined && { shippingService: service }),
    ...(order.customer_note !== '' && { note: order.customer_note }),
  }
}
