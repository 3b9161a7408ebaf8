import { audits } from '../../src/audit/audits.ts'
import { runAudits } from '../../src/audit/run-audits.ts'
import type { Tx } from '../../src/platform/db/tx.ts'

/** Kept by lanes, not by the verbs of the flows: a test that calls those alone hands requests over without a file. */
const ofLanes: ReadonlySet<string> = new Set(['request_without_file'])

/** Names of the broken promises of the merchant with their counts (up to 100); empty when all hold, as they must at any commit. */
export async function brokenPromises(tx: Tx, by: 'verbs' | 'lanes' = 'verbs'): Promise<Record<string, number>> {
  const asked = by === 'lanes' ? audits : audits.filter((audit) => !ofLanes.has(audit.name))
  const [only] = await tx.rows<{ id: string }>('select merchant_id as id from merchant limit 1')
  // A superuser's connection names no merchant; its database has one.
  const named = { ...tx, merchantId: tx.merchantId ?? only?.id }
  const verdicts = await runAudits({ audits: asked, look: (work) => work(named), full: true, goOn: () => true })
  return Object.fromEntries(
    verdicts.flatMap(({ audit, state, rows }) => (state === 'kept' ? [] : [[audit.name, rows.length]])),
  )
}
