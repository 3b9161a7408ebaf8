import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { createLog } from '../../src/platform/observe/log.ts'
import { openTimers, type Timers, type Wake } from '../../src/platform/queue/timers.ts'
import { alarmAt } from '../../src/platform/queue/wake.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { spawnRedis, type TestRedis } from '../support/redis.ts'

const log = createLog({ level: 'silent' })
const quietMs = 400 // what would have come twice has come by then

/** Records wakes; `arrived(n)` resolves when n have begun. */
function recorder() {
  const wakes: { wake: Wake; at: number }[] = []
  const arrivals = new EventEmitter()
  return {
    wakes,
    note(wake: Wake) {
      wakes.push({ wake, at: performance.now() })
      arrivals.emit('wake')
    },
    async arrived(count: number) {
      while (wakes.length < count) await once(arrivals, 'wake')
    },
  }
}

const lane = (kind: string): Wake => ({ queue: 'shops', kind, merchantId: 'm1', connectionId: 'c1' })

// The second backend runs where there is a redis-server (CI installs one).
describe.each(inject('redisUrl') === null ? ['postgres'] : ['postgres', 'redis'])('timers kept in %s', (kind) => {
  let database: TestDatabase
  let redis: TestRedis | null = null
  let dir: string
  const opened: Timers[] = []

  beforeAll(async () => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-queue-'))
    database = await freshDatabase()
    if (kind === 'redis') redis = await spawnRedis(dir)
  })
  afterEach(async () => {
    for (const timers of opened.splice(0)) await timers.close()
    await wipe(database, redis)
  })
  afterAll(async () => {
    await redis?.stop()
    await database.drop() // throws when a connection was left open
    rmSync(dir, { recursive: true })
  })

  async function open(onWake: (wake: Wake) => Promise<void> | void): Promise<Timers> {
    const timers = await openTimers({
      databaseUrl: database.url,
      redisUrl: redis?.url ?? null,
      queues: ['shops', 'partners'],
      onWake: async (wake) => onWake(wake),
      log,
    })
    opened.push(timers)
    return timers
  }

  test('a wake arrives with its ids, once', async () => {
    const seen = recorder()
    const timers = await open(seen.note)
    expect(await timers.later(lane('push'), 0)).toBe(true)
    await seen.arrived(1)
    await sleep(quietMs)
    expect(seen.wakes.map(({ wake }) => wake)).toEqual([lane('push')])
  })

  test('a delayed wake arrives once, and not before its time', async () => {
    const seen = recorder()
    const timers = await open(seen.note)
    const start = performance.now()
    await timers.later(lane('retry'), 300)
    await timers.later(lane('retry'), 300)
    await seen.arrived(1)
    expect((seen.wakes[0]?.at ?? 0) - start).toBeGreaterThanOrEqual(295)
    await sleep(2 * quietMs)
    expect(seen.wakes.length).toBeLessThanOrEqual(2) // two when they fell on two sides of the grid
  })

  test('a wake in a minute does not swallow a wake now', async () => {
    const seen = recorder()
    const timers = await open(seen.note)
    await timers.later(lane('push'), 60_000)
    await timers.later(lane('push'), 0)
    await seen.arrived(1)
  })

  test('a hundred wakes for a sleeping lane collapse, and lanes do not wait for each other', async () => {
    const seen = recorder()
    const { resolve: release, promise: released } = Promise.withResolvers<void>()
    const timers = await open(async (wake) => {
      seen.note(wake)
      if (wake.kind === 'slow') await released
    })
    await timers.later(lane('slow'), 0)
    await seen.arrived(1)
    await Promise.all(Array.from({ length: 100 }, () => timers.later(lane('slow'), 0)))
    await timers.later(lane('other'), 0)
    await seen.arrived(2)
    expect(seen.wakes[1]?.wake.kind).toBe('other')
    release()
    await seen.arrived(3)
    await sleep(quietMs)
    expect(seen.wakes.map(({ wake }) => wake.kind)).toEqual(['slow', 'other', 'slow'])
  })

  test('a wake during a running one runs again after it, never beside it', async () => {
    const seen = recorder()
    let running = 0
    let together = 0
    const { resolve: release, promise: released } = Promise.withResolvers<void>()
    const timers = await open(async (wake) => {
      running += 1
      together = Math.max(together, running)
      seen.note(wake)
      if (seen.wakes.length === 1) await released
      running -= 1
    })
    await timers.later(lane('push'), 0)
    await seen.arrived(1)
    await timers.later(lane('push'), 0)
    await timers.later(lane('push'), 1)
    await sleep(quietMs)
    expect(seen.wakes).toHaveLength(1)
    release()
    await seen.arrived(2)
    expect(together).toBe(1)
  })

  test('a lane that sets its own next alarm while it runs keeps ringing', async () => {
    const seen = recorder()
    const timers: Timers = await open(async (wake) => {
      seen.note(wake)
      if (seen.wakes.length < 4) await timers.later(wake, 20)
    })
    await timers.later(lane('chain'), 20)
    await seen.arrived(4)
  })

  test('a wake whose work throws leaves the lane able to be woken', async () => {
    const seen = recorder()
    const timers = await open((wake) => {
      seen.note(wake)
      if (seen.wakes.length === 1) throw new Error('the work failed')
    })
    await timers.later(lane('push'), 0)
    await seen.arrived(1)
    await timers.later(lane('push'), 0)
    await seen.arrived(2)
  })

  test('a schedule ticks, also when it is told again faster than it ticks, and ends when forgotten', async () => {
    const seen = recorder()
    const timers = await open(seen.note)
    await timers.every(lane('poll'), 300)
    for (let told = 0; told < 10; told++) {
      await timers.every(lane('poll'), 300)
      await sleep(100)
    }
    await seen.arrived(3)
    expect(await timers.forget(lane('poll'))).toBe(true)
    await sleep(quietMs)
    const ticks = seen.wakes.length
    await sleep(2 * quietMs)
    expect(seen.wakes.length).toBe(ticks)
  })

  test('after the queue is wiped, telling the schedule again mends it', async () => {
    const seen = recorder()
    const timers = await open(seen.note)
    await timers.every(lane('poll'), 200)
    await seen.arrived(1)
    await wipe(database, redis)
    await sleep(quietMs)
    const before = seen.wakes.length
    expect(await timers.every(lane('poll'), 200)).toBe(true)
    await seen.arrived(before + 2)
  })

  test('done wakes leave no job behind', async () => {
    const seen = recorder()
    const timers = await open(seen.note)
    for (let count = 1; count <= 20; count++) {
      await timers.later(lane(`k${count}`), count % 2)
    }
    await seen.arrived(20)
    await timers.close()
    expect(await jobsLeft(database, redis)).toBe(0)
  })

  test('close leaves no connection', async () => {
    const timers = await open(() => undefined)
    await timers.later(lane('push'), 0)
    await timers.close()
    await expect.poll(() => connections(database, redis), { timeout: 3_000 }).toBe(0)
  })
})

