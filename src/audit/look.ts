import type { Db } from '../platform/db/pool.ts'
import { withTenantTx } from '../platform/db/tx.ts'
import type { Look } from './run-audits.ts'

/** One statement may take so long. A look that lasts keeps old versions of busy rows alive, so it is short. */
const statementMs = 20_000
const lookMs = 40_000

/** Looks at one merchant's rows as any of its readers does, and can change nothing. */
export const openLook =
  (db: Db, merchantId: string): Look =>
  (work) =>
    withTenantTx(
      db,
      merchantId,
      async (tx) => {
        await tx.rows(`set local statement_timeout = ${statementMs}`)
        return work(tx)
      },
      { deadlineMs: lookMs, snapshot: true },
    )
