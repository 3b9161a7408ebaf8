import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, created, idOf, shownId, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import { accountOfConnection } from '../connections/read.ts'
import { publicId } from '../model/id.ts'
import { personsOfOrders } from '../orders/read.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { type PrivacyRow, readRequest, requestColumns, requestJoins } from './requests.ts'

const ordersMax = 1_000

const shownRequest = z.object({
  id: shownId,
  kind: z.enum(['export', 'erase', 'erase_account']),
  source: z.enum(['platform', 'merchant']),
  platform: z.string(),
  account: z.string(),
  orders: z.array(z.string()).describe('The channel’s ids; none for a whole account.'),
  state: z.enum(['waits_for_you', 'under_way', 'done']),
  receivedAt: shownTime,
  dueAt: shownTime,
  doneAt: shownTime.nullable(),
  proof: z.object({ persons: z.int(), bodies: z.int() }).describe('Entries of persons and raw messages that are gone.'),
  reason: z.string().nullable(),
})

function show(row: PrivacyRow): z.infer<typeof shownRequest> {
  const open = row.phase === 'person_decides' ? 'waits_for_you' : 'under_way'
  return {
    id: publicId('privacyRequest', row.requestId),
    kind: row.kind,
    source: row.source,
    platform: row.platform,
    account: row.accountName,
    orders: [...row.orderRefs],
    state: row.phase === 'done' ? 'done' : open,
    receivedAt: showTime(row.receivedAt),
    dueAt: showTime(row.dueAt),
    doneAt: showTimeOrNull(row.doneAt),
    proof: { persons: row.persons, bodies: row.bodies },
    reason: row.reason,
  }
}

async function shown(tx: Tx, requestId: string): Promise<PrivacyRow> {
  const row = await readRequest(tx, requestId)
  if (row === null) throw notFound()
  return row
}

const params = z.strictObject({ id: idOf('privacyRequest') })
const list: List = {
  name: 'privacy-requests',
  from: 'privacy_request',
  keys: [['request_id', 'uuid']],
  direction: 'desc',
}

function readRoutes(app: Api, deps: ApiDeps): void {
  app.get('/privacy/requests', {
    config: { scope: 'privacy:read' },
    schema: { querystring: z.strictObject(pageFields), response: answers(pageOf(shownRequest)) },
    handler: (request) =>
      reading(deps, request, (tx) => {
        const asked = { ...conditions(tx.merchantId), select: requestColumns, joins: requestJoins }
        return readPage(tx, list, { reading: asked, page: request.query }, show)
      }),
  })
  app.get('/privacy/requests/:id', {
    config: { scope: 'privacy:read' },
    schema: { params, response: answers(shownRequest) },
    handler: (request) => reading(deps, request, async (tx) => show(await shown(tx, request.params.id))),
  })
}

const exported = z.object({
  orders: z.array(
    z.object({
      externalId: z.string(),
      number: z.string(),
      placedAt: shownTime,
      persons: z.array(z.object({ role: z.string(), data: z.record(z.string(), z.unknown()) })),
    }),
  ),
})

function answerRoutes(app: Api, deps: ApiDeps): void {
  app.get('/privacy/requests/:id/export', {
    config: { scope: 'orders:persons' },
    schema: { params, response: answers(exported) },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { accountId, orderRefs } = await shown(tx, request.params.id)
        const orders = await personsOfOrders(tx, accountId, orderRefs)
        return { orders: orders.map(({ placedAt, ...order }) => ({ ...order, placedAt: showTime(placedAt) })) }
      }),
  })
  app.post('/privacy/requests/:id/done', {
    config: { scope: 'privacy:write' },
    schema: { params, response: answers(shownRequest) },
    handler: (request) =>
      writing(deps, request, async (tx) => {
        const { id } = request.params
        await shown(tx, id)
        if (!(await deps.flows.privacyAnswered(tx, id)))
          throw new Problem(409, 'HUB_CONFLICT', 'The hub carries this out by itself, or it is done.')
        return show(await shown(tx, id))
      }),
  })
}

const newErasure = z.strictObject({
  connection: idOf('connection'),
  orders: z.array(z.string().min(1).max(200)).min(1).max(ordersMax),
})

function eraseRoute(app: Api, deps: ApiDeps): void {
  app.post('/privacy/erasures', {
    config: { scope: 'privacy:write' },
    schema: { body: newErasure, response: { ...answers(shownRequest), ...created(shownRequest) } },
    handler: async (request, reply) => {
      const { connection, orders } = request.body
      const orderRefs = [...new Set(orders)].sort()
      // Each question of the merchant is a new one: after a restored backup it must be asked again.
      const sha256 = createHash('sha256').update(deps.ports.ids.uuid()).digest()
      const made = await writing(deps, request, async (tx) => {
        const accountId = await accountOfConnection(tx, connection)
        if (accountId === null) throw notFound()
        const asked = { accountId, kind: 'erase', source: 'merchant', orderRefs, sha256 } as const
        return show(await shown(tx, (await deps.flows.privacyAsked(tx, asked)) ?? ''))
      })
      return reply.code(201).send(made)
    },
  })
}

/** What was asked about people, what became of it, and asking it oneself. */
export const privacyRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    readRoutes(app, deps)
    answerRoutes(app, deps)
    eraseRoute(app, deps)
  }
