import { inclusive, netMinor, share, taxMinor } from './amount.ts'
import { type Line, nextId, type Order, type Refund, type Store } from './model.ts'
import { forgetUnshipped, restock, shippedUnits, touchOrder } from './order-life.ts'
import { refundedMinor, totalsOf } from './totals.ts'

export interface RefundedUnits {
  readonly line: Line
  readonly quantity: number
  readonly netMinor: bigint
  readonly taxMinor: bigint
}
export interface RefundAsk {
  readonly amountMinor: bigint
  readonly reason: string
  readonly paidBack: boolean
  readonly restock: boolean
  readonly lines: readonly RefundedUnits[]
  readonly by: 'api' | 'shop'
}

export function refundedUnits(order: Order, line: Line): number {
  const lines = order.refunds.flatMap((refund) => refund.lines).filter((refunded) => refunded.lineId === line.id)
  return lines.reduce((sum, refunded) => sum + refunded.quantity, 0)
}

/** What `quantity` units of a line cost the buyer. */
export function unitsWorth(line: Line, quantity: number): RefundedUnits {
  const amount = inclusive(share(line.paidMinor, quantity, line.quantity), line.rate)
  return { line, quantity, netMinor: netMinor(amount), taxMinor: taxMinor(amount) }
}

/**
 * Money back. Neither WooCommerce nor this checks units against what is left (5 of 3 was accepted, and restocked 5, on
 * 11.0.1, 2026-11-23); lines and totals of the order never change. Null: more money than is left to give.
 */
export function createRefund(store: Store, order: Order, ask: RefundAsk): Refund | null {
  const left = totalsOf(order).totalMinor - refundedMinor(order)
  if (ask.amountMinor <= 0n || ask.amountMinor > left) return null
  const refund: Refund = {
    id: nextId(store, 'post'),
    created: store.now(),
    amountMinor: ask.amountMinor,
    reason: ask.reason,
    paidBack: ask.paidBack,
    lines: ask.lines.map((one) => ({
      id: nextId(store, 'item'),
      lineId: one.line.id,
      quantity: one.quantity,
      netMicro: one.netMinor * 10_000n,
      taxMicro: one.taxMinor * 10_000n,
    })),
  }
  for (const one of ask.lines) {
    const open = one.line.quantity - one.line.refundedUnshipped - shippedUnits(order, one.line)
    one.line.refundedUnshipped += Math.max(0, Math.min(one.quantity, open))
    if (ask.restock) restock(store, order, { line: one.line, units: one.quantity })
  }
  order.refunds.push(refund)
  // Fully refunded: the status follows, the lines that no refund named are not restocked.
  if (ask.amountMinor === left) {
    order.status = 'refunded'
    forgetUnshipped(order)
  }
  store.record('order.refunded', {
    order: String(order.id),
    amountMinor: ask.amountMinor.toString(),
    by: ask.by,
    restock: ask.restock,
    lines: ask.lines.map((one) => ({ sku: one.line.sku, quantity: one.quantity })),
  })
  touchOrder(store, order)
  return refund
}
