import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ChannelError, type SubscriptionPort } from '#kit'
import { ask } from './client.ts'
import type { Credentials, WooCtx } from './settings.ts'
import { id, listOf, text } from './wire.ts'

export const wantedTopics = [
  'order.created',
  'order.updated',
  'order.deleted',
  'order.restored',
  'product.updated',
] as const

const pagesMax = 20

const webhook = z.object({ id, name: text, status: text, topic: text, delivery_url: text })
type Webhook = z.infer<typeof webhook>

/**
 * Names carry the connection and a fingerprint of the secret: the secret itself is never shown again, and a webhook
 * signed with an old one would fail until the shop disables it.
 */
function nameOf(ctx: WooCtx): string {
  const mark = createHash('sha256').update(ctx.secrets.webhookSecret).digest('hex').slice(0, 8)
  return `Crossdock ${ctx.connectionId} ${mark}`
}

async function listAll(ctx: WooCtx): Promise<readonly Webhook[]> {
  const all: Webhook[] = []
  for (let page = 1; page <= pagesMax; page += 1) {
    const params = { page, per_page: 100, status: 'all' }
    const { data } = await ask(ctx, { method: 'GET', path: 'webhooks', params, shape: listOf(webhook) })
    all.push(...data)
    if (data.length < 100) break
  }
  return all
}

function isOurs(ctx: WooCtx, hook: Webhook, endpoint: string): boolean {
  return hook.delivery_url === endpoint || hook.name.startsWith(`Crossdock ${ctx.connectionId} `)
}

async function remove(ctx: WooCtx, hook: Webhook): Promise<void> {
  const request = { path: `webhooks/${hook.id}`, params: { force: true }, replaySafe: true, shape: z.unknown() }
  try {
    await ask(ctx, { method: 'DELETE', ...request })
  } catch (error) {
    if (!(error instanceof ChannelError && error.kind === 'not_found')) throw error
  }
}

async function create(ctx: WooCtx, topic: string, endpoint: string): Promise<void> {
  const { webhookSecret: secret } = ctx.secrets
  const body = { name: nameOf(ctx), topic, delivery_url: endpoint, secret, status: 'active' }
  // Not replay-safe: identical duplicates are accepted. The next ensure lists them and removes the surplus.
  await ask(ctx, { method: 'POST', path: 'webhooks', body, shape: webhook })
}

/** Wrong ones are replaced, never re-activated: that leaves the failure counter at its limit (11.0.1, 2026-11-23). */
async function ensure(ctx: WooCtx, endpoint: string): Promise<{ state: 'healthy' | 'repaired'; detail: string }> {
  const name = nameOf(ctx)
  const missing = new Set<string>(wantedTopics)
  const wrong: Webhook[] = []
  for (const hook of await listAll(ctx)) {
    if (!isOurs(ctx, hook, endpoint)) continue
    const right = hook.delivery_url === endpoint && hook.name === name && hook.status === 'active'
    if (right && missing.delete(hook.topic)) continue
    wrong.push(hook)
  }
  for (const hook of wrong) await remove(ctx, hook)
  for (const topic of missing) await create(ctx, topic, endpoint)
  if (wrong.length === 0 && missing.size === 0)
    return { state: 'healthy', detail: `${wantedTopics.length} webhooks active` }
  const removed = wrong.map((hook) => `${hook.topic} (${hook.status})`)
  return {
    state: 'repaired',
    detail: `created: ${[...missing].join(', ') || 'none'}; removed: ${removed.join(', ') || 'none'}`,
  }
}

const inspect: SubscriptionPort<Credentials>['inspect'] = async (ctx, endpoint) => {
  const name = nameOf(ctx)
  const ours = (await listAll(ctx)).filter((hook) => isOurs(ctx, hook, endpoint))
  const right = ours.filter((hook) => hook.delivery_url === endpoint && hook.name === name)
  const missing = wantedTopics.filter((topic) => !right.some((hook) => hook.topic === topic))
  const elsewhere = ours.filter((hook) => hook.delivery_url !== endpoint).map((hook) => hook.topic)
  if (missing.length > 0) return missing.some((topic) => elsewhere.includes(topic)) ? 'wrong_address' : 'missing'
  const active = (topic: string) => right.some((hook) => hook.topic === topic && hook.status === 'active')
  return wantedTopics.every(active) ? 'healthy' : 'disabled'
}

const removeAll: SubscriptionPort<Credentials>['remove'] = async (ctx, endpoint) => {
  for (const hook of await listAll(ctx)) if (isOurs(ctx, hook, endpoint)) await remove(ctx, hook)
}

export const subscriptions: SubscriptionPort<Credentials> = { ensure, inspect, remove: removeAll }
