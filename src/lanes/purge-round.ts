/** What is over is let go of, merchant by merchant, about once an hour, by one of the workers. Nothing waits for it. */
import { purgeAnswers } from '../api/transactions.ts'
import type { Config } from '../config.ts'
import { purgeConsents } from '../connections/consent.ts'
import { purgeEffects } from '../effects/purge-effects.ts'
import { carryOutErasures } from '../flows-privacy.ts'
import { purgeFiles } from '../fulfillment/purge-files.ts'
import { purgeMessages } from '../inbox/purge-messages.ts'
import { purgeChanges } from '../inventory/purge-changes.ts'
import { purgeExceptions } from '../journal/purge-exceptions.ts'
import { purgeTimeline } from '../journal/purge-timeline.ts'
import { purgePersons } from '../orders/purge-persons.ts'
import {
  dueLanes,
  fence,
  type LaneKey,
  type Lease,
  LeaseLost,
  ownLanes,
  returnLane,
  takeLane,
} from '../platform/db/lane.ts'
import type { Purged, PurgePage } from '../platform/db/purge.ts'
import { type Tx, withClaimTx, withTenantTx } from '../platform/db/tx.ts'
import type { LaneDeps } from './deps.ts'

export interface PurgeRound {
  /** Purges the merchants whose time has come; returns how many rows went. */
  run(): Promise<number>
  /** Ends with the page that is under way. */
  stop(): Promise<void>
}
type Deps = Pick<LaneDeps, 'db' | 'ports' | 'log' | 'metrics'> & {
  readonly keep: Config['keep']
  rest(ms: number): Promise<void>
}

interface Verb {
  readonly table: string
  readonly keep: keyof Config['keep'] | null
  purge(tx: Tx, page: PurgePage): Promise<Purged>
}

/** Effects before what told of them, messages before their exceptions: what proves goes last. */
const verbs: readonly Verb[] = [
  { table: 'privacy_request', keep: null, purge: carryOutErasures },
  { table: 'inbox_message', keep: 'messagesDays', purge: purgeMessages },
  { table: 'order_person', keep: 'personsDays', purge: purgePersons },
  { table: 'partner_file', keep: null, purge: purgeFiles },
  { table: 'api_answer', keep: null, purge: purgeAnswers },
  { table: 'consent', keep: null, purge: purgeConsents },
  { table: 'stock_change', keep: null, purge: purgeChanges },
  { table: 'effect', keep: 'historyDays', purge: purgeEffects },
  { table: 'timeline_event', keep: 'historyDays', purge: purgeTimeline },
  { table: 'exception', keep: 'historyDays', purge: purgeExceptions },
]

const kind = 'purge'
const hourMs = 3_600_000
const perRound = 100
/** With its body a message is some ten rows: a page takes tens of milliseconds. */
const pageMax = 250
const budgetMs = 60_000
/** Longer than the budget and its last page: nobody takes over from a holder that lives. */
const leaseMs = 180_000
/** For what has no setting: long after its last reader. */
const usualDays = 7
/** The database is somebody else's as long as it was ours. */
const restMsMax = 1_000

export function openPurgeRound(deps: Deps): PurgeRound {
  const state = { ...deps, stopping: false }
  let running: Promise<number> = Promise.resolve(0)
  return {
    run: () => {
      running = round(state)
      return running
    },
    stop: async () => {
      state.stopping = true
      await running.catch(() => undefined)
    },
  }
}

interface State extends Deps {
  stopping: boolean
}

async function round(state: State): Promise<number> {
  const due = await withClaimTx(state.db, async (tx) => {
    await ownLanes(tx, kind)
    return dueLanes(tx, [kind], perRound)
  })
  let rows = 0
  for (const key of due) {
    if (state.stopping) break
    try {
      rows += await purgeOne(state, key)
    } catch (error) {
      // Its lease runs out by itself, and the others need not wait for that.
      state.log.warn({ err: error, merchantId: key.merchantId }, 'purge.failed')
    }
  }
  return rows
}

async function purgeOne(state: State, key: LaneKey): Promise<number> {
  const { db, ports } = state
  const lease = await takeLane(db, key, false, leaseMs)
  if (!lease) return 0
  const untilMs = ports.clock.ms() + budgetMs
  const goOn = () => !state.stopping && ports.clock.ms() < untilMs
  let rows = 0
  for (const verb of verbs) if (goOn()) rows += await purgeTable(state, { lease, verb, goOn })
  // What is left over comes after the merchants that wait.
  await returnLane(db, lease, goOn() ? hourMs : 0)
  return rows
}

/** Page by page, each in a transaction of its own: whoever is killed here has lost nothing but its last page. */
async function purgeTable(
  state: State,
  { lease, verb, goOn }: { readonly lease: Lease; readonly verb: Verb; readonly goOn: () => boolean },
): Promise<number> {
  const { db, ports, keep, log, metrics } = state
  const keepDays = verb.keep === null ? usualDays : keep[verb.keep]
  let rows = 0
  try {
    for (let after: string | null = null; ; ) {
      const from = ports.clock.ms()
      const page: Purged = await withTenantTx(db, lease.merchantId, async (tx) => {
        await fence(tx, lease)
        return verb.purge(tx, { keepDays, after, limit: pageMax })
      })
      rows += page.rows
      metrics.purgedRows.inc({ table: verb.table }, page.rows)
      if (page.next === null || !goOn()) return rows
      after = page.next
      await state.rest(Math.min(ports.clock.ms() - from, restMsMax))
    }
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    // One table that cannot be purged keeps the others from nothing.
    log.warn({ err: error, merchantId: lease.merchantId, table: verb.table }, 'purge.failed')
    return rows
  }
}
