import type { Ports } from '../base/ports.ts'
import { extendLease, type LaneKey, type Lease, LeaseLost, leaseMs, returnLane, takeLane } from '../db/lane.ts'
import type { Db } from '../db/pool.ts'
import { type DoorTx, withClaimTx } from '../db/tx.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'

/** How a turn of a lane ended. `again`: more is waiting now. `dueInMs`: look again then; null: at the next wake. */
export interface Turn {
  readonly again: boolean
  readonly dueInMs: number | null
}

/** One kind of work. Facts decide: `due` finds lanes by rows, whatever became of the wake-ups. */
export interface LaneKind {
  readonly kind: string
  /** Lanes of this kind that run at once in this process. */
  readonly concurrency: number
  /** A scheduled lane runs when its own time has come; the others whenever there is work. */
  readonly everyMs: number | null
  work(lease: Lease): Promise<Turn>
  /** Lanes with work that is waiting for longer than `olderMs`. Key and due columns only. */
  due(tx: DoorTx, olderMs: number, limit: number): Promise<LaneKey[]>
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
  /** Wakes a lane later, in whatever process. */
  later(key: LaneKey, delayMs: number): void
}

const turnsMax = 10_000
const sweepLimit = 200
const graceMs = 3_000
const backoffMsMax = 60_000

interface Slot {
  readonly kind: LaneKind
  readonly waiting: Map<string, { key: LaneKey; early: boolean }>
  readonly running: Map<string, { again: boolean }>
}

const nameOf = (key: LaneKey) => `${key.merchantId} ${key.connectionId} ${key.kind}`

/** Runs lanes: one holder each, several lanes of a kind at once, and never the last wake lost. */
export function openRunner(deps: RunnerDeps): Runner {
  const slots = new Map(
    deps.kinds.map((kind) => [kind.kind, { kind, waiting: new Map(), running: new Map() } satisfies Slot as Slot]),
  )
  const failures = new Map<string, number>()
  let stopping = false

  const start = (slot: Slot): void => {
    for (const [name, { key, early }] of slot.waiting) {
      if (stopping || slot.running.size >= slot.kind.concurrency) return
      if (slot.running.has(name)) continue
      slot.waiting.delete(name)
      const state = { again: false }
      slot.running.set(name, state)
      void runLane(slot.kind, key, early, state).finally(() => {
        slot.running.delete(name)
        if (state.again) slot.waiting.set(name, { key, early: true })
        start(slot)
      })
    }
  }
  const wake = (key: LaneKey, early = true): void => {
    const slot = slots.get(key.kind)
    if (!slot || stopping) return
    const name = nameOf(key)
    const running = slot.running.get(name)
    if (running) running.again = true
    else slot.waiting.set(name, { key, early: early || slot.waiting.get(name)?.early === true })
    start(slot)
  }

  const fail = (key: LaneKey, error: unknown): number => {
    const count = (failures.get(nameOf(key)) ?? 0) + 1
    failures.set(nameOf(key), count)
    const delayMs = Math.min(backoffMsMax, 250 * 2 ** count) * (0.5 + deps.ports.rng.unit())
    deps.log.error(
      {
        err: error,
        kind: key.kind,
        merchantId: key.merchantId,
        connectionId: key.connectionId,
        attempt: count,
        nextMs: Math.round(delayMs),
      },
      'lane.failed',
    )
    deps.metrics.laneRuns.inc({ kind: key.kind, outcome: 'failed' })
    return delayMs
  }

  const turns = async (kind: LaneKind, lease: Lease, state: { again: boolean }): Promise<Turn> => {
    const beat = setInterval(() => extendLease(deps.db, lease).catch(() => undefined), leaseMs / 3)
    try {
      for (let n = 0; n < turnsMax; n++) {
        state.again = false
        const turn = await kind.work(lease)
        failures.delete(nameOf(lease))
        if (stopping || (!turn.again && !state.again)) return turn
      }
      return { again: true, dueInMs: 0 }
    } finally {
      clearInterval(beat)
    }
  }

  /** Takes the lane, works until it is dry, gives it back. Another holder looks again after giving back, so nothing is lost here. */
  const runLane = async (kind: LaneKind, key: LaneKey, early: boolean, state: { again: boolean }): Promise<void> => {
    try {
      const lease = await takeLane(deps.db, key, early)
      if (!lease) return
      const turn = await turns(kind, lease, state).catch((error: unknown) => {
        if (error instanceof LeaseLost) throw error
        return { again: false, dueInMs: fail(key, error) }
      })
      await returnLane(deps.db, lease, kind.everyMs ?? 0)
      deps.metrics.laneRuns.inc({ kind: key.kind, outcome: 'done' })
      if (turn.dueInMs !== null) deps.later(key, turn.dueInMs)
      else if (kind.everyMs === null && !state.again) state.again = await waitingFor(deps.db, kind, key)
    } catch (error) {
      if (error instanceof LeaseLost) deps.metrics.laneRuns.inc({ kind: key.kind, outcome: 'lost' })
      else deps.later(key, fail(key, error))
    }
  }

  const sweep = async (): Promise<number> => {
    let found = 0
    for (const slot of slots.values()) {
      const due = await withClaimTx(deps.db, (tx) => slot.kind.due(tx, graceMs, sweepLimit))
      for (const key of due) {
        if (slot.running.has(nameOf(key)) || slot.waiting.has(nameOf(key))) continue
        found++
        deps.metrics.foundBySweeper.inc({ kind: key.kind })
        wake(key, slot.kind.everyMs === null)
      }
    }
    return found
  }

  return {
    wake,
    sweep,
    stop: async () => {
      stopping = true
      const busy = () => [...slots.values()].some((slot) => slot.running.size > 0)
      for (let n = 0; n < 1_000 && busy(); n++) await new Promise((resolve) => setTimeout(resolve, 25))
    },
  }
}

/** After giving a lane back: a wake that came while we held it found it taken, so its work is looked for here. */
async function waitingFor(db: Db, kind: LaneKind, key: LaneKey): Promise<boolean> {
  const due = await withClaimTx(db, (tx) => kind.due(tx, 0, 1_000))
  return due.some((other) => other.merchantId === key.merchantId && other.connectionId === key.connectionId)
}
