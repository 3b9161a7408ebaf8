import { createHash } from 'node:crypto'
import { type Charge, type Line, nextId, type Order, type OrderStatus, type Product, type Store } from './model.ts'
import { syncStock, touchOrder } from './order-life.ts'
import { inventBuyer, inventPayment } from './persons.ts'
import { totalsOf } from './totals.ts'

export interface Wanted {
  readonly product: Product
  readonly quantity: number
}

const freeShippingFromMinor = 10_000n
/** 4.12 net is 4.90 with 19 % VAT. */
const shippingNetMinor = 412n
const couponPercent = 10n

function makeLine(store: Store, wanted: Wanted, couponPercentOff: bigint): Line {
  const { product, quantity } = wanted
  const subtotalMinor = product.priceMinor * BigInt(quantity)
  return {
    id: nextId(store, 'item'),
    productId: product.kind === 'variation' ? product.parentId : product.id,
    variationId: product.kind === 'variation' ? product.id : 0,
    sku: product.sku,
    name: product.name,
    rate: product.rate,
    quantity,
    subtotalMinor,
    paidMinor: subtotalMinor - (subtotalMinor * couponPercentOff) / 100n,
    reduced: 0,
    removed: false,
    orderedMost: quantity,
    refundedUnshipped: 0,
  }
}

function inventFees(store: Store): readonly Charge[] {
  if (store.rng() >= 0.12) return []
  // A loyalty credit: a negative fee, which carries negative tax (observed on WooCommerce 11.0.1, 2026-11-23).
  return [{ id: nextId(store, 'item'), title: 'Treuerabatt', netMinor: -50n, rate: 19n }]
}

function inventShipping(store: Store, goodsMinor: bigint): readonly Charge[] {
  const free = goodsMinor >= freeShippingFromMinor
  const title = free ? 'Kostenlose Lieferung' : 'DHL Paket'
  return [{ id: nextId(store, 'item'), title, netMinor: free ? 0n : shippingNetMinor, rate: 19n }]
}

/** A new order; nothing checked. The block checkout announces `updated` before `created`, REST the other way round. */
export function placeOrder(
  store: Store,
  wanted: readonly Wanted[],
  how: { readonly via: Order['via']; readonly status: OrderStatus },
): Order {
  const id = nextId(store, 'post')
  const at = store.now()
  const coupon = store.rng() < 0.2 ? { id: nextId(store, 'item'), code: 'welcome10', percent: couponPercent } : null
  const lines = wanted.map((one) => makeLine(store, one, coupon?.percent ?? 0n))
  const goodsMinor = lines.reduce((sum, line) => sum + line.paidMinor, 0n)
  const order: Order = {
    id,
    key: `wc_order_${createHash('sha1').update(`${store.name}.${id}`).digest('hex').slice(0, 13)}`,
    via: how.via,
    status: how.status,
    created: at,
    modified: at,
    paidAt: how.status === 'processing' || how.status === 'completed' ? at : null,
    completedAt: how.status === 'completed' ? at : null,
    buyer: inventBuyer(store.rng),
    payment: inventPayment(store.rng),
    note: store.rng() < 0.15 ? 'Bitte beim Nachbarn abgeben – schöne Grüße' : '',
    lines,
    shipping: inventShipping(store, goodsMinor),
    fees: inventFees(store),
    coupon,
    refunds: [],
    notes: [],
    fulfillments: [],
    holdsStock: false,
    servedSequence: 0,
  }
  store.orders.set(id, order)
  syncStock(store, order)
  if (how.via === 'rest-api') store.announce('order.created', id)
  touchOrder(store, order)
  if (how.via === 'store-api') store.announce('order.created', id)
  store.record('order.placed', {
    order: String(id),
    by: how.via === 'rest-api' ? 'api' : 'shopper',
    status: order.status,
    totalMinor: totalsOf(order).totalMinor.toString(),
    lines: lines.map((line) => ({ sku: line.sku, quantity: line.quantity })),
  })
  return order
}
