import type { Tx } from '../platform/db/tx.ts'

const changesMax = 200

/**
 * Takes the ledger's changes since this connection's cursor into its listings. One row per batch is read, whatever
 * happened in it; a thousand sales of one item become one due listing. When all are read the cursor moves to the clock
 * itself: what committed before this snapshot has a lower version. Returns true when more may be waiting.
 */
export async function absorbChanges(tx: Tx, connectionId: string): Promise<boolean> {
  const [cursor] = await tx.rows<{ seen: number }>(
    `with log as materialized (
       select version, item_ids from stock_change
       where merchant_id = $1 and version > coalesce((select seen_version from push_cursor where merchant_id = $1 and connection_id = $2), 0)
       order by version limit $3
     ), hit as (
       select k.listing_id, max(i.version) as version
       from (select i.item_id, max(log.version) as version from log cross join unnest(log.item_ids) as i(item_id) group by 1) i
       cross join lateral (select listing_id from listing_component k where k.merchant_id = $1 and k.item_id = i.item_id offset 0) k
       cross join lateral (select * from listing g where g.merchant_id = $1 and g.listing_id = k.listing_id offset 0) g
       where g.connection_id = $2 and g.publish_target is not null and g.tracked
       group by k.listing_id
     ), mark as (
       insert into listing_push as p (merchant_id, connection_id, listing_id, desired_version)
       select $1, $2, listing_id, version from hit
       on conflict (merchant_id, connection_id, listing_id) do update
       set desired_version = greatest(p.desired_version, excluded.desired_version), due_at = now(), attempts = 0, error = null
     ), moved as (
       insert into push_cursor as c (merchant_id, connection_id, seen_version)
       select $1, $2, case when count(*) < $3 then greatest(max(version), (select version from stock_clock where merchant_id = $1), 0) else max(version) end from log
       on conflict (merchant_id, connection_id) do update set seen_version = excluded.seen_version
     )
     select count(*)::int as seen from log`,
    [tx.merchantId, connectionId, changesMax],
  )
  return cursor?.seen === changesMax
}

export interface DueListing {
  readonly listingId: string
  readonly target: string
  /** The shop's own SKU. */
  readonly sku: string | null
}

/** Listings that are behind, or due to be read again. Decreases are not known yet, so the longest waiting come first; what never was on sale through us waits for what is. */
export async function claimListings(tx: Tx, connectionId: string, limit: number): Promise<DueListing[]> {
  return tx.rows<DueListing & object>(
    `with behind as (
       select listing_id, due_at, confirmed_version = 0 as first_fill from listing_push
       where merchant_id = $1 and connection_id = $2 and desired_version > confirmed_version and due_at <= now()
       order by 3, due_at, listing_id limit $3
     ), again as (
       select listing_id, recheck_at as due_at, false as first_fill from listing_push where merchant_id = $1 and connection_id = $2 and recheck_at is not null and recheck_at <= now() limit $3
     ), due as (select listing_id, min(due_at) as due_at from (select * from behind union all select * from again) d group by 1 order by bool_and(first_fill), 2, 1 limit $3)
     select due.listing_id as "listingId", g.publish_target as target, g.channel_sku as sku from due
     cross join lateral (select publish_target, channel_sku from listing g where g.merchant_id = $1 and g.listing_id = due.listing_id and g.publish_target is not null offset 0) g`,
    [tx.merchantId, connectionId, limit],
  )
}

export interface ListingView {
  readonly listingId: string
  readonly quantity: number
  readonly version: bigint
  readonly first: boolean
  readonly baseQty: number | null
  readonly salesSinceBase: number
  readonly inFlightQty: number | null
  readonly inFlightUnseen: number
  readonly inFlightSalesSince: number
  readonly unseen: number
  readonly pollHasPassed: boolean
  /** Deliveries of some shop have waited for seconds to be imported: the ledger may not know of sales that were acknowledged. */
  readonly importsBehind: boolean
  readonly attempts: number
  /** Since the change that was not read back at the channel so far. Null: there is none, or nothing was ever read back. */
  readonly behindMs: number | null
}

/**
 * Quantity and version from one snapshot, so that a write can name the ledger version it came from. Must run after the
 * channel was read: a sale that reaches the ledger between the two can only make the number lower. `indexLagS`: polls that
 * began no later than this after units went missing may not have shown their sale. A poll has passed when all that was stored
 * by its end is imported; what arrives later does not hold it up, or a busy shop would never see the end of one.
 */
