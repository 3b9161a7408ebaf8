import { firstId, type PurgeAnswer, type Purged, type PurgePage, purged } from '../platform/db/purge.ts'
import type { Tx } from '../platform/db/tx.ts'

/**
 * Erases the bytes of outgoing files whose time is over. A file that may still have to be sent keeps them, however old it
 * is: a resend is the same bytes. Name, size and sha256 stay, so what was sent can be told apart for ever.
 */
export async function purgeFiles(tx: Tx, { after, limit }: Omit<PurgePage, 'keepDays'>): Promise<Purged> {
  const [until, fileId] = after === null ? ['-infinity', firstId] : after.split('|')
  const [answer] = await tx.rows<PurgeAnswer & object>(
    `with old as materialized (
       select bytes_until, file_id, state from partner_file
       where merchant_id = $1 and bytes is not null and bytes_until < now() and (bytes_until, file_id) > ($2::timestamptz, $3::uuid)
       order by bytes_until, file_id limit $4
     ), wanted as materialized (
       select distinct file_id from effect where merchant_id = $1 and state in ('pending', 'sending', 'unknown') and file_id is not null
     ), gone as (
       update partner_file set bytes = null where merchant_id = $1
         and file_id = any(array(select file_id from old where file_id not in (select file_id from wanted))) returning 1
     )
     select (select count(*) from old)::int as seen, (select count(*) from gone)::int as gone,
       (select bytes_until || '|' || file_id from old o order by o.bytes_until desc, o.file_id desc limit 1) as last`,
    [tx.merchantId, until, fileId, limit],
  )
  return purged(answer, limit)
}
