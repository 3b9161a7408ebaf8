/** What the tests of this pretend shop share: a shop, a client of its API, and a subscriber that listens. */
import { createHmac } from 'node:crypto'
import { type PretendCall, serve, type TruthEntry } from '#kit/pretend'
import { type PretendShopify, type PretendShopifyOptions, startPretend } from './index.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The JSON answer; tests reach into it by path. */
  at(path: string): unknown
}
export interface Trial {
  readonly shop: PretendShopify
  readonly truth: TruthEntry[]
  readonly url: string
  readonly location: string
  readonly secret: string
  ask(query: string, variables?: Record<string, unknown>, token?: string): Promise<Reply>
  close(): Promise<void>
}

export function reach(value: unknown, path: string): unknown {
  let here = value
  for (const step of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined
    here = Reflect.get(here, step)
  }
  return here
}

export function replyOf(status: number, headers: Headers, text: string): Reply {
  return { status, headers, text, at: (path) => reach(JSON.parse(text), path) }
}

export async function openTrial(options: Partial<PretendShopifyOptions> = {}): Promise<Trial> {
  const truth: TruthEntry[] = []
  const record = (entry: TruthEntry) => {
    truth.push(entry)
  }
  const shop = await startPretend({ name: 'eu-shop', seed: 7, timeScale: 1_000_000, record, ...options })
  shop.addProduct({ sku: 'MUG-01', title: 'Mug', priceMinor: 1299n, stock: 10 })
  shop.addProduct({ sku: 'TEE-02', title: 'Tee', priceMinor: 2495n, stock: 5 })
  const { accessToken, apiSecret } = shop.connect.credentials
  const url = String(shop.connect.settings.baseUrl)
  return {
    shop,
    truth,
    url,
    location: String(shop.connect.settings.locationId),
    secret: String(apiSecret),
    ask: async (query, variables = {}, token = String(accessToken)) => {
      const response = await fetch(`${url}/admin/api/2026-10/graphql.json`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-shopify-access-token': token },
        body: JSON.stringify({ query, variables }),
      })
      return replyOf(response.status, response.headers, await response.text())
    },
    close: () => shop.close(),
  }
}

interface Received {
  readonly topic: string
  readonly call: PretendCall
  readonly text: string
  readonly signed: boolean
}
export interface Subscriber {
  readonly url: string
  readonly received: Received[]
  /** Resolves once so many deliveries came in. */
  until(count: number): Promise<readonly Received[]>
  answerWith(status: (received: Received) => number): void
  close(): Promise<void>
}

export async function listen(secret: string): Promise<Subscriber> {
  const received: Received[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let status = (_: Received) => 200
  const server = await serve(0, async (call) => {
    const digest = createHmac('sha256', secret).update(call.body).digest('base64')
    const signed = digest === call.headers['x-shopify-hmac-sha256']
    const one = { topic: call.headers['x-shopify-topic'] ?? '', call, text: call.body.toString('utf8'), signed }
    received.push(one)
    for (const { count, resolve } of waiting) if (received.length >= count) resolve()
    return { status: status(one), body: '' }
  })
  return {
    url: `${server.url}/hook`,
    received,
    until: async (count) => {
      if (received.length < count) {
        await new Promise<void>((resolve) => {
          waiting.push({ count, resolve })
        })
      }
      return received
    },
    answerWith: (answer) => {
      status = answer
    },
    close: server.close,
  }
}

export async function subscribe(trial: Trial, uri: string, topics: readonly string[]): Promise<void> {
  for (const topic of topics) {
    const reply = await trial.ask(
      `mutation ($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {
        webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) { webhookSubscription { id topic } userErrors { field message } }
      }`,
      { topic, hook: { uri } },
    )
    if (reply.at('data.webhookSubscriptionCreate.webhookSubscription.topic') !== topic) throw new Error(reply.text)
  }
}

export function buyOne(trial: Trial, sku = 'MUG-01', quantity = 2): string {
  const order = trial.shop.buy([{ sku, quantity }])
  if (!order) throw new Error('the trial shop is sold out')
  return order.id
}
