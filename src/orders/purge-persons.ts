import {
  daysAgo,
  firstId,
  idBefore,
  type PurgeAnswer,
  type Purged,
  type PurgePage,
  purged,
} from '../platform/db/purge.ts'
import type { Tx } from '../platform/db/tx.ts'
import { isOver } from './read.ts'

/**
 * Lets go of names and addresses of orders that are over: so many days after the last parcel or the cancellation. A shop
 * that changes such an order later brings them again, until the next round. Who was erased on request stays erased.
 */
export async function purgePersons(tx: Tx, { keepDays, after, limit }: PurgePage): Promise<Purged> {
  const [answer] = await tx.rows<PurgeAnswer & object>(
    `with old as materialized (
       select order_id from order_person where merchant_id = $1 and order_id > $3 and order_id < ${idBefore('$2')} and data is not null
       group by order_id order by order_id limit $4
     ), over as materialized (
       select o.order_id from old o
       cross join lateral (select cancelled_at, imported_at from orders x where x.merchant_id = $1 and x.order_id = o.order_id offset 0) x
       cross join lateral (select max(s.created_at) as left_at from shipment s where s.merchant_id = $1 and s.order_id = o.order_id) s
       where greatest(x.cancelled_at, s.left_at, x.imported_at) < ${daysAgo('$2')} and ${isOver('o.order_id')}
     ), gone as (
       delete from order_person where merchant_id = $1 and order_id = any(array(select order_id from over)) and data is not null returning 1
     )
     select (select count(*) from old)::int as seen, (select count(*) from gone)::int as gone,
       (select order_id from old order by 1 desc limit 1) as last`,
    [tx.merchantId, keepDays, after ?? firstId, limit],
  )
  return purged(answer, limit)
}
