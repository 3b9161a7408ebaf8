import { sql } from 'drizzle-orm'
import { index, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
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
