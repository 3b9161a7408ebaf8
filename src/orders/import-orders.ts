import { bareId, normaliseNumber } from '../model/text.ts'
import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type Arrival, compareVersions, contentHash, moneyDelta, type OrderFact, type Stored } from './facts.ts'
import { noteFetched } from './known-versions.ts'

export interface ImportSource {
  readonly accountId: string
  readonly connectionId: string
  /** Whether an order placed then goes to a warehouse; it is only watched otherwise. All do, unless told. */
  readonly handsOver?: (placedAt: string) => boolean
}

export const isWatched = (source: ImportSource, placedAt: string): boolean => source.handsOver?.(placedAt) === false

interface Candidate extends Stored {
  readonly fact: OrderFact
}

const versionOf = (fact: OrderFact): Candidate => ({
  fact,
  changedAt: new Date(fact.order.changedAt ?? fact.fetchedAt ?? fact.order.placedAt),
  hash: contentHash(fact.order),
  fetchedAt: fact.fetchedAt === null ? null : new Date(fact.fetchedAt),
})

/** Of several versions of one order in a batch one goes on; two would meet in one upsert and fail the batch. */
function pickNewest(facts: readonly OrderFact[]): { winners: Candidate[]; losers: Arrival[] } {
  const winners = new Map<string, Candidate>()
  const losers: Arrival[] = []
  for (const fact of facts) {
    const incoming = versionOf(fact)
    const best = winners.get(fact.order.ref)
    const verdict = best ? compareVersions(best, incoming) : 'apply'
    const loser = verdict === 'apply' ? best?.fact : fact
    if (verdict === 'apply') winners.set(fact.order.ref, incoming)
    if (!loser) continue
    if (verdict === 'refetch') losers.push({ kind: 'refetch', messageId: loser.messageId, ref: loser.order.ref })
    else losers.push({ kind: 'superseded', messageId: loser.messageId })
  }
  return { winners: [...winners.values()], losers }
}

const headerOf = (candidate: Candidate, source: ImportSource, orderId: string) => {
  const { order } = candidate.fact
  return {
    order_id: orderId,
    account_id: source.accountId,
    connection_id: source.connectionId,
    external_id: order.ref,
    external_number: order.number,
    changed_at: candidate.changedAt,
    content_sha256: candidate.hash,
    fetched_at: candidate.fetchedAt,
    placed_at: order.placedAt,
    currency: order.total.currency,
    total_minor: order.total.minor.toString(),
    shop_currency: order.shopTotal.currency,
    shop_total_minor: order.shopTotal.minor.toString(),
    refunded_minor: order.refunded.minor.toString(),
    money_delta_minor: moneyDelta(order).toString(),
    cancelled_at: order.cancelledAt,
    is_test: order.isTest,
    hold: order.hold,
    remote_status: order.remoteStatus,
    shipping_service: order.shippingService ?? null,
    watched: isWatched(source, order.placedAt),
  }
}

const headerType = `order_id uuid, account_id uuid, connection_id uuid, external_id text, external_number text, changed_at timestamptz,
  content_sha256 text, fetched_at timestamptz, placed_at timestamptz, currency text, total_minor bigint, shop_currency text, shop_total_minor bigint,
  refunded_minor bigint, money_delta_minor bigint, cancelled_at timestamptz, is_test boolean, hold text, remote_status text, shipping_service text, watched boolean`

/**
 * One statement for the batch. Older and equal versions lose in the row itself; only the applied ones come back. A
 * pushed body cannot show every hold (Shopify's webhooks know neither risk nor fulfilment holds), so only a read lifts one.
 */
async function upsertHeaders(
  tx: Tx,
  headers: readonly object[],
): Promise<{ orderId: string; ref: string; isNew: boolean }[]> {
  return tx.rows<{ orderId: string; ref: string; isNew: boolean }>(
    `insert into orders as o (merchant_id, order_id, account_id, connection_id, external_id, external_number, changed_at, content_sha256, fetched_at,
       placed_at, currency, total_minor, shop_currency, shop_total_minor, refunded_minor, money_delta_minor, cancelled_at, is_test, hold, remote_status, shipping_service, watched)
     select $1, order_id, account_id, connection_id, external_id, external_number, changed_at, decode(content_sha256, 'hex'), fetched_at,
       placed_at, currency, total_minor, shop_currency, shop_total_minor, refunded_minor, money_delta_minor, cancelled_at, is_test, hold, remote_status, shipping_service, watched
     from json_to_recordset($2::json) as t(${headerType}) order by account_id, external_id
     on conflict (merchant_id, account_id, external_id) do update set
       connection_id = excluded.connection_id, external_number = excluded.external_number, changed_at = excluded.changed_at,
       content_sha256 = excluded.content_sha256, fetched_at = excluded.fetched_at, total_minor = excluded.total_minor, currency = excluded.currency,
       shop_total_minor = excluded.shop_total_minor, shop_currency = excluded.shop_currency, refunded_minor = excluded.refunded_minor,
       money_delta_minor = excluded.money_delta_minor, cancelled_at = excluded.cancelled_at, hold = case when excluded.hold is null and excluded.fetched_at is null and o.hold in ('on_hold', 'fraud_review') then o.hold else excluded.hold end, remote_status = excluded.remote_status,
       shipping_service = coalesce(excluded.shipping_service, o.shipping_service)
     where excluded.changed_at > o.changed_at or (excluded.changed_at = o.changed_at and excluded.content_sha256 <> o.content_sha256
       and excluded.fetched_at is not null and (o.fetched_at is null or excluded.fetched_at > o.fetched_at))
     returning o.order_id as "orderId", o.external_id as ref, (o.xmax = 0) as "isNew"`,
    [tx.merchantId, JSON.stringify(headers)],
  )
}

