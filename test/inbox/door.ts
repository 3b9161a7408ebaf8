import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { type OutgoingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { z } from 'zod'
import { type Connector, defineConnector } from '../../src/connector-kit/index.ts'
import { cacheEndpoints, type Endpoint } from '../../src/inbox/endpoint-cache.ts'
import {
  type ConnectionKey,
  type GroupCommit,
  type GroupCommitOptions,
  openGroupCommit,
} from '../../src/inbox/group-commit.ts'
import { unpackBody } from '../../src/inbox/pack-body.ts'
import { openReceiver } from '../../src/inbox/receive.ts'
import { webhookRoutes } from '../../src/inbox/webhook-routes.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { type Db, openDb } from '../../src/platform/db/pool.ts'
import { buildHttp, type HttpApp, type HttpLimits } from '../../src/platform/http/build-http.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

export const bodyBytesMax = 100_000
const key = 'canary-signing-key'

export function signatureOf(body: Uint8Array | string, secret = key): string {
  return createHmac('sha256', secret).update(body).digest('base64')
}

/** A channel of two lines: signed in base64, bound to its shop, with or without stable delivery ids. */
function fakeChannel(kind: string, stableDeliveryId: boolean): Connector {
  return defineConnector({
    manifest: {
      kind,
      title: kind,
      role: 'channel',
      auth: { flow: 'key-pair', accessTtlS: null, refresh: 'none' },
      push: { carriesOrder: true, freshForS: 300, stableDeliveryId, answerWithinMs: 5_000, bodyBytesMax },
      orders: null,
      inventory: null,
      shipment: null,
      requests: null,
      files: null,
      budgets: [],
    },
    credentials: z.object({ key: z.string() }),
    settings: z.object({}),
    auth: { probe: async () => ({ key: 'a', name: 'A', currency: null, timeZone: null, missing: [] }) },
    inbound: {
      greet: ({ raw }) => (String(raw) === 'ping=1' ? { status: 200, body: 'pong' } : null),
      verify: ({ headers, raw }, secrets, account) => {
        const given = Buffer.from(headers['x-fake-hmac'] ?? '', 'base64')
        const wanted = createHmac('sha256', secrets.key).update(raw).digest()
        if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return { ok: false, reason: 'signature' }
        if (headers['x-shopify-shop-domain'] !== account) return { ok: false, reason: 'account' }
        const deliveryId = headers['x-shopify-event-id']
        return {
          ok: true,
          topic: headers['x-shopify-topic'] ?? '',
          ...(deliveryId !== undefined && { deliveryId }),
          occurredAt: headers['x-shopify-triggered-at'] ?? null,
        }
      },
      decode: () => [],
    },
  })
}

export const merchantId = randomUUID()
const endpoints = new Map<string, Endpoint>()
function endpointFor(connector: string, account: string): { token: string; connectionId: string } {
  const token = randomBytes(32).toString('base64url')
  const connectionId = randomUUID()
  endpoints.set(token, { merchantId, connectionId, connector, account, secrets: { key } })
  return { token, connectionId }
}
export const shopA = endpointFor('stable', 'a.example.com')
export const shopB = endpointFor('stable', 'b.example.com')
export const hints = endpointFor('hints', 'a.example.com')
const connectors = new Map([fakeChannel('stable', true), fakeChannel('hints', false)].map((c) => [c.manifest.kind, c]))

let database: TestDatabase
export let admin: pg.Client
export let db: Db
beforeAll(async () => {
  database = await freshDatabase()
  db = openDb(database.url)
  admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await db.close()
  await admin.end()
  await database.drop()
})
beforeEach(async () => {
  await admin.query('truncate inbox_message, inbox_body')
})

export const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Hub {
  readonly port: number
  readonly commits: GroupCommit
  readonly lines: string[]
  readonly woken: ConnectionKey[]
}
export async function hub(
  more: Partial<GroupCommitOptions> & { limits?: Partial<HttpLimits>; failpoints?: string } = {},
): Promise<Hub> {
  const lines: string[] = []
  const woken: ConnectionKey[] = []
  const log = createLog({ level: 'debug', stream: { write: (line) => void lines.push(line) } })
  const ports = systemPorts({ failpoints: more.failpoints })
  const commits = openGroupCommit({ db, ports, log, onCommitted: (keys) => void woken.push(...keys), ...more })
  const receive = openReceiver({
    connectors,
    findEndpoint: cacheEndpoints(async (token) => endpoints.get(token) ?? null, ports.clock),
    store: commits.store,
    ports,
    log,
    metrics: createMetrics(),
  })
  const app: HttpApp = await buildHttp({
    log,
    trustProxy: false,
    publicUrl: 'http://127.0.0.1',
    ready: async () => [],
    metrics: { contentType: 'text/plain', text: async () => '' },
    access: { authenticate: async () => null, permissions: new Set(), open: '' },
    ...(more.limits && { limits: more.limits }),
  })
  await app.register(webhookRoutes({ connectors, receive, hasRoom: commits.hasRoom }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  closers.push(async () => {
    await app.close()
    await commits.close()
  })
  return { port: (app.server.address() as AddressInfo).port, commits, lines, woken }
}

export interface Sent {
  readonly token?: string
  readonly kind?: string
  readonly method?: string
  readonly body?: string | Uint8Array
  readonly headers?: OutgoingHttpHeaders
}
interface Got {
  readonly status: number
  readonly body: string
  readonly headers: Record<string, unknown>
}
export function post(port: number, sent: Sent): Promise<Got> {
  const { token = shopA.token, kind = 'stable', method = 'POST', body = '{"id":1}', headers = {} } = sent
  return new Promise((resolve, reject) => {
    const wire = request({
      port,
      host: '127.0.0.1',
      method,
      path: `/in/${kind}/${token}`,
      headers: signed(body, headers),
    })
    wire.on('error', reject)
    wire.on('response', async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      resolve({ status: answer.statusCode ?? 0, body: text, headers: answer.headers })
    })
    wire.end(method === 'POST' ? body : undefined)
  })
}
function signed(body: string | Uint8Array, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-fake-hmac': signatureOf(body),
    'x-shopify-shop-domain': 'a.example.com',
    'x-shopify-topic': 'orders/create',
    ...headers,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

interface Row {
  readonly message_id: string
  readonly connection_id: string
  readonly topic: string
  readonly dedupe_key: string | null
  readonly headers: Record<string, string>
  readonly sha256: Buffer
  readonly raw: string
}
export async function stored(): Promise<Row[]> {
  const { rows } = await admin.query(
    'select m.message_id, connection_id, topic, dedupe_key, headers, sha256, bytes from inbox_message m join inbox_body b using (merchant_id, message_id)',
  )
  return rows.map((row) => ({
    ...row,
    raw: Buffer.from(unpackBody(row.headers.encoding, row.bytes)).toString('latin1'),
  }))
}
