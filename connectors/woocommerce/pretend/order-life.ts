import { share } from './amount.ts'
import { type Line, nextId, type Order, type OrderStatus, type Store } from './model.ts'
import { takeStock } from './stock.ts'
import { totalsOf } from './totals.ts'

/** Statuses in which an order holds stock, and those which give it back; the others leave it as it is. */
const takes: readonly OrderStatus[] = ['processing', 'completed', 'on-hold']
const givesBack: readonly OrderStatus[] = ['cancelled', 'pending']

/** A save: the modified date moves and webhooks hear of it. */
export function touchOrder(store: Store, order: Order): void {
  order.modified = store.now()
  store.announce('order.updated', order.id)
}

function stockOf(line: Line): number {
  return line.variationId === 0 ? line.productId : line.variationId
}

/** Lets the order take or give back what its status asks for; Woo's `_reduced_stock` remembers how much it took. */
export function syncStock(store: Store, order: Order): void {
  const takesNow = takes.includes(order.status) && !order.holdsStock
  const givesNow = givesBack.includes(order.status) && order.holdsStock
  if (!takesNow && !givesNow) return
  order.holdsStock = takesNow
  for (const line of order.lines) {
    const target = takesNow ? line.quantity : 0
    takeStock(store, order, { productId: stockOf(line), units: target - line.reduced })
    line.reduced = target
  }
}

/** REST's way to change a line: quantity and stock move, the line's money stays (observed 2026-11-23). */
export function setLineQuantity(
  store: Store,
  order: Order,
  change: { readonly line: Line; readonly quantity: number },
): void {
  const { line, quantity } = change
  const units = quantity === 0 ? -line.reduced : quantity - line.quantity
  line.quantity = quantity
  line.removed = quantity === 0
  line.orderedMost = Math.max(line.orderedMost, quantity)
  if (order.holdsStock) {
    takeStock(store, order, { productId: stockOf(line), units })
    line.reduced = Math.max(0, line.reduced + units)
  }
  touchOrder(store, order)
}

/** Changes a line's quantity as the shop's admin does: stock follows, and so does the money. Zero removes the line. */
export function editLine(store: Store, order: Order, change: { readonly line: Line; readonly quantity: number }): void {
  const { line, quantity } = change
  const from = line.quantity
  line.subtotalMinor = share(line.subtotalMinor, quantity, from)
  line.paidMinor = share(line.paidMinor, quantity, from)
  setLineQuantity(store, order, change)
  store.record('order.edited', { order: String(order.id), sku: line.sku, from, to: quantity, by: 'shop' })
}

/** Puts refunded units back on sale; Woo does not check that there are as many. */
export function restock(store: Store, order: Order, back: { readonly line: Line; readonly units: number }): void {
  takeStock(store, order, { productId: stockOf(back.line), units: -back.units })
  back.line.reduced = Math.max(0, back.line.reduced - back.units)
}

/** Moves an order to a status, by the shop or by REST; both have the same effects. */
export function setStatus(store: Store, order: Order, to: { readonly status: OrderStatus; readonly by: string }): void {
  const from = order.status
  if (from === to.status) {
    touchOrder(store, order)
    return
  }
  order.status = to.status
  if (to.status === 'completed') order.completedAt = store.now()
  if (takes.includes(to.status) && order.paidAt === null && to.status !== 'on-hold') order.paidAt = store.now()
  if (to.status === 'refunded') refundRest(store, order)
  syncStock(store, order)
  // Out of the bin: no order.restored and no order.updated (observed on WooCommerce 11.0.1, 2026-11-23).
  if (from === 'trash') order.modified = store.now()
  else touchOrder(store, order)
  if (to.status === 'cancelled') {
    store.record('order.cancelled', { order: String(order.id), from, by: to.by })
  }
}

function refundRest(store: Store, order: Order): void {
  const refunded = order.refunds.reduce((sum, refund) => sum + refund.amountMinor, 0n)
  const amountMinor = totalsOf(order).totalMinor - refunded
  if (amountMinor <= 0n) return
  const id = nextId(store, 'post')
  const created = store.now()
  order.refunds.push({ id, created, amountMinor, reason: 'Order fully refunded.', paidBack: false, lines: [] })
  forgetUnshipped(order)
  store.record('order.refunded', { order: String(order.id), amountMinor: amountMinor.toString(), by: 'status' })
}

/** A fully refunded order wants nothing more to be shipped. */
export function forgetUnshipped(order: Order): void {
  for (const line of order.lines) line.refundedUnshipped = Math.max(0, line.quantity - shippedUnits(order, line))
}

/** Only this way to the bin sends something: `{"id":N}`. Stock stays as it is. */
export function trashOrder(store: Store, order: Order): void {
  order.status = 'trash'
  order.modified = store.now()
  store.announce('order.deleted', order.id)
}

/** Units of a line that this shop was told have left: by fulfilments, or all of it by `completed`. */
export function shippedUnits(order: Order, line: Line): number {
  const told = order.fulfillments
    .filter((one) => one.fulfilled && one.deleted === null)
    .flatMap((one) => fulfilledItems(one.meta))
    .filter((item) => item.itemId === line.id)
    .reduce((sum, item) => sum + item.quantity, 0)
  return order.status === 'completed' ? Math.max(told, line.quantity - line.refundedUnshipped) : told
}

export function fulfilledItems(
  meta: readonly { readonly key: string; readonly value: unknown }[],
): readonly { readonly itemId: number; readonly quantity: number }[] {
  const items = meta.find((one) => one.key === '_items')?.value
  if (!Array.isArray(items)) return []
  return items.flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null || !('item_id' in item) || !('qty' in item)) return []
    return [{ itemId: Number(item.item_id), quantity: Number(item.qty) }]
  })
}
