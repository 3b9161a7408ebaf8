import { z } from 'zod'
import { ChannelError, type ErrorInfo, type ErrorKind, type HttpResponse } from '#kit'

/** What matters of a request for judging its answer. */
export interface Asked {
  readonly write: boolean
  readonly replaySafe: boolean
  readonly now: Date
}

// `data` is normally {status, params}, but the number 500 where a refund is refused (11.0.1, 2026-11-23).
const errorBody = z.object({
  code: z.union([z.string(), z.number()]),
  data: z
    .object({ params: z.record(z.string(), z.unknown()).optional() })
    .optional()
    .catch(undefined),
})

/** A 5xx that will never become anything else ("Invalid refund amount.", gateway without refunds; 2026-11-23). */
const permanentCodes: ReadonlySet<string> = new Set(['woocommerce_rest_cannot_create_order_refund'])

const safeWord = /^[\w.[\]-]{1,80}$/

interface Refusal {
  readonly code: string | undefined
  readonly field: string | undefined
}

/** Code and parameter of WordPress' error envelope; null when the body is something else, such as a firewall's page. */
function refusalOf(response: HttpResponse): Refusal | null {
  try {
    const parsed = errorBody.safeParse(JSON.parse(new TextDecoder().decode(response.body)))
    if (!parsed.success) return null
    const field = Object.keys(parsed.data.data?.params ?? {}).find((name) => safeWord.test(name))
    const code = String(parsed.data.code)
    return { code: safeWord.test(code) ? code : undefined, field }
  } catch {
    return null
  }
}

const waitMsMin = 1_000
const waitMsUsual = 5_000
const waitMsMax = 15 * 60_000
const within = (ms: number) => Math.min(Math.max(ms, waitMsMin), waitMsMax)

/** Seconds or an HTTP date, to milliseconds. A proxy that says "now" or "next year" is not taken at its word. */
function retryAfterMs(response: HttpResponse, now: Date): number | undefined {
  const text = response.headers['retry-after']?.trim() ?? ''
  if (/^\d{1,12}(\.\d+)?$/.test(text)) return within(Math.ceil(Number(text) * 1000))
  const at = Date.parse(text)
  return text === '' || Number.isNaN(at) ? undefined : within(at - now.getTime())
}

function originOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location) ? new URL(location).origin : 'another address'
}

type Judgement = readonly [kind: ErrorKind, why: string]

function judgeOverload(response: HttpResponse, asked: Asked, waitMs: number | undefined): Judgement {
  // A gateway's 502 says nothing about whether PHP had already saved.
  if (!asked.replaySafe) return ['outcome_unknown', 'the write may or may not have happened']
  if (waitMs !== undefined) return ['rate_limited', 'the shop asks to wait']
  return ['transient', `the shop's server failed (${response.status})`]
}

function judgeUnauthorized(code: string | undefined, asked: Asked): Judgement {
  // Woo answers 401 with this code both to a wrong secret and to a read-only key that writes (2026-11-23). Reads decide
  // which: a dead key fails there too.
  if (asked.write && code === 'woocommerce_rest_authentication_error') {
    return ['forbidden', 'the key may not write; give it the permission Read/Write']
  }
  return ['auth_revoked', 'the shop does not accept this key (deleted, its user removed, or the header was stripped)']
}

function judgePage(status: number): Judgement {
  if (status === 401) return ['forbidden', 'the web server, not WooCommerce, asks for a password']
  if (status === 413) return ['invalid', 'the request is too large for the shop']
  // Never not_found: a firewall's page must not look like a deleted order.
  return ['transient', 'a web page came instead of JSON (firewall, maintenance, or permalinks set to Plain)']
}

function judgeRefusal(status: number, refusal: Refusal, asked: Asked): Judgement {
  const { code } = refusal
  if (status === 401) return judgeUnauthorized(code, asked)
  if (code === 'rest_no_route') return ['unsupported', 'this shop has no such route']
  if (code?.endsWith('_invalid_id')) return ['not_found', 'no such object']
  if (status === 403) return ['forbidden', "the key's user lost the right to do this"]
  if (status === 404 || status === 410) return ['not_found', 'no such object']
  if (status === 408) return ['transient', 'the request timed out at the shop']
  return ['invalid', 'the shop refuses the request']
}

function judge(response: HttpResponse, refusal: Refusal | null, asked: Asked): Judgement {
  const { status } = response
  if (status === 429) return ['rate_limited', 'too many requests']
  if (refusal?.code !== undefined && permanentCodes.has(refusal.code))
    return ['invalid', 'the shop refuses this for good']
  if (status >= 500) return judgeOverload(response, asked, retryAfterMs(response, asked.now))
  // Followed, a redirect would turn a POST into a GET and drop the key: a write that silently did nothing.
  if (status >= 300 && status < 400) {
    return ['transient', `the shop redirects to ${originOf(response.headers.location)}; connect with that address`]
  }
  return refusal === null ? judgePage(status) : judgeRefusal(status, refusal, asked)
}

/** Turns a refusing answer into what the hub shall do next. The shop's own words stay out: they may name a person. */
export function failureOf(response: HttpResponse, asked: Asked): ChannelError {
  const refusal = refusalOf(response)
  const [kind, why] = judge(response, refusal, asked)
  const waitMs = retryAfterMs(response, asked.now) ?? (kind === 'rate_limited' ? waitMsUsual : undefined)
  const requestId = response.headers['x-request-id'] ?? response.headers['cf-ray']
  const info: ErrorInfo = {
    httpStatus: response.status,
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(refusal?.code !== undefined && { remoteCode: refusal.code }),
    ...(refusal?.field !== undefined && { field: refusal.field }),
    ...(requestId !== undefined && safeWord.test(requestId) && { remoteRequestId: requestId }),
  }
  const code = refusal?.code === undefined ? '' : ` ${refusal.code}`
  return new ChannelError(kind, `WooCommerce answered ${response.status}${code}: ${why}`, info)
}

/** A 2xx whose body is not what was asked for: a PHP notice before the JSON, a login page, a plugin's idea. */
export function malformed(status: number, asked: Asked, where: string): ChannelError {
  return new ChannelError(
    asked.replaySafe ? 'transient' : 'outcome_unknown',
    `WooCommerce answered ${status} with a body that is not the expected JSON (${where})`,
    { httpStatus: status },
  )
}
