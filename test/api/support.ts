import { z } from 'zod'
import type { ApiDeps } from '../../src/api/deps.ts'
import { openAccess } from '../../src/api/open-access.ts'
import { registerApi } from '../../src/api/register.ts'
import {
  ChannelError,
  type Connector,
  type Ctx,
  defineConnector,
  type Manifest,
} from '../../src/connector-kit/index.ts'
import { hurryEffects } from '../../src/effects/hurry-effects.ts'
import { itemsCreated, mappingChanged, requestRetried, stockAdjusted } from '../../src/flows.ts'
import { cancelWanted, orderHeld, orderKept, orderReleased } from '../../src/flows-orders.ts'
import { fileHandedIn, shippedByHand } from '../../src/flows-partner.ts'
import { privacyAnswered, privacyAsked } from '../../src/flows-privacy.ts'
import { connectionMended, modeChanged } from '../../src/flows-watch.ts'
import { resolveExceptions } from '../../src/journal/record.ts'
import { replayOrder } from '../../src/lanes/replay-order.ts'
import { parseKeys } from '../../src/platform/base/key-ring.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { secret } from '../../src/platform/base/secret.ts'
import { type Db, openDb } from '../../src/platform/db/pool.ts'
import { buildHttp, type HttpApp } from '../../src/platform/http/build-http.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

export const installToken = 'install-canary-token'
const ports = systemPorts()

const manifest = (kind: string, role: Manifest['role']): Manifest => ({
  kind,
  title: kind,
  role,
  auth: { flow: 'key-pair', accessTtlS: null, refresh: 'none' },
  push: null,
  orders: null,
  inventory: null,
  shipment: null,
  requests: null,
  files: null,
  budgets: [],
})
const never = (): never => {
  throw new Error('the API calls only the probe')
}

/** A shop whose token says how its probe ends; its account key is the shop's name. */
const shop = defineConnector<{ token: string }>({
  manifest: manifest('fake-shop', 'channel'),
  credentials: z.object({ token: z.string().min(5, 'a token has at least 5 characters') }),
  settings: z.object({
    shop: z.string().regex(/^[a-z-]+$/, 'a shop is named like "example"'),
    found: z.string().optional(),
  }),
  auth: {
    authorizeUrl: ({ settings, state }) => `https://${settings.shop}.example.com/consent?state=${state}`,
    probe: async ({ secrets, settings }) => {
      if (secrets.token === 'wrong') throw new ChannelError('auth_revoked', 'the shop refuses this token')
      if (secrets.token === 'silent') throw new ChannelError('transient', 'no answer in time')
      const missing = secrets.token === 'narrow' ? ['write_orders'] : []
      const key = String(settings.shop)
      return { key, name: `Shop ${key}`, currency: 'EUR', timeZone: null, missing, settings: { found: 'by probe' } }
    },
  },
  inbound: { verify: () => ({ ok: false, reason: 'signature' }), decode: () => [] },
  privacy: {
    verify: ({ headers }, app) => headers['x-signature'] === app.clientSecret,
    decode: ({ raw }) => JSON.parse(Buffer.from(raw).toString()),
  },
  orders: { list: never, get: never, translate: never },
  listings: { list: never },
  inventory: { read: never, push: never },
  cancellations: { cancel: never },
})
const partner = defineConnector<{ password: string }>({
  manifest: manifest('fake-3pl', 'partner'),
  credentials: z.object({ password: z.string().min(1) }),
  settings: z.object({ host: z.string() }),
  auth: {
    probe: async ({ settings }) => {
      const key = String(settings.host)
      return { key, name: '3PL', currency: null, timeZone: null, missing: [] }
    },
  },
  files: { encode: never, put: never, find: never, list: never, get: never, archive: never, decode: never },
})
export const connectors: ReadonlyMap<string, Connector> = new Map([
  ['fake-shop', shop],
  ['fake-3pl', partner],
])

