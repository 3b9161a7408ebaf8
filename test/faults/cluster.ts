import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/platform/db/migrate.ts'
import { type Embedded, type EmbeddedOptions, startEmbedded } from '../../src/platform/embedded/start.ts'
import type { TestDatabase } from '../support/database.ts'

/** A PostgreSQL of a test's own, which may be killed. */
export interface Cluster {
  readonly database: TestDatabase
  readonly dir: string
  /** `pg_ctl -m immediate stop`, or kill -9 of the postmaster; whoever keeps the cluster starts it again. */
  end(how: 'immediate' | 'kill'): void
  /** A stop in good order, after which it stays down until `start`. */
  stop(): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

async function asAdmin<T>(url: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url })
  admin.on('error', () => undefined)
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

/** Migrated and durable as in production, at one address for its whole life. */
export async function openCluster(options: Partial<EmbeddedOptions> = {}): Promise<Cluster> {
  const dir = options.dir ?? mkdtempSync(path.join(os.tmpdir(), 'crossdock-fault-'))
  chmodSync(dir, 0o755) // as root, PostgreSQL runs as another user and must pass through
  const settings = { shared_buffers: '32MB', ...options.settings }
  let server: Embedded = await startEmbedded({ maxConnections: 120, ...options, dir, settings })
  const { url, port } = server
  const adminUrl = Object.assign(new URL(server.adminUrl), { pathname: new URL(url).pathname }).href
  await migrate(url)
  const close = async () => {
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  return {
    dir,
    database: { url, adminUrl, asAdmin: (work) => asAdmin(adminUrl, work), drop: close },
    end: (how) => void process.kill(server.pid, how === 'kill' ? 'SIGKILL' : 'SIGQUIT'),
    stop: () => server.stop(),
    start: async () => {
      server = await startEmbedded({ maxConnections: 120, ...options, dir, settings, port })
    },
    close,
  }
}
