import { z } from 'zod'
import {
  ChannelError,
  type Connector,
  type Ctx,
  defineConnector,
  type HttpResponse,
  type ItemResult,
  type Manifest,
  type PartnerFact,
  type UnifiedOrder,
  UnreadableError,
} from '#kit'

const Credentials = z.object({ key: z.string() })
const Settings = z.object({ host: z.string() })
type Context = Ctx<z.infer<typeof Credentials>>

const budgets = [{ id: 'api', scope: 'connection', perSecond: 1_000, burst: 1_000, concurrentMax: 4 }] as const
/** As short as the lag of its lists allows: in a world of seconds, more would list everything again at each look. */
const overlapS = 5
const anHour = 3_600

/** Whatever is no answer becomes one of the kit's errors. Of a write that failed there, nobody knows whether it was done. */
function failureOf({ status, headers }: HttpResponse, replaySafe: boolean): ChannelError {
  const retryAfterMs = Number(headers['retry-after'] ?? 1) * 1_000
  if (status === 429) return new ChannelError('rate_limited', 'too many calls', { retryAfterMs })
  if (status === 503) return new ChannelError('transient', 'not now')
  if (status >= 500) return new ChannelError(replaySafe ? 'transient' : 'outcome_unknown', `it answered ${status}`)
  return new ChannelError('invalid', `it answered ${status}`)
}

async function ask<T>(ctx: Context, path: string, body: unknown, replaySafe = true): Promise<T> {
  const url = `http://${String(ctx.settings.host)}${path}`
  const answer = await ctx.send({ method: 'POST', url, body: JSON.stringify(body), budget: 'api', replaySafe })
  if (answer.status !== 200) throw failureOf(answer, replaySafe)
  return JSON.parse(Buffer.from(answer.body).toString())
}

const Raw = z.object({
  id: z.string(),
  number: z.string(),
  changedAt: z.number(),
  placedAt: z.number(),
  cancelled: z.boolean(),
  lines: z.array(z.object({ id: z.string(), listing: z.string(), ordered: z.number(), cancelled: z.number() })),
})
const unitMinor = 1_000n
const eur = (minor: bigint) => ({ minor, currency: 'EUR' })
const iso = (ms: number) => new Date(ms).toISOString()
const skuOf = (listing: string) => listing.replace(/^L-/, '')

function translate(raw: string): UnifiedOrder {
  const read = Raw.safeParse(JSON.parse(raw))
  if (!read.success) throw new UnreadableError('this is no order')
  const order = read.data
  const gone = (line: { ordered: number; cancelled: number }) => (order.cancelled ? line.ordered : line.cancelled)
  const total = eur(order.lines.reduce((sum, line) => sum + BigInt(line.ordered) * unitMinor, 0n))
  return {
    ref: order.id,
    number: order.number,
    changedAt: iso(order.changedAt),
    placedAt: iso(order.placedAt),
    cancelledAt: order.cancelled ? iso(order.changedAt) : null,
    isTest: false,
    hold: null,
    remoteStatus: order.cancelled ? 'cancelled' : 'paid',
    total,
    shopTotal: total,
    parts: { shipping: eur(0n), tax: eur(0n), other: eur(0n), discount: eur(0n) },
    refunded: eur(0n),
    lines: order.lines.map((line) => ({
      ref: line.id,
      listing: line.listing,
      sku: skuOf(line.listing),
      title: line.listing,
      ordered: line.ordered,
      cancelled: gone(line),
      shipped: 0,
      channelTook: line.ordered - gone(line),
      physical: true,
      total: eur(BigInt(line.ordered) * unitMinor),
    })),
    shipTo: { name: 'Example Person', address1: 'Example Street 1', city: 'Example', country: 'DE' },
    billTo: null,
    buyer: null,
  }
}

const rawOrder = (raw: string) => {
  const { id, changedAt } = Raw.parse(JSON.parse(raw))
  return { ref: id, changedAt: iso(changedAt), raw }
}

const orders: NonNullable<Connector<z.infer<typeof Credentials>>['orders']> = {
  list: async (ctx, { since, from, page }) => {
    const start = since === null ? Date.parse(from) : Number(since) - overlapS * 1_000
    const got = await ask<{ orders: string[]; next: string | null; newest: number | null }>(ctx, '/orders', {
      since: start,
      page,
    })
    const newest = Math.max(got.newest ?? 0, since === null ? Date.parse(from) : Number(since))
    return { items: got.orders.map(rawOrder), next: got.next, watermark: String(newest) }
  },
  get: async (ctx, refs) => {
    const got = await ask<{ ref: string; raw: string | null }[]>(ctx, '/orders/get', { refs })
    return got.map(({ ref, raw }) => (raw === null ? { ref, missing: true } : rawOrder(raw)))
  },
  translate,
}

const outcomes: Record<string, ChannelError | undefined> = {
  conflict: new ChannelError('conflict', 'another number was there'),
  busy: new ChannelError('transient', 'this item not now'),
  unknown: new ChannelError('invalid', 'no such listing'),
}

