import type { Duplex } from 'node:stream'
import type { ZodType } from 'zod'
import type { ChannelError } from './errors.ts'
import type { Manifest } from './manifest.ts'
import type { Person, UnifiedOrder } from './unified.ts'

/** Names lower-cased by the hub; a header that came twice is joined by the hub to undefined-safe text or refused before. */
export type Headers = Readonly<Record<string, string | undefined>>
export type Settings = Readonly<Record<string, unknown>>

/** A budget as the far side itself keeps it: it knows the shop's plan, the manifest only the smallest one. */
export interface Allowance {
  readonly available: number
  readonly perSecond: number
  readonly burst: number
}
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Id of a budget in the manifest. */
  readonly budget: string
  /** How many units of that budget the call costs; 1 unless said (Shopify counts points). */
  readonly cost?: number
  /** Reads from an answer what the far side says is left of the budget, where it says so. Pure; null where it does not. */
  readonly allowance?: (answer: HttpResponse) => Allowance | null
  /** True when sending twice is harmless: reads, and writes under an idempotency key or absolute value. */
  readonly replaySafe: boolean
}
export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Given by the hub for one call. A connector opens no socket, reads no clock and keeps no secret of its own. */
export interface Ctx<S = unknown> {
  readonly connectionId: string
  /** Already parsed by the connector's `credentials` schema. */
  readonly secrets: S
  readonly settings: Settings
  /**
   * Deadline, size cap, egress guard and budget are the hub's. Answers of any status are returned; nothing is retried.
   * @throws ChannelError transient (nothing was sent, or replaySafe) or outcome_unknown (sent, no answer, not replaySafe)
   */
  send(request: HttpRequest): Promise<HttpResponse>
  /** A guarded TCP connection to a partner's host, for ssh2's `sock`. */
  dial(host: string, port: number): Promise<Duplex>
  now(): Date
  newId(): string
  readonly signal: AbortSignal
}

export type Outcome =
  | { readonly outcome: 'applied' | 'already_applied'; readonly remote?: string }
  | { readonly outcome: 'failed'; readonly error: ChannelError }
export type ItemResult = { readonly key: string } & Outcome

/* ── webhooks ── */
export interface Inbound {
  readonly method: string
  readonly headers: Headers
  readonly raw: Uint8Array
}
export type Verdict =
  | {
      readonly ok: true
      readonly topic: string
      /** Only read where the manifest says `stableDeliveryId`. */
      readonly deliveryId?: string
      /** When the far side says the event happened (header), ISO. Null: unknown, so the body counts as a hint. */
      readonly occurredAt: string | null
    }
  | { readonly ok: false; readonly reason: 'signature' | 'account' | 'malformed' }

/** `raw` is the order's own body, when the message carries it, ready for `translate`. */
export type InboundEvent =
  | { readonly type: 'order'; readonly ref: string; readonly raw?: string }
  | { readonly type: 'stock'; readonly target: string }
  | { readonly type: 'listing'; readonly ref: string }
  | { readonly type: 'revoked' }
  | { readonly type: 'ignored'; readonly reason: string }

export interface InboundPort<S = unknown> {
  /** Unsigned first contact (a ping): the answer to give, or null when this is an ordinary delivery. Pure. */
  greet?(request: Inbound): { readonly status: number; readonly body: string } | null
  /** Headers and signature only; never parses the body. Pure, constant-time, never throws. `account` is the connection's own account key. */
  verify(request: Inbound, secrets: S, account: string): Verdict
  /** Pure; runs in the worker, on stored bytes. @throws UnreadableError */
  decode(stored: {
    readonly topic: string
    readonly headers: Headers
    readonly raw: Uint8Array
  }): readonly InboundEvent[]
}

