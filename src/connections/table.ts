import { sql } from 'drizzle-orm'
import {
  check,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, createdAt, instant, merchantId } from '../platform/db/columns.ts'

/** Control plane: which merchant holds a shop. Refuses a second one. */
export const accountClaim = pgTable(
  'account_claim',
  {
    platform: text('platform').notNull(),
    externalAccountId: text('external_account_id').notNull(),
    merchantId: uuid('merchant_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.platform, t.externalAccountId] })],
)

/** Control plane: every merchant who ever held a shop. What a platform asks about people comes after the shop has left. */
export const accountHolder = pgTable(
  'account_holder',
  {
    platform: text('platform').notNull(),
    externalAccountId: text('external_account_id').notNull(),
    merchantId: uuid('merchant_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.platform, t.externalAccountId, t.merchantId] })],
)

/** Control plane: webhook address to connection, before the merchant is known. */
export const webhookEndpoint = pgTable('webhook_endpoint', {
  tokenSha256: bytea('token_sha256').primaryKey(),
  merchantId: uuid('merchant_id').notNull(),
  connectionId: uuid('connection_id').notNull(),
})

/** A shop or partner account; outlives connections, so a reinstall clones no order. */
export const channelAccount = pgTable(
  'channel_account',
  {
    merchantId: merchantId(),
    accountId: uuid('account_id').notNull(),
    platform: text('platform').notNull(),
    externalAccountId: text('external_account_id').notNull(),
    name: text('name').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.accountId] }),
    unique('account_once').on(t.merchantId, t.platform, t.externalAccountId),
  ],
)

export const connection = pgTable(
  'connection',
  {
    merchantId: merchantId(),
    connectionId: uuid('connection_id').notNull(),
    accountId: uuid('account_id').notNull(),
    connector: text('connector').notNull(),
    label: text('label').notNull(),
    status: text('status').notNull().default('active'),
    statusReason: text('status_reason'),
    writeMode: text('write_mode').notNull().default('on'),
    /** With `canary`: the shop's own SKUs whose stock is written; of no others. */
    canarySkus: text('canary_skus').array().notNull().default(sql`'{}'`),
    /** Orders placed from then on go to warehouses. Null: none do, they are only watched. */
    handsOverFrom: instant('hands_over_from').default(sql`'-infinity'`),
    settings: jsonb('settings').notNull().default({}),
    credentials: text('credentials').notNull(), // sealed
    endpointToken: text('endpoint_token'), // sealed; needed again to repair subscriptions
    ordersFrom: instant('orders_from').notNull().defaultNow(),
    lastOrderSeenAt: instant('last_order_seen_at'),
    lastSuccessAt: instant('last_success_at'),
    lastError: text('last_error'),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.connectionId] }),
    index('connection_of_account').on(t.merchantId, t.accountId),
    check('connection_status', sql`${t.status} in ('active','paused','reauth_required','disconnected')`),
    check('connection_write_mode', sql`${t.writeMode} in ('off','shadow','canary','on')`),
  ],
)

/** What looks at a connection found, and when: health is worked out from these, never stored as a verdict. */
export const connectionEvidence = pgTable(
  'connection_evidence',
  {
    merchantId: merchantId(),
    connectionId: uuid('connection_id').notNull(),
    /** Of the last look at the channel's webhooks. Null: nobody has looked. */
    webhooksFound: text('webhooks_found'),
    webhooksCheckedAt: instant('webhooks_checked_at'),
    /** The last look that found all well: before it nothing was missed. */
    webhooksWellAt: instant('webhooks_well_at'),
    webhooksRepairedAt: instant('webhooks_repaired_at'),
    webhooksProblems: text('webhooks_problems').array().notNull().default(sql`'{}'`),
    missingScopes: text('missing_scopes').array().notNull().default(sql`'{}'`),
    loginExpiresAt: instant('login_expires_at'),
    budgetLeft: doublePrecision('budget_left'),
    budgetPerSecond: doublePrecision('budget_per_second'),
    budgetAt: instant('budget_at'),
    /** How long the latest changes took from the ledger until they were read back at the channel, newest first. */
    lagsMs: integer('lags_ms').array().notNull().default(sql`'{}'`),
    lagAt: instant('lag_at'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.connectionId] }),
    check('webhooks_found', sql`${t.webhooksFound} in ('healthy','missing','disabled','wrong_address')`),
  ],
)

/** How often a connection's orders come, day by day: its own rhythm, by which its silence is judged. */
export const connectionDay = pgTable(
  'connection_day',
  {
    merchantId: merchantId(),
    connectionId: uuid('connection_id').notNull(),
    day: date('day').notNull(),
    /** Times at which orders came, at most one in ten seconds. */
    arrivals: integer('arrivals').notNull(),
    gapMaxS: integer('gap_max_s').notNull(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.connectionId, t.day] })],
)

/** What a connection reads of the time before it: orders since a date, and all listings. It goes on where it was stopped. */
export const backfill = pgTable(
  'backfill',
  {
    merchantId: merchantId(),
    connectionId: uuid('connection_id').notNull(),
    since: instant('since').notNull(),
    startedAt: instant('started_at').notNull().defaultNow(),
    orders: integer('orders').notNull().default(0),
    listings: integer('listings').notNull().default(0),
    /** Everything that changed there before is read. */
    upTo: instant('up_to'),
    ordersPage: text('orders_page'),
    ordersDoneAt: instant('orders_done_at'),
    listingsPage: text('listings_page'),
    listingsDoneAt: instant('listings_done_at'),
    error: text('error'),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.connectionId] })],
)

/** Control plane: the merchant behind a consent that comes back. Good for one use, and for minutes. */
export const consentState = pgTable('consent_state', {
  stateSha256: bytea('state_sha256').primaryKey(),
  merchantId: uuid('merchant_id').notNull(),
  consentId: uuid('consent_id').notNull(),
  expiresAt: instant('expires_at').notNull(),
})

/** A merchant was sent to a shop's consent page; what became of it. */
export const consent = pgTable(
  'consent',
  {
    merchantId: merchantId(),
    consentId: uuid('consent_id').notNull(),
    connector: text('connector').notNull(),
    /** Names the shop that must answer. */
    settings: jsonb('settings').notNull(),
    label: text('label'),
    ordersFrom: instant('orders_from'),
    actor: text('actor').notNull(),
    /** The browser that asked: no other may bring the answer. */
    browserSha256: bytea('browser_sha256').notNull(),
    status: text('status').notNull().default('waiting'),
    reason: text('reason'),
    /** What a shop posted before the browser came back; sealed, and gone once used. */
    keys: text('keys'),
    connectionId: uuid('connection_id'),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.consentId] }),
    check('consent_status', sql`${t.status} in ('waiting','connected','refused')`),
  ],
)

/** Where a stream of a connection stands. Moves only in the transaction that stored what it passed. */
export const syncCursor = pgTable(
  'sync_cursor',
  {
    merchantId: merchantId(),
    connectionId: uuid('connection_id').notNull(),
    stream: text('stream').notNull(),
    value: text('value'),
    /** Start of the last run that reached the end: nothing changed before it is still unknown. */
    completedFrom: instant('completed_from'),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.connectionId, t.stream] })],
)
