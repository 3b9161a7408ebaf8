import { Client } from 'pg'
import { hasRedis, openOwnRedis } from '../faults/redis-server.ts'
import type { Cluster } from './cluster.ts'
import { atLeast, atMost, type Figure, figure, type Part, ratios } from './figures.ts'
import { openScene, ordersIn, type Scene, sampled, throughput, verify } from './flow-scene.ts'
import type { Options } from './options.ts'
import { makeOrder } from './order-body.ts'

const rowsOfInsert = 100

/** What PostgreSQL and Node can do at best with the same bodies: a table of bytes, and a loop that fills it. */
interface Loop {
  /** Bodies in a second. */
  insert(bodies: readonly Buffer[]): Promise<number>
  rows(): Promise<number>
  close(): Promise<void>
}

async function openLoop(cluster: Cluster): Promise<Loop> {
  const database = await cluster.freshDatabase()
  await database.query(`create table body_only (key bigint primary key, body bytea not null)`)
  await database.query(`alter table body_only alter column body set storage external`)
  await database.query(`grant all on body_only to public`)
  const client = new Client({ connectionString: database.url })
  await client.connect()
  let key = 0
  return {
    insert: async (bodies) => {
      const from = performance.now()
      for (let at = 0; at < bodies.length; at += rowsOfInsert) {
        const batch = bodies.slice(at, at + rowsOfInsert)
        const keys = batch.map(() => key++)
        const text = 'insert into body_only select * from unnest($1::bigint[], $2::bytea[])'
        await client.query({ name: 'insert', text, values: [keys, batch] })
      }
      return bodies.length / ((performance.now() - from) / 1_000)
    },
    rows: async () => (await database.query<{ n: number }>('select count(*)::int as n from body_only'))[0]?.n ?? 0,
    close: async () => {
      await client.end()
      await database.drop()
    },
  }
}

interface Round {
  readonly loop: number
  readonly embedded: number
  readonly redis: number | null
}

/** The whole pipeline as fast as it takes orders, on both queues, beside a loop that only inserts the same bodies. */
export async function benchPipeline(cluster: Cluster, options: Options): Promise<Part> {
  const redis = hasRedis ? await openOwnRedis() : null
  const loop = await openLoop(cluster)
  const scenes: Scene[] = []
  try {
    const embedded = await openScene(cluster, options, { name: 'pipeline', redisUrl: null })
    scenes.push(embedded)
    const onRedis = redis && (await openScene(cluster, options, { name: 'pipeline-redis', redisUrl: redis.url }))
    if (onRedis) scenes.push(onRedis)
    const rounds: Round[] = []
    const rss: number[] = []
    let inserted = 0
    for (let repeat = -1; repeat < options.repeats; repeat++) {
      const bodies = bodiesOf(embedded, ordersIn(options))
      inserted += bodies.length
      const round = {
        loop: await loop.insert(bodies),
        embedded: 0,
        redis: onRedis && (await throughput(onRedis)),
      }
      const saturated = await sampled(embedded, async () => {
        round.embedded = await throughput(embedded)
      })
      options.say(
        `orders/s: ${Object.entries(round)
          .map(([side, rate]) => `${side} ${Math.round(rate ?? 0)}`)
          .join(', ')}`,
      )
      if (repeat < 0) continue
      rounds.push(round)
      rss.push(...saturated.rss)
    }
    if ((await loop.rows()) !== inserted)
      throw new Error(`${inserted} bodies were inserted, ${await loop.rows()} are there`)
    const checked = await Promise.all(scenes.map(verify))
    return {
      name: 'The whole pipeline on both queues',
      figures: [...figuresOf(rounds), figure('RSS of the hub, saturated', 'MB', rss, atMost(400))],
      verified: [
        `${checked.join(' and ')} orders: each stored once and applied; all shops show on hand − ordered; all audits are 0; the loop's ${inserted} rows are there`,
      ],
      profiles: [],
    }
  } finally {
    for (const scene of scenes) await scene.close()
    await loop.close()
    await redis?.close()
  }
}

function bodiesOf({ sent, assortment }: Scene, count: number): Buffer[] {
  return Array.from({ length: count }, (_, n) => Buffer.from(makeOrder(sent + n, assortment, new Date()).body))
}

function figuresOf(rounds: readonly Round[]): Figure[] {
  const [loop, embedded] = [rounds.map((round) => round.loop), rounds.map((round) => round.embedded)]
  const redis = rounds.flatMap((round) => round.redis ?? [])
  return [
    figure(
      `orders end to end ÷ a loop that inserts the same bodies, ${rowsOfInsert} at once`,
      'x',
      ratios(embedded, loop),
      atLeast(0.4),
    ),
    ...(redis.length === 0
      ? []
      : [figure('orders end to end, queue in PostgreSQL ÷ in Redis', 'x', ratios(embedded, redis), atLeast(0.8))]),
    figure('orders end to end, queue in PostgreSQL', '/s', embedded),
    ...(redis.length === 0 ? [] : [figure('orders end to end, queue in Redis', '/s', redis)]),
    figure('bodies inserted by the loop', '/s', loop),
  ]
}