export async function viewListings(
  tx: Tx,
  connectionId: string,
  listingIds: readonly string[],
  indexLagS = 0,
): Promise<ListingView[]> {
  return tx.rows<ListingView & object>(
    `with clock as materialized (select coalesce((select version from stock_clock where merchant_id = $1), 0) as version),
     poll as materialized (
       select c.completed_from, exists (select 1 from inbox_message m where m.merchant_id = $1 and m.connection_id = $2 and m.state = 'pending'
           and m.received_at <= c.updated_at) as waiting,
         exists (select 1 from inbox_message m where m.merchant_id = $1 and m.state = 'pending' and m.due_at <= now()
           and m.received_at between now() - interval '2 minutes' and now() - interval '2 seconds') as behind
       from (values (1)) as one(row) left join sync_cursor c on c.merchant_id = $1 and c.connection_id = $2 and c.stream = 'orders'
     )
     select p.listing_id as "listingId", coalesce(s.quantity, 0) as quantity, clock.version, p.sending_version is null as first, p.base_qty as "baseQty",
       coalesce((select sum(v.qty)::int from listing_sale v where v.merchant_id = $1 and v.listing_id = p.listing_id and v.version > p.base_version), 0) as "salesSinceBase",
       case when p.sending_version > p.pushed_version then p.sending_qty end as "inFlightQty", p.unseen as "inFlightUnseen",
       coalesce((select sum(v.qty)::int from listing_sale v where v.merchant_id = $1 and v.listing_id = p.listing_id and v.version > p.sending_version), 0) as "inFlightSalesSince",
       p.unseen, p.unseen_since is not null and not poll.waiting and poll.completed_from > p.unseen_since + $4::int * interval '1 second' as "pollHasPassed", poll.behind as "importsBehind", p.attempts,
       case when p.desired_version > p.confirmed_version and p.confirmed_version > 0 then (
         select least(extract(epoch from now() - x.at) * 1000, 2e9)::int from stock_change x where x.merchant_id = $1 and x.version = p.desired_version) end as "behindMs"
     from clock, poll, unnest($3::uuid[]) as d(listing_id)
     cross join lateral (select * from listing_push p where p.merchant_id = $1 and p.connection_id = $2 and p.listing_id = d.listing_id offset 0) p
     left join lateral (
       select min(greatest(a.available, 0) / k.qty_per)::int as quantity from listing_component k
       left join lateral (select sum(l.on_hand - l.reserved - l.unavailable - l.denied) as available from inventory_level l where l.merchant_id = $1 and l.item_id = k.item_id) a on true
       where k.merchant_id = $1 and k.listing_id = p.listing_id) s on true`,
    [tx.merchantId, connectionId, listingIds, indexLagS],
  )
}

export interface PushRow {
  readonly listingId: string
  readonly version: string
  readonly qty: number
  readonly unseen: number
  /** Units went missing since the last look: only a poll that begins from now on can explain them. */
  readonly newlyMissing: boolean
  /** What the channel should show at `version`, where an earlier write of unknown fate is about to be forgotten. */
  readonly believed: number | null
}
/** The one connection as an array: beside two equalities, PostgreSQL 15 was seen to read and filter all of its rows. */
const only = 'array[$2]::uuid[]'
/** Named beside the join, so that rows are found by their whole key while statistics are young. */
const keysOf = (rows: readonly { readonly listingId: string }[]) => rows.map((row) => row.listingId)
const rowType = '"listingId" uuid, version bigint, qty int, unseen int, "newlyMissing" boolean, believed int'
const unseenSince = `case when d.unseen = 0 then null when d."newlyMissing" then now() else coalesce(p.unseen_since, now()) end`

/** Before the call: what we are about to write, so that a lost answer can be recognised by reading. */
export async function markSending(tx: Tx, connectionId: string, rows: readonly PushRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.rows(
    `update listing_push p set sending_version = d.version, sending_qty = d.qty, attempts = p.attempts + 1, due_at = now() + interval '30 seconds',
       unseen = d.unseen, unseen_since = ${unseenSince},
       base_qty = coalesce(d.believed, p.base_qty), base_version = case when d.believed is null then p.base_version else d.version end
     from jsonb_to_recordset($3::jsonb) as d(${rowType})
     where p.merchant_id = $1 and p.connection_id = any(${only}) and p.listing_id = d."listingId" and p.listing_id = any($4::uuid[])`,
    [tx.merchantId, connectionId, JSON.stringify(rows), keysOf(rows)],
  )
}

