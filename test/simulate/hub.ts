import { openBudgets } from '../../src/connections/budgets.ts'
import { makeCtx } from '../../src/connections/ctx.ts'
import { findEndpoint } from '../../src/connections/find-endpoint.ts'
import { cacheEndpoints } from '../../src/inbox/endpoint-cache.ts'
import { openGroupCommit } from '../../src/inbox/group-commit.ts'
import { type Answer, type Arrival, openReceiver } from '../../src/inbox/receive.ts'
import type { LaneDeps } from '../../src/lanes/deps.ts'
import { laneKinds, lanesWoken } from '../../src/lanes/kinds.ts'
import { uuidV7 } from '../../src/platform/base/ids.ts'
import type { Ports } from '../../src/platform/base/ports.ts'
import type { LaneKey } from '../../src/platform/db/lane.ts'
import type { Db } from '../../src/platform/db/pool.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'
import { openRunner, type Runner } from '../../src/platform/work/runner.ts'
import { simulated } from './connectors.ts'
import { streamOf } from './decisions.ts'
import { type Furniture, keys, merchantId } from './furnish.ts'
import { type Actor, anActor, type Loom, running } from './loom.ts'
import type { openNetwork } from './network.ts'
import { epochMs } from './real-database.ts'
import type { Server } from './server.ts'

/** One process of the hub: it can die, with all that it holds in memory, and stand still. */
export interface Process extends Actor {
  readonly db: Db
  readonly ports: Ports
  /** Runs code as this process: its timers and statements are its own. */
  within<T>(work: () => T): T
}
export interface Worker extends Process {
  readonly runner: Runner
}
export interface Door extends Process {
  receive(arrival: Arrival): Promise<Answer>
}

export interface Surroundings {
  readonly loom: Loom
  readonly seed: number
  readonly server: Server
  readonly network: ReturnType<typeof openNetwork>
  readonly furniture: Furniture
  /** Something is waiting: some worker is told, or nobody where the wake-up is lost. */
  ring(keys: readonly LaneKey[]): void
}

const log = createLog({ level: 'silent' })
const metrics = createMetrics()
const leaseMs = 30_000
const nobody = new AbortController().signal

function openProcess({ loom, server, seed }: Surroundings, name: string): Process {
  const rng = streamOf(seed, name)
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(rng() * 256)))
  const actor = anActor(name)
  const ports: Ports = {
    clock: { now: () => new Date(epochMs + loom.now()), ms: () => loom.now() },
    ids: { uuid: () => uuidV7(epochMs + loom.now(), bytes(16)) },
    rng: { unit: rng, bytes },
    failpoints: { hit: async () => undefined },
  }
  const pool = server.pool(actor)
  const db: Db = { url: '', work: pool, ingest: pool, close: async () => undefined }
  return Object.assign(actor, { db, ports, within: <T>(work: () => T) => running.run({ loom, actor }, work) })
}

/** The composition of src/worker.ts, without a queue: rows decide, and the queue is one more thing that may fail. */
export function openWorker(around: Surroundings, name: string): Worker {
  const { loom, network, furniture } = around
  const process = openProcess(around, name)
  const { db, ports } = process
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => void loom.after(process, ms, { label: 'sleep', run: resolve }))
  const budgets = openBudgets({ clock: ports.clock, sleep })
  const egress = network.egressOf(process)
  const connections = [...furniture.shops, furniture.partner]
  const deps: LaneDeps = {
    db,
    ports,
    log,
    metrics,
    connectors: simulated,
    keys,
    publicUrl: 'http://hub',
    wake: (key) => runner.wake(key),
    wakeAll: (_, kinds) => {
      for (const { connectionId, kind } of connections) {
        for (const lane of lanesWoken(simulated.get(kind)?.manifest.role ?? 'channel', kinds))
          runner.wake({ merchantId, connectionId, kind: lane })
      }
    },
    ctx: (connection, lease) =>
      makeCtx({
        connectionId: connection.connectionId,
        manifest: connection.connector.manifest,
        secrets: connection.secrets,
        settings: connection.settings,
        egress,
        budgets,
        ports,
        signal: nobody,
        deadlineAt: lease.untilMs(),
      }),
  }
  const runner = openRunner({
    db,
    ports,
    log,
    metrics,
    kinds: laneKinds(deps, null),
    leaseMs,
    later: (key, delayMs) =>
      void loom.after(process, delayMs, {
        label: `wakes ${key.kind}`,
        run: () => process.within(() => runner.wake(key)),
      }),
  })
  return Object.assign(process, { runner })
}

/** The http role: what channels deliver is stored, and only then answered. */
export function openDoor(around: Surroundings, name: string): Door {
  const process = openProcess(around, name)
  const { db, ports } = process
  const commits = openGroupCommit({
    db,
    ports,
    log,
    onCommitted: (found) => around.ring(found.map((key) => ({ ...key, kind: 'import' }))),
  })
  const find = cacheEndpoints(findEndpoint(db, keys, simulated), ports.clock)
  const receive = openReceiver({ connectors: simulated, findEndpoint: find, store: commits.store, ports, log, metrics })
  return Object.assign(process, { receive })
}
