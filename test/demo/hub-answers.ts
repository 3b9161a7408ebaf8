import { z } from 'zod'
import type { Merchant } from './setup.ts'

/** What the hub itself says at the end, by its public API: to be held against the truth. */
export interface HubAnswers {
  readonly orders: readonly HubOrder[]
  /** Units that the hub says are missing, by order and SKU. */
  readonly shorts: readonly { readonly orderId: string; readonly sku: string; readonly units: number }[]
  /** Orders with an open exception that says so. */
  readonly shortExceptions: readonly string[]
  /** Orders whose money was ever flagged. */
  readonly moneyExceptions: readonly string[]
  readonly requests: readonly { readonly number: string; readonly orderId: string }[]
  /** Shops that a person connected, whether the hub writes there, and what it takes one unit of each SKU there for. */
  readonly newcomers: readonly {
    readonly shop: string
    readonly live: boolean
    readonly links: Readonly<Record<string, readonly { readonly sku: string; readonly quantity: number }[]>>
  }[]
  /** Webhooks that the hub has a record of, by shop. */
  readonly webhooksStored: Readonly<Record<string, number>>
  readonly foundBySweeper: number
  /** Promises that the hub's own audits of all its rows do not find kept, with the rows that break them. */
  readonly audits: readonly {
    readonly name: string
    readonly means: string
    readonly state: string
    readonly violations: number
  }[]
}
export interface HubOrder {
  readonly id: string
  readonly shop: string
  readonly externalId: string
  readonly stage: string
  readonly short: number
  /** Its shop is only watched: whoever shipped for it before ships it. */
  readonly watched: boolean
  /** Decimal, in the shop's currency. */
  readonly total: string
}

export const orderShape = z.object({
  id: z.string(),
  number: z.string(),
  externalId: z.string(),
  connection: z.string(),
  stage: z.string(),
  placedAt: z.string(),
  total: z.object({ amount: z.string(), currency: z.string() }),
  shopTotal: z.object({ amount: z.string(), currency: z.string() }),
  units: z.object({ wanted: z.number(), short: z.number(), shipped: z.number() }),
})
export const exceptionShape = z.object({
  kind: z.string(),
  subject: z.object({ kind: z.string(), id: z.string() }),
  detail: z.record(z.string(), z.unknown()),
  raisedAt: z.string(),
  resolvedAt: z.string().nullable(),
})
const wholeShape = z.object({
  lines: z.array(z.object({ components: z.array(z.object({ sku: z.string(), short: z.number() })) })),
})
const requestShape = z.object({ requestNumber: z.string(), order: z.string() })
const auditsShape = z.object({
  audits: z.array(z.object({ name: z.string(), means: z.string(), state: z.string(), violations: z.number() })),
})
const watchedShape = z.object({ order: z.string() })
const modeShape = z.object({ id: z.string(), writeMode: z.string() })
const linkShape = z.object({
  sku: z.string().nullable(),
  components: z.array(z.object({ sku: z.string(), quantity: z.number() })),
})
const messageShape = z.object({ connection: z.string(), source: z.string() })

async function shortsOf({ api }: Merchant, orderId: string) {
  const whole = await api.get(`/orders/${orderId}`, wholeShape)
  return whole.lines
    .flatMap((line) => line.components)
    .filter(({ short }) => short > 0)
    .map(({ sku, short }) => ({ orderId, sku, units: short }))
}

async function newcomersOf({ api, connections, newcomers }: Merchant): Promise<HubAnswers['newcomers']> {
  const modes = await api.all('/connections', modeShape)
  const found = []
  for (const { id, writeMode } of modes.filter((one) => newcomers.has(one.id))) {
    const listings = await api.all(`/listings?connection=${id}`, linkShape)
    const links = Object.fromEntries(listings.map(({ sku, components }) => [sku ?? '', components]))
    found.push({ shop: connections.get(id) ?? id, live: writeMode === 'on', links })
  }
  return found
}

/** Of shops that were connected while the demo ran: those that whoever shipped for them before ships. */
async function watchedOf({ api, newcomers }: Merchant): Promise<Set<string>> {
  const lists = await Promise.all([...newcomers].map((id) => api.all(`/connections/${id}/shadow/orders`, watchedShape)))
  return new Set(lists.flat().map(({ order }) => order))
}

export async function askHub(merchant: Merchant): Promise<HubAnswers> {
  const { api, connections } = merchant
  const shopOf = (connection: string) => connections.get(connection) ?? connection
  const orders = await api.all('/orders', orderShape)
  const exceptions = await api.all('/exceptions', exceptionShape)
  const requests = await api.all('/fulfillment-orders', requestShape)
  const messages = await api.all('/inbox/messages', messageShape)
  const { audits } = await api.get('/audits?full=true', auditsShape)
  const watched = await watchedOf(merchant)
  const shorts = []
  for (const order of orders.filter(({ units }) => units.short > 0))
    shorts.push(...(await shortsOf(merchant, order.id)))
  const webhooksStored: Record<string, number> = {}
  for (const { source, connection } of messages) {
    const shop = shopOf(connection)
    if (source === 'webhook') webhooksStored[shop] = (webhooksStored[shop] ?? 0) + 1
  }
  const subjects = (kind: string, openOnly: boolean) =>
    exceptions.filter((e) => e.kind === kind && (!openOnly || e.resolvedAt === null)).map((e) => e.subject.id)
  return {
    orders: orders.map(({ id, connection, externalId, stage, units, shopTotal }) => ({
      id,
      shop: shopOf(connection),
      externalId,
      stage,
      short: units.short,
      watched: watched.has(id),
      total: shopTotal.amount,
    })),
    shorts,
    shortExceptions: subjects('short', true),
    moneyExceptions: subjects('money_mismatch', false),
    requests: requests.map(({ requestNumber, order }) => ({ number: requestNumber, orderId: order })),
    newcomers: await newcomersOf(merchant),
    webhooksStored,
    foundBySweeper: await api.counter('hub_found_by_sweeper_total'),
    audits: audits.filter(({ state }) => state !== 'kept'),
  }
}
