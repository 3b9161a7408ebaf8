import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin, Cause } from '../api/deps.ts'
import { answers, created, idOf, text, when } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import { type Tx, withClaimTx } from '../platform/db/tx.ts'
import { principalOf, requireFresh } from '../platform/http/access.ts'
import { openBackfill } from './backfill.ts'
import { changeConnection, disconnect, pollNow } from './change-connection.ts'
import { releaseAccount } from './claim-account.ts'
import { prepareConnect } from './connect.ts'
import { changeWriteMode, modeChange } from './modes.ts'
import { knownColumns, knownJoins } from './read.ts'
import { releaseAccess, shownFarewell } from './release-access.ts'
import { saveConnection } from './save-connection.ts'
import { shadowRoutes } from './shadow-routes.ts'
import { openShow, shownConnection } from './shown.ts'

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
      if (isShop(deps, rest.connector) && rest.writeMode === 'on') requireFresh(request)
      const plan = await prepareConnect(deps, principalOf(request), { ...rest, location, ordersFrom })
      const save = async (tx: Tx, cause: Cause) => {
        await saveConnection(tx, { ids: deps.ports.ids, keys: deps.keys }, plan)
        await deps.flows.connectionMended(tx, cause, plan.connectionId)
        return openShow(deps).shown(tx, plan.connectionId)
      }
      const connection = await writing(deps, request, save, { replayable: false })
      return reply.code(plan.isNew ? 201 : 200).send(connection)
    },
  })
}

const list: List = { name: 'connections', from: 'connection', keys: [['connection_id', 'uuid']], direction: 'asc' }

const kindsOf = ({ connectors }: ApiDeps, role: 'channel' | 'partner'): string[] =>
  [...connectors.values()].filter(({ manifest }) => manifest.role === role).map(({ manifest }) => manifest.kind)

const isShop = ({ connectors }: ApiDeps, kind: string) => connectors.get(kind)?.manifest.role === 'channel'

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
        const asked = { reading: { ...where, select: knownColumns, joins: knownJoins }, page: request.query }
        return readPage(tx, list, asked, openShow(deps).show)
      }),
  })
  app.get('/connections/:id', {
    config: { scope: 'connections:read' },
    schema: { params, response: answers(shownConnection) },
    handler: (request) => reading(deps, request, (tx) => openShow(deps).shown(tx, request.params.id)),
  })
}

const change = z.strictObject({
  label: text(100).optional(),
  writeMode: z.enum(['off', 'on']).optional().describe('Of a partner. For a shop: PUT /connections/{id}/write-mode.'),
  status: z.enum(['paused', 'active']).optional(),
  version: z.string().max(1_000).optional(),
})

function changeRoutes(app: Api, deps: ApiDeps): void {
  const { shown } = openShow(deps)
  app.patch('/connections/:id', {
    config: { scope: 'connections:write' },
    schema: { params, body: change, response: answers(shownConnection) },
    handler: (request) =>
      writing(deps, request, async (tx) => {
        const { version, ...rest } = request.body
        await changeConnection(tx, request.params.id, { ...rest, version }, (kind) => isShop(deps, kind))
        return shown(tx, request.params.id)
      }),
  })
  app.post('/connections/:id/poll', {
    config: { scope: 'connections:write' },
    schema: { params, response: answers(z.object({ lanes: z.array(z.string()) })) },
    handler: (request) => writing(deps, request, async (tx) => ({ lanes: await pollNow(tx, request.params.id) })),
  })
}

function modeRoutes(app: Api, deps: ApiDeps): void {
  const { shown } = openShow(deps)
  app.put('/connections/:id/write-mode', {
    config: { scope: 'connections:write', stepUp: true },
    schema: { params, body: modeChange, response: answers(shownConnection) },
    handler: (request) =>
      writing(deps, request, async (tx) => {
        await changeWriteMode(tx, request.params.id, request.body)
        await deps.flows.modeChanged(tx, request.params.id)
        return shown(tx, request.params.id)
      }),
  })
  app.post('/connections/:id/backfill', {
    config: { scope: 'connections:write' },
    schema: { params, body: z.strictObject({ since: when }), response: answers(shownConnection) },
    handler: (request) =>
      writing(deps, request, async (tx) => {
        await openBackfill(tx, request.params.id, request.body.since)
        return shown(tx, request.params.id)
      }),
  })
  app.post('/connections/:id/disconnect', {
    config: { scope: 'connections:write', stepUp: true },
    schema: { params, response: answers(shownConnection.extend({ farewell: shownFarewell })) },
    handler: async (request) => {
      const { id } = request.params
      const farewell = await releaseAccess(deps, principalOf(request).merchantId, id)
      const gone = await writing(deps, request, async (tx, cause) => {
        await disconnect(tx, id)
        await deps.flows.connectionMended(tx, cause, id)
        return shown(tx, id)
      })
      const { merchantId } = principalOf(request)
      const claim = { merchantId, connectionId: id, platform: gone.connector, accountKey: gone.account.key }
      await withClaimTx(deps.db, (tx) => releaseAccount(tx, claim))
      return { ...gone, farewell }
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
    modeRoutes(app, deps)
    shadowRoutes(app, deps)
  }
