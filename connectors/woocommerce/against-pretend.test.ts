import { afterEach, beforeEach, expect, test } from 'vitest'
import type { InboundEvent, RawOrder, ShipmentCommand, UnifiedOrder } from '#kit'
import { auth } from './auth.ts'
import { cancellations } from './cancellations.ts'
import { inbound } from './inbound.ts'
import { inventory } from './inventory.ts'
import { listings } from './listings.ts'
import { orders } from './orders.ts'
import { openReceiver, openShop, type Receiver, type Shop } from './pretend/test-bench.ts'
import { credentials, type WooCtx } from './settings.ts'
import { shipments } from './shipments.ts'
import { subscriptions } from './subscriptions.ts'
import { translate } from './translate.ts'

let shop: Shop
let hub: Receiver
let ctx: WooCtx
let account: string

/** The hub's send, as far as this needs it: real sockets, no redirects. */
async function send(request: Parameters<WooCtx['send']>[0]) {
  const { method, url, headers = {}, body } = request
  const response = await fetch(url, { method, headers, redirect: 'manual', ...(typeof body === 'string' && { body }) })
  const raw = new Uint8Array(await response.arrayBuffer())
  return { status: response.status, headers: Object.fromEntries(response.headers), body: raw }
}

beforeEach(async () => {
  shop = await openShop()
  hub = await openReceiver()
  shop.shop.addProduct({ sku: 'HAT', title: 'Hat', priceMinor: 1999n, stock: 20 })
  shop.shop.addProduct({ sku: 'MUG', title: 'Mug', priceMinor: 995n, stock: 5 })
  ctx = {
    connectionId: '0190a0a0-0000-7000-8000-000000000001',
    secrets: credentials.parse(shop.shop.connect.credentials),
    settings: shop.shop.connect.settings,
    send,
    dial: () => Promise.reject(new Error('no sockets here')),
    now: () => new Date(shop.clock.now),
    newId: () => '0190a0a0-0000-7000-8000-0000000000ff',
    signal: AbortSignal.timeout(60_000),
  }
  const probed = await auth.probe(ctx)
  account = probed.key
  ctx = { ...ctx, settings: probed.settings ?? {} }
})
afterEach(async () => {
  await shop.close()
  await hub.close()
})

const buy = (...lines: { sku: string; quantity: number }[]): string => {
  const bought = shop.shop.buy(lines)
  if (bought === null) throw new Error('sold out')
  return bought.id
}
async function poll(since: string | null) {
  const raws: RawOrder[] = []
  let watermark = ''
  for (let page: string | null = null, calls = 0; calls < 50; calls += 1) {
    const answer = await orders.list(ctx, { since, from: new Date(shop.clock.now - 60_000).toISOString(), page })
    raws.push(...answer.items)
    watermark = answer.watermark
    if (answer.next === null) break
    page = answer.next
  }
  return { orders: new Map(raws.map((raw): [string, UnifiedOrder] => [raw.ref, translate(raw.raw)])), watermark }
}
async function fetched(ref: string): Promise<UnifiedOrder> {
  const [answer] = await orders.get(ctx, [ref])
  if (answer === undefined || 'missing' in answer) throw new Error(`order ${ref} is missing`)
  return translate(answer.raw)
}
const delta = (order: UnifiedOrder) =>
  order.lines.reduce(
    (rest, line) => rest - line.total.minor,
    order.total.minor -
      order.parts.shipping.minor -
      order.parts.tax.minor -
      order.parts.other.minor +
      order.parts.discount.minor,
  )

test('probe finds a Berlin shop with fulfilment records and a key that may write', async () => {
  expect(await auth.probe(ctx)).toMatchObject({
    key: shop.store.url,
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    missing: [],
    settings: { fulfilments: 'core' },
  })
})

test('every order that was bought is polled once its second is over, and its money adds up', async () => {
  const ids: string[] = []
  for (let i = 0; i < 8; i += 1) {
    ids.push(buy({ sku: 'HAT', quantity: 1 + (i % 2) }))
    shop.clock.now += 700
  }
  const first = await poll(null)
  expect([...first.orders.keys()].toSorted()).toEqual(ids.toSorted())
  for (const truth of shop.shop.orders()) {
    const order = first.orders.get(truth.id)
    expect([order?.total.minor, order?.hold, order?.number]).toEqual([truth.totalMinor, null, truth.number])
    expect(order?.lines.map((line) => [line.sku, line.ordered])).toEqual(
      truth.lines.map((line) => [line.sku, line.ordered]),
    )
    expect(order === undefined ? null : delta(order)).toBe(0n)
  }
  const late = buy({ sku: 'MUG', quantity: 1 })
  expect([...(await poll(first.watermark)).orders.keys()]).toContain(late)
})

