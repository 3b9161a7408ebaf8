import type { Tx } from '../platform/db/tx.ts'

export type ReplayOutcome = 'replayed' | 'pending' | 'superseded' | 'unknown'

/**
 * Puts a message that ended back in line. Safe at any time: the effects of a message are idempotent, and an older body
 * never overwrites a newer one. What is superseded stays so, since something newer has spoken.
 */
export async function replayMessage(tx: Tx, messageId: string): Promise<ReplayOutcome> {
  const rows = await tx.rows(
    `update inbox_message set state = 'pending', reason = null, attempts = 0, due_at = now()
     where merchant_id = $1 and message_id = $2 and state in ('dead', 'ignored', 'applied') returning 1`,
    [tx.merchantId, messageId],
  )
  if (rows.length > 0) return 'replayed'
  const [there] = await tx.rows<{ state: 'pending' | 'superseded' }>(
    'select state from inbox_message where merchant_id = $1 and message_id = $2',
    [tx.merchantId, messageId],
  )
  return there?.state ?? 'unknown'
}
