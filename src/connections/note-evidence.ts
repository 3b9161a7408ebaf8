import type { Tx } from '../platform/db/tx.ts'
import { type Rhythm, type Silence, silenceOf } from './rhythm.ts'

export type Found = 'healthy' | 'missing' | 'disabled' | 'wrong_address'

/** Lags of so many changes say how long one takes. */
const lagsMax = 200
/** Days whose orders say what is usual; older ones are let go. */
export const rhythmDays = 14

/** When the login that was just stored ends, and that nothing is missing: it was proven a moment ago. */
export async function noteLogin(tx: Tx, connectionId: string, expiresAt: string | null): Promise<void> {
  await tx.rows(
    `insert into connection_evidence (merchant_id, connection_id, login_expires_at) values ($1, $2, $3)
     on conflict (merchant_id, connection_id) do update set login_expires_at = excluded.login_expires_at, missing_scopes = '{}'`,
    [tx.merchantId, connectionId, expiresAt],
  )
}

/**
 * What a look at the webhooks found, and whether it was put right. Returns since when deliveries may be missing: the last
 * look that found all well, or null where there is nothing that could have been missed.
 */
export async function noteWebhooks(
  tx: Tx,
  connectionId: string,
  look: { readonly found: Found; readonly repaired: boolean; readonly problems: readonly string[] },
): Promise<Date | null> {
  const [row] = await tx.rows<{ wellAt: Date | null }>(
    `select webhooks_well_at as "wellAt" from connection_evidence where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId],
  )
  const wellAt = row?.wellAt ?? null
  const isWell = look.found === 'healthy' || look.repaired
  await tx.rows(
    `insert into connection_evidence as v (merchant_id, connection_id, webhooks_found, webhooks_checked_at, webhooks_well_at, webhooks_problems)
     values ($1, $2, $3, now(), case when $4 then now() end, $5)
     on conflict (merchant_id, connection_id) do update set webhooks_found = excluded.webhooks_found, webhooks_checked_at = now(),
       webhooks_well_at = coalesce(excluded.webhooks_well_at, v.webhooks_well_at), webhooks_problems = excluded.webhooks_problems,
       webhooks_repaired_at = case when $6 then now() else v.webhooks_repaired_at end`,
    [
      ...[tx.merchantId, connectionId, isWell ? 'healthy' : look.found, isWell, look.problems],
      look.repaired && wellAt !== null,
    ],
  )
  return look.found === 'healthy' ? null : wellAt
}

/** What the far side no longer lets us do. */
export async function noteScopes(tx: Tx, connectionId: string, missing: readonly string[]): Promise<void> {
  await tx.rows(
    `insert into connection_evidence (merchant_id, connection_id, missing_scopes) values ($1, $2, $3)
     on conflict (merchant_id, connection_id) do update set missing_scopes = excluded.missing_scopes`,
    [tx.merchantId, connectionId, missing],
  )
}

/** What was left of the rate budget a moment ago. */
export async function noteBudget(
  tx: Tx,
  connectionId: string,
  { available, perSecond }: { readonly available: number; readonly perSecond: number },
): Promise<void> {
  await tx.rows(
    `insert into connection_evidence (merchant_id, connection_id, budget_left, budget_per_second, budget_at) values ($1, $2, $3, $4, now())
     on conflict (merchant_id, connection_id) do update set budget_left = excluded.budget_left, budget_per_second = excluded.budget_per_second, budget_at = now()`,
    [tx.merchantId, connectionId, available, perSecond],
  )
}

/** How long changes took until they were read back at the channel. */
export async function noteLags(tx: Tx, connectionId: string, lagsMs: readonly number[]): Promise<void> {
  if (lagsMs.length === 0) return
  await tx.rows(
    `insert into connection_evidence as v (merchant_id, connection_id, lags_ms, lag_at) values ($1, $2, $3::int[], now())
     on conflict (merchant_id, connection_id) do update set lags_ms = (excluded.lags_ms || v.lags_ms)[1:${lagsMax}], lag_at = now()`,
    [tx.merchantId, connectionId, lagsMs],
  )
}

/**
 * An order of this shop was taken in: what its silence is measured from. Written at most every ten seconds; true when it
 * was. The gap before it belongs to the rhythm of the day.
 */
export async function noteOrderSeen(tx: Tx, connectionId: string): Promise<boolean> {
  const rows = await tx.rows(
    `with before as (
       select last_order_seen_at as at from connection where merchant_id = $1 and connection_id = $2
     ), seen as (
       update connection set last_order_seen_at = now() where merchant_id = $1 and connection_id = $2
         and (last_order_seen_at is null or last_order_seen_at < now() - interval '10 seconds') returning 1
     )
     insert into connection_day as d (merchant_id, connection_id, day, arrivals, gap_max_s)
     select $1, $2, (now() at time zone 'utc')::date, 1, least(coalesce(extract(epoch from now() - before.at), 0), 1e9)::int from seen, before
     on conflict (merchant_id, connection_id, day) do update set arrivals = d.arrivals + 1, gap_max_s = greatest(d.gap_max_s, excluded.gap_max_s)
     returning 1`,
    [tx.merchantId, connectionId],
  )
  return rows.length > 0
}

/** How silent the connection is by its own rhythm; null: nothing can be said. Days that no longer count are let go. */
export async function readSilence(tx: Tx, connectionId: string, now: Date): Promise<Silence | null> {
  await tx.rows(
    `delete from connection_day where merchant_id = $1 and connection_id = $2 and day < (now() at time zone 'utc')::date - $3::int`,
    [tx.merchantId, connectionId, rhythmDays],
  )
  const [row] = await tx.rows<Rhythm & object>(
    `select c.last_order_seen_at as "lastOrderSeenAt", count(d.day)::int as days, coalesce(sum(d.arrivals), 0)::int as arrivals, coalesce(max(d.gap_max_s), 0)::int as "gapMaxS"
     from connection c left join connection_day d on d.merchant_id = $1 and d.connection_id = $2
     where c.merchant_id = $1 and c.connection_id = $2 group by 1`,
    [tx.merchantId, connectionId],
  )
  return row ? silenceOf(row, now) : null
}
