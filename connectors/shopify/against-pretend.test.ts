import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type HttpRequest, type ShipmentCommand, sumMoney, type UnifiedOrder } from '#kit'
import { cancellations } from './cancellations.ts'
import { auth } from './connect.ts'
import { inventory } from './inventory.ts'
import { listings } from './listings.ts'
import { orders } from './orders.ts'
import { startPretend } from './pretend/index.ts'
import { CredentialsShape, type ShopCtx } from './settings.ts'
import { shipments } from './shipments.ts'
import { subscriptions, topics } from './subscriptions.ts'
import { translate } from './translate.ts'
import { inbound } from './webhooks.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** The pretend Shopify was written from the same facts by someone else, and runs queries against the real schema. */
async function openShop(currency: 'EUR' | 'USD') {
  const shop = await startPretend({
    name: `Example ${currency}`,
    seed: 7,
    timeScale: 60,
    currency,
    bucket: { maximum: 20_000, restorePerSecond: 10_000 },
    record: () => undefined,
  })
  closers.push(() => shop.close())
  const send = async (request: HttpRequest) => {
    const body = typeof request.body === 'string' ? request.body : null
    const response = await fetch(request.url, { method: request.method, headers: { ...request.headers }, body })
    const headers = Object.fromEntries(response.headers.entries())
    return { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) }
  }
  const ctx: ShopCtx = {
    connectionId: 'c-1',
    secrets: CredentialsShape.parse(shop.connect.credentials),
    settings: shop.connect.settings,
    send,
    dial: () => Promise.reject(new Error('nobody is dialled')),
    now: () => new Date(Date.now() + 5_000),
    newId: () => crypto.randomUUID(),
    signal: new AbortController().signal,
  }
  for (const [sku, stock] of [
    ['MUG', 50],
    ['CAP', 40],
    ['TEE', 30],
  ] as const) {
    shop.addProduct({ sku, title: `Example ${sku}`, priceMinor: 1_999n, stock })
  }
  return { shop, ctx }
}

async function allOrders(ctx: ShopCtx): Promise<ReadonlyMap<string, UnifiedOrder>> {
  const read = new Map<string, UnifiedOrder>()
  let page: string | null = null
  do {
    const result = await orders.list(ctx, { since: null, from: '2020-01-01T00:00:00Z', page })
    for (const item of result.items) read.set(item.ref, translate(item.raw, { source: 'poll', settings: {} }))
    page = result.next
  } while (page !== null)
  return read
}

/** Listens as the hub's webhook door does; keeps every whole order. Deliveries cross, and Shopify's clock has seconds. */
async function listen(ctx: ShopCtx) {
  const told: UnifiedOrder[] = []
  const refused: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks)
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const verdict = inbound.verify({ method: 'POST', headers, raw }, ctx.secrets, 'account')
      if (!verdict.ok) refused.push(verdict.reason)
      else {
        for (const event of inbound.decode({ topic: verdict.topic, headers, raw })) {
          if (event.type !== 'order' || event.raw === undefined) continue
          told.push(translate(event.raw, { source: 'webhook', settings: {} }))
        }
      }
      response.writeHead(verdict.ok ? 200 : 401).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  return { endpoint: `http://127.0.0.1:${port}/hook`, told, refused }
}

function delta(order: UnifiedOrder): bigint {
  const { shipping, tax, other, discount } = order.parts
  const parts = [...order.lines.map((line) => line.total), shipping, tax, other]
  return order.total.minor - sumMoney(parts, order.total.currency).minor + discount.minor
}

const shipmentOf = (order: UnifiedOrder, tracking: string, quantity: (open: number) => number): ShipmentCommand => ({
  key: tracking,
  order: order.ref,
  lines: order.lines
    .filter((line) => line.physical && line.ordered > line.cancelled)
    .map((line) => ({ line: line.ref, quantity: quantity(line.ordered - line.cancelled) })),
  final: false,
  carrier: 'DHL',
  tracking,
  trackingUrl: null,
  shippedAt: new Date().toISOString(),
  notifyBuyer: false,
})

