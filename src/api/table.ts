import { sql } from 'drizzle-orm'
import { bigint, index, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant, merchantId } from '../platform/db/columns.ts'

/**
 * Who asked for a change by API, and why: the cause behind `cause_kind` = 'api'. Written in the transaction of its
 * effect, so its answer under an Idempotency-Key is there exactly when the effect is.
 */
export const apiRequest = pgTable(
  'api_request',
  {
    merchantId: merchantId(),
    requestId: uuid('request_id').notNull(),
    actor: text('actor').notNull(),
    /** Method and route: `POST /inventory/adjustments`. */
    action: text('action').notNull(),
    reason: text('reason'),
    /** The caller's Idempotency-Key, let go after a day. */
    replayKey: text('replay_key'),
    /** Of action and body: the same key with another request is the caller's mistake. */
    fingerprint: bytea('fingerprint'),
    answer: jsonb('answer'),
    at: instant('at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.requestId] }),
    uniqueIndex('api_request_once').on(t.merchantId, t.replayKey).where(sql`${t.replayKey} is not null`),
    index('api_request_replayable').on(t.merchantId, t.at).where(sql`${t.replayKey} is not null`),
  ],
)

/** Who did what, each entry holding the hash of the one before it. The hub adds and reads; nobody of it changes or deletes. */
export const auditEntry = pgTable(
  'audit_entry',
  {
    merchantId: merchantId(),
    /** What it is called; its place in the chain is `seq`. */
    entryId: uuid('entry_id').notNull(),
    seq: bigint('seq', { mode: 'bigint' }).notNull(),
    at: instant('at').notNull(),
    /** A user's or a key's id; never a name. */
    actor: text('actor').notNull(),
    /** From what: a browser, a key, the installation. */
    client: text('client').notNull(),
    act: text('act').notNull(),
    /** Ids of what it was done to, as the API writes them. */
    targets: text('targets').array().notNull(),
    prevHash: bytea('prev_hash').notNull(),
    hash: bytea('hash').notNull(),
    /** What it was before and after, by field, where both are words of ours; null for entries that changed no such thing. */
    changes: jsonb('changes'),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.seq] }), index('audit_entry_at').on(t.merchantId, t.at)],
)