const inventory: NonNullable<Connector<z.infer<typeof Credentials>>['inventory']> = {
  read: async (ctx, targets) => new Map(await ask<[string, number | null][]>(ctx, '/stock', { targets })),
  push: async (ctx, batch) => {
    const items = batch.map((c) => ({ key: c.key, target: c.target, to: c.available, from: c.changeFrom }))
    const got = await ask<{ key: string; outcome: string }[]>(ctx, '/stock/set', { items }, false)
    return got.map(({ key, outcome }): ItemResult => {
      const error = outcomes[outcome]
      return error === undefined ? { key, outcome: 'applied' } : { key, outcome: 'failed', error }
    })
  },
}

const shipments: NonNullable<Connector<z.infer<typeof Credentials>>['shipments']> = {
  find: async (ctx, { order, tracking }) =>
    (await ask<boolean>(ctx, '/parcels', { order, tracking })) ? 'there' : null,
  push: async (ctx, { order, tracking, lines }) => {
    const remote = await ask<string>(ctx, '/parcels/add', { order, tracking, lines }, false)
    return { outcome: 'applied', remote }
  },
}

function manifestOf(kind: string, more: Partial<Manifest>): Manifest {
  return {
    kind,
    title: kind,
    role: 'channel',
    auth: { flow: 'key-pair', accessTtlS: null, refresh: 'none' },
    push: null,
    orders: null,
    inventory: null,
    shipment: null,
    requests: null,
    files: null,
    budgets,
    ...more,
  }
}

const probe = async () => ({ key: '', name: '', currency: null, timeZone: null, missing: [] })

/** A channel as small as one can be that still keeps all that the kit asks of one. */
function channel(kind: string, traits: { compareAndSet: boolean; carriesOrder: boolean; stableDeliveryId: boolean }) {
  return defineConnector<z.infer<typeof Credentials>>({
    manifest: manifestOf(kind, {
      push: {
        carriesOrder: traits.carriesOrder,
        freshForS: 300,
        stableDeliveryId: traits.stableDeliveryId,
        answerWithinMs: 5_000,
        bodyBytesMax: 1_000_000,
      },
      orders: { pageMax: 3, getMax: 2, pollEveryS: 60, overlapS, indexLagS: 4 },
      inventory: { batchMax: 3, compareAndSet: traits.compareAndSet, quantityMax: 1_000 },
      shipment: { granularity: 'line-quantity' },
    }),
    credentials: Credentials,
    settings: Settings,
    auth: { probe },
    inbound: {
      verify: ({ headers }, secrets) => {
        if (headers['x-key'] !== secrets.key) return { ok: false, reason: 'signature' }
        const deliveryId = headers['x-delivery'] ?? ''
        return { ok: true, topic: 'order', deliveryId, occurredAt: headers['x-occurred'] ?? null }
      },
      decode: ({ raw }) => {
        const text = Buffer.from(raw).toString()
        return [{ type: 'order', ref: Raw.parse(JSON.parse(text)).id, ...(traits.carriesOrder ? { raw: text } : {}) }]
      },
    },
    orders,
    listings: {
      list: async (ctx) => {
        const got = await ask<{ ref: string; sku: string; shows: number }[]>(ctx, '/listings', {})
        const items = got.map(({ ref, sku, shows }) => ({
          ref,
          target: ref,
          sku,
          title: ref,
          available: shows,
          tracked: true,
        }))
        return { items, next: null }
      },
    },
    inventory,
    shipments,
  })
}

const Facts = z.array(z.custom<PartnerFact>())

/** A partner whose files are JSON: what a file says is the kit's own words. */
const warehouse = defineConnector<z.infer<typeof Credentials>>({
  manifest: manifestOf('sim-warehouse', {
    role: 'partner',
    requests: { batchMax: 3, ackWithinS: anHour },
    files: { pollEveryS: 20, stableForS: 0, fileBytesMax: 1_000_000 },
  }),
  credentials: Credentials,
  settings: Settings,
  auth: { probe },
  files: {
    encode: (batch, { sequence }) => ({
      name: `requests-${sequence}.json`,
      bytes: Buffer.from(
        JSON.stringify(batch.map(({ number, kind, orderNumber, lines }) => ({ number, kind, orderNumber, lines }))),
      ),
    }),
    put: async (ctx, { name, bytes }) => ask(ctx, '/files/put', { name, text: Buffer.from(bytes).toString() }, false),
    find: async (ctx, { name }) => ((await ask<boolean>(ctx, '/files/find', { name })) ? 'present' : 'absent'),
    list: (ctx) => ask(ctx, '/files/list', {}),
    get: async (ctx, { path }) => Buffer.from(await ask<string>(ctx, '/files/get', { path })),
    archive: async (ctx, { path }) => ask(ctx, '/files/archive', { path }),
    decode: ({ bytes }) => ({
      kind: 'rows',
      document: 'shipments',
      warnings: [],
      rows: Facts.parse(JSON.parse(Buffer.from(bytes).toString())).map((fact, n) => ({ row: n + 1, ok: true, fact })),
    }),
  },
})

export const kinds = { shopify: 'sim-strict', woo: 'sim-plain', warehouse: 'sim-warehouse' } as const

export const simulated: ReadonlyMap<string, Connector> = new Map([
  [kinds.shopify, channel(kinds.shopify, { compareAndSet: true, carriesOrder: true, stableDeliveryId: true })],
  [kinds.woo, channel(kinds.woo, { compareAndSet: false, carriesOrder: false, stableDeliveryId: false })],
  [kinds.warehouse, warehouse],
])
