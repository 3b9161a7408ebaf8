import type { Tx } from '../platform/db/tx.ts'

export interface OfConnections {
  readonly connectionIds: readonly string[]
  /** The channel's ids of orders. Null: everything that came by these connections. */
  readonly refs: readonly string[] | null
  readonly after: string
  readonly limit: number
}

/**
 * Takes the bytes from messages as they came; what they said of an order stays said. One that still waits to be read is
 * left, and told in `waiting`. `next` null: that was the last page.
 */
export async function eraseBodies(
  tx: Tx,
  { connectionIds, refs, after, limit }: OfConnections,
): Promise<{ readonly erased: number; readonly waiting: number; readonly next: string | null }> {
  const [row] = await tx.rows<{ seen: number; erased: number; waiting: number; last: string | null }>(
    `with page as materialized (
       select message_id, (received_at at time zone 'utc')::date as received_on, state, connection_id = any($2::uuid[])
         and ($3::text[] is null or subject_ref = any($3) or subject_ref is null and state = 'pending') as meant
       from inbox_message where merchant_id = $1 and message_id > $4 order by message_id limit $5
     ), gone as (
       update inbox_body set bytes = null where merchant_id = $1 and received_on = any(array(select distinct received_on from page where meant))
         and message_id = any(array(select message_id from page where meant and state <> 'pending')) and bytes is not null returning 1
     )
     select (select count(*) from page)::int as seen, (select count(*) from gone)::int as erased,
       (select count(*) from page where meant and state = 'pending')::int as waiting, (select message_id from page order by 1 desc limit 1) as last`,
    [tx.merchantId, connectionIds, refs, after, limit],
  )
  return { erased: row?.erased ?? 0, waiting: row?.waiting ?? 0, next: row && row.seen === limit ? row.last : null }
}
