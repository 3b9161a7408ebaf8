import type { Faults, TruthEntry, TruthOrder } from '#kit/pretend'

/** What the demo may ask of the pretend world's process, and what it answers. Sent over the child's IPC channel. */
export interface WorldOptions {
  readonly seed: number
  /** A minute of retries, cron and picking passes in a second at 60; never HTTP latency. */
  readonly timeScale: number
  /** How many orders shoppers will place; decides how much stock there is, so that some of it runs out. */
  readonly orders: number
  /** Opens two more shops, which sell nothing to shoppers until somebody connects them. */
  readonly newcomers: boolean
}
export interface Shelf {
  readonly sku: string
  readonly title: string
  readonly onHand: number
  /** Sought after by everybody and too few. */
  readonly hot: boolean
}
/** A shop that is there and not connected. */
export interface Newcomer {
  readonly name: string
  readonly connector: string
  readonly settings: Readonly<Record<string, unknown>>
}
export interface Opened {
  /** How the hub is registered as an app with the pretended Shopify. */
  readonly app: { readonly clientId: string; readonly clientSecret: string }
  readonly newcomers: readonly Newcomer[]
  readonly hosts: readonly string[]
  readonly connects: readonly {
    readonly kind: 'shop' | 'warehouse'
    readonly connector: string
    readonly label: string
    readonly credentials: Record<string, unknown>
    readonly settings: Record<string, unknown>
  }[]
  readonly shelves: readonly Shelf[]
}
export interface Progress {
  readonly target: number
  readonly placed: number
  readonly cancelled: number
  readonly edited: number
  readonly refunded: number
  /** Every shopper has done all that they will ever do. */
  readonly shoppersDone: boolean
  /** Nothing of the far sides' own is under way: no webhook waiting, no picker busy. */
  readonly quiet: boolean
}
export type Numbers = Readonly<Record<string, number>>
export interface ShopTruth {
  readonly name: string
  readonly kind: string
  readonly compareAndSet: boolean
  readonly orders: readonly TruthOrder[]
  /** Of a newcomer: when it was connected (ms). Null: it was there before the first shopper. */
  readonly since: number | null
  /** What a shopper sees now, by SKU; only what is sold there. */
  readonly shows: Numbers
}
export interface WarehouseRequest {
  readonly number: string
  readonly orderNumber: string
  readonly cancelled: boolean
  readonly lines: readonly { readonly sku: string; readonly requested: number; readonly shipped: number }[]
  readonly shipments: readonly {
    readonly tracking: string
    readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
  }[]
}
/** All that truly happened and is. */
export interface WorldTruth {
  readonly entries: readonly TruthEntry[]
  readonly shops: readonly ShopTruth[]
  readonly warehouse: {
    readonly name: string
    readonly initial: Numbers
    readonly onHand: Numbers
    readonly requests: readonly WarehouseRequest[]
  }
}
/** The little that a live view needs, without the log. */
export interface Glance {
  readonly progress: Progress
  readonly shops: readonly { readonly name: string; readonly kind: string; readonly shows: Numbers }[]
  readonly onHand: Numbers
  /** Changes whenever a number, an order, a request or a parcel does. */
  readonly mark: string
}

export interface WorldAnswers {
  open: Opened
  start: null
  glance: Glance
  truth: WorldTruth
  /** The warehouse counts its shelves and drops the stock file off now, as it does each world hour. */
  count: null
  faults: null
  visit: null
  /** How many SKUs were bought. */
  rush: number
  close: null
}
export type WorldAsk =
  | { readonly kind: 'open'; readonly options: WorldOptions }
  | { readonly kind: 'start'; readonly ordersPerSecond: number }
  /** The weather everywhere, or at one shop. */
  | { readonly kind: 'faults'; readonly faults: Faults; readonly shop?: string }
  | { readonly kind: 'rush'; readonly shop: string }
  /** Shoppers who go to this one shop, a newcomer that was connected. */
  | { readonly kind: 'visit'; readonly shop: string; readonly orders: number; readonly ordersPerSecond: number }
  | { readonly kind: 'glance' | 'truth' | 'count' | 'close' }

export interface WorldCall {
  readonly id: number
  readonly ask: WorldAsk
}
export interface WorldReply {
  readonly id: number
  readonly answer?: unknown
  readonly error?: string
}
