import type { Rng, TruthEntry } from '#kit/pretend'
import type { Zone } from './zone.ts'

/** VAT in percent: German standard and reduced rate. */
export type Rate = 19n | 7n

/** One sale that lowered a product's number, kept until the API client has surely seen it. */
interface Sale {
  readonly orderId: number
  readonly sequence: number
  quantity: number
}
export interface Product {
  readonly id: number
  readonly parentId: number
  readonly kind: 'simple' | 'variable' | 'variation'
  sku: string
  name: string
  priceMinor: bigint
  readonly rate: Rate
  /** The size of a variation; empty otherwise. */
  readonly option: string
  status: 'publish' | 'draft' | 'trash'
  managesStock: boolean
  stock: number
  readonly created: number
  modified: number
  sales: Sale[]
  /** Sequence of the API client's last read of this product's number. */
  readSequence: number
  readAt: number | null
}

export type OrderStatus =
  | 'pending'
  | 'processing'
  | 'on-hold'
  | 'completed'
  | 'cancelled'
  | 'refunded'
  | 'failed'
  | 'trash'

export interface Line {
  readonly id: number
  readonly productId: number
  readonly variationId: number
  readonly sku: string
  readonly name: string
  readonly rate: Rate
  quantity: number
  /** What the buyer pays for the line in cents, tax included: before and after the coupon. */
  subtotalMinor: bigint
  paidMinor: bigint
  /** Woo's `_reduced_stock`: units which the shop's number is lower by because of this line. */
  reduced: number
  removed: boolean
  /** For the truth: the most units ever ordered, and those refunded while not yet shipped. */
  orderedMost: number
  refundedUnshipped: number
}
/** Shipping or fee: entered without tax, as Woo does even where product prices include it. */
export interface Charge {
  readonly id: number
  readonly title: string
  readonly netMinor: bigint
  readonly rate: Rate
}
interface RefundLine {
  readonly id: number
  readonly lineId: number
  readonly quantity: number
  readonly netMicro: bigint
  readonly taxMicro: bigint
}
export interface Refund {
  readonly id: number
  readonly created: number
  readonly amountMinor: bigint
  readonly reason: string
  readonly paidBack: boolean
  readonly lines: readonly RefundLine[]
}
export interface Meta {
  readonly id: number
  readonly key: string
  readonly value: unknown
}
export interface Fulfillment {
  readonly id: number
  status: string
  fulfilled: boolean
  updated: number
  deleted: number | null
  meta: Meta[]
}
export interface Note {
  readonly id: number
  readonly created: number
  readonly text: string
  readonly toCustomer: boolean
}
export interface Address {
  readonly first_name: string
  readonly last_name: string
  readonly company: string
  readonly address_1: string
  readonly address_2: string
  readonly city: string
  readonly state: string
  readonly postcode: string
  readonly country: string
}
export interface Buyer {
  readonly billing: Address
  readonly shipping: Address
  readonly email: string
  readonly phone: string
}
export interface Payment {
  readonly id: string
  readonly title: string
  /** Whether the gateway can pay money back by itself. */
  readonly refunds: boolean
}
export interface Order {
  readonly id: number
  readonly key: string
  readonly via: 'store-api' | 'rest-api'
  status: OrderStatus
  readonly created: number
  modified: number
  paidAt: number | null
  completedAt: number | null
  readonly buyer: Buyer
  readonly payment: Payment
  readonly note: string
  lines: Line[]
  readonly shipping: readonly Charge[]
  readonly fees: readonly Charge[]
  readonly coupon: { readonly id: number; readonly code: string; readonly percent: bigint } | null
  refunds: Refund[]
  notes: Note[]
  fulfillments: Fulfillment[]
  /** Woo's `_order_stock_reduced`. */
  holdsStock: boolean
  /** Sequence at which the API client was last shown this order. */
  servedSequence: number
}

export interface Webhook {
  readonly id: number
  name: string
  status: 'active' | 'paused' | 'disabled'
  topic: string
  deliveryUrl: string
  secret: string
  failures: number
  readonly created: number
  modified: number
}
/** One queued delivery. Its arguments are webhook and resource only: the payload is made when it runs. */
export interface Action {
  readonly webhookId: number
  readonly resourceId: number
  readonly topic: string
  notBefore: number
  delayed: boolean
}
export interface ApiKey {
  readonly id: number
  readonly key: string
  readonly secret: string
  readonly permissions: 'read' | 'write' | 'read_write'
}

/** Everything the store remembers. It lives in memory: a restarted world starts a new story. */
export interface Store {
  readonly name: string
  /** Base address, without a trailing slash; known once the server listens. */
  url: string
  readonly zone: Zone
  readonly now: () => number
  /** Draws of the story (persons, coupons); faults draw from their own stream. */
  readonly rng: Rng
  readonly products: Map<number, Product>
  readonly orders: Map<number, Order>
  readonly webhooks: Map<number, Webhook>
  readonly keys: Map<string, ApiKey>
  readonly actions: Action[]
  readonly counters: Map<string, number>
  /** The user whom API keys and webhooks act as. */
  owner: 'manager' | 'demoted' | 'deleted'
  fulfillmentsOn: boolean
  readonly record: (what: string, data: TruthEntry['data']) => void
  /** Something happened that webhooks may be waiting for. */
  readonly announce: (topic: string, resourceId: number) => void
}

/** Next number of a sequence. Orders, refunds and products share one, as WordPress posts do. */
export function nextId(store: Store, sequence: 'post' | 'item' | 'meta' | 'webhook' | 'key' | 'fulfillment' | 'event') {
  const id = (store.counters.get(sequence) ?? 0) + 1
  store.counters.set(sequence, id)
  return id
}
