import { z } from 'zod'
import { ChannelError, cleanText, type ErrorInfo, type HttpResponse } from '#kit'

const waitMsMin = 1_000
const waitMsMax = 15 * 60_000

function clampWait(ms: number): number {
  return Number.isNaN(ms) ? waitMsMin : Math.min(Math.max(ms, waitMsMin), waitMsMax)
}

/** Retry-After of Shopify is in seconds; its own library reads it as milliseconds (shopify-app-js#3364, open 2026-11-23). */
export function retryAfterMs(header: string | undefined): number {
  return clampWait(Number(header || Number.NaN) * 1_000)
}

export interface Sent {
  /** False: a write which must not be sent twice, so that a lost answer leaves its outcome unknown. */
  readonly replaySafe: boolean
  /** True: a refresh token is at hand, so a refused access token can be replaced without a person. */
  readonly refreshable: boolean
}

/** The error for an answer whose effect nobody knows: harmless to repeat, or to be looked up first. */
function lost(sent: Sent, message: string, info: ErrorInfo): ChannelError {
  return new ChannelError(sent.replaySafe ? 'transient' : 'outcome_unknown', message, info)
}

/** What an answer other than 200 means. */
export function statusError(response: HttpResponse, sent: Sent): ChannelError {
  const { status, headers } = response
  const requestId = headers['x-request-id']
  const info: ErrorInfo = {
    httpStatus: status,
    ...(requestId === undefined ? {} : { remoteRequestId: cleanText(requestId, 100) }),
  }
  const say = `Shopify answered ${status}`
  if (status === 401) return new ChannelError(sent.refreshable ? 'auth_expired' : 'auth_revoked', say, info)
  // 402 frozen shop, 403 missing scope, 423 locked shop: a person must act, a new login does not help.
  if (status === 402 || status === 403 || status === 423) return new ChannelError('forbidden', say, info)
  if (status === 404) return new ChannelError('not_found', say, info)
  if (status === 429 || status === 430) {
    return new ChannelError('rate_limited', say, { ...info, retryAfterMs: retryAfterMs(headers['retry-after']) })
  }
  if (status >= 500) return lost(sent, say, info)
  if (status >= 400) return new ChannelError('invalid', say, info)
  return lost(sent, `${say}, which is no answer of the Admin API`, info)
}

const Throttle = z.object({
  requestedQueryCost: z.number().nonnegative(),
  throttleStatus: z.object({ currentlyAvailable: z.number(), restoreRate: z.number().positive() }),
})
const GraphqlErrors = z.object({
  errors: z.array(
    z.object({
      message: z.string().optional(),
      path: z.array(z.union([z.string(), z.number()])).nullish(),
      extensions: z.object({ code: z.string().optional() }).nullish(),
    }),
  ),
  data: z.unknown().optional(),
  extensions: z.object({ cost: Throttle.optional().catch(undefined) }).nullish(),
})

/** Fields that hold people. An app without approval for them gets null and an error beside otherwise whole data. */
const personFields = new Set(['email', 'phone', 'shippingAddress', 'billingAddress', 'note', 'name', 'company'])

export type ReadAnswer =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly error: ChannelError }

/** Reads an HTTP 200: data, or the error that hides in it (throttling too arrives as 200). */
export function readAnswer(body: unknown, sent: Sent): ReadAnswer {
  const failed = (error: ChannelError): ReadAnswer => ({ ok: false, error })
  const info: ErrorInfo = { httpStatus: 200 }
  const read = GraphqlErrors.safeParse(body)
  if (!read.success || read.data.errors.length === 0) {
    return failed(lost(sent, 'malformed answer', { ...info, remoteCode: 'malformed' }))
  }
  const { errors, data, extensions } = read.data
  const codes = errors.map((error) => error.extensions?.code ?? '')
  const message = cleanText(errors[0]?.message ?? 'error without a message', 200)
  if (codes.includes('THROTTLED')) {
    const cost = extensions?.cost
    const missing = cost ? cost.requestedQueryCost - cost.throttleStatus.currentlyAvailable : 0
    const wait = cost ? (missing / cost.throttleStatus.restoreRate) * 1_000 : 0
    const throttled = { ...info, remoteCode: 'THROTTLED', retryAfterMs: clampWait(wait) }
    return failed(new ChannelError('rate_limited', 'throttled by query cost', throttled))
  }
  if (codes.every((code) => code === 'ACCESS_DENIED')) {
    const onlyPersons = errors.every((error) => error.path?.some((part) => personFields.has(String(part))))
    if (onlyPersons && data !== undefined && data !== null) return { ok: true, data }
    return failed(new ChannelError('forbidden', message, { ...info, remoteCode: 'ACCESS_DENIED' }))
  }
  if (codes.includes('MAX_COST_EXCEEDED')) {
    return failed(new ChannelError('invalid', message, { ...info, remoteCode: 'MAX_COST_EXCEEDED' }))
  }
  const code = codes.find((one) => one !== '')
  return failed(lost(sent, `malformed: ${message}`, { ...info, remoteCode: code ?? 'malformed' }))
}
