/** The worker role: lanes, what wakes them, and the sweeper that needs no waking. */
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCtx } from './connections/ctx.ts'
import type { Base } from './hub.ts'
import { type AuditRound, openAuditRound } from './lanes/audit-round.ts'
import type { LaneDeps } from './lanes/deps.ts'
import { everyMsOf, type LaneName, laneKinds, lanesWoken, queueOf, queues } from './lanes/kinds.ts'
import { openPurgeRound, type PurgeRound } from './lanes/purge-round.ts'
import { analyzeYoung } from './platform/db/analyze-young.ts'
import type { LaneKey } from './platform/db/lane.ts'
import { withClaimTx } from './platform/db/tx.ts'
import { openTimers, type Timers } from './platform/queue/timers.ts'
import { openEar, type Ring } from './platform/work/bell.ts'
import { openRunner } from './platform/work/runner.ts'

export interface Worker {
  /** Something may be waiting: run its lanes here, and tell the other workers. */
  hear(ring: Ring): void
  stop(): Promise<void>
}

const sweepEveryMs = 1_000
const upkeepEveryMs = 15_000
const auditEveryMs = 60_000
const purgeEveryMs = 60_000
/** BullMQ's delays are for seconds and more; nearer than this a plain timer is exact, and as safe: rows decide. */
const nearMs = 2_000

interface Directory {
  of(merchantId: string): readonly { readonly connectionId: string; readonly connector: string }[]
  /** True when a connection came or went. */
  refresh(): Promise<boolean>
}

/** Which connections there are, read anew every few seconds: ids and kinds only. */
function openDirectory(base: Base): Directory {
  let known = new Map<string, { connectionId: string; connector: string }[]>()
  let names = ''
  return {
    of: (merchantId) => known.get(merchantId) ?? [],
    refresh: async () => {
      const rows = await withClaimTx(base.db, (tx) =>
        tx.rows<{ merchant: string; connectionId: string; connector: string }>(
          `select merchant_id as merchant, connection_id as "connectionId", connector from connection where status = 'active'`,
        ),
      )
      known = Map.groupBy(rows, (row) => row.merchant)
      const before = names
      names = rows
        .map((row) => row.connectionId)
        .sort()
        .join()
      return names !== before
    },
  }
}

/** What a connector is given for one call: its own secrets and budgets, and no longer than the lease. */
const ctxOf =
  (base: Base): LaneDeps['ctx'] =>
  (connection, lease) =>
    makeCtx({
      connectionId: connection.connectionId,
      manifest: connection.connector.manifest,
      secrets: connection.secrets,
      settings: connection.settings,
      egress: base.egress,
      budgets: base.budgets,
      ports: base.ports,
      signal: base.stopping.signal,
      deadlineAt: lease.untilMs(),
    })

