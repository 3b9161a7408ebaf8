import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Connector } from '../connector-kit/connector.ts'
import { type Answer, type Arrival, busy } from './receive.ts'

export interface WebhookRoutesDeps {
  readonly connectors: ReadonlyMap<string, Connector>
  readonly receive: (arrival: Arrival) => Promise<Answer>
  /** False: there is no room, so a body is not even read. */
  readonly hasRoom: () => boolean
}

const nothing = Buffer.alloc(0)
const texts = new Map([
  [408, 'too slow'],
  [413, 'too large'],
  [415, 'not accepted'],
])

/** All headers as they came, and which of them came more than once (Node joins or drops those silently). */
function readHeaders(raw: readonly string[]): { headers: Record<string, string>; repeated: string[] } {
  const headers: Record<string, string> = Object.create(null)
  const repeated: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const before = headers[name]
    const value = raw[i + 1] ?? ''
    headers[name] = before === undefined ? value : `${before}, ${value}`
    if (before !== undefined) repeated.push(name)
  }
  return { headers, repeated }
}

function answerWith(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
  const type = body.startsWith('{') ? 'application/json' : 'text/plain'
  return reply.code(status).headers(headers).type(type).send(body)
}

/** An answer before the body was read: the connection ends with it. */
function turnAway(reply: FastifyReply, answer: Answer): FastifyReply {
  return answerWith(reply.header('connection', 'close'), answer)
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 400 && status < 500) return turnAway(reply, { status, body: texts.get(status) ?? 'not accepted' })
  request.log.error({ err: error }, 'inbox.route-failed')
  return answerWith(reply, busy)
}

function isEncoded(encoding: string | undefined): boolean {
  return encoding !== undefined && encoding.trim() !== '' && encoding.trim().toLowerCase() !== 'identity'
}

/**
 * `/in/<connector>/<token>`, a plugin of its own: bodies are bytes whatever Content-Type says, answers are
 * constant texts. Everything else under /in/ gets the same 401 as a wrong token, unread.
 */
export function webhookRoutes(deps: WebhookRoutesDeps): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.setErrorHandler(answerError)
    app.addHook('onRequest', async (request, reply) => {
      if (isEncoded(request.headers['content-encoding'])) return turnAway(reply, { status: 415, body: 'not accepted' })
      if (!deps.hasRoom()) return turnAway(reply, busy)
      // The framework refuses odd types and picks parsers by them; ours must not depend on a sender's header.
      request.headers['content-type'] = 'application/octet-stream'
      return
    })
    for (const [kind, { manifest, inbound }] of deps.connectors) {
      if (!manifest.push || !inbound) continue
      app.route<{ Params: { token: string } }>({
        method: ['GET', 'HEAD', 'POST'],
        exposeHeadRoute: false,
        url: `/in/${kind}/:token`,
        bodyLimit: manifest.push.bodyBytesMax,
        handler: async (request, reply) => {
          const raw = Buffer.isBuffer(request.body) ? request.body : nothing
          const { headers, repeated } = readHeaders(request.raw.rawHeaders)
          const { token } = request.params
          return answerWith(reply, await deps.receive({ kind, token, method: request.method, headers, repeated, raw }))
        },
      })
    }
    app.all('/in/*', {
      onRequest: async (_request, reply) => turnAway(reply, { status: 401, body: 'refused' }),
      handler: async () => 'refused',
    })
  }
}
