import { daysAgo, type PurgeAnswer, type Purged, type PurgePage, purged } from '../platform/db/purge.ts'
import type { Tx } from '../platform/db/tx.ts'
import { changesKept } from './read.ts'

/**
 * Lets go of changes that every push lane has taken in. Those that a lane has not (a shop that is paused, or not written
 * to yet) are folded into the newest of them: whoever comes back finds each item once, at a version that is no older.
 */
export async function purgeChanges(tx: Tx, { keepDays, after, limit }: PurgePage): Promise<Purged> {
  const [answer] = await tx.rows<PurgeAnswer & object>(
    `with clock as materialized (select coalesce((select version from stock_clock where merchant_id = $1), 0) as version),
     read as materialized (
       select coalesce(min(coalesce(x.seen_version, 0)), (select version from clock)) as version from lane l
       left join lateral (select seen_version from push_cursor x where x.merchant_id = $1 and x.connection_id = l.connection_id) x on true
       where l.merchant_id = $1 and l.kind = 'push.stock'
     ), old as materialized (
       select version, item_ids, version > (select version from read) as unread from stock_change
       where merchant_id = $1 and version > $3::bigint and version <= (select version from clock) - ${changesKept} and at < ${daysAgo('$2')}
       order by version limit $4
     ), heir as materialized (select max(version) as version from old where unread),
     gone as (
       delete from stock_change where merchant_id = $1 and version = any(array(select version from old))
         and version is distinct from (select version from heir) returning 1
     ), folded as (
       update stock_change set item_ids = (select array_agg(distinct i) from old cross join unnest(old.item_ids) as i where old.unread)
       where merchant_id = $1 and version = (select version from heir) and (select count(*) from old where unread) > 1
     )
     select (select count(*) from old)::int as seen, (select count(*) from gone)::int as gone,
       coalesce((select version - 1 from heir), (select max(version) from old))::text as last`,
    [tx.merchantId, keepDays, after ?? '0', limit],
  )
  return purged(answer, limit)
}
