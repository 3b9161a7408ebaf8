import type { Tx } from '../platform/db/tx.ts'

export interface OfAccount {
  readonly accountId: string
  /** The channel's ids. Null: every order of the account. */
  readonly refs: readonly string[] | null
  readonly after: string
  readonly limit: number
}

/**
 * Takes the persons from orders, and leaves a mark in each role that keeps them from being written again, whatever the
 * channel, a replayed message or a later edit brings. `next` null: that was the last page.
 */
export async function erasePersons(
  tx: Tx,
  { accountId, refs, after, limit }: OfAccount,
): Promise<{ readonly erased: number; readonly next: string | null }> {
  const [row] = await tx.rows<{ seen: number; erased: number; last: string | null }>(
    `with page as materialized (
       select order_id from orders where merchant_id = $1 and account_id = $2 and order_id > $4 and ($3::text[] is null or external_id = any($3))
       order by order_id limit $5
     ), held as materialized (
       select count(*)::int as n from order_person where merchant_id = $1 and order_id = any(array(select order_id from page)) and data is not null
     ), gone as (
       insert into order_person as p (merchant_id, order_id, role, data, erased_at)
       select $1, order_id, role, null, now() from page cross join unnest(array['ship_to','bill_to','buyer','note']) as role
       on conflict (merchant_id, order_id, role) do update set data = null, erased_at = coalesce(p.erased_at, now())
     )
     select (select count(*) from page)::int as seen, (select n from held) as erased, (select order_id from page order by 1 desc limit 1) as last`,
    [tx.merchantId, accountId, refs, after, limit],
  )
  return { erased: row?.erased ?? 0, next: row && row.seen === limit ? row.last : null }
}
