import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
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

/** A PostgreSQL exactly as the hub starts it for itself: every commit waits for the disk. */
export async function startCluster(): Promise<Cluster> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-bench-'))
  chmodSync(dir, 0o755) // as root, PostgreSQL runs as another user and must pass through
  const server = await startEmbedded({ dir: path.join(dir, 'postgres'), maxConnections: 150 })
  const admin = new pg.Client({ connectionString: server.adminUrl })
  await admin.connect()
  await migrate(server.url)
  const template = new URL(server.url)
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

async function copyDatabase(admin: pg.Client, template: URL, adminUrl: string): Promise<BenchDatabase> {
  const name = `bench_${randomBytes(4).toString('hex')}`
  await admin.query(`create database ${name} template ${template.pathname.slice(1)} owner ${template.username}`)
  const toThis = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href
  const checker = new pg.Client({ connectionString: toThis(adminUrl) })
  await checker.connect()
  return {
    url: toThis(template.href),
    query: async <T extends object>(text: string, params: readonly unknown[] = []) =>
      (await checker.query<T>(text, [...params])).rows,
    drop: async () => {
      await checker.end()
      await admin.query(`drop database ${name} with (force)`)
    },
  }
}
