import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { fieldErrors } from './field-errors.ts'
import { notFound, Problem, problemBody } from './problem.ts'

const problemType = 'application/problem+json; charset=utf-8'

/** Fastify's own refusals, in our words: its messages may repeat what was sent. */
const known = new Map<string, Problem>([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    new Problem(413, 'HUB_BODY_TOO_LARGE', 'The body is larger than this address accepts.'),
  ],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', new Problem(415, 'HUB_MEDIA_TYPE', 'Send the body as application/json.')],
  ['FST_ERR_CTP_EMPTY_JSON_BODY', new Problem(400, 'HUB_JSON', 'The body is empty. Send a JSON object.')],
  ['FST_ERR_CTP_INVALID_JSON_BODY', new Problem(400, 'HUB_JSON', 'The body is not valid JSON.')],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    new Problem(400, 'HUB_REQUEST', 'The body is not as long as Content-Length says.'),
  ],
])

/** The database is away, full, or too busy for now; by codes of PostgreSQL and Node, and words of pg where it gives none. */
const awayCode = /^(08\w{3}|53\w{3}|57P0\d|57014|55P03|40001|40P01|ECONNREFUSED|ECONNRESET|EPIPE)$/
const awayWords = /^(timeout exceeded when trying to connect|Connection terminated)/
const busy = new Problem(503, 'HUB_BUSY', 'The database does not answer in time. Try again in a moment.')

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return awayCode.test(facts(error).code) || awayWords.test(error.message) || error.name === 'TransactionLost'
}

function facts(error: unknown): { readonly code: string; readonly status: number } {
  if (!(error instanceof Error)) return { code: '', status: 500 }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
  return { code, status }
}

/** What the caller is told. Whatever is not ours or the framework's becomes a 500 without a word of it. */
function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    return new Problem(400, 'HUB_VALIDATION', 'The request does not fit this address.', fieldErrors(error.validation))
  }
  const { code, status } = facts(error)
  const framework = known.get(code)
  if (framework) return framework
  if (code.startsWith('FST_') && status < 500) return new Problem(status, 'HUB_REQUEST', 'The request cannot be read.')
  if (error instanceof SyntaxError && status === 400)
    return new Problem(400, 'HUB_JSON', 'The body is not acceptable JSON.')
  if (isAway(error)) return busy
  return new Problem(500, 'HUB_INTERNAL', 'Something failed here. Say the correlationId when you ask about it.')
}

/** Sends a problem as application/problem+json. */
function answerProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="crossdock"')
  if (problem.status === 503) reply.header('retry-after', '1')
  const body = JSON.stringify(problemBody(problem, reply.request.id))
  // A route's own response schema must not reshape a problem.
  return reply.code(problem.status).type(problemType).serializer(String).send(body)
}

/** Who may not, who is not known, and who tries too often: what somebody looks for after a break-in, or during one. */
const watched: ReadonlySet<number> = new Set([401, 403, 429])

function noteRefusal({ status, code }: Problem, request: FastifyRequest): void {
  if (!watched.has(status)) return
  const { merchantId, actor } = request.principal ?? {}
  const who = merchantId === undefined || merchantId === '' ? {} : { merchantId }
  const facts = { route: request.routeOptions.url ?? 'none', method: request.method, status, code }
  request.log.info(
    { ...facts, ...who, ...(actor !== undefined && { actor }), correlationId: request.id },
    'http.refused',
  )
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error)
  noteRefusal(problem, request)
  if (problem.status >= 500) {
    request.log.error({ err: error, correlationId: request.id, route: request.routeOptions.url }, 'http.failed')
  }
  return answerProblem(reply, problem)
}

/** Every error of every route, and every address without a route, answered the same way. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((_request, reply) => answerProblem(reply, notFound()))
}

/** For an address that the router itself cannot read. */
export const frameworkErrors = answerError

/** What could not be read as HTTP at all, or came too slowly. */
export function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const lines: Readonly<Record<string, string>> = {
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  }
  const line = lines[error.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
