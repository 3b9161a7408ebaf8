import { isOver } from '../orders/read.ts'
import {
  daysAgo,
  firstId,
  type PurgeAnswer,
  type Purged,
  type PurgePage,
  pageFrom,
  purged,
} from '../platform/db/purge.ts'
import type { Tx } from '../platform/db/tx.ts'

/** What proves for as long as the order is here that a person was told. */
const proofs = `('effect_failed', 'over_shipped', 'money_mismatch', 'unmapped_sku')`

/** Lets go of exceptions that were settled long ago and that nothing rests upon any more. */
export async function purgeExceptions(tx: Tx, { keepDays, after, limit }: PurgePage): Promise<Purged> {
  const [answer] = await tx.rows<PurgeAnswer & object>(
    `with old as materialized (
       select raised_at, exception_id, subject_kind, subject_id from exception
       where merchant_id = $1 and (raised_at, exception_id) > ($3::timestamptz, $4::uuid) and raised_at < ${daysAgo('$2')}
         and resolved_at < ${daysAgo('$2')} and kind not in ${proofs}
       order by raised_at nulls first, exception_id nulls first limit $5
     ), kept as materialized (
       select s.subject_id from (select distinct subject_kind, subject_id from old) s
       where (s.subject_kind = 'order' and not (${isOver('s.subject_id')}))
         or (s.subject_kind = 'message' and exists (select 1 from inbox_message m where m.merchant_id = $1 and m.message_id = s.subject_id))
     ), gone as (
       delete from exception where merchant_id = $1 and resolved_at is not null
         and exception_id = any(array(select exception_id from old where subject_id not in (select subject_id from kept))) returning 1
     )
     select (select count(*) from old)::int as seen, (select count(*) from gone)::int as gone,
       (select raised_at || '|' || exception_id from old order by raised_at desc, exception_id desc limit 1) as last`,
    [tx.merchantId, keepDays, ...pageFrom(after, ['-infinity', firstId]), limit],
  )
  return purged(answer, limit)
}
