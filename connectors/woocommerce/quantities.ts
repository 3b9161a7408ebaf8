import { instantOf } from './gmt.ts'
import type { Order, OrderLine, Refund } from './order-shape.ts'
import { metaValue } from './wire.ts'

/** Statuses in which WooCommerce has taken the units from its own stock number (pending and failed do not). */
const stockTaken: ReadonlySet<string> = new Set(['processing', 'on-hold', 'completed'])
const neverShipped: ReadonlySet<string> = new Set(['cancelled', 'failed', 'trash'])

/** When the shop itself declared everything shipped; a later refund is a return, not a cancellation. */
function completedAt(order: Order): string | null {
  return order.status === 'completed' || order.status === 'refunded' ? instantOf(order.date_completed_gmt) : null
}

/** True when the shop wants nothing of this order shipped any more. `refunded` before completion counts. */
export function isDead(order: Order): boolean {
  return neverShipped.has(order.status) || (order.status === 'refunded' && completedAt(order) === null)
}

/** Units refunded before the order was complete, by line id. Line quantities never change, so refunds must be counted. */
export function unitsRefunded(order: Order, refunds: readonly Refund[]): ReadonlyMap<string, number> {
  const completed = completedAt(order)
  const byLine = new Map<string, number>()
  for (const refund of refunds) {
    const at = instantOf(refund.date_created_gmt)
    if (completed !== null && (at === null || at >= completed)) continue
    for (const line of refund.line_items) {
      const ref = metaValue(line.meta_data, '_refunded_item_id')
      if (ref !== null) byLine.set(ref, (byLine.get(ref) ?? 0) + Math.abs(line.quantity))
    }
  }
  return byLine
}

/** More can be refunded than was ordered: 5 of 3 was accepted (11.0.1, 2026-11-23). */
export function cancelledUnits(line: OrderLine, dead: boolean, refunded: ReadonlyMap<string, number>): number {
  return dead ? line.quantity : Math.min(line.quantity, refunded.get(line.id) ?? 0)
}

/**
 * Units that this line holds of the shop's own number now. WooCommerce keeps the tally in `_reduced_stock` (lowered by
 * a restocking refund, removed by a cancel); without it the status decides and refunds count as not put back.
 */
export function unitsTaken(line: OrderLine, status: string): number {
  const tally = metaValue(line.meta_data, '_reduced_stock')
  if (tally !== null && /^-?\d{1,9}(\.\d+)?$/.test(tally)) return Math.max(0, Math.trunc(Number(tally)))
  return stockTaken.has(status) ? line.quantity : 0
}
