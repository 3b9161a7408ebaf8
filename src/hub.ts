/** Composition: what a process is made of. Every room gets what it needs here, by hand; nobody looks anything up. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { ApiDeps } from './api/deps.ts'
import { openAccess } from './api/open-access.ts'
import { registerApi } from './api/register.ts'
import type { Config } from './config.ts'
import { openBudgets } from './connections/budgets.ts'
import { makeCtx } from './connections/ctx.ts'
import { findEndpoint } from './connections/find-endpoint.ts'
import type { Connector } from './connector-kit/index.ts'
import { hurryEffects } from './effects/hurry-effects.ts'
import { itemsCreated, mappingChanged, requestRetried, stockAdjusted } from './flows.ts'
import { cancelWanted, orderHeld, orderKept, orderReleased } from './flows-orders.ts'
import { fileHandedIn, shippedByHand } from './flows-partner.ts'
import { privacyAnswered, privacyAsked } from './flows-privacy.ts'
import { connectionMended, modeChanged } from './flows-watch.ts'
import { cacheEndpoints } from './inbox/endpoint-cache.ts'
import { openGroupCommit } from './inbox/group-commit.ts'
import { openReceiver } from './inbox/receive.ts'
import { webhookRoutes } from './inbox/webhook-routes.ts'
import { resolveExceptions } from './journal/record.ts'
import { replayOrder } from './lanes/replay-order.ts'
import { type Ports, systemPorts } from './platform/base/ports.ts'
import { type Db, openDb } from './platform/db/pool.ts'
import { withClaimTx } from './platform/db/tx.ts'
import { type Egress, openEgress } from './platform/egress/open-egress.ts'
import { buildHttp } from './platform/http/build-http.ts'
import { servePages } from './platform/http/serve-pages.ts'
import type { Log } from './platform/observe/log.ts'
import { createMetrics, type Metrics } from './platform/observe/metrics.ts'
import { type Bell, openBell, type Ring } from './platform/work/bell.ts'
import { openHeartbeat } from './platform/work/heartbeat.ts'
import { openWorker, type Worker } from './worker.ts'

export interface HubOptions {
  readonly config: Config
  readonly databaseUrl: string
  readonly connectors: ReadonlyMap<string, Connector>
  readonly log: Log
}

/** What both roles stand on. They share PostgreSQL (and Redis), and nothing in memory that either needs. */
export interface Base extends HubOptions {
  readonly db: Db
  readonly ports: Ports
  readonly metrics: Metrics
  readonly egress: Egress
  readonly bell: Bell
  readonly budgets: ReturnType<typeof openBudgets>
  readonly stopping: AbortController
}

export interface Hub {
  /** Where it listens; null for a worker. */
  readonly address: string | null
  stop(): Promise<void>
}

/** Where `npm run build` puts the console. */
const consoleFolder = fileURLToPath(new URL('../.console', import.meta.url))
const version = readVersion()
const kindsOfChange = ['import', 'push.stock', 'effect', 'listings', 'health', 'poll', 'files', 'login']

function readVersion(): string {
  const { version: said } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')))
  return said
}

/** Opens the parts that the role asks for, in the order in which they need one another. */
export async function openHub(options: HubOptions): Promise<Hub> {
  const { config, log } = options
  const db = openDb(options.databaseUrl, config.pool)
  const ports = systemPorts({ failpoints: config.failpoints })
  const egress = openEgress({ allowHosts: config.devAllowHosts, userAgent: 'Crossdock/0.1' })
  const base: Base = {
    ...options,
    db,
    ports,
    egress,
    metrics: createMetrics({ processMetrics: true }),
    bell: openBell(db, log),
    budgets: openBudgets({ clock: ports.clock }),
    stopping: new AbortController(),
  }
  const heartbeat = openHeartbeat(db, log, { role: config.role, version, startedAt: ports.clock.now() })
  const worker = config.role === 'http' ? null : await openWorker(base)
  const http = config.role === 'worker' ? null : await openDoor(base, worker)
  return {
    address: http?.address ?? null,
    stop: async () => {
      heartbeat.drain()
      await http?.stop()
      await worker?.stop()
      base.stopping.abort()
      await base.bell.flushed()
      await heartbeat.stop()
      egress.close()
      await db.close()
    },
  }
}