/**
 * The first look at listings: what they show is the base, at the ledger's version of that moment. From now on a poll must
 * begin and be imported before anything is written to them; until then they are read again every `againMs`.
 */
export async function markLooked(
  tx: Tx,
  connectionId: string,
  rows: readonly { readonly listingId: string; readonly version: string; readonly shown: number }[],
  againMs: number,
): Promise<void> {
  if (rows.length === 0) return
  await tx.rows(
    `update listing_push p set base_qty = d.shown, base_version = d.version, unseen_since = now(), due_at = now() + $4 * interval '1 ms'
     from jsonb_to_recordset($3::jsonb) as d("listingId" uuid, version bigint, shown int)
     where p.merchant_id = $1 and p.connection_id = any(${only}) and p.listing_id = d."listingId" and p.listing_id = any($5::uuid[])`,
    [tx.merchantId, connectionId, JSON.stringify(rows), againMs, keysOf(rows)],
  )
}

/**
 * The channel took the number: from here on it should show this, minus what it sells. Reading it back after `proofMs`
 * confirms; a shop that says yes and keeps its number is asked less and less often. The next change comes before that.
 */
export async function markPushed(
  tx: Tx,
  connectionId: string,
  listingIds: readonly string[],
  proofMs: number,
): Promise<void> {
  if (listingIds.length === 0) return
  await tx.rows(
    `update listing_push p set pushed_version = p.sending_version, pushed_qty = p.sending_qty, base_qty = p.sending_qty + p.unseen, base_version = p.sending_version,
       due_at = now() + case when p.attempts <= 2 then $4 else least(300000, 250 * 2 ^ least(p.attempts, 20)) end * interval '1 ms', error = null
     where p.merchant_id = $1 and p.connection_id = any(${only}) and p.listing_id = any($3::uuid[]) and p.sending_version is not null`,
    [tx.merchantId, connectionId, listingIds, proofMs],
  )
}

/** The channel certainly did not take these: nothing is on its way that a later look could mistake for landed. */
export async function markRefused(tx: Tx, connectionId: string, listingIds: readonly string[]): Promise<void> {
  if (listingIds.length === 0) return
  await tx.rows(
    `update listing_push p set sending_version = p.pushed_version, sending_qty = p.pushed_qty, attempts = greatest(p.attempts - 1, 0)
     where p.merchant_id = $1 and p.connection_id = any(${only}) and p.listing_id = any($3::uuid[]) and p.sending_version > p.pushed_version`,
    [tx.merchantId, connectionId, listingIds],
  )
}

/** The channel shows what it should: confirmed at that version. While units are unseen, look again soon; an earlier look that was asked for stays. */
export async function markConfirmed(
  tx: Tx,
  connectionId: string,
  rows: readonly PushRow[],
  recheckMs: number,
): Promise<void> {
  if (rows.length === 0) return
  await tx.rows(
    `update listing_push p set sending_version = d.version, sending_qty = d.qty, pushed_version = d.version, pushed_qty = d.qty,
       confirmed_version = d.version, confirmed_qty = d.qty, confirmed_at = now(), base_qty = d.qty + d.unseen, base_version = d.version, attempts = 0, error = null,
       unseen = d.unseen, unseen_since = ${unseenSince},
       recheck_at = least(case when p.late_until > now() then p.late_until end, now() + case when d.unseen = 0 then $4 * interval '1 ms' else interval '500 ms' end)
     from jsonb_to_recordset($3::jsonb) as d(${rowType})
     where p.merchant_id = $1 and p.connection_id = any(${only}) and p.listing_id = d."listingId" and p.listing_id = any($5::uuid[])`,
    [tx.merchantId, connectionId, JSON.stringify(rows), recheckMs, keysOf(rows)],
  )
  await tx.rows(
    `delete from listing_sale s using jsonb_to_recordset($2::jsonb) as d("listingId" uuid, version bigint)
     where s.merchant_id = $1 and s.listing_id = d."listingId" and s.listing_id = any($3::uuid[]) and s.version <= d.version`,
    [tx.merchantId, JSON.stringify(rows), keysOf(rows)],
  )
}

export interface Seen {
  readonly listingId: string
  /** Null: the channel keeps no stock of it there. */
  readonly shown: number | null
}

/**
 * What a channel that is only watched shows. Whatever was written before is forgotten: others may write there meanwhile, so
 * the first number after it is found as that of a newly linked listing is.
 */
