import { createHash } from 'node:crypto'
import type { Connector, Inbound, Verdict } from '../connector-kit/connector.ts'
import { publicId } from '../model/id.ts'
import { cleanText } from '../model/text.ts'
import type { Ports } from '../platform/base/ports.ts'
import type { Log } from '../platform/observe/log.ts'
import type { Metrics } from '../platform/observe/metrics.ts'
import type { Endpoint, FindEndpoint } from './endpoint-cache.ts'
import type { StoreOutcome } from './group-commit.ts'
import type { Delivery } from './insert-deliveries.ts'

export interface ReceiveDeps {
  readonly connectors: ReadonlyMap<string, Connector>
  readonly findEndpoint: FindEndpoint
  readonly store: (delivery: Delivery) => Promise<StoreOutcome>
  readonly ports: Pick<Ports, 'ids' | 'clock'>
  readonly log: Log
  readonly metrics: Pick<Metrics, 'inboxAcked' | 'inboxRefused' | 'ackSeconds'>
}
export interface Arrival extends Inbound {
  readonly kind: string
  readonly token: string
  /** Names of headers that came more than once. */
  readonly repeated: readonly string[]
}
export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const tokenShape = /^[A-Za-z0-9_-]{43}$/
const keptShape = /^(content-type$|x-shopify-|x-wc-webhook-)/
const signatureShape = /signature|hmac/
const keyLengthMax = 200
const headerLengthMax = 500

/** One text for everything that is not let in: what was wrong helps only those who try. */
const refused: Answer = { status: 401, body: 'refused' }
/** The sender is told to come again; for those who never do (WooCommerce) the poll brings it. */
export const busy: Answer = { status: 503, body: 'busy', headers: { 'retry-after': '1' } }
const postOnly: Answer = { status: 405, body: 'post only', headers: { allow: 'POST' } }

function keptHeaders(headers: Inbound['headers'], occurredAt: string | null): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !keptShape.test(name) || signatureShape.test(name)) continue
    kept[name] = cleanText(value, headerLengthMax)
  }
  if (occurredAt !== null) kept['occurred-at'] = cleanText(occurredAt, 40)
  return kept
}

function dedupeKey(topic: string, deliveryId: string | undefined): string | null {
  if (deliveryId === undefined || deliveryId === '') return null
  const key = cleanText(`${topic}:${deliveryId}`, Number.POSITIVE_INFINITY)
  return key.length <= keyLengthMax ? key : `sha256:${createHash('sha256').update(key).digest('hex')}`
}

function deliveryOf(
  arrival: Arrival,
  endpoint: Endpoint,
  fact: { verdict: Verdict & { ok: true }; stable: boolean; id: string },
): Delivery {
  const { verdict } = fact
  const topic = cleanText(verdict.topic, keyLengthMax)
  return {
    merchantId: endpoint.merchantId,
    messageId: fact.id,
    connectionId: endpoint.connectionId,
    source: 'webhook',
    topic,
    dedupeKey: fact.stable ? dedupeKey(topic, verdict.deliveryId) : null,
    headers: keptHeaders(arrival.headers, verdict.occurredAt),
    raw: arrival.raw,
  }
}

function greeted(connector: Connector, arrival: Arrival): Answer | null {
  return connector.inbound?.greet?.({ method: arrival.method, headers: arrival.headers, raw: arrival.raw }) ?? null
}

function verified(connector: Connector, arrival: Arrival, endpoint: Endpoint): Verdict {
  // Two signatures: one reader may check the first, another the last.
  if (arrival.repeated.some((name) => signatureShape.test(name) || keptShape.test(name)))
    return { ok: false, reason: 'malformed' }
  const inbound = { method: arrival.method, headers: arrival.headers, raw: arrival.raw }
  return connector.inbound?.verify(inbound, endpoint.secrets, endpoint.account) ?? { ok: false, reason: 'malformed' }
}

/**
 * One delivery: address, signature, disk, and only then the answer. The body is never parsed here.
 * Never rejects; what goes wrong on our side is a 503.
 */
export function openReceiver(deps: ReceiveDeps): (arrival: Arrival) => Promise<Answer> {
  const refuse = (arrival: Arrival, reason: string, answer: Answer): Answer => {
    deps.metrics.inboxRefused.inc({ reason })
    deps.log.debug({ connector: arrival.kind, reason }, 'inbox.refused')
    return answer
  }
  const receive = async (arrival: Arrival): Promise<Answer> => {
    const connector = deps.connectors.get(arrival.kind)
    const { push } = connector?.manifest ?? {}
    if (!connector || !push || !tokenShape.test(arrival.token)) return refuse(arrival, 'address', refused)
    const endpoint = await deps.findEndpoint(arrival.token)
    if (endpoint?.connector !== arrival.kind) return refuse(arrival, 'address', refused)
    const greeting = greeted(connector, arrival)
    if (greeting) return greeting
    if (arrival.method !== 'POST') return refuse(arrival, 'method', postOnly)
    const verdict = verified(connector, arrival, endpoint)
    if (!verdict.ok) return refuse(arrival, verdict.reason, refused)
    const id = deps.ports.ids.uuid()
    const outcome = await deps.store(deliveryOf(arrival, endpoint, { verdict, stable: push.stableDeliveryId, id }))
    if (outcome === 'refused' || outcome === 'failed') return refuse(arrival, outcome, busy)
    deps.metrics.inboxAcked.inc({ source: 'webhook' })
    const named = outcome === 'stored' && { headers: { 'x-crossdock-message': publicId('message', id) } }
    return { status: 200, body: 'ok', ...named }
  }
  return async (arrival) => {
    const startedMs = deps.ports.clock.ms()
    try {
      return await receive(arrival)
    } catch (error) {
      deps.log.error({ err: error, connector: arrival.kind }, 'inbox.receive-failed')
      return refuse(arrival, 'failed', busy)
    } finally {
      deps.metrics.ackSeconds.observe((deps.ports.clock.ms() - startedMs) / 1_000)
    }
  }
}