/* ── auth and subscriptions ── */
export interface Account {
  /** The shop's own id on the channel; survives reconnects and renames. */
  readonly key: string
  readonly name: string
  readonly currency: string | null
  readonly timeZone: string | null
  /** Scopes or permissions that the hub needs and has not. */
  readonly missing: readonly string[]
  /** What the hub keeps as connection settings (e.g. default location). */
  readonly settings?: Settings
}
/** The hub's own registration on a platform. The secret is the operator's, and is sent to the platform only. */
export interface AppKeys {
  readonly clientId: string
  readonly clientSecret: string
}
/** The merchant is about to be asked whether this hub may come in. */
export interface ConsentRequest {
  /** Parsed by the connector's own schema; they say which shop must answer. */
  readonly settings: Settings
  /** Unguessable and good for one use: the only proof that an answer belongs to this question. */
  readonly state: string
  /** Where the platform answers. */
  readonly callbackUrl: string
  /** Where the browser comes back to, on platforms on which that is another address. Holds the state. */
  readonly returnUrl: string
  /** Null: the platform knows no registration (`key-pair`). */
  readonly app: AppKeys | null
}
export interface AuthPort<S = unknown> {
  /** Reads back who we are there, with the given credentials. Also the health check. */
  probe(ctx: Ctx<S>): Promise<Account>
  /** Where to send the merchant's browser for consent. @throws ChannelError invalid, naming the field */
  authorizeUrl?(a: ConsentRequest): string
  /**
   * What came back from the consent, in: credentials, out. `query` is the callback's query (`oauth2`), or the fields that
   * the shop posted (`key-pair`), and must be about the shop in `settings`.
   * @throws ChannelError invalid, when it is not
   */
  complete?(a: {
    readonly query: Readonly<Record<string, string>>
    readonly settings: Settings
    readonly app: AppKeys | null
    readonly ctx: Ctx<unknown>
    /** 256 random bits as base64url, for a secret of the new connection's own. */
    readonly fresh: string
  }): Promise<S>
  /** When the access of these credentials ends; null: nothing says so. Pure. */
  expiresAt?(secrets: S): string | null
  /**
   * Gives the access back: afterwards these credentials open nothing. Done twice is fine. Returns what a person has still to
   * do there, in words for the merchant, where the platform has no way for it; null: nothing.
   */
  revoke?(ctx: Ctx<S>): Promise<string | null>
  /** The new pair; the hub stores it before using it. @throws ChannelError auth_revoked */
  refresh?(ctx: Ctx<S>): Promise<{ readonly secrets: S; readonly expiresAt: string | null }>
}
export interface SubscriptionPort<S = unknown> {
  /** Makes the far side deliver to `endpoint` (list before create, so that it is idempotent) and removes our own wrong ones. */
  ensure(ctx: Ctx<S>, endpoint: string): Promise<{ readonly state: 'healthy' | 'repaired'; readonly detail: string }>
  /** Takes away all of ours, wherever they lead. What is gone already is as wanted. */
  remove(ctx: Ctx<S>, endpoint: string): Promise<void>
  /** Only looks. The worst that is found: nothing leads to `endpoint` but something of ours elsewhere; absent; switched off. */
  inspect(ctx: Ctx<S>, endpoint: string): Promise<'healthy' | 'missing' | 'disabled' | 'wrong_address'>
}

/* ── people ── */
/** What a platform asks about people, on their behalf. `account` is the account key, as `probe` gives it; `orders` are order refs. */
export type PrivacyAsk =
  | { readonly kind: 'export' | 'erase'; readonly account: string; readonly orders: readonly string[] }
  | { readonly kind: 'erase_account'; readonly account: string }
/** For platforms that send such questions to the app as a whole, not to a shop's webhooks. */
export interface PrivacyPort {
  /** Headers and signature only. Pure, constant-time, never throws. */
  verify(request: Inbound, app: AppKeys): boolean
  /** Pure. Null: nothing that this hub holds is meant. @throws UnreadableError naming the field */
  decode(request: Inbound): PrivacyAsk | null
}