export async function markSeen(tx: Tx, connectionId: string, rows: readonly Seen[], recheckMs: number): Promise<void> {
  if (rows.length === 0) return
  await tx.rows(
    `update listing_push p set shown_qty = d.shown, shown_at = now(), attempts = 0, error = null, due_at = now() + $5 * interval '1 ms', recheck_at = now() + $5 * interval '1 ms',
       base_qty = null, unseen = 0, unseen_since = null, sending_version = null, sending_qty = null
     from jsonb_to_recordset($3::jsonb) as d("listingId" uuid, shown int)
     where p.merchant_id = $1 and p.connection_id = any(${only}) and p.listing_id = d."listingId" and p.listing_id = any($4::uuid[])`,
    [tx.merchantId, connectionId, JSON.stringify(rows), keysOf(rows), recheckMs],
  )
}

/** All of a connection's listings are due now. The caller holds its lanes. */
export async function lookAgain(tx: Tx, connectionId: string): Promise<void> {
  await tx.rows(
    `update listing_push set due_at = now(), recheck_at = case when desired_version > confirmed_version then recheck_at else now() end, attempts = 0, error = null
     where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId],
  )
}

/** Not done: comes due again later; `error` is for people. `lateMs`: a write may still land, so it is looked for once more then. */
export async function markRetry(
  tx: Tx,
  connectionId: string,
  rows: readonly {
    readonly listingId: string
    readonly dueInMs: number
    readonly error: string | null
    readonly lateMs?: number
  }[],
): Promise<void> {
  if (rows.length === 0) return
  await tx.rows(
    `update listing_push p set due_at = now() + d."dueInMs" * interval '1 ms', error = d.error, recheck_at = least(case when p.recheck_at <= now() then now() + d."dueInMs" * interval '1 ms' else p.recheck_at end,
         case when p.sending_version > p.pushed_version then now() + d."lateMs" * interval '1 ms' end),
       late_until = greatest(p.late_until, case when p.sending_version > p.pushed_version then now() + d."lateMs" * interval '1 ms' end)
     from jsonb_to_recordset($3::jsonb) as d("listingId" uuid, "dueInMs" bigint, error text, "lateMs" bigint)
     where p.merchant_id = $1 and p.connection_id = any(${only}) and p.listing_id = d."listingId" and p.listing_id = any($4::uuid[])`,
    [tx.merchantId, connectionId, JSON.stringify(rows), keysOf(rows)],
  )
}

/** A holder was lost with writes on their way: whatever lands late is found by reading again after a call's deadline. */
export async function recheckInFlight(tx: Tx, connectionId: string, afterMs: number): Promise<void> {
  await tx.rows(
    `update listing_push set recheck_at = least(recheck_at, now() + $3 * interval '1 ms'), late_until = now() + $3 * interval '1 ms', due_at = least(due_at, now())
     where merchant_id = $1 and connection_id = $2 and sending_version > confirmed_version`,
    [tx.merchantId, connectionId, afterMs],
  )
}

/** Milliseconds until a listing is to be looked at next; null: none is. */
export async function nextLookMs(tx: Tx, connectionId: string): Promise<number | null> {
  const [row] = await tx.rows<{ ms: number | null }>(
    `select (extract(epoch from least(
       (select due_at from listing_push where merchant_id = $1 and connection_id = $2 and desired_version > confirmed_version order by due_at limit 1),
       (select recheck_at from listing_push where merchant_id = $1 and connection_id = $2 and recheck_at is not null order by recheck_at limit 1)) - now()) * 1000)::float8 as ms`,
    [tx.merchantId, connectionId],
  )
  return row?.ms === null || row === undefined ? null : Math.max(250, Math.ceil(row.ms))
}

/** Of these listings, those that have never been taken into their connection's pushes. */
export async function neverPushed(tx: Tx, connectionId: string, listingIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select d.id from unnest($3::uuid[]) as d(id)
     left join lateral (select 1 as there from listing_push p where p.merchant_id = $1 and p.connection_id = $2 and p.listing_id = d.id offset 0) p on true
     where p.there is null`,
    [tx.merchantId, connectionId, listingIds],
  )
  return rows.map((row) => row.id)
}

/** Nothing is known any more of what the listing should show, so nothing is written to it. Call under the clock. */
export async function forgetListing(tx: Tx, listingId: string): Promise<void> {
  await tx.rows('delete from listing_push where merchant_id = $1 and listing_id = $2', [tx.merchantId, listingId])
}
