import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin, Cause } from '../api/deps.ts'
import { answers, created, idOf, shownId, shownTime, showTime, showTimeOrNull, text, when } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import { type Tx, withClaimTx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { notFound } from '../platform/http/problem.ts'
import { changeConnection, disconnect, pollNow, versionOf } from './change-connection.ts'
import { releaseAccount } from './claim-account.ts'
import { prepareConnect } from './connect.ts'
import {
  accountJoin,
  type ConnectionLag,
  type ConnectionRow,
  connectionColumns,
  lagColumns,
  readConnection,
} from './read.ts'
import { saveConnection } from './save-connection.ts'

const shownConnection = z.object({
  id: shownId,
  connector: z.string(),
  label: z.string(),
  account: z.object({ key: z.string(), name: z.string() }),
  status: z.string(),
  statusReason: z.string().nullable(),
  writeMode: z.string(),
  settings: z.record(z.string(), z.unknown()),
  ordersFrom: shownTime,
  lastOrderSeenAt: shownTime.nullable(),
  lastSuccessAt: shownTime.nullable(),
  lastError: z.string().nullable(),
  lag: z.object({ pendingMessages: z.int(), listingsBehind: z.int(), effectsOpen: z.int() }),
  createdAt: shownTime,
  version: z.string().describe('Send it with a change to be told when somebody else was faster.'),
})

const show = (row: ConnectionRow & ConnectionLag): z.infer<typeof shownConnection> => ({
  id: publicId('connection', row.connectionId),
  connector: row.connector,
  label: row.label,
  account: { key: row.accountKey, name: row.accountName },
  status: row.status,
  statusReason: row.statusReason,
  writeMode: row.writeMode,
  settings: { ...row.settings },
  ordersFrom: showTime(row.ordersFrom),
  lastOrderSeenAt: showTimeOrNull(row.lastOrderSeenAt),
  lastSuccessAt: showTimeOrNull(row.lastSuccessAt),
  lastError: row.lastError,
  lag: { pendingMessages: row.pendingMessages, listingsBehind: row.listingsBehind, effectsOpen: row.effectsOpen },
  createdAt: showTime(row.createdAt),
  version: versionOf(row),
})

async function shown(tx: Tx, connectionId: string): Promise<z.infer<typeof shownConnection>> {
  const row = await readConnection(tx, connectionId)
  if (row === null) throw notFound()
  return show(row)
}

const params = z.strictObject({ id: idOf('connection') })
const record = z.record(z.string().max(100), z.unknown())
const newConnection = z.strictObject({
  connector: z.string().min(1).max(60),
  label: text(100),
  credentials: record,
  settings: record.default({}),
  ordersFrom: when.optional(),
  writeMode: z.enum(['off', 'on']).default('on'),
  location: z.strictObject({ code: text(60), name: text(200), rank: z.int().min(0).max(10_000) }).optional(),
})

function connectRoute(app: Api, deps: ApiDeps): void {
  app.post('/connections', {
    config: { scope: 'connections:write' },
    schema: { body: newConnection, response: { ...answers(shownConnection), ...created(shownConnection) } },
    handler: async (request, reply) => {
      const { location = null, ordersFrom = null, ...rest } = request.body
      const plan = await prepareConnect(deps, principalOf(request), { ...rest, location, ordersFrom })
      const save = async (tx: Tx, cause: Cause) => {
        await saveConnection(tx, { ids: deps.ports.ids, keys: deps.keys }, plan)
        await deps.flows.connectionMended(tx, cause, plan.connectionId)
        return shown(tx, plan.connectionId)
      }
      const connection = await writing(deps, request, save, { replayable: false })
      return reply.code(plan.isNew ? 201 : 200).send(connection)
    },
  })
}

const list: List = { name: 'connections', from: 'connection', keys: [['connection_id', 'uuid']], direction: 'asc' }

const kindsOf = ({ connectors }: ApiDeps, role: 'channel' | 'partner'): string[] =>
  [...connectors.values()].filter(({ manifest }) => manifest.role === role).map(({ manifest }) => manifest.kind)

function readRoutes(app: Api, deps: ApiDeps): void {
  app.get('/connections', {
    config: { scope: 'connections:read' },
    schema: {
      querystring: z.strictObject({
        ...pageFields,
        connector: text(60).optional(),
        role: z.enum(['channel', 'partner']).optional(),
      }),
      response: answers(pageOf(shownConnection)),
    },
    handler: (request) =>
      reading(deps, request, (tx) => {
        const where = conditions(tx.merchantId)
        const { connector, role } = request.query
        where.check('t.connector = ?', connector)
        where.check('t.connector = any(?::text[])', role && kindsOf(deps, role))
        const select = `${connectionColumns}, ${lagColumns}`
        return readPage(tx, list, { reading: { ...where, select, joins: accountJoin }, page: request.query }, show)
      }),
  })
  app.get('/connections/:id', {
    config: { scope: 'connections:read' },
    schema: { params, response: answers(shownConnection) },
    handler: (request) => reading(deps, request, (tx) => shown(tx, request.params.id)),
  })
}

const change = z.strictObject({
  label: text(100).optional(),
  writeMode: z.enum(['off', 'on']).optional(),
  status: z.enum(['paused', 'active']).optional(),
  version: z.string().max(1_000).optional(),
})

function changeRoutes(app: Api, deps: ApiDeps): void {
  app.patch('/connections/:id', {
    config: { scope: 'connections:write' },
    schema: { params, body: change, response: answers(shownConnection) },
    handler: (request) =>
      writing(deps, request, async (tx) => {
        const { version, ...rest } = request.body
        await changeConnection(tx, request.params.id, rest, version)
        return shown(tx, request.params.id)
      }),
  })
  app.post('/connections/:id/poll', {
    config: { scope: 'connections:write' },
    schema: { params, response: answers(z.object({ lanes: z.array(z.string()) })) },
    handler: (request) => writing(deps, request, async (tx) => ({ lanes: await pollNow(tx, request.params.id) })),
  })
  app.post('/connections/:id/disconnect', {
    config: { scope: 'connections:write' },
    schema: { params, response: answers(shownConnection) },
    handler: async (request) => {
      const { id } = request.params
      const gone = await writing(deps, request, async (tx, cause) => {
        await disconnect(tx, id)
        await deps.flows.connectionMended(tx, cause, id)
        return shown(tx, id)
      })
      const { merchantId } = principalOf(request)
      const claim = { merchantId, connectionId: id, platform: gone.connector, accountKey: gone.account.key }
      await withClaimTx(deps.db, (tx) => releaseAccount(tx, claim))
      return gone
    },
  })
}

/** Shops and partners: connecting, looking after, letting go. */
export const connectionRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    connectRoute(app, deps)
    readRoutes(app, deps)
    changeRoutes(app, deps)
  }