/** The http role: channels deliver, people and programs ask. It opens no queue and runs no lane. */
async function openDoor(base: Base, worker: Worker | null): Promise<{ address: string; stop(): Promise<void> }> {
  const { config, db, log, ports, metrics, connectors } = base
  // The nearest worker is told directly; the others hear the bell.
  const ring = (rings: readonly Ring[]) => {
    for (const one of rings) worker?.hear(one)
    if (worker === null) base.bell.ring(rings)
  }
  const commits = openGroupCommit({
    db,
    ports,
    log,
    onCommitted: (keys) =>
      ring(keys.map(({ merchantId, connectionId }) => ({ merchantId, connectionId, kind: 'import' }))),
  })
  const deps = apiDeps(base, (merchantId) => ring([{ merchantId, kinds: kindsOfChange }]))
  const app = await buildHttp({
    log,
    metrics,
    trustProxy: config.trustProxy,
    publicUrl: config.publicUrl,
    access: openAccess(deps),
    ready: () => unready(db),
    version,
  })
  // Who a delivery is for is read on ingest's own connections: those for work may all be busy.
  const find = cacheEndpoints(findEndpoint({ ...db, work: db.ingest }, config.keys, connectors), ports.clock)
  const receive = openReceiver({ connectors, findEndpoint: find, store: commits.store, ports, log, metrics })
  await app.register(webhookRoutes({ connectors, receive, hasRoom: commits.hasRoom }))
  await registerApi(app, deps)
  await app.register(async (plain) => servePages(plain, consoleFolder))
  const address = await app.listen({ host: config.host, port: config.port })
  return {
    address,
    stop: async () => {
      await app.close()
      await commits.close()
    },
  }
}

async function unready(db: Db): Promise<string[]> {
  try {
    await withClaimTx(db, (tx) => tx.rows('select 1'))
    return []
  } catch {
    return ['database']
  }
}

function apiDeps(base: Base, wake: (merchantId: string) => void): ApiDeps {
  const { config, db, ports, connectors } = base
  return {
    db,
    ports,
    connectors,
    wake,
    keys: config.keys,
    publicUrl: config.publicUrl,
    apps: config.apps,
    installToken: config.installToken,
    signUp: config.signUp,
    probeCtx: (connector, target) =>
      makeCtx({
        ...target,
        manifest: connector.manifest,
        egress: base.egress,
        budgets: base.budgets,
        ports,
        signal: base.stopping.signal,
      }),
    flows: {
      stockAdjusted: (tx, cause, lines) => stockAdjusted(tx, ports.ids, cause, lines),
      mappingChanged: (tx, cause, change) => mappingChanged(tx, ports.ids, cause, change),
      itemsCreated: (tx, cause, items) => itemsCreated(tx, ports.ids, cause, items),
      requestRetried: (tx, cause, id) => requestRetried(tx, ports.ids, cause, id),
      messageReplayed: (tx, _cause, id) => resolveExceptions(tx, [`message.${id}`]),
      shippedByHand: (tx, cause, parcel) => shippedByHand(tx, ports.ids, cause, parcel),
      connectionMended: (tx, _cause, id) => connectionMended(tx, id),
      modeChanged: (tx, id) => modeChanged(tx, id),
      fileHandedIn: (tx, file) => fileHandedIn(tx, ports.ids, file),
      sendNow: (tx, connectionId) => hurryEffects(tx, connectionId),
      privacyAsked: (tx, asked) => privacyAsked(tx, ports.ids, asked),
      privacyAnswered: (tx, id) => privacyAnswered(tx, id),
      orderHeld: (tx, cause, asked) => orderHeld(tx, ports.ids, cause, asked),
      orderReleased: (tx, cause, asked) => orderReleased(tx, ports.ids, cause, asked),
      cancelWanted: (tx, cause, asked) => cancelWanted(tx, ports.ids, cause, asked),
      orderKept: (tx, cause, asked) => orderKept(tx, ports.ids, cause, asked),
      orderReplayed: (tx, id) => replayOrder(tx, connectors, id),
    },
  }
}
