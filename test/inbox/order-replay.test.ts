import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Connector, UnifiedOrder } from '../../src/connector-kit/index.ts'
import { loadConnectors } from '../../src/connectors.ts'
import { replayOrder } from '../../src/lanes/replay-order.ts'
import { type Bench, type Connected, openBench } from './bench.ts'
import { shopifyGiven, shopifyHeaders, shopifyOrder } from './shops.ts'

let bench: Bench
let shop: Connected
let connectors: ReadonlyMap<string, Connector>
beforeAll(async () => {
  connectors = await loadConnectors()
  bench = await openBench({ connectors })
  shop = await bench.connect(shopifyGiven)
  await bench.stock({ 'BOX-1': 10 })
})
afterAll(() => bench?.close())

const at = (minutes: number) => new Date(Date.parse('2026-11-22T10:00:00Z') + minutes * 60_000).toISOString()
let orders = 0
/** An order that its shop told of twice. */
async function anOrder(): Promise<string> {
  const id = ++orders
  for (const minutes of [0, 5]) {
    const order = shopifyOrder({ id, quantity: 2, sku: 'BOX-1', more: { updated_at: at(minutes) } })
    const body = JSON.stringify(order)
    await bench.post(shop, shopifyHeaders(body, { 'x-shopify-topic': 'orders/updated' }), body)
    await bench.run(shop, 'import')
  }
  const [found] = await bench.rows<{ id: string }>(
    'select order_id as id from orders order by imported_at desc limit 1',
  )
  return found?.id ?? ''
}
/** What reading its messages again would say, with this difference in how the connector reads. */
async function replay(orderId: string, reads: (order: UnifiedOrder) => UnifiedOrder = (order) => order) {
  const [kind, real] = [...connectors].find(([name]) => name === 'shopify') ?? []
  if (!kind || !real?.orders) throw new Error('the connector is gone')
  const { translate } = real.orders
  const ports = { ...real.orders, translate: (...given: Parameters<typeof translate>) => reads(translate(...given)) }
  return bench.tenant((tx) => replayOrder(tx, new Map([...connectors, [kind, { ...real, orders: ports }]]), orderId))
}
const everything = () =>
  bench.rows(`select (select md5(string_agg(t::text, '|' order by t::text)) from orders t) as orders,
    (select md5(string_agg(t::text, '|' order by t::text)) from inbox_message t) as messages,
    (select md5(string_agg(t::text, '|' order by t::text)) from timeline_event t) as events, (select count(*) from effect) as effects`)

test('an order whose messages read as they did is the same, and reading them again changes nothing', async () => {
  const orderId = await anOrder()
  const before = await everything()
  expect(await replay(orderId)).toEqual({ messages: 2, gone: 0, unreadable: [], result: 'same', differences: [] })
  expect(await everything()).toEqual(before)
})

test('what the tables hold otherwise is named with both values', async () => {
  const orderId = await anOrder()
  await bench.rows(
    `update orders set total_minor = total_minor + 1, remote_status = 'lost' where order_id = '${orderId}'`,
  )
  await bench.rows(`update order_line set qty_ordered = 3 where order_id = '${orderId}'`)
  const { result, differences } = (await replay(orderId)) ?? {}
  expect(result).toBe('different')
  expect(differences?.map(({ what }) => what.replace(/line \S+,/, 'line,'))).toEqual([
    'total',
    'status at the channel',
    'line, ordered',
  ])
  expect(differences?.at(-1)).toMatchObject({ stored: '3', replayed: '2' })
})

test('a connector that reads names otherwise is told of without a name', async () => {
  const orderId = await anOrder()
  const shipTo = { name: 'Canary Person', address1: '', city: '', country: 'DE' }
  const replayed = await replay(orderId, (order) => ({ ...order, shipTo }))
  expect(replayed).toMatchObject({ result: 'different', differences: [{ what: 'names, addresses or prices' }] })
  expect(JSON.stringify(replayed)).not.toContain('Canary')
})

test('a message that can no longer be read is named, and the order does not count as the same', async () => {
  const orderId = await anOrder()
  const replayed = await replay(orderId, (order) => {
    if (order.changedAt === at(0)) throw new RangeError('a quantity of nothing')
    return order
  })
  expect(replayed).toMatchObject({
    result: 'different',
    differences: [],
    unreadable: [{ reason: 'a quantity of nothing' }],
  })
})

test('without the newest message nothing can be said, and that is what is said', async () => {
  const orderId = await anOrder()
  await bench.rows(`update inbox_body set bytes = null where message_id = (
    select cause_id from timeline_event where order_id = '${orderId}' and kind = 'order.updated')`)
  expect(await replay(orderId)).toMatchObject({ messages: 1, gone: 1, result: 'unknown', differences: [] })
})

test('an order of nobody has nothing to replay', async () => {
  expect(await replay('00000000-0000-7000-8000-000000000000')).toBeNull()
})
