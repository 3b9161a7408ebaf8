import { sql } from 'drizzle-orm'
import { check, date, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant, merchantId } from '../platform/db/columns.ts'

/** Everything that arrived, once. Narrow on purpose; no foreign key, since one stale connection must not fail a group commit. */
export const inboxMessage = pgTable(
  'inbox_message',
  {
    merchantId: merchantId(),
    messageId: uuid('message_id').notNull(),
    connectionId: uuid('connection_id').notNull(),
    source: text('source').notNull(),
    topic: text('topic').notNull().default(''),
    /** Null unless the manifest declares the delivery id stable. */
    dedupeKey: text('dedupe_key'),
    /** The channel's order id, once known: what an erasure request looks for. */
    subjectRef: text('subject_ref'),
    receivedAt: instant('received_at').notNull().defaultNow(),
    state: text('state').notNull().default('pending'),
    reason: text('reason'),
    attempts: integer('attempts').notNull().default(0),
    dueAt: instant('due_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.messageId] }),
    uniqueIndex('inbox_once').on(t.merchantId, t.connectionId, t.dedupeKey).where(sql`${t.dedupeKey} is not null`),
    index('inbox_pending').on(t.merchantId, t.connectionId, t.dueAt, t.messageId).where(sql`${t.state} = 'pending'`),
    index('inbox_page').on(t.merchantId, t.receivedAt.desc(), t.messageId.desc()),
    check('inbox_source', sql`${t.source} in ('webhook','poll','file','fetch')`),
    check('inbox_state', sql`${t.state} in ('pending','applied','superseded','ignored','dead')`),
    check('inbox_reason', sql`(${t.state} in ('ignored','dead')) = (${t.reason} is not null)`),
  ],
)

/** Raw bytes. Declared as partitioned by day, with one partition: deleting by pages is cheap enough (src/README.md). `bytes` null = erased. */
export const inboxBody = pgTable(
  'inbox_body',
  {
    merchantId: merchantId(),
    receivedOn: date('received_on').notNull(),
    messageId: uuid('message_id').notNull(),
    headers: jsonb('headers').notNull(),
    sha256: bytea('sha256').notNull(),
    bytes: bytea('bytes'),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.receivedOn, t.messageId] })],
)
