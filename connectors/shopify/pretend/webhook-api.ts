import { placeById } from './catalog-views.ts'
import { connection, type PageArgs } from './connection.ts'
import { apiError, type RequestContext, userError } from './context.ts'
import { apiVersion } from './schema.ts'
import { gid, idOf, now, type Subscription } from './state.ts'
import { apiTime } from './wire.ts'

interface SubscriptionInput {
  readonly uri?: string | null
  readonly callbackUrl?: string | null
  readonly format?: string | null
  readonly filter?: string | null
  readonly includeFields?: readonly string[] | null
  readonly name?: string | null
}

/** ORDERS_CREATE → orders/create: the enum joins resource and event by the last underscore of a known resource. */
const resources = [
  'INVENTORY_LEVELS',
  'INVENTORY_ITEMS',
  'FULFILLMENT_ORDERS',
  'ORDERS',
  'REFUNDS',
  'FULFILLMENTS',
  'APP',
]

function pathOf(topic: string): string {
  const resource = resources.find((one) => topic.startsWith(`${one}_`))
  const cut = resource ? resource.length : topic.lastIndexOf('_')
  return `${topic.slice(0, cut)}/${topic.slice(cut + 1)}`.toLowerCase()
}

export function subscriptionView(subscription: Subscription) {
  return {
    __typename: 'WebhookSubscription',
    id: gid('WebhookSubscription', subscription.id),
    legacyResourceId: subscription.id,
    topic: subscription.topicName,
    uri: subscription.uri,
    callbackUrl: subscription.uri,
    endpoint: () => ({ __typename: 'WebhookHttpEndpoint', callbackUrl: subscription.uri }),
    format: 'JSON',
    filter: null,
    name: subscription.name,
    includeFields: subscription.includeFields,
    metafieldNamespaces: [],
    metafields: [],
    createdAt: apiTime(subscription.createdAt),
    updatedAt: apiTime(subscription.createdAt),
    apiVersion: () => ({ handle: apiVersion, displayName: apiVersion, supported: true }),
  }
}

/** Shopify wants https; an address of this machine is let through, as the world has no other. */
function reachable(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const url = new URL(uri)
  return url.protocol === 'https:' || ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
}

function refusal(ctx: RequestContext, path: string, uri: string, input: SubscriptionInput) {
  if (!reachable(uri)) return userError(['webhookSubscription', 'uri'], 'Address is invalid')
  if (input.format === 'XML') throw apiError('the pretend Shopify sends JSON only', 'PRETEND_UNKNOWN_FIELD')
  if (input.filter) throw apiError('the pretend Shopify filters no webhooks', 'PRETEND_UNKNOWN_FIELD')
  const taken = [...ctx.shop.subscriptions.values()].some((one) => one.topic === path && one.uri === uri)
  return taken ? userError(['webhookSubscription', 'uri'], 'Address for this topic has already been taken') : null
}

export const subscriptionMutations = {
  webhookSubscriptionCreate: (
    { topic, webhookSubscription: input }: { topic: string; webhookSubscription: SubscriptionInput },
    ctx: RequestContext,
  ) => {
    const uri = input.uri ?? input.callbackUrl ?? ''
    const path = pathOf(topic)
    const error = refusal(ctx, path, uri, input)
    if (error) return { webhookSubscription: null, userErrors: [error] }
    const subscription: Subscription = {
      id: ctx.shop.newId(),
      topic: path,
      topicName: topic,
      uri,
      name: input.name ?? null,
      includeFields: input.includeFields ?? [],
      createdAt: now(),
      deleted: false,
    }
    ctx.shop.subscriptions.set(subscription.id, subscription)
    ctx.shop.tell('webhook.subscribed', { topic: path, uri })
    return { webhookSubscription: subscriptionView(subscription), userErrors: [] }
  },
  webhookSubscriptionDelete: ({ id }: { id: string }, ctx: RequestContext) => {
    const found = ctx.shop.subscriptions.get(idOf('WebhookSubscription', id) ?? '')
    if (!found) {
      const error = userError(['id'], 'Webhook subscription does not exist')
      return { deletedWebhookSubscriptionId: null, userErrors: [error] }
    }
    found.deleted = true
    ctx.shop.subscriptions.delete(found.id)
    return { deletedWebhookSubscriptionId: id, userErrors: [] }
  },
}

interface SubscriptionsArgs extends PageArgs {
  readonly topics?: readonly string[] | null
  readonly uri?: string | null
  readonly callbackUrl?: string | null
}

export const subscriptionQueries = {
  webhookSubscriptions: (args: SubscriptionsArgs, { shop }: RequestContext) => {
    const uri = args.uri ?? args.callbackUrl
    const wanted = args.topics?.map(pathOf)
    const matching = [...shop.subscriptions.values()].filter(
      (one) => (!uri || one.uri === uri) && (!wanted || wanted.includes(one.topic)),
    )
    return connection(matching, args, placeById, subscriptionView)
  },
  webhookSubscription: ({ id }: { id: string }, { shop }: RequestContext) => {
    const found = shop.subscriptions.get(idOf('WebhookSubscription', id) ?? '')
    return found ? subscriptionView(found) : null
  },
}
