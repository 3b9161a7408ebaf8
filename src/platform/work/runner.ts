import { setTimeout as sleep } from 'node:timers/promises'
import type { Ports } from '../base/ports.ts'
import {
  extendLease,
  freeLanes,
  type LaneKey,
  type Lease,
  LeaseLost,
  orphanedLanes,
  returnLane,
  takeLane,
} from '../db/lane.ts'
import type { Db } from '../db/pool.ts'
import { type DoorTx, withClaimTx } from '../db/tx.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'

/** A lease kept alive by heartbeats. `untilMs`: when it ends by the ports' clock, unless prolonged. */
export interface HeldLease extends Lease {
  untilMs(): number
  /** Its full length: after so long no call of a lost holder is still awaited. */
  readonly lengthMs: number
}

/** How a turn of a lane ended. `again`: more is waiting now. `dueInMs`: look again then; null: at the next wake. */
export interface Turn {
  readonly again: boolean
  readonly dueInMs: number | null
  /** More was waiting than one turn takes: resting would only let it grow. */
  readonly full?: boolean
  /** Scheduled lanes: not before this. */
  readonly restMs?: number
  /** The far side asked to wait, or is not there: not before this, whatever wakes the lane meanwhile. */
  readonly holdMs?: number
}

/** One kind of work. Facts decide: `due` finds lanes by rows, whatever became of the wake-ups. */
export interface LaneKind {
  readonly kind: string
  /** Lanes of this kind that run at once in this process. */
  readonly concurrency: number
  /** A scheduled lane runs when its own time has come; the others whenever there is work. */
  readonly scheduled: boolean
  /** Work that arrives during a rest costs nothing more: a busy lane rests as long as its last turn took, unless that was full. */
  readonly coalesces?: boolean
  work(lease: HeldLease): Promise<Turn>
  /** Lanes with work that is waiting for longer than `olderMs`, of all or of `only` one. Key and due columns only. */
  due(tx: DoorTx, olderMs: number, limit: number, only?: LaneKey): Promise<LaneKey[]>
}

export interface Runner {
  /** There may be work. Cheap, never throws, and safe to repeat. `early`: do not wait for the lane's own time. */
  wake(key: LaneKey, early?: boolean): void
  /** Looks at the rows themselves; returns how many lanes nobody had announced. */
  sweep(): Promise<number>
  /** Waits for running turns; takes no new ones. */
  stop(): Promise<void>
}

export interface RunnerDeps {
  readonly db: Db
  readonly ports: Ports
  readonly log: Log
  readonly metrics: Pick<Metrics, 'foundBySweeper' | 'laneRuns'>
  readonly kinds: readonly LaneKind[]
  readonly leaseMs: number
  /** Wakes a lane later, in whatever process. */
  later(key: LaneKey, delayMs: number): void
}

const turnsMax = 10_000
const sweepLimit = 200
// A busy machine rings its alarms late; what nobody announced within this was announced by nobody.
const graceMs = 5_000
const restMsMax = 100
/** A lane that has had this long goes on after those that wait for its place. */
const sliceMs = 500
/** Longer waits are the rows' own business, so that a person's mend is not ignored for hours. */
const holdMsMax = 60_000
const backoffMsMax = 60_000
const stopPollMs = 25
const stopPollsMax = 1_200

interface Waiting {
  readonly key: LaneKey
  readonly early: boolean
}
interface Running {
  readonly merchantId: string
  again: boolean
}
interface Slot {
  readonly kind: LaneKind
  readonly waiting: Map<string, Waiting>
  readonly running: Map<string, Running>
  /** Lanes that must not run yet, and whether they were woken meanwhile. */
  readonly held: Map<string, { woken: boolean }>
  /** The merchant whose lane began last. */
  last: string | null
}
interface State extends RunnerDeps {
  readonly slots: ReadonlyMap<string, Slot>
  readonly failures: Map<string, number>
  stopping: boolean
}

const nameOf = (key: LaneKey) => `${key.merchantId} ${key.connectionId} ${key.kind}`

