import { randomBytes, randomUUID } from 'node:crypto'
import { type OutgoingHttpHeaders, request } from 'node:http'
import { type AddressInfo, connect as dial } from 'node:net'
import { expect } from 'vitest'
import { checkRequest } from '../../src/connections/check-request.ts'
import { claimAccount } from '../../src/connections/claim-account.ts'
import { findEndpoint } from '../../src/connections/find-endpoint.ts'
import { saveConnection } from '../../src/connections/save-connection.ts'
import { ChannelError, type Connector, type Ctx, type HttpRequest } from '../../src/connector-kit/index.ts'
import { itemsCreated, stockCounted } from '../../src/flows.ts'
import { cacheEndpoints } from '../../src/inbox/endpoint-cache.ts'
import { openGroupCommit } from '../../src/inbox/group-commit.ts'
import { openReceiver } from '../../src/inbox/receive.ts'
import { replayMessage } from '../../src/inbox/replay.ts'
import { webhookRoutes } from '../../src/inbox/webhook-routes.ts'
import { resolveExceptions } from '../../src/journal/record.ts'
import type { LaneDeps } from '../../src/lanes/deps.ts'
import { type LaneName, laneKinds } from '../../src/lanes/kinds.ts'
import { parseKeys } from '../../src/platform/base/key-ring.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { type LaneKey, returnLane, takeLane } from '../../src/platform/db/lane.ts'
import { openDb } from '../../src/platform/db/pool.ts'
import { type Tx, withClaimTx, withTenantTx } from '../../src/platform/db/tx.ts'
import { buildHttp, type HttpLimits } from '../../src/platform/http/build-http.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'
import { brokenPromises } from '../support/audits.ts'
import { freshDatabase } from '../support/database.ts'

export interface Connected {
  readonly connectionId: string
  readonly kind: string
  readonly token: string
}
/** What a connection is made of, as a person would give it; `account` is what the probe would find. */
export interface Given {
  readonly connector: string
  readonly account: string
  readonly credentials: Record<string, unknown>
  readonly settings: Record<string, unknown>
  readonly location?: { readonly code: string; readonly name: string; readonly rank: number }
}
export interface BenchOptions {
  readonly connectors: ReadonlyMap<string, Connector>
  readonly failpoints?: string
  readonly limits?: Partial<HttpLimits>
}
export interface Got {
  readonly status: number
  readonly body: string
}
export type Bench = Awaited<ReturnType<typeof openBench>>

const turnsMax = 200
const leaseMs = 60_000

/** The kit's ctx over plain sockets: the far side is a pretend on this machine, or nobody. */
function plainCtx(base: Pick<Ctx, 'connectionId' | 'secrets' | 'settings'>): Ctx {
  const send = async ({ method, url, headers = {}, body, replaySafe }: HttpRequest) => {
    try {
      const text = typeof body === 'string' ? { body } : {}
      const answer = await fetch(url, { method, headers: { ...headers }, redirect: 'manual', ...text })
      const bytes = new Uint8Array(await answer.arrayBuffer())
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: bytes }
    } catch {
      throw new ChannelError(replaySafe ? 'transient' : 'outcome_unknown', 'no answer came')
    }
  }
  return {
    ...base,
    send,
    dial: (host, port) =>
      new Promise((resolve, reject) => {
        if (host !== '127.0.0.1') return reject(new ChannelError('transient', 'nobody is dialled here'))
        const socket = dial(port, host, () => resolve(socket))
        socket.once('error', reject)
      }),
    now: () => new Date(),
    newId: randomUUID,
    signal: new AbortController().signal,
  }
}

