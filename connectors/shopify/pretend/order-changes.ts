import type { PretendLine } from '#kit/pretend'
import type { Announce } from './announce.ts'
import { levelOf, moveStock, type StockChange } from './inventory.ts'
import { type Bag, minus, nothing, plus, share, taxOf, times, total } from './money.ts'
import { archiveWhenDone, openFulfillmentOrder, touch, unroute } from './orders.ts'
import { type Line, now, type Order, type Refund, type RefundLine, type Shop } from './state.ts'
import { currentQuantity, goods, netPayment, takeOut, unfulfilled } from './totals.ts'

interface RefundWish {
  readonly line: Line
  readonly units: number
  readonly restock: RefundLine['restock']
}

/** Takes units of a line out as refunded: unshipped ones first, as they are not wanted any more. */
function refundUnits(shop: Shop, order: Order, { line, units, restock }: RefundWish): RefundLine {
  const unshipped = Math.min(units, unfulfilled(line))
  const part = takeOut(line, units)
  unroute(order, line, unshipped)
  line.refundedUnshipped += unshipped
  line.refundedShipped += units - unshipped
  return { id: shop.newId(), line, quantity: units, restock, subtotal: part.subtotal, tax: total(part.tax) }
}

function bookRefund(shop: Shop, order: Order, refund: Omit<Refund, 'id' | 'at' | 'transaction'>, amount: Bag): Refund {
  const at = now()
  const transaction = { id: shop.newId(), kind: 'REFUND' as const, amount, at }
  const booked = { ...refund, id: shop.newId(), at, transaction }
  order.transactions.push(transaction)
  order.refunds.push(booked)
  shop.refunds.set(booked.id, { order, refund: booked })
  return booked
}

function costOf(order: Order, lines: readonly RefundLine[]): Bag {
  return total(lines.map((line) => (order.taxesIncluded ? line.subtotal : plus(line.subtotal, line.tax))))
}

/** Cancels with restock and full refund. False: unknown to cancel (something shipped, or already cancelled). */
export function cancelOrder(shop: Shop, announce: Announce, order: Order, restock: boolean): boolean {
  if (order.cancelledAt !== null || goods(order).some((line) => line.fulfilled > 0)) return false
  const moves = goods(order).map((line) => ({ line, units: unfulfilled(line) }))
  const lines = moves
    .filter(({ units }) => units > 0)
    .map(({ line, units }) => refundUnits(shop, order, { line, units, restock: restock ? 'cancel' : 'no_restock' }))
  const { price, tax } = order.shipping
  order.shippingRefunded = { amount: price, tax }
  order.tipRefunded = order.tip.shop > 0n
  const shipping = price.shop > 0n ? { id: shop.newId(), amount: price, tax: total(tax) } : null
  const refund = bookRefund(shop, order, { note: null, lines, shipping, adjustment: null }, netPayment(order))
  order.cancelledAt = now()
  order.closedAt = now()
  for (const fo of order.fulfillmentOrders) fo.status = 'CANCELLED'
  touch(order)
  shop.tell('order.cancelled', { orderId: order.id, restock })
  const touched = moveStock(
    shop,
    moves.flatMap(({ line, units }) =>
      line.product && units > 0 ? [{ product: line.product, available: restock ? units : 0, committed: -units }] : [],
    ),
  )
  if (restock) {
    for (const { line, units } of moves) if (line.product && units > 0) tellRestock(shop, order, line, units)
  }
  announce.order(['orders/cancelled', 'orders/updated'], order)
  announce.refund(order, refund)
  announce.levels(touched)
  return true
}

function tellRestock(shop: Shop, order: Order, line: Line, units: number): void {
  if (!line.product) return
  const after = levelOf(shop, line.product).available
  shop.tell('stock.restocked', { sku: line.product.sku, before: after - units, after, orderId: order.id })
}

function addUnits(shop: Shop, order: Order, line: Line, units: number): void {
  const extra = times(line.unit, units)
  const tax = order.taxes.map((one) => taxOf(extra, one.ratePpm, order.taxesIncluded))
  line.quantity += units
  line.tax = line.tax.map((amount, index) => plus(amount, tax[index] ?? nothing))
  const price = order.taxesIncluded ? extra : plus(extra, total(tax))
  // The buyer pays the difference at once: an order with a balance would be another story.
  order.transactions.push({ id: shop.newId(), kind: 'SALE', amount: price, at: now() })
  const open = order.fulfillmentOrders.find((fo) => fo.status === 'OPEN' || fo.status === 'IN_PROGRESS')
  const routed = open?.lines.find((one) => one.line === line)
  if (routed && shop.rng() < 0.5) {
    routed.total += units
    routed.remaining += units
  } else openFulfillmentOrder(shop, order, [{ line, quantity: units }])
}

