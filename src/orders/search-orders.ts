import { bareId, normaliseNumber } from '../model/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type OrderRow, orderColumns, orderJoins } from './read.ts'

export interface Found extends OrderRow {
  readonly matched: string
  readonly kind: string
}
/** Where a page of findings ended. */
export interface FoundAfter {
  readonly matched: string
  readonly orderId: string
}

/**
 * Orders by any of their numbers, the exact one first, then those that begin with it. Byte order and the pattern
 * operators: they are the ones that keep their index under row-level security. The place is said twice: no index finds
 * where to begin by an "or", and a later page would read all before it.
 */
export function searchOrders(
  tx: Tx,
  query: string,
  page: { readonly after: FoundAfter | null; readonly limit: number },
): Promise<Found[]> {
  const prefix = normaliseNumber(bareId(query.trim()))
  const { matched = '', orderId = '00000000-0000-0000-0000-000000000000' } = page.after ?? {}
  return tx.rows<Found & object>(
    `select n.normalised as matched, n.kind, ${orderColumns}
     from (select * from order_number n where n.merchant_id = $1 and n.normalised ~>=~ $2 and n.normalised ~<~ $3
             and n.normalised ~>=~ $4 and (n.normalised ~>~ $4 or (n.normalised = $4 and n.order_id > $5::uuid))
           order by n.normalised using ~<~, n.order_id limit $6) n
     cross join lateral (select * from orders o where o.merchant_id = $1 and o.order_id = n.order_id offset 0) t
     ${orderJoins} order by n.normalised using ~<~, n.order_id`,
    [tx.merchantId, prefix, beyond(prefix), matched, orderId, page.limit],
  )
}

// Normalised numbers are A-Z and 0-9 only, so every longer one sorts below its prefix followed by "[".
const beyond = (prefix: string) => `${prefix}[`
