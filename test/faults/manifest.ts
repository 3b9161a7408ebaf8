import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Door, type Signed, sign } from '../bench/deliveries.ts'
import { type Assortment, makeOrder } from '../bench/order-body.ts'
import type { TestDatabase } from '../support/database.ts'

/** What a shop knows of its deliveries: which it sent, and which of them the hub said it has. */
export interface Manifest {
  /** Tries of any delivery; those that were answered otherwise than 2xx; those that got no answer. */
  readonly sent: number
  readonly refused: number
  readonly unanswered: number
  /** Event id → order id of what was answered 2xx. */
  readonly acked: ReadonlyMap<string, string>
  /** Longest wait for a 2xx from the first try on, in ms. */
  readonly longestMs: number
  /** Answers by status; 0: none. */
  readonly statuses: ReadonlyMap<number, number>
}
export interface Sender {
  /** Delivers one new order as shops do: again and again until it is answered 2xx, honouring Retry-After. */
  deliver(more?: DeliverOptions): Promise<void>
  manifest(): Manifest
  close(): void
}
export interface DeliverOptions {
  /** Tells it once more after it was acknowledged, as shops do now and then. */
  readonly twice?: boolean
  /** Gives up after so many tries; the shop would come again in hours. */
  readonly triesMax?: number
  readonly onTry?: (status: number, headers: IncomingHttpHeaders) => void
}

const answerMsMax = 10_000
const againMs = 100
const triesMaxUsual = 400
const usual: Assortment = { skus: 50, hot: 0 }

interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}
const nothing: Answered = { status: 0, headers: {} }

function post(agent: Agent, door: Door, signed: Signed, eventId: string): Promise<Answered> {
  return new Promise((resolve) => {
    const wire = request({
      agent,
      host: '127.0.0.1',
      port: door.port,
      path: door.path,
      method: 'POST',
      timeout: answerMsMax,
      headers: {
        'content-type': 'application/json',
        'content-length': signed.raw.length,
        'x-shopify-topic': 'orders/create',
        'x-shopify-shop-domain': door.domain,
        'x-shopify-event-id': eventId,
        'x-shopify-webhook-id': `${eventId}-w`,
        'x-shopify-triggered-at': new Date().toISOString(),
        'x-shopify-hmac-sha256': signed.signature,
      },
    })
    wire.on('timeout', () => wire.destroy())
    wire.on('error', () => resolve(nothing))
    wire.on('close', () => resolve(nothing))
    wire.on('response', (answer) => {
      answer.on('error', () => resolve(nothing))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }))
      answer.resume()
    })
    wire.end(signed.raw)
  })
}

/** A shop's own side of its webhooks, for orders that nobody else knows of. */
export function openSender(
  door: Door,
  { from = 0, assortment = usual, sockets = 32 }: { from?: number; assortment?: Assortment; sockets?: number } = {},
): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets })
  const acked = new Map<string, string>()
  const statuses = new Map<number, number>()
  const count = { sent: 0, refused: 0, unanswered: 0, longestMs: 0 }
  let next = from
  const attempt = async (signed: Signed, eventId: string): Promise<Answered> => {
    count.sent++
    const answered = await post(agent, door, signed, eventId)
    statuses.set(answered.status, (statuses.get(answered.status) ?? 0) + 1)
    if (answered.status === 0) count.unanswered++
    else if (answered.status >= 300) count.refused++
    return answered
  }
  return {
    deliver: async ({ triesMax = triesMaxUsual, onTry, twice = false } = {}) => {
      const order = makeOrder(next++, assortment, new Date())
      const signed = sign(order, door.apiSecret)
      const eventId = `event-${order.ref}`
      const startedMs = performance.now()
      for (let tries = 0; tries < triesMax; tries++) {
        const { status, headers } = await attempt(signed, eventId)
        onTry?.(status, headers)
        if (status >= 200 && status < 300) {
          acked.set(eventId, order.ref)
          if (twice) await attempt(signed, eventId)
          count.longestMs = Math.max(count.longestMs, performance.now() - startedMs)
          return
        }
        await sleep(Number(headers['retry-after'] ?? 0) * 1_000 || againMs)
      }
    },
    manifest: () => ({ ...count, acked, statuses }),
    close: () => agent.destroy(),
  }
}

/** What the hub holds of what it acknowledged: each once in the inbox, and each order once. */
export interface Held {
  readonly lost: readonly string[]
  readonly duplicated: readonly string[]
  readonly ordersLost: readonly string[]
  readonly ordersDuplicated: readonly string[]
}
export const allHeld: Held = { lost: [], duplicated: [], ordersLost: [], ordersDuplicated: [] }

const perQuestion = 20_000

export async function heldOf(
  database: Pick<TestDatabase, 'asAdmin'>,
  manifest: Pick<Manifest, 'acked'>,
): Promise<Held> {
  const counts = (sql: string, all: readonly string[]) =>
    database.asAdmin(async (admin) => {
      const told = { lost: [] as string[], duplicated: [] as string[] }
      for (let from = 0; from < all.length; from += perQuestion) {
        const keys = all.slice(from, from + perQuestion)
        const { rows } = await admin.query<{ key: string; n: number }>(sql, [keys])
        const found = new Map(rows.map(({ key, n }) => [key, n]))
        told.lost.push(...keys.filter((key) => !found.has(key)))
        told.duplicated.push(...keys.filter((key) => (found.get(key) ?? 0) > 1))
      }
      return told
    })
  const inbox = await counts(
    `select k as key, count(*)::int as n from unnest($1::text[]) k
     join inbox_message m on m.dedupe_key = 'orders/create:orders/create:' || k group by 1`,
    [...manifest.acked.keys()],
  )
  const orders = await counts(
    `select k as key, count(*)::int as n from unnest($1::text[]) k join orders o on o.external_id = k group by 1`,
    [...manifest.acked.values()],
  )
  return { ...inbox, ordersLost: orders.lost, ordersDuplicated: orders.duplicated }
}
