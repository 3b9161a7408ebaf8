import {
  createPostgresBackend,
  createRedisBackend,
  type Job,
  type JobsOptions,
  type RepeatOptions,
  withBackend,
} from 'bullmq'
import { Redis } from 'ioredis'
import type { Wake } from './wake.ts'

/** What the timers use of a BullMQ queue, whatever it is kept in. */
export interface Queue {
  add(name: string, wake: Wake, options: JobsOptions): Promise<unknown>
  upsertJobScheduler(
    id: string,
    repeat: Omit<RepeatOptions, 'key'>,
    template: { name: string; data: Wake; opts: object },
  ): Promise<unknown>
  getJobScheduler(id: string): Promise<{ every?: number; next?: number } | undefined>
  removeJobScheduler(id: string): Promise<boolean>
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}

export interface Worker {
  waitUntilReady(): Promise<unknown>
  /** With force: without waiting for the work, nor for the store to answer. */
  close(force: boolean): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}

export type Processor = (job: Pick<Job, 'name' | 'data'>) => Promise<void>

export interface Backend {
  openQueue(name: string): Queue
  openWorker(name: string, processor: Processor): Worker
  /** True while the store cannot be reached: BullMQ would wait for it before it lets go of its connections. */
  away(): Promise<boolean>
  /** After its queues and workers. */
  close(): void
}

// A worker that died holds its lanes' wakes until its lock is stale: 10 s + 5 s, well inside the promise of 60 s.
const work = { concurrency: 8, lockDuration: 10_000, stalledInterval: 5_000 }
// Nobody reads BullMQ's events; its default keeps ten thousand of each queue.
const streams = { events: { maxLen: 300 } }
const connectMsMax = 5_000
const commandMsMax = 5_000
const reconnectMsMax = 2_000

/**
 * In the hub's own database. Each queue has connections of its own (a worker keeps one for LISTEN: out of a shared pool
 * the eleventh worker of ten would wait forever), so this is for at most 3 processes; beyond that, Redis.
 */
export function postgresBackend(url: string): Backend {
  const { Queue, Worker } = withBackend(createPostgresBackend)
  const connection = {
    connectionString: url,
    max: 2,
    application_name: 'crossdock.queue',
    connectionTimeoutMillis: connectMsMax,
    statement_timeout: 3 * commandMsMax,
  }
  return {
    openQueue: (name) => new Queue<Wake>(name, { connection, streams }),
    openWorker: (name, processor) => new Worker<Wake, void>(name, processor, { connection, ...work }),
    away: async () => false,
    close: () => undefined,
  }
}

/**
 * In Redis or Valkey. One hash tag for each queue keeps its keys in one slot of a cluster.
 * @throws Error when Redis cannot be reached, or would throw keys away when its memory is full.
 */
export async function redisBackend(url: string): Promise<Backend> {
  const { Queue, Worker } = withBackend(createRedisBackend)
  const producer = await connectProducer(url)
  const consumer = { url, connectTimeout: connectMsMax, maxRetriesPerRequest: null }
  const prefix = (name: string) => `{crossdock.${name}}`
  return {
    openQueue: (name) =>
      new Queue<Wake>(name, {
        connection: producer,
        prefix: prefix(name),
        streams,
      }),
    openWorker: (name, processor) =>
      new Worker<Wake, void>(name, processor, { connection: consumer, prefix: prefix(name), ...work }),
    away: () => producer.ping().then(...answered),
    close: () => producer.disconnect(),
  }
}

const answered = [() => false, () => true] as const

/**
 * One connection for all that is added. When Redis is away it refuses at once instead of keeping the caller:
 * rows remember, the sweeper finds. Connected before BullMQ sees it, which speaks to it without waiting.
 */
async function connectProducer(url: string): Promise<Redis> {
  let retrying = false // the first connect fails at once, later ones are tried again for ever
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectMsMax,
    commandTimeout: commandMsMax,
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (retrying ? Math.min(50 * 2 ** times, reconnectMsMax) : null),
  })
  const errors: string[] = []
  const note = (error: Error) => void errors.push(error.message)
  client.on('error', note)
  try {
    await client.connect()
    await refuseEviction(client)
    retrying = true
    client.off('error', note)
    return client
  } catch (cause) {
    client.disconnect()
    const why = errors[0] ?? (cause instanceof Error ? cause.message : String(cause))
    throw new Error(`REDIS_URL: ${new URL(url).host} cannot be used: ${why}.`, { cause })
  }
}

async function refuseEviction(client: Redis): Promise<void> {
  const policy = /maxmemory_policy:(\S+)/.exec(await client.info('memory'))?.[1]
  if (policy === undefined || policy === 'noeviction') return
  throw new Error(`its maxmemory-policy is ${policy}: it may drop any wake-up. Set maxmemory-policy noeviction`)
}
