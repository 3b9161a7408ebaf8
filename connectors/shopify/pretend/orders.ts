import type { PretendLine } from '#kit/pretend'
import type { Announce } from './announce.ts'
import { levelOf, moveStock } from './inventory.ts'
import { allocate, type Bag, type Currencies, minus, nothing, priced, share, taxOf, times, total } from './money.ts'
import { inventPerson } from './person.ts'
import { type Discount, fancies, type Line, now, type Order, type Product, pick, type Shop, type Tax } from './state.ts'
import { goods, placed, unfulfilled } from './totals.ts'

const linesMax = 50

/** The lines as products, one entry for each SKU; null when the shop does not show enough. */
function basket(shop: Shop, lines: readonly PretendLine[]): { product: Product; quantity: number }[] | null {
  const wanted = new Map<Product, number>()
  for (const { sku, quantity } of lines) {
    const product = shop.products.get(sku)
    if (!product || !Number.isInteger(quantity) || quantity < 1) return null
    wanted.set(product, (wanted.get(product) ?? 0) + quantity)
  }
  if (wanted.size === 0 || wanted.size > linesMax) return null
  for (const [product, quantity] of wanted) if (levelOf(shop, product).available < quantity) return null
  return [...wanted].map(([product, quantity]) => ({ product, quantity }))
}

function taxesOf(shop: Shop): Tax[] {
  if (shop.taxesIncluded) return [{ title: 'VAT', ratePpm: 190_000 }]
  return [
    { title: 'Example State Tax', ratePpm: 57_500 },
    { title: 'Example County Tax', ratePpm: 12_500 },
  ]
}

function buyerCurrency(shop: Shop): { currencies: Currencies; ratePpm: number } {
  if (!fancies(shop, 0.12)) return { currencies: { shop: shop.currency, buyer: shop.currency }, ratePpm: 1_000_000 }
  const abroad = pick(shop, [
    { buyer: shop.currency === 'EUR' ? 'USD' : 'EUR', ratePpm: shop.currency === 'EUR' ? 1_087_300 : 919_700 },
    { buyer: 'GBP', ratePpm: 856_100 },
    { buyer: 'JPY', ratePpm: 163_270_000 },
  ])
  return { currencies: { shop: shop.currency, buyer: abroad.buyer }, ratePpm: abroad.ratePpm }
}

function newLine(shop: Shop, product: Product | null, quantity: number, unit: Bag): Line {
  return {
    id: shop.newId(),
    product,
    title: product?.title ?? 'Tip',
    unit,
    quantity,
    discount: nothing,
    tax: [],
    removed: 0,
    refundedUnshipped: 0,
    refundedShipped: 0,
    fulfilled: 0,
    gone: { subtotal: nothing, discount: nothing, tax: [] },
  }
}

function discountLines(lines: readonly Line[], discount: Discount): void {
  const totals = lines.map((line) => times(line.unit, line.quantity))
  const parts =
    discount.level === 'order'
      ? allocate(share(total(totals), discount.percent, 100), totals)
      : totals.map((amount) => share(amount, discount.percent, 100))
  lines.forEach((line, index) => {
    line.discount = parts[index] ?? nothing
  })
}

function fill(shop: Shop, order: Order): void {
  if (order.discount) discountLines(order.lines, order.discount)
  for (const line of order.lines) {
    const net = minus(times(line.unit, line.quantity), line.discount)
    line.tax = order.taxes.map((tax) => taxOf(net, tax.ratePpm, order.taxesIncluded))
  }
  if (order.tip.shop > 0n) {
    const line = newLine(shop, null, 1, order.tip)
    line.tax = order.taxes.map(() => nothing)
    order.lines.push(line)
  }
  order.originalTotal = placed(order).total
  order.transactions.push({ id: shop.newId(), kind: 'SALE', amount: order.originalTotal, at: order.placedAt })
}

export function openFulfillmentOrder(
  shop: Shop,
  order: Order,
  lines: readonly { readonly line: Line; readonly quantity: number }[],
): void {
  const fo = {
    id: shop.newId(),
    status: 'OPEN' as const,
    createdAt: now(),
    updatedAt: now(),
    lines: lines.map(({ line, quantity }) => ({ id: shop.newId(), line, total: quantity, remaining: quantity })),
    holds: [],
  }
  order.fulfillmentOrders.push(fo)
  shop.fulfillmentOrders.set(fo.id, { order, fo })
}