function removeUnits(order: Order, line: Line, units: number): void {
  takeOut(line, units)
  line.removed += units
  unroute(order, line, units)
}

/** Order editing: sets what is wanted of a SKU. False when impossible: shipped beyond, not enough shown, unknown, no change. */
export function editOrder(shop: Shop, announce: Announce, order: Order, { sku, quantity }: PretendLine): boolean {
  const line = goods(order).find((one) => one.product?.sku === sku)
  if (!line?.product || order.cancelledAt !== null || !Number.isInteger(quantity) || quantity < 0) return false
  const delta = quantity - currentQuantity(line)
  const before = levelOf(shop, line.product).available
  if (delta === 0 || delta > before || -delta > unfulfilled(line)) return false
  if (delta > 0) addUnits(shop, order, line, delta)
  else removeUnits(order, line, -delta)
  order.edited = true
  order.closedAt = null
  touch(order)
  archiveWhenDone(order)
  shop.tell('order.edited', { orderId: order.id, sku, quantity, delta })
  const what = delta > 0 ? 'stock.sold' : 'stock.restocked'
  shop.tell(what, { sku, before, after: before - delta, orderId: order.id })
  const touched = moveStock(shop, [{ product: line.product, available: -delta, committed: delta }])
  announce.edited(order, line, delta)
  announce.order(['orders/updated'], order)
  announce.levels(touched)
  return true
}

function refundable(order: Order, wanted: readonly RefundWish[]): boolean {
  if (order.cancelledAt !== null || wanted.length === 0) return false
  if (new Set(wanted.map(({ line }) => line)).size < wanted.length) return false
  return wanted.every(
    ({ line, units }) => line.product && Number.isInteger(units) && units > 0 && units <= currentQuantity(line),
  )
}

/** Where the units of a refund go: unshipped ones leave `committed`; any go back on sale only when the refund says so. */
function moveRefunded(shop: Shop, order: Order, wish: RefundWish, unshipped: number): StockChange[] {
  const { line, units, restock } = wish
  if (!line.product) return []
  const back = restock === 'cancel' ? unshipped : restock === 'return' ? units : 0
  const before = levelOf(shop, line.product).available
  if (back > 0) shop.tell('stock.restocked', { sku: line.product.sku, before, after: before + back, orderId: order.id })
  return [{ product: line.product, available: back, committed: -unshipped }]
}

/** Money back for units. Null: there are not that many. */
export function refundLines(
  shop: Shop,
  announce: Announce,
  order: Order,
  what: { readonly wanted: readonly RefundWish[]; readonly note: string | null },
): Refund | null {
  if (!refundable(order, what.wanted)) return null
  const moves: StockChange[] = []
  const lines = what.wanted.map((wish) => {
    const unshipped = Math.min(wish.units, unfulfilled(wish.line))
    moves.push(...moveRefunded(shop, order, wish, unshipped))
    shop.tell('order.refunded', {
      orderId: order.id,
      sku: wish.line.product?.sku ?? null,
      units: wish.units,
      unshipped,
    })
    return refundUnits(shop, order, wish)
  })
  const cost = costOf(order, lines)
  const left = netPayment(order)
  const amount = cost.shop > left.shop ? left : cost
  const refund = bookRefund(shop, order, { note: what.note, lines, shipping: null, adjustment: null }, amount)
  touch(order)
  archiveWhenDone(order)
  const touched = moveStock(shop, moves)
  announce.refund(order, refund)
  announce.order(['orders/updated'], order)
  announce.levels(touched)
  return refund
}

/** A refund by the shop's staff without restock: nothing is put back on sale. */
export function refundSku(shop: Shop, announce: Announce, order: Order, { sku, quantity }: PretendLine): boolean {
  const line = goods(order).find((one) => one.product?.sku === sku)
  if (!line) return false
  const wanted = [{ line, units: quantity, restock: 'no_restock' as const }]
  return refundLines(shop, announce, order, { wanted, note: 'Not wanted any more' }) !== null
}

/** Money back without goods, e.g. for a late parcel: a tenth of what is left. */
export function refundAmount(shop: Shop, announce: Announce, order: Order): boolean {
  const amount = share(netPayment(order), 1, 10)
  if (order.cancelledAt !== null || amount.shop < 1n) return false
  const adjustment = { id: shop.newId(), amount: minus(nothing, amount) }
  const refund = bookRefund(shop, order, { note: 'Apology', lines: [], shipping: null, adjustment }, amount)
  touch(order)
  shop.tell('order.refunded', {
    orderId: order.id,
    sku: null,
    units: 0,
    unshipped: 0,
    amountMinor: amount.shop.toString(),
  })
  announce.refund(order, refund)
  announce.order(['orders/updated'], order)
  return true
}