/** Runs lanes: one holder each, several lanes of a kind at once, and never the last wake lost. */
export function openRunner(deps: RunnerDeps): Runner {
  const slots = new Map(
    deps.kinds.map((kind): [string, Slot] => [
      kind.kind,
      { kind, waiting: new Map(), running: new Map(), held: new Map(), last: null },
    ]),
  )
  const state: State = { ...deps, slots, failures: new Map(), stopping: false }
  return {
    wake: (key, early = true) => wake(state, key, early),
    sweep: () => sweep(state),
    stop: async () => {
      state.stopping = true
      const busy = () => [...slots.values()].some((slot) => slot.running.size > 0)
      for (let n = 0; n < stopPollsMax && busy(); n++) await new Promise((resolve) => setTimeout(resolve, stopPollMs))
    },
  }
}

function wake(state: State, key: LaneKey, early: boolean): void {
  const slot = state.slots.get(key.kind)
  if (!slot || state.stopping) return
  const name = nameOf(key)
  const running = slot.running.get(name)
  const held = slot.held.get(name)
  if (running) running.again ||= early
  else if (held) held.woken = true
  else slot.waiting.set(name, { key, early: early || slot.waiting.get(name)?.early === true })
  startWaiting(state, slot)
}

/**
 * The lane whose turn it is: of those who wait the one whose merchant has the fewest running and was not the last to
 * begin, the longest waiting first.
 * Where all places are taken there is one more for a merchant with none, as long as another has several.
 */
function nextOf({ kind, waiting, running, last }: Slot): readonly [string, Waiting] | null {
  const places = kind.concurrency - running.size
  if (places < 0) return null
  const has = new Map<string, number>()
  for (const { merchantId } of running.values()) has.set(merchantId, (has.get(merchantId) ?? 0) + 1)
  let best: { readonly found: readonly [string, Waiting]; readonly after: number } | null = null
  for (const found of waiting) {
    if (running.has(found[0])) continue
    const { merchantId } = found[1].key
    const after = (has.get(merchantId) ?? 0) + (merchantId === last ? 0.5 : 0)
    if (best === null || after < best.after) best = { found, after }
    if (after === 0) break
  }
  if (best === null) return null
  const several = () => [...has.values()].some((count) => count > 1)
  return places > 0 || (best.after < 1 && several()) ? best.found : null
}

function startWaiting(state: State, slot: Slot): void {
  for (let next = nextOf(slot); next !== null && !state.stopping; next = nextOf(slot)) {
    const [name, wanted] = next
    slot.waiting.delete(name)
    slot.last = wanted.key.merchantId
    const running: Running = { merchantId: wanted.key.merchantId, again: false }
    slot.running.set(name, running)
    void runLane(state, slot, wanted, running).finally(() => {
      slot.running.delete(name)
      const held = slot.held.get(name)
      if (held) held.woken ||= running.again
      else if (running.again) slot.waiting.set(name, { key: wanted.key, early: true })
      startWaiting(state, slot)
    })
  }
}

/** Takes the lane, works until it is dry, gives it back, and looks once more: a wake that found it taken is answered here. */
async function runLane(state: State, slot: Slot, wanted: Waiting, running: Running): Promise<void> {
  const { key } = wanted
  const { kind } = slot
  try {
    const askedAt = state.ports.clock.ms()
    const lease = await takeLane(state.db, key, wanted.early, state.leaseMs)
    if (!lease) return
    const turn = await takeTurns(state, slot, { lease, askedAt, running }).catch((error: unknown): Turn => {
      if (error instanceof LeaseLost) throw error
      const backoffMs = failed(state, key, error)
      return { again: false, dueInMs: backoffMs, restMs: 0, holdMs: backoffMs }
    })
    if (turn.holdMs !== undefined) hold(state, slot, key, turn.holdMs)
    await returnLane(state.db, lease, turn.restMs ?? 0)
    state.metrics.laneRuns.inc({ kind: key.kind, outcome: 'done' })
    if (turn.dueInMs !== null) state.later(key, turn.dueInMs)
    if (turn.again) running.again = true
    // A wake may come while the rows are asked: the answer must not overwrite it.
    const look = !kind.scheduled && !running.again && turn.holdMs === undefined
    if (look && (await isWaiting(state, kind, key))) running.again = true
  } catch (error) {
    if (error instanceof LeaseLost) state.metrics.laneRuns.inc({ kind: key.kind, outcome: 'lost' })
    else state.later(key, failed(state, key, error))
  }
}

