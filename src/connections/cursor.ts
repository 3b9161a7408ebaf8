import type { Tx } from '../platform/db/tx.ts'

export async function readCursor(tx: Tx, connectionId: string, stream: string): Promise<string | null> {
  const [row] = await tx.rows<{ value: string | null }>(
    'select value from sync_cursor where merchant_id = $1 and connection_id = $2 and stream = $3',
    [tx.merchantId, connectionId, stream],
  )
  return row?.value ?? null
}

/**
 * Moves a cursor, in the transaction that stored what it passed. `completedFrom`: the run that started then reached the
 * end, so nothing changed before it is still unknown.
 */
export async function saveCursor(
  tx: Tx,
  connectionId: string,
  stream: string,
  cursor: { readonly value: string | null; readonly completedFrom: string | null },
): Promise<void> {
  await tx.rows(
    `insert into sync_cursor as c (merchant_id, connection_id, stream, value, completed_from, updated_at) values ($1, $2, $3, $4, $5, now())
     on conflict (merchant_id, connection_id, stream) do update
     set value = excluded.value, completed_from = greatest(c.completed_from, excluded.completed_from), updated_at = now()`,
    [tx.merchantId, connectionId, stream, cursor.value, cursor.completedFrom],
  )
}
