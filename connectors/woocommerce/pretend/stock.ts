import { nextId, type Order, type Product, type Store } from './model.ts'

/** Whose number counts: the product itself, or the parent of a variation that leaves stock to its parent. */
export function stockHolder(store: Store, product: Product): Product | null {
  if (product.managesStock) return product
  const parent = product.kind === 'variation' ? store.products.get(product.parentId) : undefined
  return parent?.managesStock ? parent : null
}

/** A save: the modified date moves and the shop tells its webhooks, even where nothing differs. */
export function touchProduct(store: Store, product: Product): void {
  product.modified = store.now()
  store.announce('product.updated', product.id)
}

/** A sale (`units` > 0) or its undoing (< 0) moves the shop's own number. Products without stock keeping are left alone. */
export function takeStock(store: Store, order: Order, taken: { productId: number; units: number }): void {
  const product = store.products.get(taken.productId)
  const holder = product && stockHolder(store, product)
  if (!product || !holder || taken.units === 0) return
  const before = holder.stock
  holder.stock = before - taken.units
  rememberSale(store, holder, { orderId: order.id, units: taken.units })
  const data = { sku: product.sku, before, after: holder.stock, order: String(order.id) }
  store.record(taken.units > 0 ? 'stock.sold' : 'stock.returned', data)
  touchProduct(store, product)
  if (holder !== product) touchProduct(store, holder)
}

function rememberSale(store: Store, holder: Product, sale: { orderId: number; units: number }): void {
  if (sale.units > 0) {
    const sequence = nextId(store, 'event')
    holder.sales = holder.sales.filter((s) => s.sequence > holder.readSequence || !seen(store, s))
    holder.sales.push({ orderId: sale.orderId, sequence, quantity: sale.units })
    return
  }
  let back = -sale.units
  for (const earlier of holder.sales.filter((s) => s.orderId === sale.orderId).reverse()) {
    const undone = Math.min(back, earlier.quantity)
    earlier.quantity -= undone
    back -= undone
  }
}

function seen(store: Store, sale: { orderId: number; sequence: number }): boolean {
  const order = store.orders.get(sale.orderId)
  return order === undefined || order.servedSequence > sale.sequence
}

/** The API client has been shown this product's number: its read-write window starts anew. */
export function stockWasRead(store: Store, product: Product): void {
  const holder = stockHolder(store, product)
  if (!holder) return
  holder.readSequence = nextId(store, 'event')
  holder.readAt = store.now()
}

/**
 * An absolute write by the API client, as WooCommerce takes it: whatever was sold meanwhile is overwritten.
 * The truth tells how many units it put back on sale although they were sold: `raised` of sales since the client's last
 * read of the number (unavoidable without compare-and-set), `blind` of earlier sales whose order it was never shown.
 */
export function writeStock(store: Store, holder: Product, to: number): void {
  const from = holder.stock
  const units = (of: readonly { quantity: number }[]) => of.reduce((sum, s) => sum + s.quantity, 0)
  const inWindow = units(holder.sales.filter((s) => s.sequence > holder.readSequence))
  const unseen = units(holder.sales.filter((s) => s.sequence <= holder.readSequence && !seen(store, s)))
  const up = Math.max(0, to - from)
  const raised = Math.min(up, inWindow)
  const blind = Math.min(up - raised, unseen)
  holder.stock = to
  const windowMs = holder.readAt === null ? null : store.now() - holder.readAt
  store.record('stock.written', { sku: holder.sku, from, to, by: 'api', raised, blind, windowMs })
  holder.sales = []
  stockWasRead(store, holder)
}
