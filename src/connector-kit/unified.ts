import type { Money } from '../model/money.ts'

/** Why an order must not be handed to a 3PL yet. Null in `UnifiedOrder.hold` means it may. */
export type Hold = 'awaiting_payment' | 'on_hold' | 'fraud_review' | 'channel_fulfilled' | 'unknown_status'

/** A postal address and how to reach the person. The only home of personal data in a UnifiedOrder. */
export interface Person {
  readonly name?: string
  readonly company?: string
  readonly address1?: string
  readonly address2?: string
  readonly city?: string
  readonly province?: string
  readonly postcode?: string
  readonly country?: string // ISO 3166-1 alpha-2
  readonly phone?: string
  readonly email?: string
}

export interface UnifiedLine {
  /** The channel's own line id; never an array index, which moves when lines are removed. */
  readonly ref: string
  /** External id of the listing sold (Shopify variant gid, Woo product or variation id), if it still exists. */
  readonly listing?: string
  readonly sku?: string
  readonly title: string
  /** Units as first ordered, or as edited up; >= 0. */
  readonly ordered: number
  /** Units which the channel no longer wants shipped (removed, cancelled, refunded before shipping); <= ordered. */
  readonly cancelled: number
  /** Units which the channel says have left already, whoever shipped them; the hub does not ship those again. */
  readonly shipped: number
  /** Units which the channel's own stock number is lower by because of this line, now. For `expected` (see inventory push). */
  readonly channelTook: number
  /** False for tips, gift cards, services: imported, never reserved or shipped. */
  readonly physical: boolean
  /** What the channel charges for the whole line after its discounts, before tax unless `taxIncluded`. Authoritative. */
  readonly total: Money
  /** Exact decimal text for show; never summed (channels send sub-cent prices). */
  readonly unitPrice?: string
}

/** Parts that must add up to `total`: lines (above) + shipping + tax + fees - discounts not already in lines. */
export interface MoneyParts {
  readonly shipping: Money
  /** Tax not already inside line/shipping/fee figures. Zero when prices include tax. */
  readonly tax: Money
  /** Fees, tips, duties, rounding: signed. */
  readonly other: Money
  /** Order-level discounts that no line total contains: >= 0. */
  readonly discount: Money
}

/** One order as the hub knows it. Made only by a connector's pure `translate`. No channel's words in it. */
export interface UnifiedOrder {
  readonly ref: string
  readonly number: string
  /** The channel's clock, ISO instant in UTC, or null when the body carries none (then it is fetched again). */
  readonly changedAt: string | null
  readonly placedAt: string
  readonly cancelledAt: string | null
  readonly isTest: boolean
  readonly hold: Hold | null
  /** Verbatim, for people: "paid/unfulfilled", "processing". */
  readonly remoteStatus: string
  /** What the buyer pays, and the same in the shop's own currency where it differs. */
  readonly total: Money
  readonly shopTotal: Money
  readonly parts: MoneyParts
  readonly refunded: Money
  readonly lines: readonly UnifiedLine[]
  readonly shipTo: Person | null
  readonly billTo: Person | null
  readonly buyer: Person | null
  readonly shippingService?: string
  /** A note for the packer; may hold personal data, so it is stored with the persons. */
  readonly note?: string
}
