import { itemView, levelView, locationView, placeById, productView, variantView } from './catalog-views.ts'
import { connection, listed, type PageArgs } from './connection.ts'
import { apiError, type RequestContext } from './context.ts'
import { fulfillmentOrderView, fulfillmentView } from './fulfillment-views.ts'
import { orderView } from './order-views.ts'
import { refundView } from './refund-views.ts'
import { idMatches, type Term, termsOf, timeMatches, unknownTerm } from './search.ts'
import { installationView, shopView } from './shop-views.ts'
import { idOf, type Order, type Product, type Shop } from './state.ts'
import { financialStatus, fulfillmentStatus } from './totals.ts'
import { subscriptionQueries, subscriptionView } from './webhook-api.ts'

interface Listing extends PageArgs {
  readonly query?: string | null
  readonly sortKey?: string | null
}
interface ById {
  readonly id: string
}

const nodesMax = 250

function orderMatches(order: Order, term: Term): boolean {
  if (term.field === 'updated_at') return timeMatches(term, order.updatedAt)
  if (term.field === 'created_at' || term.field === 'processed_at') return timeMatches(term, order.placedAt)
  if (term.field === 'id') return idMatches(term, order.id)
  if (term.field === 'name') return `#${order.number}` === (term.value.startsWith('#') ? term.value : `#${term.value}`)
  if (term.field === 'financial_status') return financialStatus(order).toLowerCase() === term.value.toLowerCase()
  if (term.field === 'fulfillment_status') return fulfillmentStatus(order).toLowerCase() === term.value.toLowerCase()
  if (term.field === 'test') return term.value === 'false'
  if (term.field !== 'status') return unknownTerm(term)
  if (term.value === 'any') return true
  if (term.value === 'cancelled') return order.cancelledAt !== null
  if (term.value === 'closed') return order.closedAt !== null
  return order.closedAt === null && order.cancelledAt === null
}

function orderSortValue(sortKey: string | null | undefined): (order: Order) => string {
  const padded = (value: number) => value.toString().padStart(16, '0')
  if (sortKey === 'UPDATED_AT') return (order) => padded(order.updatedAt)
  if (sortKey === 'ID') return (order) => order.id
  if (!sortKey || sortKey === 'PROCESSED_AT' || sortKey === 'CREATED_AT') return (order) => padded(order.placedAt)
  if (sortKey === 'ORDER_NUMBER') return (order) => padded(order.number)
  throw apiError(`the pretend Shopify does not sort orders by ${sortKey}`, 'PRETEND_UNKNOWN_FIELD')
}

function productMatches(product: Product, term: Term, id: string): boolean {
  if (term.field === 'sku') return product.sku.toLowerCase() === term.value.toLowerCase()
  if (term.field === 'id') return idMatches(term, id)
  if (term.field === 'title') return product.title.toLowerCase().includes(term.value.toLowerCase())
  if (term.field === 'updated_at' || term.field === 'created_at') return timeMatches(term, product.createdAt)
  if (term.field === 'status' || term.field === 'product_status') return term.value.toLowerCase() === 'active'
  return unknownTerm(term)
}

function products(
  shop: Shop,
  args: Listing,
  idOfOne: (product: Product) => string,
  view: (shop: Shop, product: Product) => unknown,
) {
  const terms = termsOf(args.query)
  const matching = [...shop.products.values()].filter((product) =>
    terms.every((term) => productMatches(product, term, idOfOne(product))),
  )
  return connection(
    matching,
    args,
    (product) => placeById({ id: idOfOne(product) }),
    (product) => view(shop, product),
  )
}