/** A wake that comes while the lane is held is kept until it may run. */
function hold(state: State, slot: Slot, key: LaneKey, ms: number): void {
  const name = nameOf(key)
  const held = { woken: false }
  slot.held.set(name, held)
  setTimeout(
    () => {
      slot.held.delete(name)
      if (held.woken) wake(state, key, true)
    },
    Math.min(ms, holdMsMax),
  ).unref()
}

/** The lease is counted from before it was asked for: the server's clock began earlier than its answer came. */
async function takeTurns(
  state: State,
  { kind, waiting }: Slot,
  { lease, askedAt, running }: { readonly lease: Lease; readonly askedAt: number; readonly running: Running },
): Promise<Turn> {
  const { leaseMs } = state
  let untilMs = askedAt + leaseMs
  const prolong = async () => {
    const asked = state.ports.clock.ms()
    await extendLease(state.db, lease, leaseMs)
    untilMs = asked + leaseMs
  }
  const beat = setInterval(() => void prolong().catch(() => undefined), leaseMs / 4)
  const held: HeldLease = { ...lease, untilMs: () => untilMs, lengthMs: leaseMs }
  try {
    for (let n = 0; n < turnsMax; n++) {
      running.again = false
      const from = state.ports.clock.ms()
      const turn = await kind.work(n === 0 ? held : { ...held, tookOver: false })
      state.failures.delete(nameOf(lease))
      if (state.stopping || turn.holdMs !== undefined || !(turn.again || running.again)) return turn
      const now = state.ports.clock.ms()
      if (waiting.size > 0 && now - askedAt > sliceMs) return { ...turn, again: true }
      if (kind.coalesces && !turn.full && waiting.size === 0) await sleep(Math.min(now - from, restMsMax))
      // The next turn may find nothing due yet and ask for nothing: what this one asked for must not be forgotten.
      const { merchantId, connectionId } = lease
      if (turn.dueInMs !== null) state.later({ merchantId, connectionId, kind: kind.kind }, turn.dueInMs)
    }
    return { again: true, dueInMs: null }
  } finally {
    clearInterval(beat)
  }
}

function failed(state: State, key: LaneKey, error: unknown): number {
  const attempt = (state.failures.get(nameOf(key)) ?? 0) + 1
  state.failures.set(nameOf(key), attempt)
  const nextMs = Math.round(Math.min(backoffMsMax, 250 * 2 ** attempt) * (0.5 + state.ports.rng.unit()))
  const { kind, merchantId, connectionId } = key
  state.log.error({ err: error, kind, merchantId, connectionId, attempt, nextMs }, 'lane.failed')
  state.metrics.laneRuns.inc({ kind, outcome: 'failed' })
  return nextMs
}

async function isWaiting(state: State, kind: LaneKind, key: LaneKey): Promise<boolean> {
  const due = await withClaimTx(state.db, (tx) => kind.due(tx, 0, 1, key))
  return due.some((other) => other.merchantId === key.merchantId && other.connectionId === key.connectionId)
}

/** The safety net below all wake-ups. What it finds was announced by nobody, and is counted. */
async function sweep(state: State): Promise<number> {
  let found = 0
  for (const slot of state.slots.values()) {
    const { due, orphaned } = await withClaimTx(state.db, async (tx) => {
      const orphaned = await orphanedLanes(tx, slot.kind.kind, sweepLimit)
      // A lane that another process is busy with has rows that are due, too.
      const due = await freeLanes(tx, [...(await slot.kind.due(tx, graceMs, sweepLimit)), ...orphaned])
      return { due, orphaned: new Set(orphaned.map(nameOf)) }
    })
    for (const key of due) {
      const name = nameOf(key)
      if (slot.running.has(name) || slot.waiting.has(name) || slot.held.has(name)) continue
      found++
      state.metrics.foundBySweeper.inc({ kind: key.kind })
      const { kind, merchantId, connectionId } = key
      state.log.warn({ kind, merchantId, connectionId }, 'lane.found-by-sweeper')
      // What a lost holder was doing does not wait for a scheduled lane's own time.
      wake(state, key, !slot.kind.scheduled || orphaned.has(name))
    }
  }
  return found
}