test('refunds, edits and cancels arrive as fewer wanted units and the units that the shop holds', async () => {
  const refunded = buy({ sku: 'HAT', quantity: 3 })
  const edited = buy({ sku: 'HAT', quantity: 1 })
  const cancelled = buy({ sku: 'HAT', quantity: 2 })
  shop.shop.refund(refunded, { sku: 'HAT', quantity: 1 })
  shop.shop.edit(edited, 'HAT', 4)
  shop.shop.cancel(cancelled)
  const taken = await Promise.all(
    [refunded, edited, cancelled].map(async (ref) => {
      const order = await fetched(ref)
      return order.lines.map((line) => [line.ordered, line.cancelled, line.channelTook])
    }),
  )
  expect(taken).toEqual([[[3, 1, 3]], [[4, 0, 4]], [[2, 2, 0]]])
  expect(shop.shop.shows('HAT')).toBe(20 - 3 - 4)
  expect((await fetched(cancelled)).cancelledAt).not.toBeNull()
})

test('what is listed can be read, written and is shown to shoppers', async () => {
  const { items } = await listings.list(ctx, { page: null })
  const hat = items.find((item) => item.sku === 'HAT')
  expect(hat).toMatchObject({ available: 20, tracked: true })
  const target = hat?.target ?? ''
  const results = await inventory.push(ctx, [{ key: 'a', target, available: 7, changeFrom: 20 }])
  expect(results).toEqual([{ key: 'a', outcome: 'applied' }])
  expect(shop.shop.shows('HAT')).toBe(7)
  expect(await inventory.read(ctx, [target])).toEqual(new Map([[target, 7]]))
})

test('two part shipments reach the shop as told, the second completes, and a repeat does nothing', async () => {
  const order = await fetched(buy({ sku: 'HAT', quantity: 3 }))
  const line = order.lines[0]?.ref ?? ''
  const shipment: ShipmentCommand = {
    key: 'shp_1.1',
    order: order.ref,
    lines: [{ line, quantity: 2 }],
    final: false,
    carrier: 'DHL',
    tracking: 'JD0001',
    trackingUrl: null,
    shippedAt: '2026-11-23T12:30:00Z',
    notifyBuyer: true,
  }
  const last = { ...shipment, key: 'shp_2.1', tracking: 'JD0002', final: true, lines: [{ line, quantity: 1 }] }
  for (const [command, outcome] of [
    [shipment, 'applied'],
    [shipment, 'already_applied'],
    [last, 'applied'],
    [last, 'already_applied'],
  ] as const) {
    expect(await shipments.push(ctx, command)).toMatchObject({ outcome })
    expect(await shipments.find(ctx, command)).toMatch(/^fulfillment:/)
  }
  const truth = shop.shop.orders().find((one) => one.id === order.ref)
  expect(truth?.lines).toMatchObject([{ shipped: 3 }])
  expect(truth?.shipments.map((one) => one.tracking)).toEqual(['JD0001', 'JD0002'])
  expect((await fetched(order.ref)).remoteStatus).toBe('completed')
})

test('an error after the effect is unknown, and find sees the record that was made', async () => {
  const order = await fetched(buy({ sku: 'MUG', quantity: 1 }))
  const lines = [{ line: order.lines[0]?.ref ?? '', quantity: 1 }]
  const base = { key: 'shp_7.1', order: order.ref, lines, carrier: 'DHL', tracking: 'JD0007', trackingUrl: null }
  const shipment = { ...base, final: false, shippedAt: '2026-11-23T12:30:00Z', notifyBuyer: false }
  let writes = 0
  const failing: WooCtx = {
    ...ctx,
    async send(request) {
      if (request.method !== 'GET') shop.shop.setFaults({ failAfterEffect: 1 })
      writes += request.method === 'GET' ? 0 : 1
      return await send(request)
    },
  }
  expect(await shipments.push(failing, shipment)).toMatchObject({
    outcome: 'failed',
    error: { kind: 'outcome_unknown' },
  })
  shop.shop.setFaults({ failAfterEffect: 0 })
  expect(await shipments.find(ctx, shipment)).toMatch(/^fulfillment:/)
  expect(writes).toBe(1)
})

