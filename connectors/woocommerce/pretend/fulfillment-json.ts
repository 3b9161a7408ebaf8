import type { Fulfillment, Order } from './model.ts'
import { fulfilledItems } from './order-life.ts'
import { presentLines } from './totals.ts'
import { gmtText } from './zone.ts'

/** A core fulfilment, shown bare: no envelope (observed on WooCommerce 11.0.1, 2026-11-23). */
export function fulfillmentJson(order: Order, one: Fulfillment) {
  return {
    id: one.id,
    entity_type: 'WC_Order',
    entity_id: String(order.id),
    status: one.status,
    is_fulfilled: one.fulfilled,
    date_updated: gmtText(one.updated),
    date_deleted: one.deleted === null ? null : gmtText(one.deleted),
    meta_data: one.meta.map(({ id, key, value }) => ({ id, key, value })),
  }
}

/** The order meta `_fulfillment_status`; the order's own status never moves by fulfilments. Null: none were made. */
export function fulfillmentStatus(order: Order): 'fulfilled' | 'partially_fulfilled' | 'unfulfilled' | null {
  const living = order.fulfillments.filter((one) => one.deleted === null)
  if (living.length === 0) return null
  const items = living.filter((one) => one.fulfilled).flatMap((one) => fulfilledItems(one.meta))
  const done = (lineId: number) => items.filter((i) => i.itemId === lineId).reduce((sum, i) => sum + i.quantity, 0)
  if (items.length === 0) return 'unfulfilled'
  return presentLines(order).every((line) => done(line.id) >= line.quantity) ? 'fulfilled' : 'partially_fulfilled'
}
