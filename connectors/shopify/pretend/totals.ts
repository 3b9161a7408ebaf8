import { type Bag, minus, nothing, plus, share, times, total } from './money.ts'
import type { Line, Order } from './state.ts'

export function orderedTotal(line: Line): Bag {
  return times(line.unit, line.quantity)
}
/** What the line's units cost after discounts, with removed and refunded units. */
export function discounted(line: Line): Bag {
  return minus(orderedTotal(line), line.discount)
}
export function currentQuantity(line: Line): number {
  return line.quantity - line.removed - line.refundedUnshipped - line.refundedShipped
}
/** Still to be shipped. A tip is never shipped. */
export function unfulfilled(line: Line): number {
  return line.product ? line.quantity - line.removed - line.refundedUnshipped - line.fulfilled : 0
}

/** The goods: every line but the tip. */
export function goods(order: Order): Line[] {
  return order.lines.filter((line) => line.product)
}

export interface Totals {
  readonly lines: Bag
  readonly discounts: Bag
  readonly subtotal: Bag
  readonly shipping: Bag
  readonly tax: Bag
  readonly tip: Bag
  readonly total: Bag
}

function sum(order: Order, parts: Omit<Totals, 'total' | 'subtotal' | 'tip'>): Totals {
  const subtotal = minus(parts.lines, parts.discounts)
  const tip = order.tip
  const taxOnTop = order.taxesIncluded ? nothing : parts.tax
  return { ...parts, subtotal, tip, total: total([subtotal, parts.shipping, taxOnTop, tip]) }
}

/** "before returns": with units that were removed or refunded since. */
export function placed(order: Order): Totals {
  const lines = goods(order)
  return sum(order, {
    lines: total(lines.map(orderedTotal)),
    discounts: total(lines.map((line) => line.discount)),
    shipping: order.shipping.price,
    tax: total([...lines.flatMap((line) => line.tax), ...order.shipping.tax]),
  })
}

/** "after returns": what `current_…` fields say. */
export function current(order: Order): Totals {
  const before = placed(order)
  const lines = goods(order)
  const goneDiscount = total(lines.map((line) => line.gone.discount))
  const goneSubtotal = total(lines.map((line) => line.gone.subtotal))
  const goneTax = total([...lines.flatMap((line) => line.gone.tax), ...order.shippingRefunded.tax])
  const after = sum(order, {
    lines: minus(before.lines, plus(goneSubtotal, goneDiscount)),
    discounts: minus(before.discounts, goneDiscount),
    shipping: minus(before.shipping, order.shippingRefunded.amount),
    tax: minus(before.tax, goneTax),
  })
  return order.tipRefunded ? { ...after, tip: nothing, total: minus(after.total, order.tip) } : after
}

/** One entry for each tax, over lines and shipping. */
export function taxTotals(order: Order): Bag[] {
  return order.taxes.map((_, index) =>
    total([...goods(order).map((line) => line.tax[index] ?? nothing), order.shipping.tax[index] ?? nothing]),
  )
}

export function received(order: Order): Bag {
  return total(order.transactions.filter((t) => t.kind === 'SALE').map((t) => t.amount))
}
export function refunded(order: Order): Bag {
  return total(order.transactions.filter((t) => t.kind === 'REFUND').map((t) => t.amount))
}
export function netPayment(order: Order): Bag {
  return minus(received(order), refunded(order))
}

/** Takes the money of `units` out of a line, so that taking all units takes all money. */
export function takeOut(line: Line, units: number): { subtotal: Bag; discount: Bag; tax: readonly Bag[] } {
  const left = currentQuantity(line)
  const part = {
    subtotal: share(minus(discounted(line), line.gone.subtotal), units, left),
    discount: share(minus(line.discount, line.gone.discount), units, left),
    tax: line.tax.map((tax, index) => share(minus(tax, line.gone.tax[index] ?? nothing), units, left)),
  }
  line.gone = {
    subtotal: plus(line.gone.subtotal, part.subtotal),
    discount: plus(line.gone.discount, part.discount),
    tax: part.tax.map((tax, index) => plus(tax, line.gone.tax[index] ?? nothing)),
  }
  return part
}

export function financialStatus(order: Order): 'PAID' | 'PARTIALLY_REFUNDED' | 'REFUNDED' {
  const back = refunded(order)
  if (back.shop === 0n) return 'PAID'
  return back.shop >= received(order).shop ? 'REFUNDED' : 'PARTIALLY_REFUNDED'
}

export function fulfillmentStatus(order: Order): 'UNFULFILLED' | 'PARTIALLY_FULFILLED' | 'FULFILLED' | 'ON_HOLD' {
  const lines = goods(order)
  const shipped = lines.some((line) => line.fulfilled > 0)
  const open = lines.some((line) => unfulfilled(line) > 0)
  if (shipped) return open ? 'PARTIALLY_FULFILLED' : 'FULFILLED'
  return order.fulfillmentOrders.some((fo) => fo.status === 'ON_HOLD') ? 'ON_HOLD' : 'UNFULFILLED'
}