describe.runIf(inject('redisUrl') !== null)('timers and a Redis in trouble', () => {
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-queue-'))
  })
  afterAll(() => rmSync(dir, { recursive: true }))
  const options = (redisUrl: string) => ({
    databaseUrl: '',
    redisUrl,
    queues: ['shops'],
    onWake: async () => undefined,
    log,
  })

  test('a Redis that may evict keys is refused with the mend', async () => {
    const redis = await spawnRedis(dir)
    await withRedis(redis.url, (client) => client.config('SET', 'maxmemory-policy', 'allkeys-lru'))
    await expect(openTimers(options(redis.url))).rejects.toThrow(/allkeys-lru.*Set maxmemory-policy noeviction/)
    await redis.stop()
  })

  test('a Redis that is not there is refused at the start, with its address and without its password', async () => {
    const refusal = openTimers(options('redis://:canary-password@127.0.0.1:1')).catch(String)
    expect(await refusal).toMatch(/REDIS_URL: 127\.0\.0\.1:1 cannot be used/)
    expect(await refusal).not.toContain('canary')
  })

  test('while Redis is away a wake is refused within a second, and close still ends', async () => {
    const redis = await spawnRedis(dir)
    const timers = await openTimers(options(redis.url))
    await redis.stop()
    const start = performance.now()
    expect(await timers.later(lane('push'), 0)).toBe(false)
    expect(await timers.every(lane('push'), 1_000)).toBe(false)
    expect(performance.now() - start).toBeLessThan(2_000)
    await timers.close()
  })
})

test('an alarm is never early, and late by at most a quarter of a second or a sixteenth', () => {
  for (const delay of [1, 20, 300, 999, 4_001, 60_000, 3_600_000, 86_400_000]) {
    for (const now of [1_790_000_000_000, 1_790_000_000_249, 1_790_000_123_457]) {
      const late = alarmAt(now, delay) - now - delay
      expect(late).toBeGreaterThanOrEqual(0)
      expect(late).toBeLessThanOrEqual(Math.max(250, delay / 16))
    }
  }
})

async function withRedis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url)
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

async function wipe(database: TestDatabase, redis: TestRedis | null): Promise<void> {
  if (redis) await withRedis(redis.url, (client) => client.flushall())
  else
    await database.asAdmin((admin) =>
      admin.query('TRUNCATE bullmq.job, bullmq.scheduler, bullmq.dedup, bullmq.dedup_next CASCADE'),
    )
}

async function jobsLeft(database: TestDatabase, redis: TestRedis | null): Promise<number> {
  if (redis) return withRedis(redis.url, async (client) => (await client.keys('*:shops:k*')).length)
  const { rows } = await database.asAdmin((admin) => admin.query('SELECT count(*)::int AS left FROM bullmq.job'))
  return rows[0].left
}

async function connections(database: TestDatabase, redis: TestRedis | null): Promise<number> {
  if (redis)
    return withRedis(redis.url, async (client) => `${await client.client('LIST')}`.trim().split('\n').length - 1)
  const { rows } = await database.asAdmin((admin) =>
    admin.query(
      'SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    ),
  )
  return rows[0].open
}
