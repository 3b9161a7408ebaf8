import type { Tx } from '../platform/db/tx.ts'

/** Where a look over watched orders stands, oldest first. */
export interface WatchedPlace {
  readonly placedAt: string
  readonly orderId: string
}
export interface WatchedPage {
  /** Of the page, those with something left to ship. */
  readonly orderIds: readonly string[]
  /** Null: it was the last page. */
  readonly next: WatchedPlace | null
}

/**
 * A page of a connection's watched orders from a time on. What is over, a test, or shipped by its channel stays as it is:
 * nothing of it may ever be asked for, not even when the shop opens it again.
 */
export async function watchedPage(
  tx: Tx,
  connectionId: string,
  { from, after, limit }: { readonly from: string; readonly after: WatchedPlace | null; readonly limit: number },
): Promise<WatchedPage> {
  const rows = await tx.rows<WatchedPlace & { readonly open: boolean }>(
    `select t.order_id as "orderId", t.placed_at::text as "placedAt",
       s.stage not in ('cancelled', 'shipped', 'received') and not t.is_test and t.hold is distinct from 'channel_fulfilled' as open
     from (select * from orders o where o.merchant_id = $1 and o.connection_id = $2 and o.watched and o.placed_at >= $3::timestamptz
       and (o.placed_at, o.order_id) > ($4::timestamptz, $5::uuid) order by o.placed_at asc nulls first, o.order_id asc nulls first limit $6) t
     cross join lateral (select stage from order_stage s where s.merchant_id = $1 and s.order_id = t.order_id offset 0) s
     order by t.placed_at, t.order_id`,
    [
      ...[tx.merchantId, connectionId, from],
      ...[after?.placedAt ?? '-infinity', after?.orderId ?? '00000000-0000-0000-0000-000000000000', limit],
    ],
  )
  const last = rows.at(-1)
  const next = rows.length < limit || !last ? null : { placedAt: last.placedAt, orderId: last.orderId }
  return { orderIds: rows.filter(({ open }) => open).map(({ orderId }) => orderId), next }
}

/** Of these orders, those that were only watched until now. The caller holds their locks. */
export async function takeOver(tx: Tx, orderIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    'update orders set watched = false where merchant_id = $1 and order_id = any($2::uuid[]) and watched returning order_id as id',
    [tx.merchantId, orderIds],
  )
  return rows.map(({ id }) => id)
}