/* ── orders and listings ── */
export interface RawOrder {
  readonly ref: string
  readonly changedAt: string | null
  readonly raw: string
}
export interface OrderPage {
  readonly items: readonly RawOrder[]
  readonly next: string | null /** Save when `next` is null. */
  readonly watermark: string
}
export type TranslateContext = { readonly source: 'webhook' | 'poll' | 'fetch'; readonly settings: Settings }
export interface OrderPort<S = unknown> {
  /** Orders changed since `since` (a watermark of this port, or null = from `from`). The port applies overlap itself. */
  list(
    ctx: Ctx<S>,
    q: { readonly since: string | null; readonly from: string; readonly page: string | null },
  ): Promise<OrderPage>
  get(
    ctx: Ctx<S>,
    refs: readonly string[],
  ): Promise<readonly (RawOrder | { readonly ref: string; readonly missing: true })[]>
  /** Pure: the only producer of an order, from a body of any source. @throws UnreadableError naming the field */
  translate(raw: string, context: TranslateContext): UnifiedOrder
}
export interface ListedListing {
  readonly ref: string
  /** Where a quantity is written (Shopify inventory item gid, "product" or "product/variation"). */
  readonly target: string
  readonly sku: string | null
  readonly title: string
  readonly available: number | null
  /** False: the channel does not track stock for it; nothing is pushed. */
  readonly tracked: boolean
}
export interface ListingPort<S = unknown> {
  list(
    ctx: Ctx<S>,
    q: { readonly page: string | null },
  ): Promise<{ readonly items: readonly ListedListing[]; readonly next: string | null }>
}

/* ── outward ── */
export interface InventoryCommand {
  /** Idempotency key: one logical write. A recomputed write gets a new key. */
  readonly key: string
  readonly target: string
  readonly available: number
  /** The number that this write replaces, as read just before; used where the manifest says compareAndSet. */
  readonly changeFrom: number
}
export interface InventoryPort<S = unknown> {
  /** Null: not stocked or not tracked there. A target missing from the answer is unknown. */
  read(ctx: Ctx<S>, targets: readonly string[]): Promise<ReadonlyMap<string, number | null>>
  /** `failed` with kind conflict where the compare value was stale. Results in any order, one for each key. */
  push(ctx: Ctx<S>, batch: readonly InventoryCommand[]): Promise<readonly ItemResult[]>
}
export interface ShipmentCommand {
  /** Our shipment id and tracking revision; where the channel keeps a note it carries this. */
  readonly key: string
  readonly order: string
  readonly lines: readonly { readonly line: string; readonly quantity: number }[]
  /** True when with this shipment nothing of the order is left to ship, as far as the hub knows. */
  readonly final: boolean
  /** The order's lines as the hub knows them. A channel where finishing an order is a step of its own compares them first; absent = not known. */
  readonly whole?: readonly { readonly line: string; readonly quantity: number }[]
  readonly carrier: string
  readonly tracking: string | null
  readonly trackingUrl: string | null
  readonly shippedAt: string
  readonly notifyBuyer: boolean
}
export interface ShipmentPort<S = unknown> {
  /** Reads the channel: the remote id when this shipment (its tracking number) is already there with these lines, else null. */
  find(ctx: Ctx<S>, shipment: ShipmentCommand): Promise<string | null>
  push(ctx: Ctx<S>, shipment: ShipmentCommand): Promise<Outcome>
}
export interface CancelPort<S = unknown> {
  cancel(
    ctx: Ctx<S>,
    order: {
      readonly key: string
      readonly order: string
      readonly reason: 'out_of_stock' | 'buyer_request' | 'other'
      readonly restock: boolean
    },
  ): Promise<Outcome>
}

/* ── 3PL partners ── */
export interface RequestLine {
  readonly lineNumber: number
  readonly sku: string
  readonly title: string
  readonly quantity: number
}
export interface FulfillmentRequest {
  /** Unique per partner for ever: `FR…`; letters, digits, dash. */
  readonly number: string
  readonly kind: 'ship' | 'cancel'
  readonly orderNumber: string
  readonly placedAt: string
  readonly shipTo: Person | null
  readonly service: string | null
  readonly lines: readonly RequestLine[]
}
export interface FrozenFile {
  readonly name: string
  readonly bytes: Uint8Array
}
export interface RemoteFile {
  readonly path: string
  readonly name: string
  readonly size: number
  readonly modified: string
}

