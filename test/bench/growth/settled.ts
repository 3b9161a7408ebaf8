/** Statistics as a hub has them after a busy day: its own look at young tables, then what autovacuum comes to by itself. */
import { setTimeout as sleep } from 'node:timers/promises'
import { analyzeYoung } from '../../../src/platform/db/analyze-young.ts'
import { openDb } from '../../../src/platform/db/pool.ts'
import type { BenchDatabase } from '../cluster.ts'

const waitMsMax = 30 * 60_000
const everyMs = 2_000

/** Tables whose thresholds are passed, as autovacuum sees them, and its workers at work. */
const due = `select (select count(*)::int from pg_stat_activity where backend_type = 'autovacuum worker' and datname = current_database()) as workers,
  (select count(*)::int from pg_stat_user_tables s join pg_class c on c.oid = s.relid where s.schemaname = 'public' and c.relkind = 'r' and (
     s.n_mod_since_analyze > current_setting('autovacuum_analyze_threshold')::int + current_setting('autovacuum_analyze_scale_factor')::float8 * greatest(c.reltuples, 0)
     or s.n_dead_tup > current_setting('autovacuum_vacuum_threshold')::int + current_setting('autovacuum_vacuum_scale_factor')::float8 * greatest(c.reltuples, 0)
     or s.n_ins_since_vacuum > current_setting('autovacuum_vacuum_insert_threshold')::int
       + current_setting('autovacuum_vacuum_insert_scale_factor')::float8 * greatest(c.reltuples, 0))) as tables`

/** Waits until autovacuum has nothing left to do. @throws Error when it does not come to rest */
export async function untilSettled(database: BenchDatabase, say: (line: string) => void): Promise<void> {
  const db = openDb(database.url)
  await analyzeYoung(db).finally(() => db.close())
  let said = ''
  for (const from = performance.now(); performance.now() - from < waitMsMax; await sleep(everyMs)) {
    const [left] = await database.query<{ workers: number; tables: number }>(due)
    if (left?.tables === 0 && left.workers === 0) return
    const line = `autovacuum: ${left?.tables} tables to go`
    if (line !== said) say(line)
    said = line
  }
  throw new Error('autovacuum did not come to rest')
}
