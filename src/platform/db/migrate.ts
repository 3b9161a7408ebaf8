import { fileURLToPath } from 'node:url'
import { runMigrations } from 'bullmq'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'

const lockKey = 0x63726f73 // "cros": one migrator at a time, whichever process starts first
const folder = fileURLToPath(new URL('../../../migrations', import.meta.url))

/** Brings the database up to date: our tables, then BullMQ's own. Safe to call from every starting process. */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'crossdock.migrate' })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [lockKey])
    await applyMigrations(drizzle(client), { migrationsFolder: folder })
    await runMigrations(client)
  } finally {
    await client.end() // frees the lock
  }
}
