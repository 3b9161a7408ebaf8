import type { Tx } from '../platform/db/tx.ts'

/**
 * Locks the merchant's stock and gives the change its version. First statement of every transaction that touches a
 * level, which is why versions become visible in their own order and a cursor over stock_change skips nothing.
 */
export async function tickClock(tx: Tx): Promise<bigint> {
  const [row] = await tx.rows<{ version: bigint }>(
    `insert into stock_clock (merchant_id, version) values ($1, 1)
     on conflict (merchant_id) do update set version = stock_clock.version + 1 returning version`,
    [tx.merchantId],
  )
  if (!row) throw new Error('the stock clock gave no version')
  return row.version
}

/** Waits for changes of the stock under way and keeps others out until commit, without being a change itself. */
export async function holdClock(tx: Tx): Promise<void> {
  await tx.rows('select 1 from stock_clock where merchant_id = $1 for no key update', [tx.merchantId])
}

/** One row per batch, whatever the number of channels: push lanes find the touched items by it. */
export async function recordChange(tx: Tx, version: bigint, itemIds: readonly string[]): Promise<void> {
  if (itemIds.length === 0) return
  await tx.rows(
    `insert into stock_change (merchant_id, version, item_ids) values ($1, $2, $3::uuid[])
     on conflict (merchant_id, version) do update
     set item_ids = (select array_agg(distinct i) from unnest(stock_change.item_ids || excluded.item_ids) as i)`,
    [tx.merchantId, version, [...new Set(itemIds)]],
  )
}
