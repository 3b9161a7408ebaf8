import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Connector, Ctx, Settings } from '../connector-kit/index.ts'
import type { Cause } from '../journal/record.ts'
import type { KeyRing } from '../platform/base/key-ring.ts'
import type { Ports } from '../platform/base/ports.ts'
import type { Secret } from '../platform/base/secret.ts'
import type { Db } from '../platform/db/pool.ts'
import type { Tx } from '../platform/db/tx.ts'

export type { Cause } from '../journal/record.ts'

export interface StockLine {
  readonly itemId: string
  readonly locationId: string
  readonly set?: number
  readonly delta?: number
}
export interface AdjustedLevel {
  readonly itemId: string
  readonly locationId: string
  readonly before: number
  readonly after: number
  /** Units that the count denies but a partner has already been promised. */
  readonly denied: number
}
export interface HandShipment {
  readonly fulfillmentOrderId: string
  /** The parcel's own name: the same one twice is one shipment. */
  readonly ref: string
  readonly carrier: string
  readonly tracking: string | null
  readonly shippedAt: string
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
}
export type HandShipmentOutcome =
  | { readonly kind: 'recorded' | 'already_recorded'; readonly shipmentId: string }
  | { readonly kind: 'sku_not_in_request' | 'too_many'; readonly line: number; readonly open: number }
  /** The request is over, or a partner ships it. */
  | { readonly kind: 'not_open'; readonly status: string }

export interface PrivacyAsked {
  readonly accountId: string
  readonly kind: 'export' | 'erase' | 'erase_account'
  readonly source: 'platform' | 'merchant'
  readonly orderRefs: readonly string[]
  /** Of the question as it came. */
  readonly sha256: Buffer
}
export interface HoldAsked {
  readonly orderId: string
  readonly actor: string
  readonly reason: string
  readonly until: string | null
}
export interface CancelAsked {
  readonly orderId: string
  readonly actor: string
  readonly reason: 'out_of_stock' | 'buyer_request' | 'other'
  /** When the channel is told. */
  readonly tell: 'agreed' | 'now'
}
interface OrderDecided {
  readonly orderId: string
  readonly actor: string
}
export interface Replayed {
  readonly messages: number
  readonly gone: number
  readonly unreadable: readonly { readonly messageId: string; readonly reason: string }[]
  readonly result: 'same' | 'different' | 'unknown'
  readonly differences: readonly { readonly what: string; readonly stored: string; readonly replayed: string }[]
}
/** What routes cause beyond their own slice. Each runs in the route's transaction; see src/flows.ts. */
export interface Flows {
  stockAdjusted(
    tx: Tx,
    cause: Cause,
    lines: readonly StockLine[],
  ): Promise<{ readonly counted: readonly AdjustedLevel[]; readonly short: number }>
  mappingChanged(
    tx: Tx,
    cause: Cause,
    change: {
      readonly listingId: string
      readonly components: readonly { readonly itemId: string; readonly qtyPer: number }[]
    },
  ): Promise<void>
  itemsCreated(
    tx: Tx,
    cause: Cause,
    items: readonly { readonly sku: string; readonly title: string }[],
  ): Promise<readonly { readonly itemId: string; readonly sku: string }[]>
  /** False: there is nothing to ask again for. */
  requestRetried(tx: Tx, cause: Cause, fulfillmentOrderId: string): Promise<boolean>
  /** A person wants a message read again: what was told of its failure is over. */
  messageReplayed(tx: Tx, cause: Cause, messageId: string): Promise<void>
  shippedByHand(tx: Tx, cause: Cause, shipment: HandShipment): Promise<HandShipmentOutcome>
  /** A partner's file by another way than its folder. Known: the same bytes came before. */
  fileHandedIn(
    tx: Tx,
    file: { readonly connectionId: string; readonly name: string; readonly bytes: Buffer },
  ): Promise<{ readonly fileId: string; readonly isNew: boolean }>
  /** What waits to go to a partner goes now. How much that is. */
  sendNow(tx: Tx, connectionId: string): Promise<number>
  /** Null: it was asked before, in the same words. */
  privacyAsked(tx: Tx, asked: PrivacyAsked): Promise<string | null>
  /** A person connected it again or let it go: what was told of its stop is over. */
  connectionMended(tx: Tx, cause: Cause, connectionId: string): Promise<void>
  /** A person said how far the hub may go at a shop. */
  modeChanged(tx: Tx, connectionId: string): Promise<void>
  /** False: nothing waits for a person there. */
  privacyAnswered(tx: Tx, requestId: string): Promise<boolean>
  /** The caller has the order's lock, as for the three after it. */
  orderHeld(tx: Tx, cause: Cause, hold: HoldAsked): Promise<void>
  /** False: it was not held. */
  orderReleased(tx: Tx, cause: Cause, released: OrderDecided): Promise<boolean>
  cancelWanted(tx: Tx, cause: Cause, asked: CancelAsked): Promise<void>
  /** False: no cancellation of it was refused. */
  orderKept(tx: Tx, cause: Cause, kept: OrderDecided): Promise<boolean>
  /** Only reads. Null: there is no such order. */
  orderReplayed(tx: Tx, orderId: string): Promise<Replayed | null>
}

export interface AppSetting {
  readonly clientId: string
  readonly clientSecret: Secret<string>
}
export interface ProbeTarget {
  readonly merchantId: string
  readonly connectionId: string
  readonly secrets: unknown
  readonly settings: Settings
}

/** What the routes of all slices need. */
export interface ApiDeps {
  readonly db: Db
  readonly ports: Pick<Ports, 'ids' | 'rng' | 'clock'>
  readonly keys: KeyRing
  readonly connectors: ReadonlyMap<string, Connector>
  readonly flows: Flows
  /** After a commit: the merchant's lanes should look at their rows. */
  readonly wake: (merchantId: string) => void
  /** A Ctx for a connection that is not stored yet. */
  readonly probeCtx: (connector: Connector, target: ProbeTarget) => Ctx
  /** The hub's own address, without a slash at its end. */
  readonly publicUrl: string
  /** The hub's registrations on platforms, by connector. */
  readonly apps: ReadonlyMap<string, AppSetting>
  /** Makes merchants, and nothing else. Null: no merchant can be made by API. */
  readonly installToken: Secret<string> | null
  /** Who may make an account and a merchant of their own: the first person only, or anybody. */
  readonly signUp: 'first' | 'open'
}

/** What a slice's plugin is handed: routes on it are typed by their zod schemas. */
export type Api = Parameters<FastifyPluginAsyncZod>[0]
export type ApiPlugin = FastifyPluginAsyncZod
