import type { Announce } from './announce.ts'
import { moveStock } from './inventory.ts'
import { archiveWhenDone, openFulfillmentOrder, touch } from './orders.ts'
import { type Fulfillment, type FulfillmentOrder, now, type Order, type Shop, type Tracking } from './state.ts'
import { fulfillmentStatus } from './totals.ts'

export interface Pick {
  readonly fo: FulfillmentOrder
  readonly routed: FulfillmentOrder['lines'][number]
  readonly quantity: number
}

export function canFulfill(fo: FulfillmentOrder): boolean {
  return (fo.status === 'OPEN' || fo.status === 'IN_PROGRESS') && fo.lines.some((line) => line.remaining > 0)
}

function build(shop: Shop, order: Order, picks: readonly Pick[], tracking: readonly Tracking[]): Fulfillment {
  const byLine = new Map<Pick['routed']['line'], number>()
  for (const { routed, quantity } of picks) byLine.set(routed.line, (byLine.get(routed.line) ?? 0) + quantity)
  const at = now()
  return {
    id: shop.newId(),
    name: `#${order.number}.${order.fulfillments.length + 1}`,
    status: 'SUCCESS',
    createdAt: at,
    updatedAt: at,
    tracking,
    lines: [...byLine].map(([line, quantity]) => ({ id: shop.newId(), line, quantity })),
  }
}

function route(picks: readonly Pick[]): void {
  for (const { fo, routed, quantity } of picks) {
    routed.remaining -= quantity
    fo.status = fo.lines.some((line) => line.remaining > 0) ? 'IN_PROGRESS' : 'CLOSED'
    fo.updatedAt = now()
  }
}

/** Marks units as shipped. There is no key here: the same call again ships again while units remain. */
export function ship(
  shop: Shop,
  announce: Announce,
  order: Order,
  parcel: { readonly picks: readonly Pick[]; readonly tracking: readonly Tracking[]; readonly drop: boolean },
): Fulfillment {
  const fulfillment = build(shop, order, parcel.picks, parcel.tracking)
  const lines = fulfillment.lines.map(({ line, quantity }) => ({ sku: line.product?.sku ?? '', quantity }))
  const tracking = parcel.tracking[0]?.number ?? null
  const truth = { orderId: order.id, fulfillmentId: fulfillment.id, tracking, lines, byApi: true }
  if (parcel.drop) {
    shop.tell('fulfillment.dropped', truth)
    return fulfillment
  }
  route(parcel.picks)
  for (const { line, quantity } of fulfillment.lines) line.fulfilled += quantity
  order.fulfillments.push(fulfillment)
  shop.fulfillments.set(fulfillment.id, { order, fulfillment })
  touch(order)
  archiveWhenDone(order)
  moveStock(
    shop,
    fulfillment.lines.flatMap(({ line, quantity }) =>
      line.product ? [{ product: line.product, committed: -quantity }] : [],
    ),
  )
  shop.tell('fulfillment.created', truth)
  announce.fulfillment('fulfillments/create', order, fulfillment)
  const whole = fulfillmentStatus(order) === 'FULFILLED'
  announce.order([whole ? 'orders/fulfilled' : 'orders/partially_fulfilled', 'orders/updated'], order)
  return fulfillment
}

export function retrack(
  announce: Announce,
  order: Order,
  fulfillment: Fulfillment,
  tracking: readonly Tracking[],
): void {
  fulfillment.tracking = tracking
  fulfillment.updatedAt = now()
  touch(order)
  announce.fulfillment('fulfillments/update', order, fulfillment)
  announce.order(['orders/updated'], order)
}

/** Takes a shipment back; its units come as a new fulfilment order. */
export function unship(shop: Shop, announce: Announce, order: Order, fulfillment: Fulfillment): boolean {
  if (fulfillment.status === 'CANCELLED') return false
  fulfillment.status = 'CANCELLED'
  fulfillment.updatedAt = now()
  for (const { line, quantity } of fulfillment.lines) line.fulfilled -= quantity
  openFulfillmentOrder(shop, order, fulfillment.lines)
  order.closedAt = null
  touch(order)
  moveStock(
    shop,
    fulfillment.lines.flatMap(({ line, quantity }) =>
      line.product ? [{ product: line.product, committed: quantity }] : [],
    ),
  )
  shop.tell('fulfillment.cancelled', { orderId: order.id, fulfillmentId: fulfillment.id })
  announce.fulfillment('fulfillments/update', order, fulfillment)
  announce.order(['orders/updated'], order)
  return true
}