export type PartnerFact =
  | { readonly type: 'accepted'; readonly request: string }
  | { readonly type: 'rejected'; readonly request: string; readonly reason: string }
  | { readonly type: 'cancel_accepted' | 'cancel_rejected'; readonly request: string; readonly reason?: string }
  | {
      readonly type: 'shipped'
      readonly request: string
      /** The partner's own id of the parcel or shipment: the duplicate guard. */
      readonly shipment: string
      readonly sku: string
      readonly quantity: number
      readonly carrier: string
      readonly tracking: string | null
      readonly shippedAt: string
      /** True: nothing more will come for this request line. */
      readonly final: boolean
      /**
       * With `final`: units of the request that will not come, over all its parcels (X12 945 calls it quantity difference,
       * W12-04). Files overtake one another, so what a final row leaves open is lost only when this says so.
       */
      readonly short?: number
    }
  | { readonly type: 'stock'; readonly sku: string; readonly onHand: number; readonly asOf: string }
/** `row`: 1-based line in the file, as the partner's editor shows it. */
export type RowResult =
  | { readonly row: number; readonly ok: true; readonly fact: PartnerFact; readonly warning?: string }
  | {
      readonly row: number
      readonly ok: false
      readonly field: string
      readonly code: string
      readonly message: string
    }
export type DecodedFile =
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly row?: number }
  | {
      readonly kind: 'rows'
      readonly document: 'acks' | 'shipments' | 'stock'
      readonly rows: readonly RowResult[]
      readonly warnings: readonly string[]
    }

export interface FilePort<S = unknown> {
  /** Pure: freezes the bytes of one outgoing file. `sequence` is unique per connection. */
  encode(
    batch: readonly FulfillmentRequest[],
    a: { readonly sequence: number; readonly now: Date; readonly settings: Settings },
  ): FrozenFile
  /** Upload under a temporary name, verify the size, rename. @throws ChannelError outcome_unknown when the last answer is missing */
  put(ctx: Ctx<S>, file: FrozenFile): Promise<void>
  /** Is the file there, whole? `absent` proves nothing: partners remove what they pick up. */
  find(ctx: Ctx<S>, file: { readonly name: string; readonly size: number }): Promise<'present' | 'absent'>
  list(ctx: Ctx<S>): Promise<readonly RemoteFile[]>
  get(ctx: Ctx<S>, file: RemoteFile): Promise<Uint8Array>
  /** Moves a taken file out of the partner's way; missing is fine. */
  archive(ctx: Ctx<S>, file: RemoteFile, outcome: 'done' | 'error'): Promise<void>
  /** Pure: bytes in, per-row results out; never throws on bad input. */
  decode(file: { readonly name: string; readonly bytes: Uint8Array; readonly settings: Settings }): DecodedFile
}

/** One connector: a folder under `connectors/`, whose index.ts exports it as `connector`. Absent port = absent ability. */
export interface Connector<S = unknown> {
  readonly manifest: Manifest
  /** Shape of the credentials. Everything in it is secret. */
  readonly credentials: ZodType<S>
  /** Shape of the settings that a merchant may give at connect (addresses, folders, flags). Nothing in it is secret. */
  readonly settings: ZodType<Settings>
  readonly auth: AuthPort<S>
  readonly inbound?: InboundPort<S>
  readonly privacy?: PrivacyPort
  readonly subscriptions?: SubscriptionPort<S>
  readonly orders?: OrderPort<S>
  readonly listings?: ListingPort<S>
  readonly inventory?: InventoryPort<S>
  readonly shipments?: ShipmentPort<S>
  readonly cancellations?: CancelPort<S>
  readonly files?: FilePort<S>
}

/** Types a connector against its own credentials, then forgets them: the hub handles all connectors alike. */
export function defineConnector<S>(connector: Connector<S>): Connector {
  return connector
}
