import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, idOf, shownId, shownTime, showTime } from '../api/fields.ts'
import { requireKnown } from '../api/known.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { type MessageRow, messageColumns, readMessage, readRaw } from './read.ts'
import { replayMessage } from './replay.ts'

const shownMessage = z.object({
  id: shownId,
  connection: shownId,
  source: z.string(),
  topic: z.string(),
  subject: z.string().nullable().describe('The order at the channel, once known.'),
  receivedAt: shownTime,
  state: z.string(),
  reason: z.string().nullable(),
  attempts: z.int(),
  dueAt: shownTime,
})

const show = (row: MessageRow): z.infer<typeof shownMessage> => ({
  id: publicId('message', row.messageId),
  connection: publicId('connection', row.connectionId),
  source: row.source,
  topic: row.topic,
  subject: row.subjectRef,
  receivedAt: showTime(row.receivedAt),
  state: row.state,
  reason: row.reason,
  attempts: row.attempts,
  dueAt: showTime(row.dueAt),
})

async function found(tx: Tx, id: string): Promise<MessageRow> {
  const row = await readMessage(tx, id)
  if (row === null) throw notFound()
  return row
}

const list: List = {
  name: 'messages',
  from: 'inbox_message',
  keys: [
    ['received_at', 'timestamptz'],
    ['message_id', 'uuid'],
  ],
  direction: 'desc',
}
const params = z.strictObject({ id: idOf('message') })
const states = ['pending', 'applied', 'superseded', 'ignored', 'dead'] as const

function readRoutes(app: Api, deps: ApiDeps): void {
  app.get('/inbox/messages', {
    config: { scope: 'inbox:read' },
    schema: {
      querystring: z.strictObject({
        ...pageFields,
        state: z.enum(states).optional(),
        connection: idOf('connection').optional(),
      }),
      response: answers(pageOf(shownMessage)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await requireKnown(tx, { connection: request.query.connection })
        const where = conditions(tx.merchantId)
        where.check('t.state = ?', request.query.state)
        where.check('t.connection_id = ?', request.query.connection)
        return readPage(tx, list, { reading: { ...where, select: messageColumns }, page: request.query }, show)
      }),
  })
  app.get('/inbox/messages/:id', {
    config: { scope: 'inbox:read' },
    schema: { params, response: answers(shownMessage) },
    handler: (request) => reading(deps, request, async (tx) => show(await found(tx, request.params.id))),
  })
}

function rawRoute(app: Api, deps: ApiDeps): void {
  app.get('/inbox/messages/:id/raw', {
    config: { scope: 'inbox:raw' },
    schema: { params, produces: ['application/octet-stream'] },
    handler: async (request, reply) => {
      const raw = await reading(deps, request, async (tx) => readRaw(tx, await found(tx, request.params.id)))
      if (raw === 'erased') throw new Problem(410, 'HUB_ERASED', 'The bytes of this message were erased.')
      // Never a type that a browser would show: the bytes are somebody else's.
      const named = 'attachment; filename="message.bin"'
      return reply.type('application/octet-stream').header('content-disposition', named).send(Buffer.from(raw))
    },
  })
}

function replayRoute(app: Api, deps: ApiDeps): void {
  app.post('/inbox/messages/:id/replay', {
    config: { scope: 'inbox:write' },
    schema: { params, response: answers(shownMessage) },
    handler: (request) =>
      writing(deps, request, async (tx, cause) => {
        const { id } = request.params
        const outcome = await replayMessage(tx, id)
        if (outcome === 'unknown') throw notFound()
        if (outcome !== 'replayed')
          throw new Problem(409, 'HUB_CONFLICT', `Only a message that ended can be replayed; this one is ${outcome}.`)
        await deps.flows.messageReplayed(tx, cause, id)
        return show(await found(tx, id))
      }),
  })
}

/** Everything that arrived, as it came, and a second chance for what failed. */
export const inboxRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    readRoutes(app, deps)
    rawRoute(app, deps)
    replayRoute(app, deps)
  }
