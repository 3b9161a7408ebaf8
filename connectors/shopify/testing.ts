import { Buffer } from 'node:buffer'
import type { HttpRequest, HttpResponse } from '#kit'
import { CredentialsShape, type ShopCtx } from './settings.ts'

/** A call to the connector's far side, as a test answers it. */
export interface Asked {
  readonly name: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly request: HttpRequest
}
export type Reply =
  | { readonly data: unknown }
  | { readonly status?: number; readonly body: string; readonly headers?: Record<string, string> }

const operation = /\b(?:query|mutation) (\w+)/

function replyOf(reply: Reply): HttpResponse {
  const json = { 'content-type': 'application/json; charset=utf-8' }
  if ('data' in reply) return { status: 200, headers: json, body: Buffer.from(JSON.stringify({ data: reply.data })) }
  return { status: reply.status ?? 200, headers: { ...json, ...reply.headers }, body: Buffer.from(reply.body) }
}

export const shopDomain = 'example.myshopify.com'
export const clientSecret = 'client-secret-for-tests'
export const credentials = CredentialsShape.parse({
  shop: shopDomain,
  accessToken: 'access-token-for-tests',
  apiSecrets: [clientSecret],
})
export const location = 'gid://shopify/Location/1'
const testNow = new Date('2026-11-23T10:00:00.500Z')

/** A ctx whose far side is `answer`; `asked` keeps what was sent, in order. */
export function shopCtx(
  answer: (asked: Asked) => Reply | Promise<Reply>,
  more: { readonly secrets?: object; readonly settings?: object } = {},
): { readonly ctx: ShopCtx; readonly asked: Asked[] } {
  const asked: Asked[] = []
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    const body: { query?: string; variables?: Record<string, unknown> } = JSON.parse(String(request.body))
    const call = { name: operation.exec(body.query ?? '')?.[1] ?? '', variables: body.variables ?? {}, request }
    asked.push(call)
    return replyOf(await answer(call))
  }
  const ctx: ShopCtx = {
    connectionId: 'connection-for-tests',
    secrets: { ...credentials, ...more.secrets },
    settings: { shop: shopDomain, locationId: location, ...more.settings },
    send,
    dial: () => Promise.reject(new Error('this connector dials nobody')),
    now: () => testNow,
    newId: () => '00000000-0000-7000-8000-000000000000',
    signal: new AbortController().signal,
  }
  return { ctx, asked }
}

export const lastPage = { hasNextPage: false, endCursor: null }
export function connection(nodes: readonly unknown[], endCursor: string | null = null) {
  return { pageInfo: { hasNextPage: endCursor !== null, endCursor }, nodes }
}
