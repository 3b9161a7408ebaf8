import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { spawnRedis } from '../support/redis.ts'
import { leaksOf, secretsOf } from './canaries.ts'
import { openStage, type Stage } from './harness.ts'
import type { Part } from './hub.ts'
import { tellStory } from './story.ts'

const two: Part[] = [
  { name: 'http', role: 'http' },
  { name: 'worker', role: 'worker' },
]
const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

async function openTwo(redisUrl: string | null): Promise<Stage<'lily'>> {
  const stage = await openStage({ worlds: { lily: { skus: ['MUG', 'TEE', 'CAP', 'PEN'] } }, parts: two, redisUrl })
  endings.push(stage.close)
  return stage
}

/** Everything in Redis, as far as it is text. */
async function dump(redis: Redis): Promise<string> {
  const keys = await redis.keys('*')
  const values = await Promise.all(
    keys.map(async (key) => {
      const type = await redis.type(key)
      if (type === 'string') return redis.get(key)
      if (type === 'hash') return redis.hgetall(key)
      if (type === 'list') return redis.lrange(key, 0, -1)
      if (type === 'set') return redis.smembers(key)
      if (type === 'zset') return redis.zrange(key, '0', '-1')
      return type === 'stream' ? redis.xrange(key, '-', '+') : type
    }),
  )
  return JSON.stringify(keys.map((key, n) => [key, values[n]]))
}

describe('http and worker as two processes', { timeout: 180_000 }, () => {
  test('they share nothing but PostgreSQL, and the whole story goes as in one', async () => {
    const stage = await openTwo(null)
    const { lily } = stage.merchants
    await Promise.all([tellStory(stage, lily, lily.shopify, 'MUG'), tellStory(stage, lily, lily.woo, 'TEE')])
    expect(await stage.broken()).toEqual({})
  })

  test.runIf(inject('redisUrl') !== null)('with Redis, FLUSHALL in the middle loses time, never work', async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-e2e-redis-'))
    const server = await spawnRedis(dir)
    endings.push(async () => rmSync(dir, { recursive: true, force: true }), server.stop)
    const redis = new Redis(server.url)
    endings.push(async () => redis.disconnect())
    const stage = await openTwo(server.url)
    const { lily } = stage.merchants
    await Promise.all([tellStory(stage, lily, lily.shopify, 'MUG'), tellStory(stage, lily, lily.woo, 'TEE')])
    expect(leaksOf(await dump(redis), await secretsOf(lily, stage.hub))).toEqual([])

    // Without webhooks only the schedules bring these orders, and the schedules are what is wiped.
    for (const shop of [lily.shopify, lily.woo]) shop.setFaults({ drop: 1 })
    const stories = [tellStory(stage, lily, lily.shopify, 'CAP'), tellStory(stage, lily, lily.woo, 'PEN')]
    await redis.flushall()
    await stage.until('a poll brought one', async () =>
      (await lily.api.messages()).find((m) => m.source === 'poll' && m.subject === lily.woo.orders().at(-1)?.id),
    )
    await redis.flushall()
    await Promise.all(stories)
    expect(await stage.broken()).toEqual({})
  })
})
