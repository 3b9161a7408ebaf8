import { type Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { EgressError, reasonOf } from './error.ts'
import type { Target } from './target.ts'

export interface EgressRequest {
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}
export interface EgressLimits {
  /** From the call to the last byte of the answer, name lookup and connection included. */
  readonly deadlineMs: number
  readonly bytesMax: number
  readonly signal?: AbortSignal
}
export interface EgressResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}
export interface Call {
  readonly url: URL
  readonly target: Target
  readonly request: EgressRequest
  readonly limits: EgressLimits
  readonly agent: Agent
  readonly userAgent: string
}

// The guard's own, or a way to another host on the same connection.
const ownHeaders = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'expect', 'te'])

function headersOf(call: Call): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': call.userAgent, 'accept-encoding': 'identity' }
  for (const [name, value] of Object.entries(call.request.headers ?? {})) {
    const lower = name.toLowerCase()
    if (ownHeaders.has(lower)) throw new EgressError('refused', `${call.target.host}: header ${lower} is the hub's own`)
    headers[lower] = value
  }
  const { body, method } = call.request
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
  else if (method !== 'GET' && method !== 'HEAD') headers['content-length'] = '0'
  return headers
}

function start(call: Call): ClientRequest {
  const request = call.target.tls ? tlsRequest : plainRequest
  try {
    return request({
      method: call.request.method,
      hostname: call.target.host,
      port: call.target.port,
      path: `${call.url.pathname}${call.url.search}`,
      headers: headersOf(call),
      agent: call.agent,
    })
  } catch (error) {
    if (error instanceof EgressError) throw error
    throw new EgressError('refused', `${call.target.host}: the request is not valid HTTP`)
  }
}

function collect(incoming: IncomingMessage, bytesMax: number, end: (body: Uint8Array | string) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > bytesMax) end(`the answer is larger than ${bytesMax} bytes`)
    else chunks.push(chunk)
  })
  incoming.on('end', () => end(incoming.complete ? Buffer.concat(chunks) : 'the answer was cut off'))
  incoming.on('error', () => end('the answer was cut off'))
}

function answerOf(incoming: IncomingMessage, body: Uint8Array): EgressResponse {
  const headers = Object.entries(incoming.headers).map(([name, v]) => [name, Array.isArray(v) ? v.join(', ') : v])
  return { status: incoming.statusCode ?? 0, headers: Object.fromEntries(headers), body }
}

/** One request, one whole answer of any status, or an error which says whether anything was sent. Follows no redirect. */
export function exchange(call: Call): Promise<EgressResponse> {
  const { deadlineMs, bytesMax, signal } = call.limits
  return new Promise((resolve, reject) => {
    // The agent hands over only connected (and TLS-secured) sockets, so until `socket` nothing can have left.
    let sent = false
    const wire = start(call)
    const finish = (end: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      end()
    }
    const fail = (why: string) => {
      const error = new EgressError(
        sent ? 'after_send' : 'before_send',
        `${call.target.host}:${call.target.port}: ${why}`,
      )
      finish(() => reject(error))
      wire.destroy()
    }
    const stop = () => fail('the call was stopped')
    const timer = setTimeout(() => fail(`no whole answer within ${deadlineMs} ms`), deadlineMs)
    wire.on('socket', () => {
      sent = true
    })
    wire.on('error', (error) => {
      if (error instanceof EgressError) finish(() => reject(error))
      else fail(reasonOf(error))
    })
    wire.on('response', (incoming) => {
      collect(incoming, bytesMax, (end) => {
        if (typeof end === 'string') fail(end)
        else finish(() => resolve(answerOf(incoming, end)))
      })
    })
    if (signal?.aborted) return stop()
    signal?.addEventListener('abort', stop, { once: true })
    wire.end(call.request.body)
  })
}