export async function openWorker(base: Base): Promise<Worker> {
  const { config, db, ports, log, metrics, connectors } = base
  const directory = openDirectory(base)
  await directory.refresh()
  let timers: Timers | null = null
  const later = (key: LaneKey, delayMs: number) => {
    if (delayMs <= nearMs) setTimeout(() => runner.wake(key), delayMs).unref()
    else void timers?.later({ ...key, queue: queueOf[key.kind as LaneName] }, delayMs)
  }
  const wakeAll = (merchantId: string, kinds: readonly string[]) => {
    for (const { connectionId, connector } of directory.of(merchantId)) {
      for (const kind of lanesWoken(connectors.get(connector)?.manifest.role ?? 'channel', kinds))
        runner.wake({ merchantId, connectionId, kind }, !isScheduled(kind))
    }
  }
  const deps: LaneDeps = {
    db,
    ports,
    log,
    metrics,
    connectors,
    keys: config.keys,
    publicUrl: config.publicUrl,
    wakeAll,
    wake: (key) => runner.wake(key),
    ctx: ctxOf(base),
    budgetLeft: ({ connectionId, connector: { manifest } }) => {
      const [budget] = manifest.budgets
      return budget ? base.budgets.left({ connector: manifest.kind, connectionId, budget }) : null
    },
  }
  const runner = openRunner({
    db,
    ports,
    log,
    metrics,
    later,
    kinds: laneKinds(deps, config.pollEveryS),
    leaseMs: config.laneLeaseMs,
  })
  const hear = (ring: Ring): void => {
    if (!('kinds' in ring)) runner.wake(ring)
    else void changed(ring).catch((error: unknown) => log.warn({ err: error }, 'bell.unheard'))
  }
  /** Something changed for a merchant; a new connection gets its schedules at once, not at the next round. */
  const changed = async (ring: Ring & { readonly kinds: readonly string[] }): Promise<void> => {
    const isNew = await directory.refresh()
    wakeAll(ring.merchantId, ring.kinds)
    if (isNew && timers) await keepSchedules(base, timers)
  }
  timers = await openTimers({
    databaseUrl: base.databaseUrl,
    redisUrl: config.redisUrl,
    queues,
    log,
    onWake: async ({ queue: _, ...key }) => runner.wake(key, !isScheduled(key.kind)),
  })
  const ear = openEar(base.databaseUrl, log, hear)
  const audit = openAuditRound(base)
  const purge = openPurgeRound({ ...base, keep: config.keep, rest: (ms) => sleep(ms) })
  const rounds = startRounds(base, { directory, sweep: runner.sweep, timers, audit, purge })
  return {
    hear,
    stop: async () => {
      rounds.stop()
      await Promise.all([audit.stop(), purge.stop()])
      await ear.close()
      await runner.stop()
      await timers?.close()
    },
  }
}

const isScheduled = (kind: string) => ['poll', 'files', 'listings', 'health', 'login'].includes(kind)

/** Sweeper and upkeep of schedules are timers, not jobs: a flushed queue cannot erase them. */
function startRounds(
  base: Base,
  {
    directory,
    sweep,
    timers,
    audit,
    purge,
  }: {
    readonly directory: Directory
    readonly sweep: () => Promise<number>
    readonly timers: Timers
    readonly audit: AuditRound
    readonly purge: PurgeRound
  },
): { stop(): void } {
  const guarded = (name: string, work: () => Promise<unknown>) => {
    let busy = false
    return () => {
      if (busy) return
      busy = true
      work()
        .catch((error: unknown) => base.log.warn({ err: error }, name))
        .finally(() => {
          busy = false
        })
    }
  }
  const upkeep = async () => {
    await directory.refresh()
    await keepSchedules(base, timers)
  }
  const rounds = [
    setInterval(guarded('sweep.failed', sweep), sweepEveryMs),
    setInterval(guarded('upkeep.failed', upkeep), upkeepEveryMs),
    setInterval(guarded('audit.failed', audit.run), auditEveryMs),
    setInterval(guarded('purge.failed', purge.run), purgeEveryMs),
    setInterval(
      guarded('analyze.failed', () => analyzeYoung(base.db)),
      sweepEveryMs,
    ),
  ]
  void upkeep().catch((error: unknown) => base.log.warn({ err: error }, 'upkeep.failed'))
  return { stop: () => rounds.forEach(clearInterval) }
}

/** Every connection's schedules, written again each round: what a flush or a lost queue took comes back by itself. */
async function keepSchedules(base: Base, timers: Timers): Promise<void> {
  const lanes = await withClaimTx(base.db, (tx) =>
    tx.rows<LaneKey & { connector: string }>(
      `select l.merchant_id as "merchantId", l.connection_id as "connectionId", l.kind, c.connector from lane l
       join connection c on c.merchant_id = l.merchant_id and c.connection_id = l.connection_id and c.status = 'active'`,
    ),
  )
  for (const { connector, ...key } of lanes) {
    const manifest = base.connectors.get(connector)?.manifest
    const everyMs = manifest ? everyMsOf(key.kind as LaneName, manifest, base.config.pollEveryS) : null
    if (everyMs !== null) await timers.every({ ...key, queue: queueOf[key.kind as LaneName] }, everyMs)
  }
}
