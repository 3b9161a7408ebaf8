import type { Tx } from '../platform/db/tx.ts'

/**
 * Of these refs and versions, those that a poll need not store again: the same version is here, and it was read after
 * the second in which the channel stamped it was over, so no later change can hide behind the same stamp.
 */
export async function finalVersions(
  tx: Tx,
  accountId: string,
  seen: readonly { readonly ref: string; readonly changedAt: string | null }[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.rows<{ ref: string }>(
    `select d.ref from jsonb_to_recordset($3::jsonb) as d(ref text, "changedAt" timestamptz)
     cross join lateral (select changed_at, fetched_at from orders o where o.merchant_id = $1 and o.account_id = $2 and o.external_id = d.ref offset 0) o
     where o.changed_at = d."changedAt" and o.fetched_at > o.changed_at + interval '2 seconds'`,
    [tx.merchantId, accountId, JSON.stringify(seen)],
  )
  return new Set(rows.map((row) => row.ref))
}

/** A fetched body that equals what is stored proves the stored version current at that time. */
export async function noteFetched(
  tx: Tx,
  accountId: string,
  seen: readonly { readonly ref: string; readonly fetchedAt: string }[],
): Promise<void> {
  if (seen.length === 0) return
  await tx.rows(
    // Two arrays: beside two equalities, PostgreSQL 15 was seen to read all of the account's orders and filter them.
    `update orders o set fetched_at = greatest(o.fetched_at, d."fetchedAt")
     from jsonb_to_recordset($3::jsonb) as d(ref text, "fetchedAt" timestamptz)
     where o.merchant_id = $1 and o.account_id = any(array[$2]::uuid[]) and o.external_id = d.ref and o.external_id = any($4::text[])`,
    [tx.merchantId, accountId, JSON.stringify(seen), seen.map((s) => s.ref)],
  )
}

/** Of these refs, those of orders that are here already. */
export async function knownRefs(tx: Tx, accountId: string, refs: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.rows<{ ref: string }>(
    `select d.ref from unnest($3::text[]) as d(ref)
     cross join lateral (select 1 from orders o where o.merchant_id = $1 and o.account_id = $2 and o.external_id = d.ref offset 0) o`,
    [tx.merchantId, accountId, refs],
  )
  return new Set(rows.map((row) => row.ref))
}
