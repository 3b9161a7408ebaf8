import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { createdAt, instant, merchantId } from '../platform/db/columns.ts'

/** One discrete outward effect: a request, a cancel, a "shipped". Its key makes it happen once. */
export const effect = pgTable(
  'effect',
  {
    merchantId: merchantId(),
    effectId: uuid('effect_id').notNull(),
    connectionId: uuid('connection_id').notNull(),
    kind: text('kind').notNull(),
    dedupeKey: text('dedupe_key').notNull(),
    subjectId: uuid('subject_id').notNull(),
    orderId: uuid('order_id').notNull(),
    state: text('state').notNull().default('pending'),
    intent: jsonb('intent').notNull().default({}),
    externalRef: text('external_ref'),
    fileId: uuid('file_id'),
    attempts: integer('attempts').notNull().default(0),
    dueAt: instant('due_at').notNull().defaultNow(),
    reason: text('reason'),
    createdAt: createdAt(),
    settledAt: instant('settled_at'),
  },
  (t) => [
    primaryKey({ columns: [t.merchantId, t.effectId] }),
    unique('effect_once').on(t.merchantId, t.kind, t.dedupeKey),
    index('effect_due')
      .on(t.merchantId, t.connectionId, t.dueAt)
      .where(sql`${t.state} in ('pending','sending','unknown','accepted')`),
    index('effect_of_subject').on(t.merchantId, t.subjectId),
    check('effect_kind', sql`${t.kind} in ('request','request_cancel','shipped','cancel','release')`),
    check(
      'effect_state',
      sql`${t.state} in ('pending','sending','unknown','accepted','confirmed','unverifiable','refused','dead')`,
    ),
  ],
)
