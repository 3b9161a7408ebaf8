import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant, merchantId } from '../platform/db/columns.ts'

/**
 * What was asked about people, by a platform or by the merchant, and how far it is carried out. It names orders, never
 * persons: all that the hub knows of a person belongs to an order.
 */
export const privacyRequest = pgTable(
  'privacy_request',
  {
    merchantId: merchantId(),
    requestId: uuid('request_id').notNull(),
    accountId: uuid('account_id').notNull(),
    kind: text('kind').notNull(),
    source: text('source').notNull(),
    /** The channel's ids of the orders; empty for a whole account. */
    orderRefs: text('order_refs').array().notNull(),
    /** Of the question as it came: a platform asks again until it is answered. */
    sha256: bytea('sha256').notNull(),
    receivedAt: instant('received_at').notNull().defaultNow(),
    dueAt: instant('due_at').notNull(),
    /** When the hub goes on with it. */
    lookAt: instant('look_at').notNull().defaultNow(),
    /** Where carrying out stands: persons, then bodies, then done. */
    phase: text('phase').notNull(),
    cursor: uuid('cursor').notNull().default(sql`'00000000-0000-0000-0000-000000000000'`),
    /** The proof: how many entries of persons and raw bodies are gone. */
    persons: integer('persons').notNull().default(0),
    bodies: integer('bodies').notNull().default(0),
    doneAt: instant('done_at'),
    reason: text('reason'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.requestId] }),
    unique('privacy_once').on(t.merchantId, t.accountId, t.sha256),
    index('privacy_open').on(t.merchantId, t.lookAt).where(sql`${t.doneAt} is null`),
    check('privacy_kind', sql`${t.kind} in ('export','erase','erase_account')`),
    check('privacy_source', sql`${t.source} in ('platform','merchant')`),
    check('privacy_phase', sql`${t.phase} in ('persons','bodies','person_decides','done')`),
    check('privacy_done', sql`(${t.phase} = 'done') = (${t.doneAt} is not null)`),
  ],
)