type Finder = (shop: Shop, id: string) => unknown
const byType: Readonly<Record<string, Finder>> = {
  Order: (shop, id) => {
    const order = shop.orders.get(id)
    return order ? orderView(shop, order) : null
  },
  InventoryItem: (shop, id) => {
    const product = shop.items.get(id)
    return product ? itemView(shop, product) : null
  },
  ProductVariant: (shop, id) => {
    const product = [...shop.products.values()].find((one) => one.variantId === id)
    return product ? variantView(shop, product) : null
  },
  Product: (shop, id) => {
    const product = [...shop.products.values()].find((one) => one.id === id)
    return product ? productView(shop, product) : null
  },
  Location: (shop, id) => (id === shop.location.id ? locationView(shop) : null),
  FulfillmentOrder: (shop, id) => {
    const found = shop.fulfillmentOrders.get(id)
    return found ? fulfillmentOrderView(shop, found.order, found.fo) : null
  },
  Fulfillment: (shop, id) => {
    const found = shop.fulfillments.get(id)
    return found ? fulfillmentView(shop, found.order, found.fulfillment) : null
  },
  Refund: (shop, id) => {
    const found = shop.refunds.get(id)
    return found ? refundView(shop, found.order, found.refund) : null
  },
  WebhookSubscription: (shop, id) => {
    const found = shop.subscriptions.get(id)
    return found ? subscriptionView(found) : null
  },
}

/** Null for what does not exist; an error for what is no gid, or of a type that this world does not keep. */
function find(shop: Shop, id: string, only?: string): unknown {
  const [, type = '', bare = ''] = /^gid:\/\/shopify\/(\w+)\/(\d{1,20})(?:\?[\w=&]*)?$/.exec(id) ?? []
  if (type === '') throw apiError(`Invalid global id '${id}'`, 'argumentLiteralsIncompatible')
  if (type === 'InventoryLevel' && (!only || only === type)) {
    const product = [...shop.products.values()].find((one) => one.levelId === bare)
    return product ? levelView(shop, product) : null
  }
  if (only && only !== type) throw apiError(`Invalid id: ${id}`, 'RESOURCE_NOT_FOUND')
  const finder = byType[type]
  if (!finder) throw apiError(`the pretend Shopify keeps no ${type}`, 'PRETEND_UNKNOWN_FIELD')
  return finder(shop, bare)
}

function one(type: string) {
  return ({ id }: ById, { shop }: RequestContext) => find(shop, id, type)
}

export const queries = {
  shop: (_: unknown, { shop }: RequestContext) => shopView(shop),
  currentAppInstallation: (_: unknown, { shop }: RequestContext) => installationView(shop),
  orders: (args: Listing, { shop }: RequestContext) => {
    const terms = termsOf(args.query)
    const value = orderSortValue(args.sortKey)
    return connection(
      [...shop.orders.values()].filter((order) => terms.every((term) => orderMatches(order, term))),
      args,
      (order) => ({ value: value(order), id: order.id }),
      (order) => orderView(shop, order),
    )
  },
  order: one('Order'),
  node: ({ id }: ById, { shop }: RequestContext) => find(shop, id),
  nodes: ({ ids }: { ids: readonly string[] }, { shop }: RequestContext) => {
    if (ids.length > nodesMax) {
      const message = `The input array size of ${ids.length} is greater than the maximum allowed of ${nodesMax}.`
      throw apiError(message, 'MAX_INPUT_SIZE_EXCEEDED')
    }
    return ids.map((id) => find(shop, id))
  },
  productVariants: (args: Listing, { shop }: RequestContext) =>
    products(shop, args, (product) => product.variantId, variantView),
  productVariant: one('ProductVariant'),
  products: (args: Listing, { shop }: RequestContext) => products(shop, args, (product) => product.id, productView),
  product: one('Product'),
  inventoryItems: (args: Listing, { shop }: RequestContext) =>
    products(shop, args, (product) => product.itemId, itemView),
  inventoryItem: one('InventoryItem'),
  inventoryLevel: one('InventoryLevel'),
  locations: (args: Listing, { shop }: RequestContext) => listed([shop], args, locationView),
  location: ({ id }: { id?: string | null }, { shop }: RequestContext) =>
    id && idOf('Location', id) !== shop.location.id ? null : locationView(shop),
  fulfillmentOrder: one('FulfillmentOrder'),
  fulfillment: one('Fulfillment'),
  assignedFulfillmentOrders: (args: PageArgs) => listed([], args, () => null),
  job: ({ id }: ById, { shop }: RequestContext) => (shop.jobs.has(id) ? { id, done: true } : null),
  ...subscriptionQueries,
}
