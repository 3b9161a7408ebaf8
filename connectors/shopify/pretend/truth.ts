import type { TruthOrder } from '#kit/pretend'
import type { Order } from './state.ts'
import { goods, placed } from './totals.ts'

/** An order as the judge sees it. The total is Shopify's total_price: edits that add count, refunds do not. */
export function truthOf(order: Order): TruthOrder {
  const cancelled = order.cancelledAt !== null
  return {
    id: order.id,
    number: `#${order.number}`,
    placedAt: new Date(order.placedAt).toISOString(),
    cancelled,
    totalMinor: placed(order).total.shop,
    currency: order.currencies.shop,
    lines: goods(order).map((line) => ({
      sku: line.product?.sku ?? '',
      ordered: line.quantity,
      wanted: cancelled ? 0 : line.quantity - line.removed - line.refundedUnshipped,
      shipped: line.fulfilled,
    })),
    shipments: order.fulfillments
      .filter((fulfillment) => fulfillment.status === 'SUCCESS')
      .map((fulfillment) => ({
        tracking: fulfillment.tracking[0]?.number ?? null,
        lines: fulfillment.lines.map(({ line, quantity }) => ({ sku: line.product?.sku ?? '', quantity })),
      })),
  }
}
