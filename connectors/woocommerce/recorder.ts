import type { ChannelError, HttpRequest } from '#kit'
import type { Credentials, WooCtx } from './settings.ts'

/** For tests only: a far side that is a function, and a list of everything that was sent to it. */
export interface Sent {
  readonly method: HttpRequest['method']
  /** After `/wp-json/`, without the query: "wc/v3/orders". */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly replaySafe: boolean
  readonly url: string
}
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Objects are sent as JSON, text as it is. */
  readonly body?: unknown
}

export const testSecrets: Credentials = {
  consumerKey: 'ck_canary_0123456789',
  consumerSecret: 'cs_canary_9876543210',
  webhookSecret: 'wh_canary-secret_0123456789',
}

export const noRoute: Reply = { status: 404, body: { code: 'rest_no_route', message: 'x', data: { status: 404 } } }

function sentOf(request: HttpRequest): Sent {
  const url = new URL(request.url)
  return {
    method: request.method,
    path: url.pathname.replace(/^.*\/wp-json\//, ''),
    query: Object.fromEntries(url.searchParams),
    headers: request.headers ?? {},
    body: typeof request.body === 'string' ? JSON.parse(request.body) : undefined,
    replaySafe: request.replaySafe,
    url: request.url,
  }
}

export function recorder(
  answer: (sent: Sent) => Reply | ChannelError,
  settings: Readonly<Record<string, unknown>> = {},
): { ctx: WooCtx; sent: Sent[] } {
  const sent: Sent[] = []
  const ctx: WooCtx = {
    connectionId: '0190a0a0-0000-7000-8000-000000000001',
    secrets: testSecrets,
    settings: { storeUrl: 'https://shop.example.com', ...settings },
    async send(request) {
      const one = sentOf(request)
      sent.push(one)
      const reply = answer(one)
      if (reply instanceof Error) throw reply
      const { status = 200, headers = {}, body = {} } = reply
      return { status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }
    },
    dial: () => Promise.reject(new Error('no sockets here')),
    now: () => new Date('2026-11-23T12:00:00Z'),
    newId: () => '0190a0a0-0000-7000-8000-0000000000ff',
    signal: new AbortController().signal,
  }
  return { ctx, sent }
}