/** Those that the row refused: read what stands there, to tell old news from a tie that must be asked for. */
async function judgeLosers(tx: Tx, accountId: string, candidates: readonly Candidate[]): Promise<Arrival[]> {
  if (candidates.length === 0) return []
  const stored = await tx.rows<{ ref: string; changedAt: Date; hash: string; fetchedAt: Date | null }>(
    `select o.external_id as ref, o.changed_at as "changedAt", encode(o.content_sha256, 'hex') as hash, o.fetched_at as "fetchedAt"
     from unnest($3::text[]) as d(ref)
     cross join lateral (select * from orders o where o.merchant_id = $1 and o.account_id = $2 and o.external_id = d.ref offset 0) o`,
    [tx.merchantId, accountId, candidates.map((c) => c.fact.order.ref)],
  )
  const byRef = new Map(stored.map((row) => [row.ref, row]))
  // The same content, read from the channel: a poll need not bring this version again.
  const proven = candidates.flatMap((c) => {
    const there = byRef.get(c.fact.order.ref)
    const same = there?.hash === c.hash && there.changedAt.getTime() === c.changedAt.getTime()
    return same && c.fetchedAt ? [{ ref: c.fact.order.ref, fetchedAt: c.fetchedAt.toISOString() }] : []
  })
  await noteFetched(tx, accountId, proven)
  return candidates.map((c) => {
    const there = byRef.get(c.fact.order.ref)
    const { messageId, order } = c.fact
    if (there && compareVersions(there, c) === 'refetch') return { kind: 'refetch', messageId, ref: order.ref }
    return { kind: 'superseded', messageId }
  })
}

interface OrderNumber {
  readonly orderId: string
  readonly number: string
  readonly kind: string
}

/** Numbers of orders that are new in this transaction, each once: nothing is there that they could meet. */
async function insertNumbers(tx: Tx, numbers: readonly OrderNumber[]): Promise<void> {
  const once = new Map(
    rowsOf(numbers)
      .toReversed()
      .map((row) => [`${row.orderId} ${row.number}`, row]),
  )
  if (once.size > 0) await tx.rows(insertSql, [tx.merchantId, JSON.stringify([...once.values()])])
}

/** Makes further numbers of orders findable: request numbers, tracking numbers. */
export async function addSearchNumbers(tx: Tx, numbers: readonly OrderNumber[]): Promise<void> {
  const rows = rowsOf(numbers)
  if (rows.length === 0) return
  await tx.rows(`${insertSql} on conflict (merchant_id, normalised, order_id) do nothing`, [
    tx.merchantId,
    JSON.stringify(rows),
  ])
}

const rowsOf = (numbers: readonly OrderNumber[]) =>
  numbers.map((n) => ({ ...n, number: normaliseNumber(n.number) })).filter((n) => n.number !== '')
const insertSql = `insert into order_number (merchant_id, normalised, order_id, kind)
     select $1, number, "orderId", kind from json_to_recordset($2::json) as t(number text, "orderId" uuid, kind text)`

/**
 * The batch verb: each fact becomes applied, superseded or a question to the channel. Orders are facts: nothing is
 * refused for want of stock, of a mapping or of adding up. Locks the order rows, sorted by external id.
 */
export async function importOrders(
  tx: Tx,
  ids: Ids,
  source: ImportSource,
  facts: readonly OrderFact[],
): Promise<Arrival[]> {
  const { winners, losers } = pickNewest(facts)
  const applied = await upsertHeaders(
    tx,
    winners.map((w) => headerOf(w, source, ids.uuid())),
  )
  const byRef = new Map(winners.map((w) => [w.fact.order.ref, w]))
  const arrivals: Arrival[] = []
  const numbers: OrderNumber[] = []
  for (const { ref, orderId, isNew } of applied) {
    const fact = byRef.get(ref)?.fact
    byRef.delete(ref)
    if (!fact) continue
    arrivals.push({ kind: 'applied', messageId: fact.messageId, ref, orderId, isNew })
    if (!isNew) continue
    numbers.push(
      { orderId, number: fact.order.number, kind: 'order' },
      { orderId, number: bareId(ref), kind: 'external' },
    )
  }
  await insertNumbers(tx, numbers)
  return [...arrivals, ...losers, ...(await judgeLosers(tx, source.accountId, [...byRef.values()]))]
}
