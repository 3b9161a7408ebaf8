import { z } from 'zod'
import { shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import type { Tx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import { lockConnection } from './change-connection.ts'

export const shownBackfill = z
  .object({
    state: z
      .enum(['running', 'waiting', 'done'])
      .describe('`waiting`: the connection is not active, or the channel does not answer.'),
    since: shownTime,
    orders: z.int().describe('Orders read.'),
    listings: z.int().describe('Listings read.'),
    upTo: shownTime.nullable().describe('What changed there before is read.'),
    startedAt: shownTime,
    finishedAt: shownTime.nullable(),
    error: z.string().nullable(),
  })
  .nullable()

/** Of a connection `t`: its backfill `b`, null where it has none. */
export interface BackfillRow {
  readonly backfillSince: Date | null
  readonly backfillStartedAt: Date | null
  readonly backfillOrders: number | null
  readonly backfillListings: number | null
  readonly backfillUpTo: Date | null
  readonly backfillFinishedAt: Date | null
  readonly backfillError: string | null
}
export const backfillColumns = `b.since as "backfillSince", b.started_at as "backfillStartedAt", b.orders as "backfillOrders", b.listings as "backfillListings",
  b.up_to as "backfillUpTo", case when b.orders_done_at is not null and b.listings_done_at is not null then greatest(b.orders_done_at, b.listings_done_at) end as "backfillFinishedAt",
  b.error as "backfillError"`
export const backfillJoin = `left join lateral (
  select * from backfill b where b.merchant_id = $1 and b.connection_id = t.connection_id offset 0) b on true`

export function showBackfill(row: BackfillRow & { readonly status: string }): z.infer<typeof shownBackfill> {
  if (row.backfillSince === null || row.backfillStartedAt === null) return null
  const waits = row.status !== 'active' || row.backfillError !== null
  return {
    state: row.backfillFinishedAt !== null ? 'done' : waits ? 'waiting' : 'running',
    since: showTime(row.backfillSince),
    orders: row.backfillOrders ?? 0,
    listings: row.backfillListings ?? 0,
    upTo: showTimeOrNull(row.backfillUpTo),
    startedAt: showTime(row.backfillStartedAt),
    finishedAt: showTimeOrNull(row.backfillFinishedAt),
    error: row.backfillError,
  }
}

/**
 * Asks for the orders placed since a date, and for all listings, from the beginning. What is older than what was handed
 * over until now is read and never handed over by it.
 */
export async function openBackfill(tx: Tx, connectionId: string, since: string): Promise<void> {
  const { status } = await lockConnection(tx, connectionId, undefined)
  if (status === 'disconnected') {
    throw new Problem(
      409,
      'HUB_CONFLICT',
      'The connection is disconnected, so nothing can be read. Connect it again first.',
    )
  }
  await tx.rows(
    `update connection set orders_from = least(orders_from, $3::timestamptz),
       hands_over_from = case when hands_over_from is not null then greatest(hands_over_from, date_trunc('second', orders_from)) end
     where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId, since],
  )
  await tx.rows(
    `insert into backfill as b (merchant_id, connection_id, since) values ($1, $2, $3)
     on conflict (merchant_id, connection_id) do update set since = excluded.since, started_at = now(), orders = 0, listings = 0, up_to = null,
       orders_page = null, orders_done_at = null, listings_page = null, listings_done_at = null, error = null`,
    [tx.merchantId, connectionId, since],
  )
}