test.each(['EUR', 'USD'] as const)(
  'a whole life of orders of a shop in %s reads the same by webhook and by poll, to the cent, and agrees with the truth',
  async (currency) => {
    const { shop, ctx } = await openShop(currency)
    const door = await listen(ctx)
    await subscriptions.ensure(ctx, door.endpoint)
    const ids: string[] = []
    for (let i = 0; i < 30; i++) {
      const lines = [{ sku: ['MUG', 'CAP', 'TEE'][i % 3] ?? 'MUG', quantity: 1 + (i % 2) }]
      if (i % 4 === 0) lines.push({ sku: ['CAP', 'TEE', 'MUG'][i % 3] ?? 'CAP', quantity: 1 })
      const bought = shop.buy(lines)
      if (!bought) continue
      ids.push(bought.id)
      if (i % 7 === 1) shop.cancel(bought.id)
      if (i % 5 === 2) shop.edit(bought.id, lines[0]?.sku ?? '', 3)
      if (i % 5 === 3) shop.edit(bought.id, lines[0]?.sku ?? '', i % 2)
      if (i % 6 === 4) shop.refund(bought.id, { sku: lines[0]?.sku ?? '', quantity: 1 })
      if (i % 6 === 5) shop.refund(bought.id, null)
    }
    const first = await allOrders(ctx)
    for (const [index, order] of [...first.values()].entries()) {
      if (order.cancelledAt !== null || index % 3 === 0) continue
      const shipment = shipmentOf(order, `T-${index}`, (open) => (index % 3 === 1 ? open : Math.ceil(open / 2)))
      if (shipment.lines.length === 0) continue
      expect(await shipments.push(ctx, shipment)).toMatchObject({ outcome: 'applied' })
      expect(await shipments.push(ctx, shipment)).toMatchObject({ outcome: 'already_applied' })
    }
    await expect.poll(() => shop.quiet(), { timeout: 10_000 }).toBe(true)

    const polled = await allOrders(ctx)
    expect(door.refused).toEqual([])
    expect(polled.size).toBe(ids.length)
    for (const truth of shop.orders()) {
      const order = polled.get(`gid://shopify/Order/${truth.id}`)
      if (!order) throw new Error(`the poll misses ${truth.id}`)
      expect(door.told.filter((one) => one.ref === order.ref && one.changedAt === order.changedAt)).toContainEqual(
        order,
      )
      expect([truth.number, delta(order)]).toEqual([truth.number, 0n])
      expect(order.cancelledAt !== null).toBe(truth.cancelled)
      for (const line of truth.lines) {
        const own = order.lines.filter((one) => one.sku === line.sku)
        const sum = (of: (one: UnifiedOrder['lines'][number]) => number) => own.reduce((all, one) => all + of(one), 0)
        expect([
          line.sku,
          sum((one) => one.ordered),
          sum((one) => one.ordered - one.cancelled),
          sum((one) => one.shipped),
        ]).toEqual([line.sku, line.ordered, line.wanted, line.shipped])
      }
    }
    // What orders took from the shelf is what the shop's own number is lower by.
    for (const [sku, stock] of [
      ['MUG', 50],
      ['CAP', 40],
      ['TEE', 30],
    ] as const) {
      const took = [...polled.values()].flatMap((order) => order.lines).filter((line) => line.sku === sku)
      expect([sku, stock - took.reduce((sum, line) => sum + line.channelTook, 0)]).toEqual([sku, shop.shows(sku)])
    }
  },
)

