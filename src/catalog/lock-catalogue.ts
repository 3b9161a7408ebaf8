import type { Tx } from '../platform/db/tx.ts'

/**
 * Listings and items find each other by SKU when either comes new. Two transactions that each bring one side see
 * neither the other's rows, and the pair would stay unmapped for good: so they come one after the other. Taken before
 * any other lock.
 */
export async function lockCatalogue(tx: Tx): Promise<void> {
  await tx.rows(`select pg_advisory_xact_lock(hashtextextended('catalogue ' || $1, 0))`, [tx.merchantId])
}
