import type { Person } from '#kit'

/** A decimal text with its currency, as Shopify states it. */
export interface Amount {
  readonly amount: string
  readonly currency: string
}
/** What the buyer saw ("presentment") and, where it was asked for, the same in the shop's currency. */
export interface Bag {
  readonly presentment: Amount
  readonly shop?: Amount
}

export interface ShopLine {
  /** The id by which refunds and fulfilments of the same body name this line. */
  readonly id: string
  readonly ref: string
  readonly listing: string | null
  readonly sku: string | null
  readonly title: string
  readonly quantity: number
  /** Without removed and refunded units. */
  readonly current: number
  /** Units that Shopify still waits for. */
  readonly fulfillable: number
  readonly requiresShipping: boolean
  readonly giftCard: boolean
  readonly unitPrice: Bag
  readonly discounts: readonly Bag[]
}
export interface ShopOrder {
  readonly ref: string
  readonly number: string
  readonly placedAt: string
  readonly changedAt: string | null
  readonly cancelledAt: string | null
  readonly test: boolean
  readonly financial: string | null
  readonly fulfilment: string | null
  /** Null: the body cannot say (a webhook's never does). */
  readonly recommendation: string | null
  readonly currency: string
  readonly shopCurrency: string
  readonly taxesIncluded: boolean
  readonly dutiesIncluded: boolean
  readonly total: Bag
  readonly tax: Bag | null
  readonly discounts: Bag | null
  readonly tip: Bag | null
  readonly duties: Bag | null
  readonly fees: Bag | null
  readonly rounding: Bag | null
  readonly refunded: readonly Amount[]
  readonly shipping: readonly {
    readonly title: string
    readonly removed: boolean
    readonly price: Bag
    readonly discounted: Bag
  }[]
  readonly lines: readonly ShopLine[]
  readonly refundLines: readonly { readonly line: string; readonly quantity: number; readonly restock: string }[]
  readonly fulfilledLines: readonly { readonly line: string; readonly quantity: number }[]
  readonly shipTo: Person | null
  readonly billTo: Person | null
  readonly email: string | null
  readonly phone: string | null
  readonly note: string | null
}

/** Fulfilments that did not happen; every other status counts, also one that we do not know yet. */
const undone = new Set(['cancelled', 'error', 'failure'])
export function happened(status: string): boolean {
  return !undone.has(status.toLowerCase())
}
