import { createHmac, randomUUID } from 'node:crypto'
import { deliver } from '#kit/pretend'
import { type Order, type Shop, type Subscription, strikes } from './state.ts'
import { exactJson } from './wire.ts'

interface Body {
  readonly fields: Readonly<Record<string, unknown>>
  readonly text: string
}
export interface Outbox {
  wants(topic: string): boolean
  post(topic: string, body: Body, order: Order | null): void
  quiet(): boolean
  close(): void
}

interface Delivery {
  readonly subscription: Subscription
  readonly topic: string
  readonly headers: Record<string, string>
  readonly body: string
  readonly order: Order | null
  attempt: number
}

// 5 s in total for an answer; 8 retries over 4 h with growing pauses, the original payload kept; a subscription made
// through the API is removed when a delivery fails to the end (shopify.dev changelog 2024-09-10, read 2026-11).
const answerMs = 5_000
const retriesMax = 8
const firstPauseMs = (4 * 3_600_000) / (2 ** retriesMax - 1)
const inFlightMax = 16

interface Post {
  readonly shop: Shop
  readonly secret: string
  readonly timeScale: number
  readonly timers: Set<NodeJS.Timeout>
  readonly line: Delivery[]
  /** Held back until a later one has gone out. */
  readonly held: Set<Delivery>
  inFlight: number
  /** Accepted by nobody yet and not given up: queued, in flight, held, or waiting for a retry. */
  open: number
  closed: boolean
}

function later(post: Post, ms: number, run: () => void): void {
  const timer = setTimeout(() => {
    post.timers.delete(timer)
    run()
  }, ms / post.timeScale)
  post.timers.add(timer)
}

function headersOf(post: Post, subscription: Subscription, body: string, event: { id: string; at: string }) {
  return {
    'content-type': 'application/json',
    'user-agent': 'Shopify-Captain-Hook',
    'x-shopify-topic': subscription.topic,
    'x-shopify-hmac-sha256': createHmac('sha256', post.secret).update(body, 'utf8').digest('base64'),
    'x-shopify-shop-domain': post.shop.domain,
    'x-shopify-api-version': '2026-10',
    'x-shopify-webhook-id': randomUUID(),
    'x-shopify-event-id': event.id,
    'x-shopify-triggered-at': event.at,
    ...(subscription.name === null ? {} : { 'x-shopify-name': subscription.name }),
  }
}

function tell(post: Post, delivery: Delivery, status: number | 'dropped'): void {
  post.shop.tell('webhook.sent', {
    topic: delivery.topic,
    status,
    attempt: delivery.attempt,
    webhookId: delivery.headers['x-shopify-webhook-id'],
    orderId: delivery.order?.id ?? null,
  })
}

function release(post: Post): void {
  for (const delivery of post.held) {
    post.held.delete(delivery)
    queue(post, delivery)
  }
}

function failed(post: Post, delivery: Delivery): void {
  if (delivery.attempt > retriesMax) {
    post.open -= 1
    delivery.subscription.deleted = true
    post.shop.subscriptions.delete(delivery.subscription.id)
    post.shop.tell('webhook.unsubscribed', { topic: delivery.topic, uri: delivery.subscription.uri })
    return
  }
  later(post, firstPauseMs * 2 ** (delivery.attempt - 1), () => queue(post, delivery))
}

async function send(post: Post, delivery: Delivery): Promise<void> {
  delivery.attempt += 1
  const status = await deliver(delivery.subscription.uri, delivery.headers, delivery.body, answerMs)
  post.inFlight -= 1
  if (post.closed) return
  tell(post, delivery, status)
  if (status >= 200 && status < 300) {
    post.open -= 1
    if (delivery.order) post.shop.untold.delete(delivery.order)
  } else failed(post, delivery)
  release(post)
  drain(post)
}

function drain(post: Post): void {
  while (!post.closed && post.inFlight < inFlightMax) {
    const delivery = post.line.shift()
    if (!delivery) return
    if (delivery.subscription.deleted) {
      post.open -= 1
      continue
    }
    post.inFlight += 1
    void send(post, delivery)
  }
}

function queue(post: Post, delivery: Delivery): void {
  post.line.push(delivery)
  drain(post)
}

/** The dials: lost, doubled, late, or behind a later one. */
function launch(post: Post, delivery: Delivery): void {
  const { shop } = post
  if (strikes(shop, shop.faults.drop)) {
    tell(post, delivery, 'dropped')
    return
  }
  post.open += 1
  if (strikes(shop, shop.faults.duplicate)) {
    const twin = { ...delivery }
    post.open += 1
    later(post, shop.dice() * 60_000, () => queue(post, twin))
  }
  if (strikes(shop, shop.faults.delay)) later(post, 30_000 + shop.dice() * 570_000, () => queue(post, delivery))
  else if (strikes(shop, shop.faults.reorder)) {
    post.held.add(delivery)
    later(post, 60_000, () => {
      if (post.held.delete(delivery)) queue(post, delivery)
    })
  } else queue(post, delivery)
}

/** Nanoseconds, as Shopify writes them. */
function triggeredAt(shop: Shop): string {
  const below = Math.floor(shop.dice() * 1_000_000)
  return new Date().toISOString().replace('Z', `${below.toString().padStart(6, '0')}Z`)
}

/** A subscription with `includeFields` gets only those top-level keys. */
function bodyFor(subscription: Subscription, body: Body): string {
  if (subscription.includeFields.length === 0) return body.text
  return exactJson(Object.fromEntries(subscription.includeFields.map((field) => [field, body.fields[field]])))
}

export function openOutbox(shop: Shop, secret: string, timeScale: number): Outbox {
  const post: Post = {
    shop,
    secret,
    timeScale,
    timers: new Set(),
    line: [],
    held: new Set(),
    inFlight: 0,
    open: 0,
    closed: false,
  }
  const subscribed = (topic: string) => [...shop.subscriptions.values()].filter((one) => one.topic === topic)
  return {
    wants: (topic) => subscribed(topic).length > 0,
    post: (topic, body, order) => {
      const event = { id: randomUUID(), at: triggeredAt(shop) }
      for (const subscription of subscribed(topic)) {
        const text = bodyFor(subscription, body)
        const headers = headersOf(post, subscription, text, event)
        launch(post, { subscription, topic, headers, body: text, order, attempt: 0 })
      }
    },
    quiet: () => post.open === 0,
    close: () => {
      post.closed = true
      for (const timer of post.timers) clearTimeout(timer)
      post.timers.clear()
      post.line.length = 0
    },
  }
}
