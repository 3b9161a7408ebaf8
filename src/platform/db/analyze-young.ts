import pg from 'pg'
import type { Db } from './pool.ts'

/** Below so many changed rows any plan will do. */
const changedMin = 200

/**
 * Has the statistics taken of tables that doubled since the last time. The server does so by itself, but minutes later,
 * and connections keep what they planned when a table was empty (foreign key checks, named statements): with 10,000
 * orders such a plan reads a million rows where ten are wanted. New statistics make every connection plan anew.
 * Returns the tables looked at; another process that is at the same table is left to it.
 */
export async function analyzeYoung(db: Db): Promise<string[]> {
  const { rows } = await db.work.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_stat_user_tables s on s.relid = c.oid
     where c.relnamespace = 'public'::regnamespace and s.n_mod_since_analyze > greatest($1, c.reltuples)`,
    [changedMin],
  )
  for (const { name } of rows) await db.work.query(`analyze (skip_locked) ${pg.escapeIdentifier(name)}`)
  return rows.map((row) => row.name)
}
