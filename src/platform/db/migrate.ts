import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { runMigrations } from 'bullmq'
import pg from 'pg'
import { z } from 'zod'
import { inheritNothing, refuseOldServer } from './login.ts'

const lockKey = 0x63726f73 // "cros": one migrator at a time, whichever process starts first
const lockMsMax = 5_000
const folder = new URL('../../../migrations/', import.meta.url)

/** What `drizzle-kit generate` keeps of its migrations, in their order. */
const Journal = z.object({ entries: z.array(z.object({ when: z.int(), tag: z.string().regex(/^\w+$/) })) })
const book = `create schema if not exists drizzle;
  create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`

/** Brings the database up to date: our tables, then BullMQ's own; and refuses a server or a login with which the doors would not hold. Safe to call from every starting process. */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'crossdock.migrate' })
  await client.connect()
  try {
    const version = await refuseOldServer(client)
    await client.query('select pg_advisory_lock($1)', [lockKey])
    // A change that waits for its table's lock keeps everybody else waiting behind it: better to fail and start again.
    await client.query(`set lock_timeout = '${lockMsMax}ms'`)
    await applyMigrations(client)
    await runMigrations(client)
    await inheritNothing(client, version)
  } finally {
    await client.end() // frees the lock, and rolls back what failed
  }
}

/**
 * Runs the generated files that are new, all in one transaction, and keeps the book as drizzle's own migrator does.
 * That one would load all of drizzle, which no running hub needs: 150 MB and most of a second at every start.
 */
async function applyMigrations(client: pg.Client): Promise<void> {
  await client.query(book)
  const last = await client.query<{ at: string | null }>(
    'select max(created_at)::text as at from drizzle.__drizzle_migrations',
  )
  const doneUntil = Number(last.rows[0]?.at ?? 0)
  const journal = Journal.parse(JSON.parse(await readFile(new URL('meta/_journal.json', folder), 'utf8')))
  await client.query('begin')
  for (const { when, tag } of journal.entries) {
    if (when <= doneUntil) continue
    const text = await readFile(new URL(`${tag}.sql`, folder), 'utf8')
    await client.query(text)
    const hash = createHash('sha256').update(text).digest('hex')
    await client.query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [hash, when])
  }
  await client.query('commit')
}
