import type { Tx } from '../platform/db/tx.ts'

export const cancelReasons = ['out_of_stock', 'buyer_request', 'other'] as const
export type CancelReason = (typeof cancelReasons)[number]
/** When the channel is told of a cancellation: once nobody can ship the order any more, or at once. */
export const cancelTells = ['agreed', 'now'] as const
export type CancelTell = (typeof cancelTells)[number]

/** Holds an order, until then or until somebody lets it go. The caller has its lock, and knows that it may be held. */
export async function holdOrder(
  tx: Tx,
  orderId: string,
  { reason, until }: { readonly reason: string; readonly until: string | null },
): Promise<void> {
  await tx.rows(
    `insert into order_halt as h (merchant_id, order_id, held_at, held_reason, held_until) values ($1, $2, now(), $3, $4)
     on conflict (merchant_id, order_id) do update set held_at = now(), held_reason = $3, held_until = $4`,
    [tx.merchantId, orderId, reason, until],
  )
}

/** Lets a held order go. False: it was not held. */
export async function releaseOrder(tx: Tx, orderId: string): Promise<boolean> {
  const rows = await tx.rows(
    `update order_halt set held_at = null, held_reason = null, held_until = null
     where merchant_id = $1 and order_id = $2 and held_at is not null returning 1`,
    [tx.merchantId, orderId],
  )
  return rows.length > 0
}

/** Of these orders, those whose hold has run out; it is taken off them. The caller has their locks. */
export async function endHolds(tx: Tx, orderIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `update order_halt set held_at = null, held_reason = null, held_until = null
     where merchant_id = $1 and order_id = any($2::uuid[]) and held_until <= now() returning order_id as id`,
    [tx.merchantId, orderIds],
  )
  return rows.map((row) => row.id)
}

/** A person wants it cancelled. Returns how often that was said of this order, this time included. */
export async function wantCancelled(
  tx: Tx,
  orderId: string,
  { reason, tell }: { readonly reason: CancelReason; readonly tell: CancelTell },
): Promise<number> {
  const [row] = await tx.rows<{ tries: number }>(
    `insert into order_halt as h (merchant_id, order_id, cancel_state, cancel_reason, cancel_tell, cancel_asked_at, cancel_tries)
     values ($1, $2, 'asked', $3, $4, now(), 1)
     on conflict (merchant_id, order_id) do update set cancel_state = 'asked', cancel_reason = $3, cancel_tell = $4,
       cancel_asked_at = now(), cancel_answered_at = null, cancel_tries = h.cancel_tries + 1
     returning cancel_tries as tries`,
    [tx.merchantId, orderId, reason, tell],
  )
  return row?.tries ?? 1
}

/** Moves the wish of these orders on, where it still is what it was; `null` takes it back. Returns those that moved. */
export async function moveWishes(
  tx: Tx,
  orderIds: readonly string[],
  {
    from,
    to,
  }: { readonly from: 'asked' | 'telling' | 'refused'; readonly to: 'telling' | 'too_late' | 'refused' | null },
): Promise<string[]> {
  if (orderIds.length === 0) return []
  const rows = await tx.rows<{ id: string }>(
    `update order_halt set cancel_state = $4, cancel_answered_at = now()
     where merchant_id = $1 and order_id = any($2::uuid[]) and cancel_state = $3 returning order_id as id`,
    [tx.merchantId, orderIds, from, to],
  )
  return rows.map((row) => row.id)
}

/** An order that a person wants cancelled, and what partners have said of it so far. */
export interface Wish {
  readonly orderId: string
  readonly connectionId: string
  readonly externalId: string
  readonly reason: CancelReason
  readonly tries: number
  /** Requests whose partner has not answered yet. */
  readonly waiting: number
  /** Requests that a partner will not stop, or has shipped of. */
  readonly lost: number
  /** Requests that partners let go of. */
  readonly stopped: number
  /** Units that are here, and that no partner has. */
  readonly here: number
}

/** Of these orders, those that partners were asked to stop and that their channel has not cancelled. */
export async function openWishes(tx: Tx, orderIds: readonly string[]): Promise<Wish[]> {
  if (orderIds.length === 0) return []
  return tx.rows<Wish & object>(
    `select h.order_id as "orderId", o.connection_id as "connectionId", o.external_id as "externalId", h.cancel_reason as reason,
       h.cancel_tries as tries, f.waiting, f.lost, f.stopped, r.here
     from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from order_halt h where h.merchant_id = $1 and h.order_id = d.id and h.cancel_state = 'asked' offset 0) h
     cross join lateral (select * from orders o where o.merchant_id = $1 and o.order_id = d.id and o.cancelled_at is null offset 0) o
     cross join lateral (
       select count(*) filter (where f.request_status = 'cancellation_requested' and f.status in ('open', 'in_progress'))::int as waiting,
         count(*) filter (where f.cancel_requested_at is not null and f.request_status = 'cancellation_accepted')::int as stopped,
         count(*) filter (where (f.cancel_requested_at is not null and f.request_status = 'cancellation_rejected') or x.shipped > 0)::int as lost
       from fulfillment_order f
       cross join lateral (select coalesce(sum(x.shipped), 0) as shipped from fulfillment_order_line x
         where x.merchant_id = $1 and x.fulfillment_order_id = f.fulfillment_order_id) x
       where f.merchant_id = $1 and f.order_id = d.id) f
     cross join lateral (select coalesce(sum(r.reserved - r.handed), 0)::int as here from reservation r where r.merchant_id = $1 and r.order_id = d.id) r`,
    [tx.merchantId, [...new Set(orderIds)]],
  )
}
