import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type InboundEvent, type InboundPort, UnreadableError } from '#kit'
import { Gid, gid, NumericId, parseJson, readAs, readInstant } from './json.ts'
import type { Credentials } from './settings.ts'

/** SHA-256 in base64: 43 letters and one "=". */
const signatureLength = 44
const idLengthMax = 200
const topicShape = /^[a-z_]{1,60}\/[a-z_]{1,60}$/

/** Every secret is tried, so that the time taken does not tell which one fitted. */
export function isSigned(raw: Uint8Array, signature: string, secrets: readonly string[]): boolean {
  const given = Buffer.from(signature, 'latin1')
  if (given.length !== signatureLength) return false
  let fits = false
  for (const secret of secrets) {
    const own = Buffer.from(createHmac('sha256', secret).update(raw).digest('base64'), 'latin1')
    if (timingSafeEqual(own, given)) fits = true
  }
  return fits
}

const verify: InboundPort<Credentials>['verify'] = (request, secrets) => {
  const { headers, raw } = request
  const signature = headers['x-shopify-hmac-sha256']
  if (signature === undefined || !isSigned(raw, signature, secrets.apiSecrets))
    return { ok: false, reason: 'signature' }
  // One secret signs for every shop of the app, so a delivery for another shop is well signed too.
  if (headers['x-shopify-shop-domain']?.toLowerCase() !== secrets.shop) return { ok: false, reason: 'account' }
  const topic = headers['x-shopify-topic']?.toLowerCase() ?? ''
  if (!topicShape.test(topic)) return { ok: false, reason: 'malformed' }
  const event = headers['x-shopify-event-id']
  const occurredAt = readInstant(headers['x-shopify-triggered-at'] ?? '')
  if (event === undefined || event === '' || event.length > idLengthMax) return { ok: true, topic, occurredAt }
  // One event of the shop may be told in several topics under one event id (docs "ignore duplicates", read 2026-11-23).
  return { ok: true, topic, deliveryId: `${topic}:${event}`, occurredAt }
}

const ById = z.object({ id: NumericId, admin_graphql_api_id: Gid.optional() })
const OfOrder = z.object({ order_id: NumericId })
const Edited = z.object({ order_edit: OfOrder })
const Risk = z.object({ order_id: NumericId.nullish(), risk_level: z.string().nullish() })
const OfItem = z.object({ inventory_item_id: NumericId })
const Gids = z.array(z.object({ admin_graphql_api_id: Gid })).max(2_100)
const Product = ById.extend({ variant_gids: Gids.nullish(), variants: Gids.nullish() })

type Decode = (body: unknown, text: string) => readonly InboundEvent[]
const orderRef = (id: string) => gid('Order', id)

const wholeOrder: Decode = (body, text) => {
  const order = readAs(ById, body, 'order')
  const ref = order.admin_graphql_api_id ?? orderRef(order.id)
  return [{ type: 'order', ref, raw: text }]
}
const ofOrder: Decode = (body) => [{ type: 'order', ref: orderRef(readAs(OfOrder, body, 'order').order_id) }]
const stock: Decode = (body) => {
  const target = gid('InventoryItem', readAs(OfItem, body, 'inventory level').inventory_item_id)
  return [{ type: 'stock', target }]
}
const item: Decode = (body) => [{ type: 'stock', target: gid('InventoryItem', readAs(ById, body, 'item').id) }]
const product: Decode = (body) => {
  const read = readAs(Product, body, 'product')
  const variants = read.variant_gids ?? read.variants ?? []
  const refs = variants.length > 0 ? variants : [{ admin_graphql_api_id: gid('Product', read.id) }]
  return refs.map((one) => ({ type: 'listing', ref: one.admin_graphql_api_id }))
}
const risk: Decode = (body) => {
  const read = readAs(Risk, body, 'risk assessment')
  if (read.order_id == null) return [{ type: 'ignored', reason: 'a risk assessment without an order' }]
  // Every order is assessed; only a finding is worth a call.
  if (/^(low|none)$/i.test(read.risk_level ?? '')) return [{ type: 'ignored', reason: `risk ${read.risk_level}` }]
  return [{ type: 'order', ref: orderRef(read.order_id) }]
}

const decoders: Readonly<Record<string, Decode>> = {
  'orders/create': wholeOrder,
  'orders/updated': wholeOrder,
  'orders/paid': wholeOrder,
  'orders/cancelled': wholeOrder,
  'orders/fulfilled': wholeOrder,
  'orders/partially_fulfilled': wholeOrder,
  'orders/edited': (body) => [{ type: 'order', ref: orderRef(readAs(Edited, body, 'order edit').order_edit.order_id) }],
  'orders/delete': (body) => [{ type: 'order', ref: orderRef(readAs(ById, body, 'order').id) }],
  'orders/risk_assessment_changed': risk,
  'refunds/create': ofOrder,
  'fulfillments/create': ofOrder,
  'fulfillments/update': ofOrder,
  'inventory_levels/update': stock,
  'inventory_levels/connect': stock,
  'inventory_levels/disconnect': stock,
  'inventory_items/create': item,
  'inventory_items/update': item,
  'products/create': product,
  'products/update': product,
  'products/delete': product,
  'app/uninstalled': () => [{ type: 'revoked' }],
}

const decode: InboundPort<Credentials>['decode'] = ({ topic, raw }) => {
  const decoder = Object.hasOwn(decoders, topic) ? decoders[topic] : undefined
  if (!decoder) return [{ type: 'ignored', reason: 'a topic that this connector does not use' }]
  const text = new TextDecoder().decode(raw)
  const body = parseJson(text)
  if (typeof body !== 'object' || body === null) throw new UnreadableError('the body is not an object')
  return decoder(body, text)
}

export const inbound: InboundPort<Credentials> = { verify, decode }
