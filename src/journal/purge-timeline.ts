import { isOver } from '../orders/read.ts'
import {
  daysAgo,
  firstId,
  idBefore,
  type PurgeAnswer,
  type Purged,
  type PurgePage,
  pageFrom,
  purged,
} from '../platform/db/purge.ts'
import type { Tx } from '../platform/db/tx.ts'

/** Shortens the history of orders that are over. That a person settled something is kept. */
export async function purgeTimeline(tx: Tx, { keepDays, after, limit }: PurgePage): Promise<Purged> {
  const [answer] = await tx.rows<PurgeAnswer & object>(
    `with old as materialized (
       select order_id, at, event_id from timeline_event
       where merchant_id = $1 and (order_id, at, event_id) > ($3::uuid, $4::timestamptz, $5::uuid) and order_id < ${idBefore('$2')}
         and at < ${daysAgo('$2')} and kind <> 'exception.resolved'
       order by order_id, at, event_id limit $6
     ), over as materialized (select order_id from (select distinct order_id from old) o where ${isOver('o.order_id')}),
     gone as (
       delete from timeline_event where merchant_id = $1 and at < ${daysAgo('$2')} and order_id = any(array(select order_id from over))
         and event_id = any(array(select event_id from old join over using (order_id))) returning 1
     )
     select (select count(*) from old)::int as seen, (select count(*) from gone)::int as gone,
       (select order_id || '|' || at || '|' || event_id from old o order by o.order_id desc, o.at desc, o.event_id desc limit 1) as last`,
    [tx.merchantId, keepDays, ...pageFrom(after, [firstId, '-infinity', firstId]), limit],
  )
  return purged(answer, limit)
}