/** One merchant on a fresh database, with the real door, the real lanes and real connectors; lanes run when told. */
export async function openBench(options: BenchOptions) {
  const { connectors } = options
  const database = await freshDatabase()
  const db = openDb(database.url, { work: 8, ingest: 3 })
  const ports = systemPorts({ failpoints: options.failpoints })
  const lines: string[] = []
  const log = createLog({ level: 'info', stream: { write: (line) => void lines.push(line) } })
  const metrics = createMetrics()
  const keys = parseKeys(`test:${randomBytes(32).toString('base64')}`) ?? { current: '', keys: new Map() }
  const merchantId = randomUUID()
  await withClaimTx(db, (tx) => tx.rows(`insert into merchant (merchant_id, name) values ($1, 'Test')`, [merchantId]))
  const tenant = <T>(work: (tx: Tx) => Promise<T>) => withTenantTx(db, merchantId, work)
  const rows = <T extends object>(sql: string, params: readonly unknown[] = []) =>
    tenant((tx) => tx.rows<T>(sql, params))

  const commits = openGroupCommit({ db, ports, log, onCommitted: () => undefined })
  const find = cacheEndpoints(findEndpoint(db, keys, connectors), ports.clock)
  const receive = openReceiver({ connectors, findEndpoint: find, store: commits.store, ports, log, metrics })
  const app = await buildHttp({
    log,
    metrics,
    trustProxy: false,
    publicUrl: 'http://127.0.0.1',
    access: { authenticate: async () => null, permissions: new Set(), open: '' },
    ready: async () => [],
    ...(options.limits && { limits: options.limits }),
  })
  await app.register(webhookRoutes({ connectors, receive, hasRoom: commits.hasRoom }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  const deps: LaneDeps = {
    db,
    ports,
    log,
    metrics,
    connectors,
    keys,
    publicUrl: 'http://127.0.0.1',
    wake: () => undefined,
    wakeAll: () => undefined,
    ctx: ({ connectionId, secrets, settings }) => plainCtx({ connectionId, secrets, settings }),
  }
  const kinds = new Map(laneKinds(deps, null).map((kind) => [kind.kind, kind]))

  async function connect(given: Given): Promise<Connected> {
    const connectionId = randomUUID()
    const token = randomBytes(32).toString('base64url')
    const checked = checkRequest(connectors, {
      ...given,
      label: given.account,
      ordersFrom: '2020-01-01T00:00:00.000Z',
      writeMode: 'on',
      location: given.location ?? null,
    })
    const account = { key: given.account, name: given.account, currency: null, timeZone: null, missing: [] }
    await withClaimTx(db, (tx) =>
      claimAccount(tx, { merchantId, connectionId, platform: given.connector, accountKey: given.account, token }),
    )
    await tenant((tx) => saveConnection(tx, { ids: ports.ids, keys }, { connectionId, checked, account, token }))
    return { connectionId, kind: given.connector, token }
  }

  /** Lets a lane work until nothing is due. A worker that dies in it throws here. */
  async function run(connection: Connected, name: LaneName): Promise<void> {
    const key: LaneKey = { merchantId, connectionId: connection.connectionId, kind: name }
    const lease = await takeLane(db, key, true, leaseMs)
    const kind = kinds.get(name)
    if (!lease || !kind) throw new Error(`the lane ${name} cannot be taken`)
    try {
      for (let turn = 0; turn < turnsMax; turn++) {
        const { again } = await kind.work({ ...lease, untilMs: () => ports.clock.ms() + leaseMs, lengthMs: leaseMs })
        if (!again) return
      }
      throw new Error(`the lane ${name} does not come to an end`)
    } finally {
      await returnLane(db, lease, 0)
    }
  }

  return {
    connectors,
    merchantId,
    port,
    /** What was logged, as text. */
    said: () => lines.join(''),
    rows,
    tenant,
    connect,
    run,
    /** Items with stock at a location of the merchant. */
    stock: async (levels: Readonly<Record<string, number>>) => {
      const cause = { kind: 'api', id: randomUUID() } as const
      await tenant(async (tx) => {
        const wanted = Object.keys(levels).map((sku) => ({ sku, title: sku }))
        const items = await itemsCreated(tx, ports.ids, cause, wanted)
        let [place] = await tx.rows<{ id: string }>('select location_id as id from location order by rank limit 1')
        place ??= { id: randomUUID() }
        await tx.rows(
          `insert into location (merchant_id, location_id, code, name, rank) values ($1, $2, 'HOME', 'Home', 9) on conflict do nothing`,
          [merchantId, place.id],
        )
        const locationId = place.id
        const counts = items.map(({ itemId, sku }) => ({
          itemId,
          locationId,
          onHand: levels[sku] ?? 0,
          asOf: null,
          kind: 'count' as const,
        }))
        await stockCounted(tx, ports.ids, cause, counts)
      })
    },
    /** Puts every message that ended, or those that `where` names, back in line, as the API does. */
    replay: async (where = 'true') => {
      const ended = await rows<{ id: string }>(`select message_id as id from inbox_message where ${where}`)
      let replayed = 0
      for (const { id } of ended) {
        await tenant(async (tx) => {
          if ((await replayMessage(tx, id)) !== 'replayed') return
          replayed++
          await resolveExceptions(tx, [`message.${id}`])
        })
      }
      return replayed
    },
    /** Statements of the superuser: what no role of the hub may do. */
    asAdmin: (sql: string) => database.asAdmin((admin) => admin.query(sql)),
    /** How all messages ended: state, with the reason where there is one. */
    ends: async () => {
      const all = await rows<{ state: string; reason: string | null }>('select state, reason from inbox_message')
      return all.map(({ state, reason }) => (reason === null ? state : `${state}: ${reason}`)).toSorted()
    },
    audit: async () => expect(await tenant(brokenPromises)).toEqual({}),
    post: (connection: Connected, headers: OutgoingHttpHeaders, body: string | Uint8Array) =>
      post(port, connection, headers, body),
    close: async () => {
      await app.close()
      await commits.close()
      await db.close()
      await database.drop()
    },
  }
}

function post(port: number, to: Connected, headers: OutgoingHttpHeaders, body: string | Uint8Array): Promise<Got> {
  return new Promise((resolve, reject) => {
    const given = { 'content-length': Buffer.byteLength(body), 'content-type': 'application/json', ...headers }
    const sent = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    const options = { port, host: '127.0.0.1', method: 'POST', path: `/in/${to.kind}/${to.token}`, headers: sent }
    const wire = request(options, async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      resolve({ status: answer.statusCode ?? 0, body: text })
    })
    wire.on('error', reject)
    wire.end(body)
  })
}