test('stock is listed, read, and written only over the number that was read', async () => {
  const { shop, ctx } = await openShop('EUR')
  expect(await auth.probe(ctx)).toMatchObject({ missing: [], currency: 'EUR' })
  const { items, next } = await listings.list(ctx, { page: null })
  expect(next).toBe(null)
  expect(items.map((one) => [one.sku, one.available, one.tracked]).sort()).toEqual([
    ['CAP', 40, true],
    ['MUG', 50, true],
    ['TEE', 30, true],
  ])
  const target = (sku: string) => items.find((one) => one.sku === sku)?.target ?? ''
  const read = await inventory.read(
    ctx,
    items.map((one) => one.target),
  )
  shop.buy([{ sku: 'CAP', quantity: 1 }])
  const results = await inventory.push(ctx, [
    { key: 'k-1', target: target('MUG'), available: 11, changeFrom: read.get(target('MUG')) ?? 0 },
    { key: 'k-2', target: target('CAP'), available: 12, changeFrom: read.get(target('CAP')) ?? 0 },
  ])
  const outcomes = results.map((one) => [one.key, one.outcome === 'failed' ? one.error.kind : one.outcome])
  expect(outcomes.sort()).toEqual([
    ['k-1', 'applied'],
    ['k-2', 'conflict'],
  ])
  expect([shop.shows('MUG'), shop.shows('CAP')]).toEqual([11, 39])
})

test('a cancellation is applied once, and puts the units back on sale', async () => {
  const { shop, ctx } = await openShop('USD')
  const bought = shop.buy([{ sku: 'MUG', quantity: 2 }])
  const order = {
    key: 'x-1',
    order: `gid://shopify/Order/${bought?.id}`,
    reason: 'out_of_stock',
    restock: true,
  } as const
  const outcomes = [await cancellations.cancel(ctx, order), await cancellations.cancel(ctx, order)]
  expect(outcomes.map((one) => one.outcome)).toEqual(['applied', 'already_applied'])
  expect(shop.shows('MUG')).toBe(50)
  const [gone] = await orders.get(ctx, ['gid://shopify/Order/1'])
  expect(gone).toEqual({ ref: 'gid://shopify/Order/1', missing: true })
})

test('subscriptions are made once and found whole', async () => {
  const { ctx } = await openShop('EUR')
  const door = await listen(ctx)
  expect(await subscriptions.ensure(ctx, door.endpoint)).toMatchObject({ state: 'repaired' })
  expect(await subscriptions.ensure(ctx, door.endpoint)).toEqual({
    state: 'healthy',
    detail: `${topics.length} topics`,
  })
  expect(await subscriptions.inspect(ctx, door.endpoint)).toBe('healthy')
})

test('a merchant connects, and his token is refreshed before it ends', async () => {
  const { shop, ctx } = await openShop('EUR')
  const app = { clientId: 'client-1', clientSecret: ctx.secrets.apiSecrets[0] ?? '' }
  const { settings } = ctx
  const [callbackUrl, returnUrl] = ['https://hub.example.com/callback', 'https://hub.example.com/done']
  const start = new URL(auth.authorizeUrl?.({ settings, state: 'state-1', callbackUrl, returnUrl, app }) ?? '')
  start.searchParams.set('consent', '1')
  const back = new URL((await fetch(start, { redirect: 'manual' })).headers.get('location') ?? '')
  const query = Object.fromEntries(back.searchParams)
  expect(query.state).toBe('state-1')
  const secrets = await auth.complete?.({ query, settings, app, ctx, fresh: '' })
  if (!secrets) throw new Error('not connected')
  expect(secrets).toMatchObject({ shop: shop.connect.settings.shop, refreshToken: expect.stringMatching(/^shprt_/) })
  const refreshed = await auth.refresh?.({ ...ctx, secrets })
  if (!refreshed) throw new Error('not refreshed')
  expect(refreshed.secrets.accessToken).not.toBe(secrets.accessToken)
  expect((await auth.probe({ ...ctx, secrets: refreshed.secrets })).missing).toEqual([])
  const revoked = auth.probe({ ...ctx, secrets: { ...refreshed.secrets, accessToken: 'stolen' } })
  await expect(revoked).rejects.toMatchObject({ kind: 'auth_expired' })
})
