import { sql } from 'drizzle-orm'
import { check, index, jsonb, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
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
    check('connection_write_mode', sql`${t.writeMode} in ('off','on')`),
  ],
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
