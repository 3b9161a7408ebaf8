import { createHash, createHmac } from 'node:crypto'
import type { Dials } from './faults.ts'
import type { Action, Store, Webhook } from './model.ts'
import { orderJson } from './order-json.ts'
import { post } from './outgoing.ts'
import { productJson } from './product-json.ts'
import { phpJson } from './rest.ts'

const userAgent = 'WooCommerce/11.0.1 Hookshot (WordPress/6.9.1)'
/** WooCommerce waits 60 s; scaled, so that one silent receiver does not stop the world for an hour of its time. */
const deliveryTimeoutMs = 60_000
const deliveryTimeoutLeastMs = 5_000
const pingTimeoutMs = 5_000
const redirectsMax = 5
/** The failure after this many disables the webhook: the seventh in a row (the manual says five). */
const failuresBorne = 6

interface Delivery {
  readonly webhook: Webhook
  readonly action: Action
  readonly body: string
}

/** What the webhook's owner may see of the resource now; where that is nothing, an error body, signed like any other. */
export function payloadOf(store: Store, action: Action): string {
  const [resource, event] = action.topic.split('.')
  if (event === 'deleted') return phpJson({ id: action.resourceId })
  if (store.owner !== 'manager') {
    const status = store.owner === 'demoted' ? 403 : 401
    const message = 'Sorry, you cannot view this resource.'
    return phpJson({ code: 'woocommerce_rest_cannot_view', message, data: { status } })
  }
  const order = resource === 'order' ? store.orders.get(action.resourceId) : undefined
  const product = resource === 'product' ? store.products.get(action.resourceId) : undefined
  if (order) return phpJson(orderJson(store, order))
  if (product) return phpJson(productJson(store, product))
  const kind = resource === 'order' ? 'shop_order' : 'product'
  return phpJson({ code: `woocommerce_rest_${kind}_invalid_id`, message: 'Invalid ID.', data: { status: 404 } })
}

/** A hash of webhook and second: two orders delivered by one webhook in one second carry the same id (2026-11-23). */
function deliveryId(store: Store, webhook: Webhook): string {
  const seconds = Math.floor(store.now() / 1000)
  return createHash('md5').update(`${store.name}.${webhook.id}${seconds}`).digest('hex')
}

/** One try, never repeated. Redirects are not followed, and count as success. */
export async function send(store: Store, dials: Dials, delivery: Delivery): Promise<number> {
  const { webhook, action, body } = delivery
  const [resource, event] = action.topic.split('.')
  const id = deliveryId(store, webhook)
  const status = await post({
    url: webhook.deliveryUrl,
    headers: {
      'content-type': 'application/json',
      'user-agent': userAgent,
      'x-wc-webhook-source': `${store.url}/`,
      'x-wc-webhook-topic': action.topic,
      'x-wc-webhook-resource': resource ?? '',
      'x-wc-webhook-event': event ?? '',
      'x-wc-webhook-signature': createHmac('sha256', webhook.secret).update(body).digest('base64'),
      'x-wc-webhook-id': String(webhook.id),
      'x-wc-webhook-delivery-id': id,
    },
    body,
    timeoutMs: Math.max(deliveryTimeoutLeastMs, deliveryTimeoutMs / dials.timeScale),
    redirectsMax: 0,
  })
  store.record('webhook.sent', { topic: action.topic, resource: action.resourceId, status, deliveryId: id })
  return status
}

/** 200 to 302 is success and clears the count; the seventh failure in a row disables. */
export function settle(
  store: Store,
  of: { readonly webhook: Webhook; readonly action: Action; readonly sequence: number },
  status: number,
): void {
  const { webhook, action } = of
  if (status >= 200 && status <= 302) {
    webhook.failures = 0
    const order = action.topic.startsWith('order.') ? store.orders.get(action.resourceId) : undefined
    if (order) order.servedSequence = Math.max(order.servedSequence, of.sequence)
    return
  }
  if (webhook.failures >= failuresBorne && webhook.status !== 'disabled') {
    webhook.status = 'disabled'
    webhook.modified = store.now()
    store.record('webhook.disabled', { webhook: webhook.id, topic: webhook.topic })
  }
  webhook.failures += 1
}

/** The greeting of a new webhook: a form, unsigned, without X-WC headers. Its outcome changes nothing. */
export async function ping(webhook: Webhook): Promise<void> {
  await post({
    url: webhook.deliveryUrl,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': userAgent },
    body: `webhook_id=${webhook.id}`,
    timeoutMs: pingTimeoutMs,
    redirectsMax,
  })
}
