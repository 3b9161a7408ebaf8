/** Each merchant is audited once an hour, by one of the workers, and about once a day as a whole. */
import { audits } from '../audit/audits.ts'
import { openLook } from '../audit/look.ts'
import { type Look, runAudits, type Verdict } from '../audit/run-audits.ts'
import { showRow } from '../audit/shown.ts'
import { raiseExceptions, resolveExceptions } from '../journal/record.ts'
import { dueLanes, fence, type LaneKey, type Lease, ownLanes, returnLane, takeLane } from '../platform/db/lane.ts'
import { withClaimTx, withTenantTx } from '../platform/db/tx.ts'
import type { LaneDeps } from './deps.ts'

export interface AuditRound {
  /** Audits the merchants whose time has come; returns how many. */
  run(): Promise<number>
  /** Ends with the look that is under way. */
  stop(): Promise<void>
}
type Deps = Pick<LaneDeps, 'db' | 'ports' | 'log' | 'metrics'>

const kind = 'audit'
const hourMs = 3_600_000
const perRound = 50
const budgetMs = 600_000
/** Longer than the budget and its last look: nobody takes over from a holder that lives. */
const leaseMs = 900_000
/** What another process looked at meanwhile is no longer ours to tell. */
const tellMs = 2 * hourMs
const rowsTold = 5

interface Told {
  readonly atMs: number
  readonly verdicts: readonly Verdict[]
}
interface State extends Deps {
  readonly told: Map<string, Told>
  stopping: boolean
}

export function openAuditRound(deps: Deps): AuditRound {
  const state: State = { ...deps, told: new Map(), stopping: false }
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

async function round(state: State): Promise<number> {
  const due = await withClaimTx(state.db, async (tx) => {
    await ownLanes(tx, kind)
    return dueLanes(tx, [kind], perRound)
  })
  let done = 0
  for (const key of due) {
    if (state.stopping) break
    try {
      if (await auditOne(state, key)) done++
    } catch (error) {
      // Its lease runs out by itself, and the others need not wait for that.
      state.log.warn({ err: error, merchantId: key.merchantId }, 'audit.failed')
    }
  }
  tell(state)
  return done
}

async function auditOne(state: State, key: LaneKey): Promise<boolean> {
  const { db, ports, log, metrics } = state
  const lease = await takeLane(db, key, false, leaseMs)
  if (!lease) return false
  const untilMs = ports.clock.ms() + budgetMs
  const look = openLook(db, key.merchantId)
  const full = isWholeHour(key.merchantId, ports.clock.now()) || (await openOnes(look))
  const goOn = () => !state.stopping && ports.clock.ms() < untilMs
  const verdicts = await runAudits({ audits, look, full, goOn })
  await settle(state, lease, verdicts)
  await returnLane(db, lease, hourMs)
  state.told.set(key.merchantId, { atMs: ports.clock.ms(), verdicts })
  for (const { audit, state: end, reason, rows } of verdicts) {
    metrics.auditRuns.inc({ outcome: end })
    if (end === 'broken')
      log.error({ audit: audit.name, merchantId: key.merchantId, violations: rows.length }, 'audit.broken')
    if (end === 'unfinished') log.warn({ audit: audit.name, merchantId: key.merchantId, reason }, 'audit.unfinished')
  }
  metrics.auditLastRun.set(ports.clock.now().getTime() / 1_000)
  return true
}

/** One hour of each day, another for each merchant. */
const isWholeHour = (merchantId: string, now: Date): boolean =>
  Math.floor(now.getTime() / hourMs) % 24 === Number.parseInt(merchantId.slice(-4), 16) % 24

/** What is said to be broken is judged by all its rows, or it would count as kept as soon as they are old. */
const openOnes = (look: Look): Promise<ReadonlySet<string>> =>
  look(async (tx) => {
    const rows = await tx.rows<{ name: string }>(
      `select substr(dedupe_key, 9) as name from exception where merchant_id = $1 and kind = 'promise_broken' and resolved_at is null`,
      [tx.merchantId],
    )
    return new Set(rows.map((row) => row.name))
  })

/** A broken promise stands before a person until a look at all its rows finds none. */
async function settle({ db }: State, lease: Lease, verdicts: readonly Verdict[]): Promise<void> {
  const broken = verdicts.filter((verdict) => verdict.state === 'broken')
  const kept = verdicts.filter((verdict) => verdict.state === 'kept' && verdict.all)
  if (broken.length + kept.length === 0) return
  await withTenantTx(db, lease.merchantId, async (tx) => {
    await fence(tx, lease)
    await raiseExceptions(
      tx,
      broken.map(({ audit, rows, more }) => ({
        kind: 'promise_broken',
        dedupeKey: `promise.${audit.name}`,
        subjectKind: 'merchant',
        subjectId: lease.merchantId,
        detail: {
          promise: audit.id,
          audit: audit.name,
          means: audit.means,
          mend: audit.mend,
          violations: more ? `more than ${rows.length}` : rows.length,
          rows: rows.slice(0, rowsTold).map(showRow),
        },
      })),
    )
    await resolveExceptions(
      tx,
      kept.map(({ audit }) => `promise.${audit.name}`),
    )
  })
}

function tell({ told, ports, metrics }: State): void {
  const sums = new Map(audits.map(({ name }) => [name, 0]))
  for (const [merchantId, { atMs, verdicts }] of told) {
    if (ports.clock.ms() - atMs > tellMs) told.delete(merchantId)
    else for (const { audit, rows } of verdicts) sums.set(audit.name, (sums.get(audit.name) ?? 0) + rows.length)
  }
  for (const [audit, violations] of sums) metrics.auditViolations.set({ audit }, violations)
}
