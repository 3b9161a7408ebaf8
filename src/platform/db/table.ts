import { sql } from 'drizzle-orm'
import { boolean, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, merchantId } from './columns.ts'

/** Control plane: who may work on (connection, kind) now. Holds no business data. */
export const lane = pgTable(
  'lane',
  {
    merchantId: merchantId(),
    connectionId: uuid('connection_id').notNull(),
    kind: text('kind').notNull(),
    dueAt: instant('due_at').notNull().defaultNow(),
    servedAt: instant('served_at').notNull().default(sql`'-infinity'`),
    leaseToken: uuid('lease_token'),
    leaseUntil: instant('lease_until').notNull().default(sql`'-infinity'`),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.connectionId, t.kind] }), index('lane_due').on(t.kind, t.dueAt)],
)

/** Control plane: the programs of this installation that run, each by its own word every few seconds. */
export const hubProcess = pgTable('hub_process', {
  processId: uuid('process_id').primaryKey(),
  role: text('role').notNull(),
  version: text('version').notNull(),
  startedAt: instant('started_at').notNull(),
  seenAt: instant('seen_at').notNull().defaultNow(),
  /** It takes no new work and ends when what it has is done. */
  draining: boolean('draining').notNull().default(false),
})
