import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../src/platform/db/migrate.ts'
import { startEmbedded } from '../../src/platform/embedded/start.ts'
import { useOtherServer } from './other-server.ts'
import { startRedis } from './redis.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's login to the database `postgres` of the run's own cluster. */
    adminUrl: string
    /** The hub's login to the migrated template; only `freshDatabase` uses it. */
    templateUrl: string
    /** Null: no Redis here, so what needs one says so and is not run. */
    redisUrl: string | null
  }
}

/** Statistics change only when a test says ANALYZE, so a plan under test is the same in every run. */
const startOwn = (dir: string) =>
  startEmbedded({
    dir,
    unsafeFast: true,
    maxConnections: 300,
    settings: { autovacuum: 'off', shared_buffers: '256MB' },
  })

const buildConsole = fileURLToPath(new URL('../../src/console/build.ts', import.meta.url))

/** One throw-away cluster, or the server at TEST_DATABASE_URL, and one throw-away Redis where there is a `redis-server`, for the whole run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [buildConsole], { stdio: 'inherit' }) // at once where it was built from these very sources
  const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-test-'))
  chmodSync(dir, 0o755) // as root, PostgreSQL runs as another user and must pass through
  const endings: (() => Promise<void>)[] = [async () => rmSync(dir, { recursive: true, force: true })]
  const teardown = async () => {
    for (const end of endings.toReversed()) await end()
  }
  try {
    const other = process.env.TEST_DATABASE_URL
    const postgres = other ? await useOtherServer(other) : await startOwn(dir)
    endings.push(postgres.stop)
    const redis = await startRedis(dir)
    if (redis) endings.push(redis.stop)
    await migrate(postgres.url)
    project.provide('adminUrl', postgres.adminUrl)
    project.provide('templateUrl', postgres.url)
    project.provide('redisUrl', redis?.url ?? null)
    return teardown
  } catch (cause) {
    await teardown()
    throw cause
  }
}
