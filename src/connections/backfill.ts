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

export interface OpenBackfill {
  readonly startedAt: string
  /** Changes since then, where there is no page to go on with. */
  readonly from: string
  readonly page: string | null
  readonly ordersDone: boolean
  readonly listingsPage: string | null
  readonly listingsDone: boolean
}
/** Pages of a run that broke off may be gone; then it goes on a little before the newest change that it saw. */
const overlap = `interval '10 minutes'`

/** What of the connection's backfill is left to read; null: it never had one. */
export async function openedBackfill(tx: Tx, connectionId: string): Promise<OpenBackfill | null> {
  const [row] = await tx.rows<Omit<OpenBackfill, 'from'> & { readonly from: Date }>(
    `select started_at::text as "startedAt", greatest(since, up_to - ${overlap}) as "from", orders_page as page, orders_done_at is not null as "ordersDone",
       listings_page as "listingsPage", listings_done_at is not null as "listingsDone"
     from backfill where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId],
  )
  return row ? { ...row, from: row.from.toISOString() } : null
}

/** A page of orders was stored; without a next one all are read. False: a person asked for another backfill meanwhile. */
export async function noteOrders(
  tx: Tx,
  connectionId: string,
  startedAt: string,
  read: { readonly orders: number; readonly page: string | null; readonly upTo: string | null },
): Promise<boolean> {
  const rows = await tx.rows(
    `update backfill set orders = orders + $4, orders_page = $5, up_to = greatest(up_to, $6::timestamptz), error = null,
       orders_done_at = case when $5::text is null then now() end
     where merchant_id = $1 and connection_id = $2 and started_at = $3::timestamptz returning 1`,
    [tx.merchantId, connectionId, startedAt, read.orders, read.page, read.upTo],
  )
  return rows.length > 0
}

/** A page of listings was stored; without a next one all are read. */
export async function noteListings(
  tx: Tx,
  connectionId: string,
  startedAt: string,
  read: { readonly listings: number; readonly page: string | null },
): Promise<void> {
  await tx.rows(
    `update backfill set listings = listings + $4, listings_page = $5, error = null, listings_done_at = case when $5::text is null then now() end
     where merchant_id = $1 and connection_id = $2 and started_at = $3::timestamptz and listings_done_at is null`,
    [tx.merchantId, connectionId, startedAt, read.listings, read.page],
  )
}

/** Why it waits. A page that the channel refuses is not asked for again. */
export async function noteBackfillError(
  tx: Tx,
  connectionId: string,
  { kind, message }: { readonly kind: string; readonly message: string },
): Promise<void> {
  await tx.rows(
    `update backfill set error = $3, orders_page = case when $4 then null else orders_page end, listings_page = case when $4 then null else listings_page end,
       listings = case when $4 and listings_done_at is null then 0 else listings end
     where merchant_id = $1 and connection_id = $2 and (orders_done_at is null or listings_done_at is null)`,
    [tx.merchantId, connectionId, message.slice(0, 500), kind === 'invalid' || kind === 'not_found'],
  )
}
