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

/**
 * Lets go of messages that ended, with their bytes and their dedupe keys. Whatever waits stays, and so does what was given
 * up while a person has not settled it: it can still be replayed. Locked rows (a replay) are left to the next round.
 */
export async function purgeMessages(tx: Tx, { keepDays, after, limit }: PurgePage): Promise<Purged> {
  const [answer] = await tx.rows<PurgeAnswer & object>(
    `with old as materialized (
       select message_id, (received_at at time zone 'utc')::date as received_on, state from inbox_message
       where merchant_id = $1 and message_id > $3 and message_id < ${idBefore('$2')} and received_at < ${daysAgo('$2')} and state <> 'pending'
       order by message_id limit $4 for update skip locked
     ), over as materialized (
       select o.message_id, o.received_on from old o where o.state <> 'dead'
         or not exists (select 1 from exception e where e.merchant_id = $1 and e.subject_id = o.message_id and e.resolved_at is null)
     ), bodies as (
       delete from inbox_body where merchant_id = $1 and received_on = any(array(select distinct received_on from over))
         and message_id = any(array(select message_id from over))
     ), gone as (
       delete from inbox_message where merchant_id = $1 and message_id = any(array(select message_id from over)) returning 1
     )
     select (select count(*) from old)::int as seen, (select count(*) from gone)::int as gone,
       (select message_id from old order by 1 desc limit 1) as last`,
    [tx.merchantId, keepDays, after ?? firstId, limit],
  )
  return purged(answer, limit)
}
