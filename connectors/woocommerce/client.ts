import { type AdapterConfig, type AdapterResponse, WooCommerceRestApi } from 'woocommerce-rest-api'
import type { ZodType } from 'zod'
import { ChannelError, type HttpRequest, type HttpResponse } from '#kit'
import { type Asked, failureOf, malformed } from './failure.ts'
import { readSettings, type WooCtx } from './settings.ts'

type Param = string | number | boolean | readonly (string | number)[]

export interface Ask<T> {
  readonly method: HttpRequest['method']
  readonly path: string
  readonly params?: Readonly<Record<string, Param>>
  readonly body?: unknown
  /** Reads are; a write only when its body states an absolute value. */
  readonly replaySafe?: boolean
  readonly namespace?: string
  /** The answer's shape: what does not fit is a malformed answer, never data. */
  readonly shape: ZodType<T>
}
export interface Answer<T> {
  readonly data: T
  readonly totalPages: number | null
}

/** The library repeats the key for an array, of which PHP keeps the last; a comma list is read whole (2026-11-23). */
function asText(value: Param): string {
  return typeof value === 'object' ? value.join(',') : String(value)
}

function paramsOf(params: Ask<unknown>['params']): Record<string, string> {
  return Object.fromEntries(Object.entries(params ?? {}).map(([name, value]) => [name, asText(value)]))
}

function requestOf(config: AdapterConfig, method: HttpRequest['method'], replaySafe: boolean): HttpRequest {
  const headers = Object.entries(config.headers.toJSON()).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
  )
  return {
    method,
    url: config.url ?? '',
    headers: Object.fromEntries(headers),
    ...(typeof config.data === 'string' && { body: config.data }),
    budget: 'rest',
    replaySafe,
  }
}

/** With query authentication the URL holds the key, and a network error's text or cause may hold the URL. */
function withoutSecrets(error: unknown, ctx: WooCtx): unknown {
  if (!(error instanceof ChannelError)) return error
  const { consumerKey, consumerSecret } = ctx.secrets
  const mask = (text: string) => text.replaceAll(consumerSecret, '***').replaceAll(consumerKey, '***')
  return new ChannelError(error.kind, mask(error.message), error.info)
}

interface Exchange {
  response?: HttpResponse
  failure?: unknown
}

/** Replaces the library's transport by the hub's: deadline, size cap, egress guard and no redirects come with it. */
function adapterOf(ctx: WooCtx, ask: Ask<unknown>, replaySafe: boolean, seen: Exchange) {
  return async (config: AdapterConfig): Promise<AdapterResponse> => {
    try {
      seen.response = await ctx.send(requestOf(config, ask.method, replaySafe))
    } catch (error) {
      seen.failure = error
      throw error
    }
    const { status, headers, body } = seen.response
    // TextDecoder drops the byte-order mark that some themes print before the JSON.
    return { status, statusText: '', headers: { ...headers }, data: new TextDecoder().decode(body), config }
  }
}

/**
 * One REST call through woocommerce-rest-api.
 * @throws ChannelError; never the library's own errors, whose `request.url` may hold the secret
 */
export async function ask<T>(ctx: WooCtx, request: Ask<T>): Promise<Answer<T>> {
  const { storeUrl, auth } = readSettings(ctx.settings)
  const write = request.method !== 'GET'
  const replaySafe = request.replaySafe ?? !write
  const asked: Asked = { write, replaySafe, now: ctx.now() }
  const api = new WooCommerceRestApi({
    url: storeUrl,
    consumerKey: ctx.secrets.consumerKey,
    consumerSecret: ctx.secrets.consumerSecret,
    version: request.namespace ?? 'wc/v3',
    authStrategy: auth === 'query' ? 'query-string' : 'basic',
    userAgent: 'Crossdock',
  })
  const seen: Exchange = {}
  api.httpClient.defaults.adapter = adapterOf(ctx, request, replaySafe, seen)
  const options = { params: paramsOf(request.params), ...(request.body !== undefined && { data: request.body }) }
  const answer = await api.request(request.method, request.path, options).catch(() => null)
  if (seen.failure !== undefined) throw withoutSecrets(seen.failure, ctx)
  if (seen.response === undefined) throw new ChannelError('invalid', 'The shop address or the keys cannot be used')
  const { status } = seen.response
  if (answer === null || status >= 300) throw failureOf(seen.response, asked)
  const parsed = request.shape.safeParse(answer.data)
  if (parsed.success) return { data: parsed.data, totalPages: answer.meta.pagination.totalPages }
  const issue = parsed.error.issues[0]
  throw malformed(status, asked, typeof answer.data === 'string' ? 'no JSON' : (issue?.path.join('.') ?? ''))
}

/** The answer, or null where this shop has no such route (feature off, plugin absent, too old). */
export async function askIfRouted<T>(ctx: WooCtx, request: Ask<T>): Promise<Answer<T> | null> {
  try {
    return await ask(ctx, request)
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'unsupported') return null
    throw error
  }
}
