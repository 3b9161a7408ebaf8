import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/platform/db/migrate.ts'
import { startEmbedded } from '../../src/platform/embedded/start.ts'
import { furnishTemplate } from './real-database.ts'

export interface DatabaseUrls {
  readonly url: string
  readonly adminUrl: string
}
export interface SimCluster {
  readonly server: DatabaseUrls
  /** A database of its own: schedules in it run one after another. */
  database(): Promise<DatabaseUrls>
  stop(): Promise<void>
}

const settings = {
  autovacuum: 'off',
  // Circles of waiting are found and broken by the simulator, which always picks the same victim.
  deadlock_timeout: '60s',
  plan_cache_mode: 'force_generic_plan',
  scram_iterations: '1',
  update_process_title: 'off',
  track_activities: 'off',
  track_counts: 'off',
  shared_buffers: '64MB',
}

async function asAdmin(url: string, statements: readonly string[]): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  for (const statement of statements) await admin.query(statement)
  await admin.end()
}

const at = (url: string, name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href

/** Databases copied from the template of a cluster that runs already. */
export function joinCluster(server: DatabaseUrls): SimCluster {
  const template = new URL(server.url).pathname.slice(1)
  const names: string[] = []
  return {
    server,
    database: async () => {
      const name = `sim_${process.pid}_${names.length + 1}`
      names.push(name)
      const owner = new URL(server.url).username
      await asAdmin(server.adminUrl, [`create database ${name} template ${template} owner ${owner}`])
      return { url: at(server.url, name), adminUrl: at(server.adminUrl, name) }
    },
    stop: () =>
      asAdmin(
        server.adminUrl,
        names.map((name) => `drop database ${name} with (force)`),
      ),
  }
}

/** One throw-away PostgreSQL for a whole run. */
export async function startCluster(): Promise<SimCluster> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-simulate-'))
  chmodSync(dir, 0o755) // as root, PostgreSQL runs as another user and must pass through
  const sockets = path.join(dir, 'sockets')
  mkdirSync(sockets)
  chmodSync(sockets, 0o777)
  const postgres = await startEmbedded({
    dir,
    unsafeFast: true,
    maxConnections: 250,
    settings: { ...settings, unix_socket_directories: sockets },
  })
  const url = `${postgres.url}?host=${sockets}`
  const adminUrl = `${postgres.adminUrl}?host=${sockets}`
  const template = new URL(url).pathname.slice(1)
  await migrate(url)
  await asAdmin(at(adminUrl, template), [furnishTemplate])
  return {
    ...joinCluster({ url, adminUrl }),
    stop: async () => {
      await postgres.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
