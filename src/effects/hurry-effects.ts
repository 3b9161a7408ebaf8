import type { Tx } from '../platform/db/tx.ts'

/** What waits for its next try, or for its turn, is due now. How many there are. */
export async function hurryEffects(tx: Tx, connectionId: string): Promise<number> {
  const rows = await tx.rows(
    `update effect set due_at = now() where merchant_id = $1 and effect_id = any(array(
       select effect_id from effect where merchant_id = $1 and connection_id = $2 and state in ('pending', 'unknown') and due_at > now()
       order by effect_id for no key update)) returning 1`,
    [tx.merchantId, connectionId],
  )
  return rows.length
}