const { ids } = ports
const flows: ApiDeps['flows'] = {
  stockAdjusted: (tx, cause, lines) => stockAdjusted(tx, ids, cause, lines),
  mappingChanged: (tx, cause, change) => mappingChanged(tx, ids, cause, change),
  itemsCreated: (tx, cause, items) => itemsCreated(tx, ids, cause, items),
  requestRetried: (tx, cause, id) => requestRetried(tx, ids, cause, id),
  shippedByHand: (tx, cause, shipment) => shippedByHand(tx, ids, cause, shipment),
  messageReplayed: (tx, _cause, id) => resolveExceptions(tx, [`message.${id}`]),
  connectionMended: (tx, _cause, id) => connectionMended(tx, id),
  modeChanged: (tx, id) => modeChanged(tx, id),
  fileHandedIn: (tx, file) => fileHandedIn(tx, ids, file),
  sendNow: (tx, connectionId) => hurryEffects(tx, connectionId),
  privacyAsked: (tx, asked) => privacyAsked(tx, ids, asked),
  privacyAnswered: (tx, id) => privacyAnswered(tx, id),
  orderHeld: (tx, cause, asked) => orderHeld(tx, ids, cause, asked),
  orderReleased: (tx, cause, asked) => orderReleased(tx, ids, cause, asked),
  cancelWanted: (tx, cause, asked) => cancelWanted(tx, ids, cause, asked),
  orderKept: (tx, cause, asked) => orderKept(tx, ids, cause, asked),
  orderReplayed: (tx, id) => replayOrder(tx, connectors, id),
}

/** A JSON answer; a test that reads a field which is not there sees undefined, and fails. */
export interface Answer {
  readonly status: number
  readonly json: Json
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
}
export interface Json {
  readonly [name: string]: Json
}

export const list = (json: Json | undefined): Json[] => Object.values(json ?? {})

export interface Call {
  readonly key?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}
export interface Api {
  readonly db: Db
  readonly database: TestDatabase
  readonly app: HttpApp
  readonly woken: string[]
  readonly lines: string[]
  readonly deps: ApiDeps
  /** `call('GET /orders', { key })`; addresses are under /api/v1. */
  call(route: string, given?: Call): Promise<Answer>
  close(): Promise<void>
}

export interface ApiOptions extends Partial<ApiDeps> {
  /** Routes that are not the API's. */
  readonly pages?: (app: HttpApp) => Promise<void>
}

export async function openApi({ pages, ...more }: ApiOptions = {}): Promise<Api> {
  const database = await freshDatabase()
  const db = openDb(database.url, { work: 8, ingest: 2 })
  const keys = parseKeys(`k1:${Buffer.alloc(32, 7).toString('base64')}`)
  if (keys === null) throw new Error('no key ring')
  const woken: string[] = []
  const lines: string[] = []
  const deps: ApiDeps = {
    db,
    ports,
    keys,
    connectors,
    flows,
    wake: (merchantId) => void woken.push(merchantId),
    probeCtx: (_connector, { connectionId, secrets, settings }): Ctx => ({
      connectionId,
      secrets,
      settings,
      send: never,
      dial: never,
      now: () => new Date(),
      newId: () => ids.uuid(),
      signal: new AbortController().signal,
    }),
    publicUrl: 'https://hub.example.com',
    apps: new Map([['fake-shop', { clientId: 'app', clientSecret: secret('app-canary-secret') }]]),
    installToken: secret(installToken),
    signUp: 'first',
    ...more,
  }
  const app = await buildHttp({
    log: createLog({ level: 'debug', stream: { write: (line) => void lines.push(line) } }),
    trustProxy: false,
    publicUrl: deps.publicUrl,
    ready: async () => [],
    metrics: { contentType: 'text/plain', text: async () => '' },
    access: openAccess(deps),
  })
  await registerApi(app, deps)
  await pages?.(app)
  await app.ready()
  return {
    db,
    database,
    app,
    woken,
    lines,
    deps,
    call: async (route, { key, body, headers } = {}) => {
      const [method = 'GET', url = ''] = route.split(' ')
      const answer = await app.inject({
        method: asMethod(method),
        url: `/api/v1${url}`,
        headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
        ...(body !== undefined && {
          headers: {
            'content-type': 'application/json',
            ...(key !== undefined && { authorization: `Bearer ${key}` }),
            ...headers,
          },
        }),
      })
      const isJson = /[/+]json\b/.test(String(answer.headers['content-type']))
      return {
        status: answer.statusCode,
        text: answer.body,
        headers: answer.headers,
        json: isJson ? answer.json() : {},
      }
    },
    close: async () => {
      await app.close()
      await db.close()
      await database.drop()
    },
  }
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
function asMethod(text: string): (typeof methods)[number] {
  const method = methods.find((name) => name === text)
  if (method === undefined) throw new Error(`no method ${text}`)
  return method
}

/** A merchant with its first key. */
export async function aMerchant(api: Api, name: string): Promise<{ readonly id: string; readonly key: string }> {
  const made = await api.call('POST /merchants', { key: installToken, body: { name } })
  return { id: String(made.json.merchant?.id), key: String(made.json.key?.secret) }
}
