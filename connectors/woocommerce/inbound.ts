import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type Inbound, type InboundEvent, type InboundPort, UnreadableError, type Verdict } from '#kit'
import type { Credentials } from './settings.ts'
import { idOrNone, text } from './wire.ts'

const pingBytesMax = 64

/** On creation a webhook pings: a form body, unsigned, without any X-WC header (11.0.1, 2026-11-23). */
function greet(request: Inbound): { status: number; body: string } | null {
  const { method, headers, raw } = request
  if (method !== 'POST' || headers['x-wc-webhook-signature'] !== undefined || raw.length > pingBytesMax) return null
  return /^webhook_id=\d{1,19}$/.test(Buffer.from(raw).toString('latin1')) ? { status: 200, body: 'pong' } : null
}

function hostOf(address: string | undefined): string | null {
  return address !== undefined && URL.canParse(address) ? new URL(address).host : null
}

function signed(raw: Uint8Array, secret: string, signature: string): boolean {
  const expected = Buffer.from(createHmac('sha256', secret).update(raw).digest('base64'))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function verify(request: Inbound, secrets: Credentials, account: string): Verdict {
  const { headers, raw } = request
  const signature = headers['x-wc-webhook-signature']
  if (signature === undefined || !signed(raw, secrets.webhookSecret, signature))
    return { ok: false, reason: 'signature' }
  const source = hostOf(headers['x-wc-webhook-source'])
  if (source === null || source !== hostOf(account)) return { ok: false, reason: 'account' }
  const topic = headers['x-wc-webhook-topic']
  if (topic === undefined || !/^[\w.-]{1,100}$/.test(topic)) return { ok: false, reason: 'malformed' }
  // Headers are not signed and bodies may be stale, so no time of the event is claimed.
  return { ok: true, topic, occurredAt: null }
}

const body = z.object({
  id: idOrNone.catch(null),
  status: text,
  code: text,
  data: z.object({ status: z.unknown() }).optional().catch(undefined),
})

/** Statuses of orders that are no orders yet: the checkout block's drafts and the admin's unsaved forms. */
export const draftStatuses: ReadonlySet<string> = new Set(['checkout-draft', 'auto-draft', 'draft', 'new'])

// A key whose user was demoted or deleted keeps delivering, with this instead of the resource (11.0.1, 2026-11-23).
const revokedCodes: ReadonlySet<string> = new Set(['woocommerce_rest_cannot_view', 'woocommerce_rest_cannot_edit'])

function parse(raw: Uint8Array): z.infer<typeof body> {
  try {
    return body.parse(JSON.parse(new TextDecoder().decode(raw)))
  } catch {
    // No cause: the parser's message quotes the body, which holds a person.
    throw new UnreadableError('webhook body: not a JSON object')
  }
}

function decode(stored: { readonly topic: string; readonly raw: Uint8Array }): readonly InboundEvent[] {
  const [resource] = stored.topic.split('.')
  if (resource !== 'order' && resource !== 'product') {
    return [{ type: 'ignored', reason: `topic ${stored.topic} is not used` }]
  }
  const message = parse(stored.raw)
  if (message.id === null) {
    const refused = message.data?.status === 401 || message.data?.status === 403
    if (refused && revokedCodes.has(message.code)) return [{ type: 'revoked' }]
    return [{ type: 'ignored', reason: message.code === '' ? 'no id' : 'the shop could not show the resource' }]
  }
  if (resource === 'product') return [{ type: 'listing', ref: message.id }]
  if (draftStatuses.has(message.status)) return [{ type: 'ignored', reason: 'a checkout draft is no order yet' }]
  return [{ type: 'order', ref: message.id }]
}

export const inbound: InboundPort<Credentials> = { greet, verify, decode }
