import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/platform/db/migrate.ts'
import { startEmbedded } from '../../src/platform/embedded/start.ts'

export interface BenchDatabase {
  /** The hub's login. */
  readonly url: string
  /** Past every door, for checking afterwards. */
  query<T extends object>(text: string, params?: readonly unknown[]): Promise<T[]>
  drop(): Promise<void>
}
export interface Cluster {
  readonly version: string
  readonly pid: number
  readonly dir: string
  freshDatabase(): Promise<BenchDatabase>
  stop(): Promise<void>
}

const watching = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_planning': 'on' }

/** A PostgreSQL exactly as the hub starts it for itself: every commit waits for the disk. `profile` makes it count. */
export async function startCluster(profile: string | null): Promise<Cluster> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-bench-'))
  chmodSync(dir, 0o755) // as root, PostgreSQL runs as another user and must pass through
  const server = await startEmbedded({
    dir: path.join(dir, 'postgres'),
    maxConnections: 150,
    settings: profile === null ? {} : watching,
  })
  const admin = new pg.Client({ connectionString: server.adminUrl })
  await admin.connect()
  await migrate(server.url)
  const template = new URL(server.url)
  if (profile !== null) await inTemplate(server.adminUrl, template, 'create extension pg_stat_statements')
  const { rows } = await admin.query<{ version: string }>(`select current_setting('server_version') as version`)
  return {
    version: rows[0]?.version ?? 'unknown',
    pid: server.pid,
    dir,
    freshDatabase: () => copyDatabase(admin, template, server.adminUrl),
    stop: async () => {
      await admin.end()
      await server.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const toDatabase = (url: string, name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href

async function inTemplate(adminUrl: string, template: URL, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: toDatabase(adminUrl, template.pathname.slice(1)) })
  await client.connect()
  await client.query(text)
  await client.end()
}

async function copyDatabase(admin: pg.Client, template: URL, adminUrl: string): Promise<BenchDatabase> {
  const name = `bench_${randomBytes(4).toString('hex')}`
  await admin.query(`create database ${name} template ${template.pathname.slice(1)} owner ${template.username}`)
  const checker = new pg.Client({ connectionString: toDatabase(adminUrl, name) })
  await checker.connect()
  return {
    url: toDatabase(template.href, name),
    query: async <T extends object>(text: string, params: readonly unknown[] = []) =>
      (await checker.query<T>(text, [...params])).rows,
    drop: async () => {
      await checker.end()
      await admin.query(`drop database ${name} with (force)`)
    },
  }
}

/** Where PostgreSQL's time went in this database, dearest statements first. Only where the cluster counts. */
export async function writeStatements(database: BenchDatabase, dir: string, name: string): Promise<string> {
  const rows = await database.query<{ line: string }>(
    `select format('%8s ms %8s calls %9s ms each, planning %8s ms  %s', round(total_exec_time)::text, calls,
       round((total_exec_time / calls)::numeric, 3), round(total_plan_time)::text, left(regexp_replace(query, '\\s+', ' ', 'g'), 160)) as line
     from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
     and calls > 0 order by total_exec_time + total_plan_time desc limit 50`,
  )
  mkdirSync(dir, { recursive: true })
  const file = `${dir}/statements-${name}.txt`
  writeFileSync(file, rows.map((row) => `${row.line}\n`).join(''))
  return file
}
