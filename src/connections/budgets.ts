import { setTimeout as systemSleep } from 'node:timers/promises'
import type { Allowance } from '../connector-kit/connector.ts'
import { ChannelError } from '../connector-kit/errors.ts'
import type { Budget } from '../connector-kit/manifest.ts'
import type { Clock } from '../platform/base/ports.ts'

/** Which allowance, and how much of it for how long a wait. */
export interface Want {
  readonly connector: string
  readonly connectionId: string
  readonly budget: Budget
  readonly cost: number
  readonly waitMsMax: number
  readonly signal: AbortSignal
}
export interface Budgets {
  /**
   * Waits for tokens and a free place, then gives the function that frees the place again.
   * @throws ChannelError rate_limited when the wait would be too long; transient when stopped
   */
  take(want: Want): Promise<() => void>
  /** The far side said to wait: nobody draws on this allowance before. */
  pause(want: Pick<Want, 'connector' | 'connectionId' | 'budget'>, ms: number): void
  /** The far side told its own count: from now on that one is kept, instead of the manifest's guess. */
  learn(want: Pick<Want, 'connector' | 'connectionId' | 'budget'>, allowance: Allowance): void
  /** What is left now, as far as this process knows; null: it never drew on it. */
  left(want: Pick<Want, 'connector' | 'connectionId' | 'budget'>): Pick<Allowance, 'available' | 'perSecond'> | null
}

interface Bucket {
  tokens: number
  perSecond: number
  burst: number
  filledAt: number
  pausedUntil: number
  busy: number
  readonly queue: (() => void)[]
}
type Sleep = (ms: number, value: undefined, options: { signal: AbortSignal }) => Promise<void>
interface Deps {
  readonly clock: Clock
  readonly sleep?: Sleep
}

const bucketsMax = 50_000
const placeRetryMs = 1_000

function keyOf({ connector, connectionId, budget }: Pick<Want, 'connector' | 'connectionId' | 'budget'>): string {
  return `${budget.scope === 'app' ? connector : connectionId}.${budget.id}`
}

function limited(budget: Budget, retryAfterMs: number): ChannelError {
  return new ChannelError('rate_limited', `the hub's own allowance "${budget.id}" is used up for now`, { retryAfterMs })
}

function stopped(): ChannelError {
  return new ChannelError('transient', 'stopped while waiting for its turn; nothing was sent')
}

function refill(bucket: Bucket, nowMs: number): void {
  const gained = ((nowMs - bucket.filledAt) / 1_000) * bucket.perSecond
  bucket.tokens = Math.min(bucket.burst, bucket.tokens + gained)
  bucket.filledAt = nowMs
}

function waitMs(bucket: Bucket, want: { cost: number; nowMs: number }): number {
  const lack = Math.max(0, want.cost - bucket.tokens)
  return Math.ceil(Math.max((lack / bucket.perSecond) * 1_000, bucket.pausedUntil - want.nowMs, 0))
}

/** True when a place came free in time; then the caller must `leave`. */
async function enter(bucket: Bucket, want: Want, wait: { leftMs: number; sleep: Sleep }): Promise<boolean> {
  if (bucket.busy < want.budget.concurrentMax) {
    bucket.busy++
    return true
  }
  const turn = Promise.withResolvers<boolean>()
  const enterNow = () => turn.resolve(true)
  bucket.queue.push(enterNow)
  const over = new AbortController()
  const giveUp = () => {
    const at = bucket.queue.indexOf(enterNow)
    if (at !== -1) bucket.queue.splice(at, 1)
    turn.resolve(false)
  }
  wait.sleep(wait.leftMs, undefined, { signal: AbortSignal.any([want.signal, over.signal]) }).then(giveUp, giveUp)
  const entered = await turn.promise
  over.abort()
  return entered
}

// The place goes straight to the next in line, so `busy` stays as it is.
function leave(bucket: Bucket): void {
  const next = bucket.queue.shift()
  if (next) next()
  else bucket.busy--
}

/** Token buckets and places of this process, one for each connection and budget (one for all where its scope is the app). */
export function openBudgets({ clock, sleep = systemSleep }: Deps): Budgets {
  const buckets = new Map<string, Bucket>()

  const bucketOf = (want: Pick<Want, 'connector' | 'connectionId' | 'budget'>): Bucket => {
    const key = keyOf(want)
    const known = buckets.get(key)
    if (known) return known
    if (buckets.size >= bucketsMax) dropIdle()
    const { perSecond, burst } = want.budget
    const fresh = { tokens: burst, perSecond, burst, filledAt: clock.ms(), pausedUntil: 0, busy: 0, queue: [] }
    buckets.set(key, fresh)
    return fresh
  }
  // A bucket nobody drew on for a minute is full again for every budget we know, so forgetting it changes nothing.
  const dropIdle = () => {
    const before = clock.ms() - 60_000
    for (const [key, b] of buckets)
      if (b.busy === 0 && b.filledAt < before && b.pausedUntil < before) buckets.delete(key)
  }
  return {
    async take(want) {
      const { budget } = want
      if (want.signal.aborted) throw stopped()
      const bucket = bucketOf(want)
      const startedMs = clock.ms()
      refill(bucket, startedMs)
      // A call dearer than the whole burst would never fit; it pays all there can be.
      const cost = Math.min(want.cost, bucket.burst)
      const wait = waitMs(bucket, { cost, nowMs: startedMs })
      if (wait > want.waitMsMax) throw limited(budget, wait)
      bucket.tokens -= cost
      if (wait > 0) await sleep(wait, undefined, { signal: want.signal }).catch(() => undefined)
      const entered = !want.signal.aborted && (await enter(bucket, want, { leftMs: want.waitMsMax - wait, sleep }))
      if (entered) {
        const once = { left: false }
        return () => {
          if (!once.left) leave(bucket)
          once.left = true
        }
      }
      bucket.tokens += cost
      throw want.signal.aborted ? stopped() : limited(budget, placeRetryMs)
    },
    learn(want, { available, perSecond, burst }) {
      if (!(perSecond > 0 && burst > 0)) return
      const bucket = bucketOf(want)
      Object.assign(bucket, { perSecond, burst, filledAt: clock.ms() })
      // What others took meanwhile is not in the answer yet: never more than both counts allow, unless the far side has more room.
      bucket.tokens = Math.min(available, burst)
    },
    left(want) {
      const bucket = buckets.get(keyOf(want))
      if (!bucket) return null
      refill(bucket, clock.ms())
      return { available: Math.max(0, bucket.tokens), perSecond: bucket.perSecond }
    },
    pause(want, ms) {
      const bucket = bucketOf(want)
      bucket.pausedUntil = Math.max(bucket.pausedUntil, clock.ms() + ms)
    },
  }
}
