/**
 * What the API answers, as far as the console reads it. The console is a client like any other and takes nothing from
 * the hub's rooms, so these are written here; test/console/contract.ts holds them against the routes' own schemas.
 */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}
export interface Money {
  readonly amount: string
  readonly currency: string
}
export interface Merchant {
  readonly id: string
  readonly name: string
  readonly timeZone: string
  readonly currency: string | null
  readonly shipsPartially: boolean
}

export const standings = [
  'needs_you',
  'waiting',
  'to_send',
  'at_warehouse',
  'part_shipped',
  'confirming',
  'done',
  'cancelled',
] as const
export type Standing = (typeof standings)[number]
export interface StandingCounts {
  readonly looked: number
  readonly more: boolean
  readonly counts: Readonly<Record<Standing, number>>
}

export interface Problem {
  readonly kind: string
  readonly detail: Readonly<Record<string, unknown>>
}
/** A person wants an order cancelled: how far that is. It is cancelled when the order itself says so. */
export interface CancelWish {
  readonly state: 'asked' | 'telling' | 'too_late' | 'refused'
  readonly reason: string | null
  readonly tell: string | null
  readonly askedAt: string | null
  readonly answeredAt: string | null
}
export interface Order {
  readonly id: string
  readonly number: string
  readonly externalId: string
  readonly connection: string
  readonly platform: string | null
  readonly account: string | null
  readonly stage: string
  readonly standing: Standing
  readonly problem: Problem | null
  readonly placedAt: string
  readonly importedAt: string
  readonly changedAt: string
  readonly cancelledAt: string | null
  readonly total: Money
  readonly refunded: Money
  readonly moneyDelta: Money
  readonly isTest: boolean
  readonly hold: string | null
  readonly held: { readonly reason: string; readonly since: string; readonly until: string | null } | null
  readonly cancel: CancelWish | null
  readonly remoteStatus: string
  readonly shippingService: string | null
  readonly units: {
    readonly wanted: number
    readonly unmapped: number
    readonly short: number
    readonly reserved: number
    readonly handedOff: number
    readonly shipped: number
  }
}
export interface FoundOrder extends Order {
  readonly matched: string
  readonly matchedKind: string
}
export interface OrderLine {
  readonly ref: string
  readonly listing: string | null
  readonly sku: string | null
  readonly title: string
  readonly ordered: number
  readonly cancelled: number
  readonly physical: boolean
  readonly total: Money
  readonly components: readonly {
    readonly item: string
    readonly sku: string
    readonly need: number
    readonly short: number
    readonly excess: number
    readonly reserved: number
    readonly handedOff: number
    readonly shipped: number
  }[]
}
export interface Person {
  readonly role: string
  readonly data: Readonly<Record<string, unknown>> | null
  readonly erasedAt: string | null
}
export interface FulfillmentOrder {
  readonly id: string
  readonly location: string
  readonly partner: string | null
  readonly requestNumber: string
  readonly status: string
  readonly requestStatus: string
  readonly submittedAt: string | null
  readonly ackDueAt: string | null
  readonly cancelRequestedAt: string | null
  readonly reason: string | null
  readonly createdAt: string
  readonly lines: readonly {
    readonly item: string
    readonly sku: string
    readonly requested: number
    readonly rejected: number
    readonly cancelled: number
    readonly shipped: number
  }[]
}
export interface Shipment {
  readonly id: string
  readonly carrier: string
  readonly tracking: string | null
  readonly shippedAt: string
  readonly lines: readonly { readonly item: string; readonly sku: string; readonly quantity: number }[]
  readonly channel: readonly {
    readonly state: string
    readonly reason: string | null
    readonly remote: string | null
  }[]
}
export interface Exception extends Problem {
  readonly id: string
  readonly subject: { readonly kind: string; readonly id: string; readonly name: string | null }
  readonly raisedAt: string
  readonly resolvedAt: string | null
}
/** Several things that wait for a person, with one cause. */
export interface WorkGroup {
  readonly kind: string
  readonly cause: {
    readonly kind: 'listing' | 'item' | 'connection' | 'hold'
    readonly id: string | null
    readonly name: string | null
  } | null
  readonly things: number
  readonly orders: number
  readonly money: readonly Money[]
  readonly oldestAt: string
  readonly dueAt: string | null
  readonly sample: {
    readonly detail: Readonly<Record<string, unknown>>
    readonly order: string | null
    readonly orderNumber: string | null
  }
}
export interface Today {
  readonly groups: readonly WorkGroup[]
  readonly more: boolean
  readonly confirmed: {
    readonly count: number
    readonly more: boolean
    readonly lastAt: string | null
    readonly dayStart: string
  }
}
export interface TimelineEvent {
  readonly at: string
  readonly kind: string
  readonly actor: string
  readonly cause: { readonly kind: string; readonly id: string }
  readonly data: Readonly<Record<string, unknown>>
}
export interface WholeOrder extends Order {
  readonly lines: readonly OrderLine[]
  readonly persons: readonly Person[] | null
  readonly fulfillmentOrders: readonly FulfillmentOrder[]
  readonly shipments: readonly Shipment[]
  readonly exceptions: readonly Exception[]
  readonly timeline: readonly TimelineEvent[]
  /** What can be done to it now: null, or why not. */
  readonly may: Readonly<Record<'hold' | 'release' | 'cancel' | 'keep', string | null>>
}

