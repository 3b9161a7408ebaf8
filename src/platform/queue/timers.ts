import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../observe/log.ts'
import { type Backend, postgresBackend, type Queue, redisBackend, type Worker } from './backend.ts'
import { openComplaints } from './complaints.ts'
import { alarmAt, laneOf, Wake } from './wake.ts'

export type { Wake } from './wake.ts'

/**
 * When to look at rows, never what to do: schedules, delays and wake-ups across processes.
 * All answers are courtesies. `false` means that the queue could not take it; the row is there, and the sweeper finds it.
 */
export interface Timers {
  /** Wakes a lane now (0) or after a delay. Wakes of one lane collapse; one that comes while the lane is awake wakes it again after. */
  later(wake: Wake, delayMs: number): Promise<boolean>
  /** Wakes a lane again and again. Safe to repeat at any time, which also mends a queue that was wiped. */
  every(wake: Wake, everyMs: number): Promise<boolean>
  /** Ends `every`. Wakes on their way still arrive. */
  forget(wake: Wake): Promise<boolean>
  /** Waits for what is awake, then leaves no connection. */
  close(): Promise<void>
}

export interface TimersOptions {
  readonly databaseUrl: string
  readonly redisUrl: string | null
  /** Few, named by who is slow. Each costs up to five connections to PostgreSQL, or three to Redis. */
  readonly queues: readonly string[]
  readonly onWake: (wake: Wake) => Promise<void>
  readonly log: Log
}

const queuesMax = 12
const delayMsMax = 30 * 24 * 3_600_000
const closeMsMax = 5_000
const everyMsMin = 100
const overdueMsMax = 60_000
const dropped = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const

/** Opens the queues and starts listening. The tables are there already when they are PostgreSQL's (migrations). @throws Error when it cannot connect. */
export async function openTimers(options: TimersOptions): Promise<Timers> {
  if (options.queues.length > queuesMax)
    throw new RangeError(`at most ${queuesMax} queues, got ${options.queues.length}`)
  const backend =
    options.redisUrl === null ? postgresBackend(options.databaseUrl) : await redisBackend(options.redisUrl)
  const complain = openComplaints(options.log)
  const queues = new Map(options.queues.map((name) => [name, openQueue(backend, name, complain)]))
  const workers: Worker[] = []
  const running = new Set<Promise<void>>()
  const close = async () => {
    const force = await backend.away()
    const letGo = async () => {
      if (force) await Promise.all(running)
      await Promise.all(workers.map((worker) => worker.close(force)))
      await Promise.all([...queues.values()].map((queue) => queue.close()))
    }
    await Promise.race([letGo(), idleFor(running, closeMsMax)])
    backend.close()
  }
  try {
    await Promise.all([...queues.values()].map((queue) => queue.waitUntilReady()))
    workers.push(...options.queues.map((name) => openWorker({ ...options, backend, complain, queues, running }, name)))
    await Promise.all(workers.map((worker) => worker.waitUntilReady()))
  } catch (cause) {
    await close()
    throw cause
  }
  return { ...verbs(queues, complain), close }
}

/** BullMQ waits for a store that goes away while it closes; our stop does not, once our own work is done. */
async function idleFor(running: ReadonlySet<Promise<void>>, ms: number): Promise<void> {
  do {
    await Promise.all(running)
    await sleep(ms, undefined, { ref: false })
  } while (running.size > 0)
}

type Complain = ReturnType<typeof openComplaints>

function openQueue(backend: Backend, name: string, complain: Complain): Queue {
  const queue = backend.openQueue(name)
  queue.on('error', (error) => complain(name, error))
  return queue
}

function verbs(queues: ReadonlyMap<string, Queue>, complain: Complain): Omit<Timers, 'close'> {
  const attempt = async (wake: Wake, work: (queue: Queue) => Promise<unknown>): Promise<boolean> => {
    const queue = queues.get(wake.queue)
    if (!queue) throw new RangeError(`there is no queue "${wake.queue}", only ${[...queues.keys()].join(', ')}`)
    try {
      await work(queue)
      return true
    } catch (cause) {
      complain(wake.queue, cause)
      return false
    }
  }
  return {
    later: (wake, delayMs) =>
      attempt(wake, (queue) => (delayMs > 0 ? addAlarm(queue, wake, delayMs) : addWake(queue, wake))),
    every: (wake, everyMs) => attempt(wake, (queue) => schedule(queue, wake, everyMs)),
    forget: (wake) => attempt(wake, (queue) => queue.removeJobScheduler(laneOf(wake))),
  }
}

/** Only these run a lane, so that keepLastIfActive speaks for all: one at a time in all processes, and never the last one lost. */
async function addWake(queue: Queue, wake: Wake): Promise<void> {
  await queue.add('wake', wake, { ...dropped, deduplication: { id: laneOf(wake), keepLastIfActive: true } })
}

/**
 * An alarm adds a wake when it rings. It is known by lane and moment, not by lane alone: a later wish must not swallow
 * an earlier one, nor a ringing alarm the one that its lane sets meanwhile.
 */
async function addAlarm(queue: Queue, wake: Wake, delayMs: number): Promise<void> {
  const now = Date.now()
  const at = alarmAt(now, Math.min(delayMs, delayMsMax))
  await queue.add('alarm', wake, { ...dropped, delay: at - now, jobId: `${laneOf(wake)}.${at}` })
}

async function schedule(queue: Queue, wake: Wake, everyMs: number): Promise<void> {
  const every = Math.max(everyMsMin, Math.round(everyMs))
  const known = await queue.getJobScheduler(laneOf(wake))
  // Told again, BullMQ would start the interval anew: a schedule repeated faster than it ticks would never tick.
  if (known?.every === every && known.next !== undefined && known.next > Date.now() - every - overdueMsMax) return
  await queue.upsertJobScheduler(laneOf(wake), { every }, { name: 'alarm', data: wake, opts: dropped })
}

interface WorkerParts extends Pick<TimersOptions, 'onWake'> {
  readonly backend: Backend
  readonly complain: Complain
  readonly queues: ReadonlyMap<string, Queue>
  /** What is awake now. */
  readonly running: Set<Promise<void>>
}

function openWorker({ backend, complain, queues, running, onWake }: WorkerParts, name: string): Worker {
  const wakeUp = async (job: { readonly name: string; readonly data: unknown }): Promise<void> => {
    const wake = Wake.safeParse(job.data)
    const queue = queues.get(name)
    if (!wake.success || !queue) return complain(name, new Error('a job that is not a wake-up was dropped'))
    try {
      await (job.name === 'wake' ? onWake(wake.data) : addWake(queue, wake.data))
    } catch (cause) {
      complain(name, cause) // a job never fails: rows decide what is left to do
    }
  }
  const worker = backend.openWorker(name, async (job) => {
    const run = wakeUp(job)
    running.add(run)
    await run
    running.delete(run)
  })
  worker.on('error', (error) => complain(name, error))
  return worker
}
