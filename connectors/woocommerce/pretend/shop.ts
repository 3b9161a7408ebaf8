import type { PretendLine, TruthOrder } from '#kit/pretend'
import { addToCatalog, productBySku } from './catalog.ts'
import { placeOrder, type Wanted } from './checkout.ts'
import type { Line, Order, Product, Store } from './model.ts'
import { editLine, fulfilledItems, setStatus, shippedUnits } from './order-life.ts'
import { createRefund, refundedUnits, unitsWorth } from './refunds.ts'
import { stockHolder } from './stock.ts'
import { presentLines, refundedMinor, totalsOf } from './totals.ts'

const variationEvery = 5
const reducedRateEvery = 4
const sizes = ['S', 'M', 'L'] as const

interface NewItem {
  readonly sku: string
  readonly title: string
  readonly priceMinor: bigint
  readonly stock: number
}

function parentFor(store: Store, item: NewItem): Product {
  const parents = [...store.products.values()].filter((product) => product.kind === 'variable')
  const children = (parent: Product) => [...store.products.values()].filter((one) => one.parentId === parent.id).length
  const free = parents.find((parent) => children(parent) < sizes.length)
  const fresh = { kind: 'variable', sku: '', name: `${item.title} (Größen)`, priceMinor: item.priceMinor } as const
  return free ?? addToCatalog(store, { ...fresh, rate: 19n, stock: null })
}

/** Every fifth product is a variation of a variable one, every fourth has the reduced tax rate. */
export function addProduct(store: Store, item: NewItem): void {
  const sold = [...store.products.values()].filter((product) => product.kind !== 'variable').length
  const rate = (sold + 1) % reducedRateEvery === 0 ? 7n : 19n
  const common = { sku: item.sku, name: item.title, priceMinor: item.priceMinor, rate, stock: item.stock } as const
  if ((sold + 1) % variationEvery !== 0) {
    addToCatalog(store, { ...common, kind: 'simple' })
    return
  }
  const parent = parentFor(store, item)
  const siblings = [...store.products.values()].filter((one) => one.parentId === parent.id).length
  const option = sizes[siblings % sizes.length] ?? 'S'
  addToCatalog(store, { ...common, kind: 'variation', parentId: parent.id, option })
}

export function shows(store: Store, sku: string): number {
  const product = productBySku(store, sku)
  return (product && stockHolder(store, product)?.stock) ?? 0
}

/** The block checkout: `processing` at once, stock taken at once. Null when the shop shows too little. */
export function buy(store: Store, lines: readonly PretendLine[]): { readonly id: string } | null {
  const units = new Map<string, number>()
  for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity)
  const wanted: Wanted[] = []
  for (const [sku, quantity] of units) {
    const product = productBySku(store, sku)
    if (!product || quantity < 1 || shows(store, sku) < quantity) return null
    wanted.push({ product, quantity })
  }
  if (wanted.length === 0) return null
  return { id: String(placeOrder(store, wanted, { via: 'store-api', status: 'processing' }).id) }
}

function openOrder(store: Store, id: string): Order | null {
  const order = store.orders.get(Number(id))
  return order?.status === 'processing' ? order : null
}

/** Not after the shop was told of a shipment. */
export function cancel(store: Store, orderId: string): boolean {
  const order = openOrder(store, orderId)
  if (!order || order.lines.some((line) => shippedUnits(order, line) > 0)) return false
  setStatus(store, order, { status: 'cancelled', by: 'shop' })
  return true
}

/** Not below what was shipped or refunded, not above what the shop shows, and never an order down to nothing. */
export function edit(store: Store, orderId: string, to: PretendLine): boolean {
  const order = openOrder(store, orderId)
  const line = order && presentLines(order).find((one) => one.sku === to.sku)
  if (!line || to.quantity === line.quantity || to.quantity < 0) return false
  if (to.quantity < shippedUnits(order, line) + refundedUnits(order, line)) return false
  if (to.quantity - line.quantity > shows(store, to.sku)) return false
  if (to.quantity === 0 && presentLines(order).length === 1) return false
  editLine(store, order, { line, quantity: to.quantity })
  return true
}

