import { z } from 'zod'
import { ChannelError, cleanText, type SubscriptionPort } from '#kit'
import { createSubscription, deleteSubscription, listSubscriptions } from './documents.ts'
import { ask, type Connection, connectionOf, readAll } from './graphql.ts'
import type { Credentials, ShopCtx } from './settings.ts'

/**
 * Shipments of an order also arrive as ORDERS_UPDATED with the whole order, so FULFILLMENTS_* would only add calls.
 * FULFILLMENT_ORDERS_* name no order. The privacy topics cannot be subscribed here, only in the app's own settings.
 */
export const topics = [
  'APP_UNINSTALLED',
  'INVENTORY_LEVELS_UPDATE',
  'ORDERS_CANCELLED',
  'ORDERS_CREATE',
  'ORDERS_DELETE',
  'ORDERS_EDITED',
  'ORDERS_RISK_ASSESSMENT_CHANGED',
  'ORDERS_UPDATED',
  'PRODUCTS_CREATE',
  'PRODUCTS_DELETE',
  'PRODUCTS_UPDATE',
  'REFUNDS_CREATE',
] as const

const namePrefix = 'crossdock-'
const pagesMax = 5

const Subscription = z.object({
  id: z.string(),
  topic: z.string(),
  uri: z.string(),
  format: z.string(),
  filter: z.string().nullish(),
  name: z.string().nullish(),
  includeFields: z.array(z.string()),
})
type Subscription = z.output<typeof Subscription>
const Subscriptions = z.object({ webhookSubscriptions: connectionOf(Subscription) })
const UserErrors = z.array(z.object({ field: z.array(z.string()).nullable(), message: z.string() }))
const Created = z.object({ webhookSubscriptionCreate: z.object({ userErrors: UserErrors }) })
const Deleted = z.object({ webhookSubscriptionDelete: z.object({ userErrors: UserErrors }) })

async function readSubscriptions(ctx: ShopCtx): Promise<readonly Subscription[]> {
  const read = async (after: string | null): Promise<Connection<Subscription>> => {
    const answer = await ask(ctx, {
      document: listSubscriptions,
      variables: { after },
      cost: 20,
      answer: Subscriptions,
    })
    return answer.webhookSubscriptions
  }
  return readAll(await read(null), pagesMax, read)
}

const isWhole = (one: Subscription) => one.format === 'JSON' && !one.filter && one.includeFields.length === 0

/** What serves, and what is ours but leads elsewhere, brings a part only, or doubles another one. */
function sort(all: readonly Subscription[], endpoint: string) {
  const good = new Map<string, Subscription>()
  const wrong: Subscription[] = []
  const { origin } = new URL(endpoint)
  for (const one of all) {
    const isWanted = topics.some((topic) => topic === one.topic)
    if (isWanted && one.uri === endpoint && isWhole(one) && !good.has(one.topic)) good.set(one.topic, one)
    else if (one.name?.startsWith(namePrefix) || one.uri.startsWith(`${origin}/`)) wrong.push(one)
  }
  return { good, wrong, missing: topics.filter((topic) => !good.has(topic)) }
}

async function remove(ctx: ShopCtx, id: string): Promise<void> {
  // A subscription that is gone already is as wanted, so its user errors say nothing.
  await ask(ctx, { document: deleteSubscription, variables: { id }, cost: 10, answer: Deleted })
}

async function create(ctx: ShopCtx, topic: string, uri: string): Promise<string | null> {
  const input = { uri, format: 'JSON', name: namePrefix + topic.toLowerCase().replaceAll('_', '-') }
  const variables = { topic, input }
  const answer = await ask(ctx, { document: createSubscription, variables, cost: 10, answer: Created })
  const [refused] = answer.webhookSubscriptionCreate.userErrors
  return refused ? `${topic}: ${cleanText(refused.message, 120)}` : null
}

const ensure: SubscriptionPort<Credentials>['ensure'] = async (ctx, endpoint) => {
  const before = sort(await readSubscriptions(ctx), endpoint)
  for (const one of before.wrong) await remove(ctx, one.id)
  const refused: string[] = []
  for (const topic of before.missing) {
    const reason = await create(ctx, topic, endpoint)
    if (reason !== null) refused.push(reason)
  }
  if (refused.length > 0) {
    // A create whose answer was lost is refused the second time as taken: only the list knows.
    const after = sort(await readSubscriptions(ctx), endpoint)
    if (after.missing.length > 0) throw new ChannelError('invalid', `could not subscribe: ${refused.join('; ')}`)
  }
  const changed = before.wrong.length + before.missing.length
  const detail =
    changed === 0 ? `${topics.length} topics` : `${before.missing.length} made, ${before.wrong.length} removed`
  return { state: changed === 0 ? 'healthy' : 'repaired', detail }
}

const inspect: SubscriptionPort<Credentials>['inspect'] = async (ctx, endpoint) => {
  const { missing, wrong } = sort(await readSubscriptions(ctx), endpoint)
  if (missing.length === 0) return 'healthy'
  const elsewhere = wrong.filter(({ uri }) => uri !== endpoint).map(({ topic }) => topic)
  return missing.some((topic) => elsewhere.includes(topic)) ? 'wrong_address' : 'missing'
}

const removeAll: SubscriptionPort<Credentials>['remove'] = async (ctx, endpoint) => {
  const { good, wrong } = sort(await readSubscriptions(ctx), endpoint)
  for (const one of [...good.values(), ...wrong]) await remove(ctx, one.id)
}

export const subscriptions: SubscriptionPort<Credentials> = { ensure, inspect, remove: removeAll }
