import type { Faults, Rng } from '#kit/pretend'
import type { Bag, Currencies } from './money.ts'

/** Decimal digits of an unsigned 64-bit number. Never a JavaScript number: Shopify's ids may pass 2^53. */
export type Id = string

export interface Product {
  readonly id: Id
  readonly variantId: Id
  readonly itemId: Id
  readonly levelId: Id
  readonly sku: string
  readonly title: string
  readonly priceMinor: bigint
  readonly createdAt: number
}
/** on_hand is available + committed: this shop keeps nothing damaged or in quality control. */
export interface Level {
  available: number
  committed: number
  updatedAt: number
}
export interface Tax {
  readonly title: string
  readonly ratePpm: number
}
export interface Discount {
  readonly code: string
  readonly percent: number
  /** `order`: spread over all lines. `product`: each entitled line by itself. */
  readonly level: 'order' | 'product'
}
export interface Line {
  readonly id: Id
  /** Null: a tip, which Shopify keeps as a line without variant. */
  readonly product: Product | null
  readonly title: string
  readonly unit: Bag
  /** Ordered, with what was removed or refunded since. */
  quantity: number
  discount: Bag
  /** One for each tax of the order. */
  tax: readonly Bag[]
  removed: number
  refundedUnshipped: number
  refundedShipped: number
  fulfilled: number
  /** Money that left with removed and refunded units. */
  gone: { subtotal: Bag; discount: Bag; tax: readonly Bag[] }
}
export interface FulfillmentOrder {
  readonly id: Id
  status: 'OPEN' | 'IN_PROGRESS' | 'ON_HOLD' | 'CLOSED' | 'CANCELLED'
  readonly createdAt: number
  updatedAt: number
  readonly lines: { readonly id: Id; readonly line: Line; total: number; remaining: number }[]
  readonly holds: { readonly id: Id; readonly reason: string; readonly notes: string | null; readonly handle: string }[]
}
export interface Tracking {
  readonly company: string | null
  readonly number: string | null
  readonly url: string | null
}
export interface Fulfillment {
  readonly id: Id
  readonly name: string
  status: 'SUCCESS' | 'CANCELLED'
  readonly createdAt: number
  updatedAt: number
  tracking: readonly Tracking[]
  readonly lines: readonly { readonly id: Id; readonly line: Line; readonly quantity: number }[]
}
export interface RefundLine {
  readonly id: Id
  readonly line: Line
  readonly quantity: number
  readonly restock: 'no_restock' | 'cancel' | 'return'
  readonly subtotal: Bag
  readonly tax: Bag
}
export interface Transaction {
  readonly id: Id
  readonly kind: 'SALE' | 'REFUND'
  readonly amount: Bag
  readonly at: number
}
export interface Refund {
  readonly id: Id
  readonly at: number
  readonly note: string | null
  readonly lines: readonly RefundLine[]
  readonly shipping: { readonly id: Id; readonly amount: Bag; readonly tax: Bag } | null
  /** Money beyond the refunded lines, which Shopify books as a discrepancy. */
  readonly adjustment: { readonly id: Id; readonly amount: Bag } | null
  readonly transaction: Transaction
}
export interface Person {
  readonly customerId: Id
  readonly addressId: Id
  readonly firstName: string
  readonly lastName: string
  readonly email: string
  readonly street: string
  readonly zip: string
  readonly city: string
  readonly country: string
  readonly countryCode: string
  readonly province: string | null
  readonly provinceCode: string | null
}
export interface Order {
  readonly id: Id
  readonly number: number
  readonly confirmation: string
  readonly placedAt: number
  updatedAt: number
  cancelledAt: number | null
  closedAt: number | null
  edited: boolean
  readonly currencies: Currencies
  readonly ratePpm: number
  readonly taxes: readonly Tax[]
  readonly taxesIncluded: boolean
  readonly discount: Discount | null
  readonly lines: Line[]
  readonly shipping: { readonly id: Id; readonly title: string; readonly price: Bag; readonly tax: readonly Bag[] }
  shippingRefunded: { amount: Bag; tax: readonly Bag[] }
  readonly tip: Bag
  tipRefunded: boolean
  originalTotal: Bag
  readonly transactions: Transaction[]
  readonly refunds: Refund[]
  readonly fulfillmentOrders: FulfillmentOrder[]
  readonly fulfillments: Fulfillment[]
  readonly person: Person
}
export interface Subscription {
  readonly id: Id
  /** "orders/create", as the header says it. */
  readonly topic: string
  /** ORDERS_CREATE, as the API says it. */
  readonly topicName: string
  readonly uri: string
  readonly name: string | null
  readonly includeFields: readonly string[]
  readonly createdAt: number
  deleted: boolean
}
export interface Shop {
  readonly name: string
  readonly domain: string
  readonly id: Id
  readonly currency: string
  readonly taxesIncluded: boolean
  readonly timeZone: string
  /** What whoever installs an app here gives it, whatever it asks for. */
  readonly granted: readonly string[]
  /** "+01:00": webhooks carry the shop's own offset, the API UTC. */
  readonly offset: string
  readonly location: { readonly id: Id; readonly name: string; readonly createdAt: number }
  readonly createdAt: number
  readonly products: Map<string, Product>
  /** By inventory item. */
  readonly items: Map<Id, Product>
  readonly levels: Map<Id, Level>
  readonly orders: Map<Id, Order>
  readonly fulfillmentOrders: Map<Id, { readonly order: Order; readonly fo: FulfillmentOrder }>
  readonly fulfillments: Map<Id, { readonly order: Order; readonly fulfillment: Fulfillment }>
  readonly refunds: Map<Id, { readonly order: Order; readonly refund: Refund }>
  /** Orders that the API's client was not shown yet: by no webhook that it accepted, in no answer that reached it. */
  readonly untold: Set<Order>
  readonly subscriptions: Map<Id, Subscription>
  /** Ids of asynchronous jobs, all of which end at once. */
  readonly jobs: Set<string>
  /** What shoppers and staff do. Separate from the dice, so that the calls of a client do not change the story. */
  readonly rng: Rng
  /** Faults and the post. */
  readonly dice: Rng
  faults: Faults
  newId(): Id
  tell(what: string, data: Record<string, unknown>): void
}

/** Shopify keeps whole seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1000) * 1000
}

export function gid(type: string, id: Id): string {
  return `gid://shopify/${type}/${id}`
}

/** The id inside a gid of that type, or null. */
export function idOf(type: string, value: string): Id | null {
  const prefix = `gid://shopify/${type}/`
  const id = value.startsWith(prefix) ? value.slice(prefix.length) : ''
  return /^\d{1,20}$/.test(id) ? id : null
}

/** A fault's dial. */
export function strikes(shop: Shop, probability: number): boolean {
  return probability > 0 && shop.dice() < probability
}

/** A shopper's mood. */
export function fancies(shop: Shop, probability: number): boolean {
  return shop.rng() < probability
}

export function pick<T>(shop: Shop, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(shop.rng() * choices.length)] ?? choices[0]
}
