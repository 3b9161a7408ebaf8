import { entryHash } from '../api/audit-log.ts'
import type { Audit } from './audit.ts'

const before = `(select p.hash from audit_entry p where p.merchant_id = $1 and p.seq = a.seq - 1)`

/** The audit log: every entry fits the one before it. What was cut off at its end, only a copy of its last hash can show. */
export const chainAudits: readonly Audit[] = [
  {
    id: 'I21',
    name: 'audit_log_broken',
    means:
      'The audit log was changed: this is its first entry that is not as it was written, or whose predecessor is gone.',
    mend: 'Compare the log from this entry on with a backup, and find out who has the database’s own login.',
    over: 'rows',
    sql: `select a.entry_id from audit_entry a where a.merchant_id = $1 and a.at >= $3
      and (a.hash <> ${entryHash('a')} or a.prev_hash is distinct from case a.seq when 1 then ''::bytea else ${before} end)
      order by a.seq limit 1`,
  },
]
