import { randomBytes } from 'node:crypto'
import { batched } from './batch.ts'
import { ping } from './deliveries.ts'
import { pageOf } from './listing.ts'
import { nextId, type Webhook } from './model.ts'
import { dates } from './order-json.ts'
import { parameter, type Reply, type RestCall, RestError, readerOf, truthy } from './rest.ts'

const statuses = ['active', 'paused', 'disabled'] as const
const resources = ['coupon', 'customer', 'order', 'product']
const events = ['created', 'updated', 'deleted', 'restored']

/** The secret is never shown again. Nor is the failure count. */
function webhookJson(call: RestCall, webhook: Webhook): Record<string, unknown> {
  const [resource, event] = webhook.topic.split('.')
  const self = `${call.store.url}/wp-json/wc/v3/webhooks`
  return {
    id: webhook.id,
    name: webhook.name,
    status: webhook.status,
    topic: webhook.topic,
    resource,
    event,
    hooks: [`woocommerce_${event}_${resource}`],
    delivery_url: webhook.deliveryUrl,
    ...dates(call.store, 'date_created', webhook.created),
    ...dates(call.store, 'date_modified', webhook.modified),
    _links: { self: [{ href: `${self}/${webhook.id}` }], collection: [{ href: self }] },
  }
}

function find(call: RestCall): Webhook {
  const webhook = call.store.webhooks.get(call.ids[0] ?? 0)
  if (!webhook) throw new RestError(404, 'woocommerce_rest_shop_webhook_invalid_id', 'Invalid ID.')
  return webhook
}

function topicOf(value: unknown): string {
  const [resource = '', event = '', ...rest] = typeof value === 'string' ? value.split('.') : []
  const known = resources.includes(resource) && events.includes(event)
  if (rest.length === 0 && (known || (resource === 'action' && event !== ''))) return `${resource}.${event}`
  const message = 'Webhook topic is required and must be valid.'
  throw new RestError(400, 'woocommerce_rest_shop_webhook_invalid_topic', message)
}

function deliveryUrlOf(value: unknown): string {
  if (typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value)) return value
  const message = 'Webhook delivery URL must be a valid URL starting with http:// or https://.'
  throw new RestError(400, 'woocommerce_rest_shop_webhook_invalid_delivery_url', message)
}

export function listWebhooks(call: RestCall): Reply {
  const read = readerOf(call)
  const status = read.choice('status', ['all', ...statuses], 'all')
  const items = [...call.store.webhooks.values()].filter((one) => status === 'all' || one.status === status)
  return pageOf(call, read, { items, json: (webhook) => webhookJson(call, webhook) })
}

export function getWebhook(call: RestCall): Reply {
  return { status: 200, data: webhookJson(call, find(call)) }
}

/** Equal webhooks may exist side by side, and one that can never deliver is created `active` all the same (2026-11-23). */
export async function postWebhook(call: RestCall): Promise<Reply> {
  const topic = topicOf(call.body.topic)
  const deliveryUrl = deliveryUrlOf(call.body.delivery_url)
  const { secret, name } = call.body
  const at = call.store.now()
  const webhook: Webhook = {
    id: nextId(call.store, 'webhook'),
    name: typeof name === 'string' ? name : `Webhook created on ${call.store.zone.localText(at)}`,
    status: statuses.find((status) => status === call.body.status) ?? 'active',
    topic,
    deliveryUrl,
    secret: typeof secret === 'string' && secret !== '' ? secret : randomBytes(25).toString('hex'),
    failures: 0,
    created: at,
    modified: at,
  }
  call.store.webhooks.set(webhook.id, webhook)
  await ping(webhook)
  return { status: 201, data: webhookJson(call, webhook) }
}

/** Making it active again leaves the failure count as it was: one more failure disables it at once (2026-11-23). */
export function putWebhook(call: RestCall): Reply {
  const webhook = find(call)
  const { topic, delivery_url: url, name, secret, status } = call.body
  if (topic !== undefined) webhook.topic = topicOf(topic)
  if (url !== undefined) webhook.deliveryUrl = deliveryUrlOf(url)
  if (typeof name === 'string') webhook.name = name
  if (typeof secret === 'string' && secret !== '') webhook.secret = secret
  webhook.status = statuses.find((one) => one === status) ?? webhook.status
  webhook.modified = call.store.now()
  return { status: 200, data: webhookJson(call, webhook) }
}

export function deleteWebhook(call: RestCall): Reply {
  const webhook = find(call)
  if (!truthy(parameter(call, 'force'))) {
    throw new RestError(501, 'woocommerce_rest_trash_not_supported', 'Webhooks do not support trashing.')
  }
  call.store.webhooks.delete(webhook.id)
  return { status: 200, data: webhookJson(call, webhook) }
}

export function batchWebhooks(call: RestCall): Promise<Reply> {
  return batched(call, { create: postWebhook, update: putWebhook, remove: deleteWebhook })
}