test('a write that the shop dropped behind a convincing 200 is seen by reading back', async () => {
  const { items } = await listings.list(ctx, { page: null })
  const target = items.find((item) => item.sku === 'HAT')?.target ?? ''
  shop.shop.setFaults({ dropWrite: 1 })
  await inventory.push(ctx, [{ key: 'a', target, available: 7, changeFrom: 20 }])
  expect(await inventory.read(ctx, [target])).toEqual(new Map([[target, 20]]))
})

test('without fulfilment records the last shipment still completes the order', async () => {
  shop.store.fulfillmentsOn = false
  expect((await auth.probe(ctx)).settings).toMatchObject({ fulfilments: 'note' })
  const order = await fetched(buy({ sku: 'MUG', quantity: 1 }))
  const lines = [{ line: order.lines[0]?.ref ?? '', quantity: 1 }]
  const base = { key: 'shp_9.1', order: order.ref, carrier: 'DHL', tracking: 'JD0009', trackingUrl: null }
  const push = await shipments.push(ctx, {
    ...base,
    lines,
    final: true,
    shippedAt: '2026-11-23T12:30:00Z',
    notifyBuyer: false,
  })
  expect(push).toMatchObject({ outcome: 'applied', remote: expect.stringMatching(/^note:/) })
  expect((await fetched(order.ref)).remoteStatus).toBe('completed')
})

test('an order that was edited up after its last known shipment is not completed', async () => {
  shop.store.fulfillmentsOn = false
  await auth.probe(ctx)
  const order = await fetched(buy({ sku: 'MUG', quantity: 1 }))
  const lines = [{ line: order.lines[0]?.ref ?? '', quantity: 1 }]
  shop.shop.edit(order.ref, 'MUG', 2)
  const told = { key: 'shp_10.1', order: order.ref, carrier: 'DHL', tracking: 'JD0010', trackingUrl: null, lines }
  const push = await shipments.push(ctx, {
    ...told,
    final: true,
    whole: lines,
    shippedAt: '2026-11-23T12:30:00Z',
    notifyBuyer: false,
  })
  expect(push).toMatchObject({ outcome: 'applied' })
  expect((await fetched(order.ref)).remoteStatus).toBe('processing')
})

test('a cancel is applied once and the units are back in the shop', async () => {
  const ref = buy({ sku: 'MUG', quantity: 2 })
  const cancel = () => cancellations.cancel(ctx, { key: 'c', order: ref, reason: 'out_of_stock', restock: true })
  expect([(await cancel()).outcome, (await cancel()).outcome]).toEqual(['applied', 'already_applied'])
  expect(shop.shop.shows('MUG')).toBe(5)
})

test('the webhooks that we make ping, are signed with our secret and name the order', async () => {
  expect((await subscriptions.ensure(ctx, hub.url)).state).toBe('repaired')
  expect((await subscriptions.ensure(ctx, hub.url)).state).toBe('healthy')
  expect(await subscriptions.inspect(ctx, hub.url)).toBe('healthy')
  const requests = () => hub.calls.map(({ method, headers, body }) => ({ method, headers, raw: new Uint8Array(body) }))
  expect(requests().map((request) => inbound.greet?.(request)?.status)).toEqual([200, 200, 200, 200, 200])
  hub.calls.length = 0
  const ref = buy({ sku: 'HAT', quantity: 1 })
  await shop.cron.run()
  const events = requests().flatMap((request): (InboundEvent | { type: 'refused'; reason: string })[] => {
    const verdict = inbound.verify(request, ctx.secrets, account)
    return verdict.ok
      ? [...inbound.decode({ ...request, topic: verdict.topic })]
      : [{ type: 'refused', reason: verdict.reason }]
  })
  expect(events).toContainEqual({ type: 'order', ref })
  expect(events.some((event) => event.type === 'refused')).toBe(false)
})

test('a demoted owner is seen by probe as forbidden and by a webhook as revoked', async () => {
  await subscriptions.ensure(ctx, hub.url)
  hub.calls.length = 0
  buy({ sku: 'HAT', quantity: 1 })
  shop.store.owner = 'demoted'
  await shop.cron.run()
  const raw = new Uint8Array(hub.calls[0]?.body ?? [])
  expect(inbound.decode({ topic: 'order.updated', headers: {}, raw })).toEqual([{ type: 'revoked' }])
  await expect(auth.probe(ctx)).rejects.toMatchObject({ kind: 'forbidden' })
})