function refundLine(store: Store, order: Order, asked: PretendLine): boolean {
  const line = presentLines(order).find((one) => one.sku === asked.sku)
  if (!line || asked.quantity < 1 || asked.quantity > line.quantity - refundedUnits(order, line)) return false
  const worth = unitsWorth(line, asked.quantity)
  const amountMinor = worth.netMinor + worth.taxMinor
  const left = totalsOf(order).totalMinor - refundedMinor(order)
  const units = presentLines(order).reduce((sum, one) => sum + one.quantity - refundedUnits(order, one), 0)
  // All the money back turns the whole order `refunded`: only when no unit stays wanted.
  if (amountMinor > left || (amountMinor === left && units > asked.quantity)) return false
  const ask = { reason: 'Artikel erstattet', paidBack: false, restock: false, by: 'shop' } as const
  return createRefund(store, order, { ...ask, amountMinor, lines: [worth] }) !== null
}

/** Money back by the shop: units of a line, or (null) a tenth of what is left. Never puts units back on sale. */
export function refund(store: Store, orderId: string, line: PretendLine | null): boolean {
  const order = store.orders.get(Number(orderId))
  if (!order || (order.status !== 'processing' && order.status !== 'completed')) return false
  if (line) return refundLine(store, order, line)
  const amountMinor = (totalsOf(order).totalMinor - refundedMinor(order)) / 10n
  const ask = { reason: 'Kulanz', paidBack: false, restock: false, by: 'shop', lines: [] } as const
  return createRefund(store, order, { ...ask, amountMinor }) !== null
}

function trackingInNotes(order: Order): string | null {
  const text = order.notes.filter((note) => note.toCustomer).at(-1)?.text ?? ''
  return /\b(?=[A-Z0-9-]*\d)[A-Z0-9-]{6,40}\b/i.exec(text)?.[0] ?? null
}

/** As this shop was told: its fulfilments, and for a `completed` order one more with whatever those did not name. */
function shipmentsOf(order: Order): TruthOrder['shipments'] {
  const skuOf = (lineId: number) => order.lines.find((line) => line.id === lineId)?.sku
  const told = order.fulfillments
    .filter((one) => one.fulfilled && one.deleted === null)
    .map((one) => {
      const tracking = one.meta.find((meta) => meta.key === '_tracking_number')?.value
      const lines = fulfilledItems(one.meta).flatMap(({ itemId, quantity }) => {
        const sku = skuOf(itemId)
        return sku === undefined ? [] : [{ sku, quantity }]
      })
      return { tracking: typeof tracking === 'string' ? tracking : null, lines }
    })
  const named = (line: Line) =>
    told.flatMap((one) => one.lines).reduce((sum, one) => sum + (one.sku === line.sku ? one.quantity : 0), 0)
  const rest = order.lines
    .map((line) => ({ sku: line.sku, quantity: shippedUnits(order, line) - named(line) }))
    .filter((line) => line.quantity > 0)
  return rest.length === 0 ? told : [...told, { tracking: trackingInNotes(order), lines: rest }]
}

export function truthOrders(store: Store): readonly TruthOrder[] {
  return [...store.orders.values()].map((order) => {
    const cancelled = order.status === 'cancelled'
    return {
      id: String(order.id),
      number: String(order.id),
      placedAt: new Date(order.created).toISOString(),
      cancelled,
      totalMinor: totalsOf(order).totalMinor,
      currency: 'EUR',
      lines: order.lines.map((line) => ({
        sku: line.sku,
        ordered: line.orderedMost,
        wanted: cancelled ? 0 : line.quantity - line.refundedUnshipped,
        shipped: shippedUnits(order, line),
      })),
      shipments: shipmentsOf(order),
    }
  })
}