function draft(shop: Shop, wanted: readonly { product: Product; quantity: number }[]): Order {
  const { currencies, ratePpm } = buyerCurrency(shop)
  const price = (minor: bigint) => priced(minor, currencies, ratePpm)
  const taxes = taxesOf(shop)
  const postage = price(pick(shop, [0n, 490n, 599n, 1250n]))
  const number = 1001 + shop.orders.size
  const at = now()
  const level = pick<Discount['level']>(shop, ['order', 'product'])
  return {
    id: shop.newId(),
    number,
    confirmation: `X${(number * 7919).toString(36).toUpperCase().padStart(8, '0')}`,
    placedAt: at,
    updatedAt: at,
    cancelledAt: null,
    closedAt: null,
    edited: false,
    currencies,
    ratePpm,
    taxes,
    taxesIncluded: shop.taxesIncluded,
    discount: fancies(shop, 0.15) ? { code: 'WELCOME10', percent: pick(shop, [10, 15, 33]), level } : null,
    lines: wanted.map(({ product, quantity }) => newLine(shop, product, quantity, price(product.priceMinor))),
    shipping: {
      id: shop.newId(),
      title: postage.shop === 0n ? 'Free shipping' : 'Standard',
      price: postage,
      tax: taxes.map((tax) => taxOf(postage, tax.ratePpm, shop.taxesIncluded)),
    },
    shippingRefunded: { amount: nothing, tax: taxes.map(() => nothing) },
    tip: fancies(shop, 0.08) ? price(pick(shop, [100n, 250n, 333n])) : nothing,
    tipRefunded: false,
    originalTotal: nothing,
    transactions: [],
    refunds: [],
    fulfillmentOrders: [],
    fulfillments: [],
    person: inventPerson(shop),
  }
}

/** A paid checkout. Null: the shop itself shows too little. Shopify takes `available` down at order creation. */
export function placeOrder(shop: Shop, announce: Announce, lines: readonly PretendLine[]): Order | null {
  const wanted = basket(shop, lines)
  if (!wanted) return null
  const order = draft(shop, wanted)
  fill(shop, order)
  shop.orders.set(order.id, order)
  shop.untold.add(order)
  openFulfillmentOrder(
    shop,
    order,
    goods(order).map((line) => ({ line, quantity: line.quantity })),
  )
  shop.tell('order.placed', {
    orderId: order.id,
    number: `#${order.number}`,
    totalMinor: order.originalTotal.shop.toString(),
    currency: order.currencies.shop,
    lines: wanted.map(({ product, quantity }) => ({ sku: product.sku, quantity })),
  })
  for (const { product, quantity } of wanted) {
    const before = levelOf(shop, product).available
    shop.tell('stock.sold', { sku: product.sku, before, after: before - quantity, orderId: order.id })
  }
  const touched = moveStock(
    shop,
    wanted.map(({ product, quantity }) => ({ product, available: -quantity, committed: quantity })),
  )
  announce.order(['orders/create', 'orders/paid', 'orders/updated'], order)
  announce.levels(touched)
  return order
}

export function touch(order: Order): void {
  order.updatedAt = Math.max(now(), order.updatedAt)
}

/** Takes units of a line off its open fulfilment orders, the newest first. */
export function unroute(order: Order, line: Line, units: number): void {
  let left = units
  for (const fo of order.fulfillmentOrders.toReversed()) {
    for (const routed of fo.lines) {
      if (routed.line !== line || left === 0) continue
      const taken = Math.min(left, routed.remaining)
      routed.remaining -= taken
      routed.total -= taken
      left -= taken
    }
    if (fo.lines.every((routed) => routed.remaining === 0) && fo.status !== 'CANCELLED') fo.status = 'CLOSED'
    fo.updatedAt = now()
  }
}

/** Shopify archives an order once everything is shipped, by default. */
export function archiveWhenDone(order: Order): void {
  const done = order.fulfillments.length > 0 && goods(order).every((line) => unfulfilled(line) === 0)
  if (done && order.closedAt === null) order.closedAt = now()
}