/** What reading an order's messages again would make of it. */
export interface Replayed {
  readonly messages: number
  readonly gone: number
  readonly unreadable: readonly { readonly message: string; readonly reason: string }[]
  readonly result: 'same' | 'different' | 'unknown'
  readonly differences: readonly { readonly what: string; readonly stored: string; readonly replayed: string }[]
}

export interface Item {
  readonly id: string
  readonly sku: string
  readonly title: string
  readonly createdAt: string
}
export interface Level {
  readonly item: string
  readonly sku: string
  readonly location: string
  readonly locationCode: string
  readonly onHand: number
  readonly reserved: number
  readonly unavailable: number
  readonly denied: number
  readonly available: number
}
export interface Listing {
  readonly id: string
  readonly connection: string
  readonly externalId: string
  readonly sku: string | null
  readonly title: string
  readonly known: boolean
  readonly tracked: boolean
  readonly components: readonly {
    readonly item: string
    readonly sku: string
    readonly quantity: number
    readonly source: string
  }[]
  readonly push: {
    readonly behind: boolean
    readonly shows: number | null
    readonly confirmedAt: string | null
    readonly error: string | null
  } | null
}
export interface MatrixCell {
  readonly listing: string
  readonly connection: string
  readonly takes: number
  readonly canTell: boolean
  readonly shows: number | null
  readonly behind: boolean
  readonly confirmedAt: string | null
  readonly error: string | null
}
export interface MatrixRow {
  readonly item: string
  readonly sku: string
  readonly title: string
  readonly onHand: number
  readonly reserved: number
  readonly held: number
  readonly available: number
  readonly short: number
  readonly listings: readonly MatrixCell[]
}
export interface Movement {
  readonly version: string
  readonly locationCode: string
  readonly kind: string
  readonly onHand: number
  readonly reserved: number
  readonly cause: { readonly kind: string; readonly id: string }
  readonly reason: string | null
  readonly actor: string | null
  readonly at: string
}
export interface Adjustment {
  readonly lines: readonly { readonly before: number; readonly after: number; readonly denied: number }[]
  readonly short: number
}
export interface Audits {
  readonly broken: number
  readonly unfinished: number
  readonly audits: readonly {
    readonly promise: string
    readonly name: string
    readonly state: 'kept' | 'broken' | 'unfinished'
    readonly reason: string | null
    readonly means: string
    readonly mend: string
    readonly violations: number
    readonly more: boolean
  }[]
}
export interface WholeItem extends Item {
  readonly levels: readonly Level[]
  readonly listings: readonly Listing[]
}
export interface Connection {
  readonly id: string
  readonly connector: string
  readonly label: string
  readonly account: { readonly key: string; readonly name: string }
  readonly status: string
  readonly statusReason: string | null
  readonly writeMode: string
  readonly lastOrderSeenAt: string | null
  readonly lastSuccessAt: string | null
  readonly lastError: string | null
  readonly lag: { readonly pendingMessages: number; readonly listingsBehind: number; readonly effectsOpen: number }
}
export interface Location {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly kind: string
  readonly rank: number
  readonly connection: string | null
  readonly version: string
}
