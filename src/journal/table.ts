import { sql } from 'drizzle-orm'
import { index, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, merchantId } from '../platform/db/columns.ts'

/** Something that a person should look at. One open row per cause; raised in the transaction of its cause. */
export const exception = pgTable(
  'exception',
  {
    merchantId: merchantId(),
    exceptionId: uuid('exception_id').notNull(),
    kind: text('kind').notNull(),
    dedupeKey: text('dedupe_key').notNull(),
    subjectKind: text('subject_kind').notNull(),
    subjectId: uuid('subject_id').notNull(),
    detail: jsonb('detail').notNull().default({}),
    raisedAt: instant('raised_at').notNull().defaultNow(),
    resolvedAt: instant('resolved_at'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.exceptionId] }),
    uniqueIndex('exception_open').on(t.merchantId, t.dedupeKey).where(sql`${t.resolvedAt} is null`),
    index('exception_page').on(t.merchantId, t.raisedAt.desc(), t.exceptionId.desc()),
    index('exception_of_subject').on(t.merchantId, t.subjectId),
  ],
)

/** What happened to an order and why. Written in the transaction of the effect, so it needs no unique key of its own. */
export const timelineEvent = pgTable(
  'timeline_event',
  {
    merchantId: merchantId(),
    orderId: uuid('order_id').notNull(),
    at: instant('at').notNull().defaultNow(),
    eventId: uuid('event_id').notNull(),
    kind: text('kind').notNull(),
    actor: text('actor').notNull(),
    causeKind: text('cause_kind').notNull(),
    causeId: uuid('cause_id').notNull(),
    data: jsonb('data').notNull().default({}),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.orderId, t.at, t.eventId] })],
)
