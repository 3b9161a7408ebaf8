import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openApi } from './api.ts'
import { leaksOf, personsOf, secretsOf } from './canaries.ts'
import { deliverForged } from './forge.ts'
import { type Merchant, openStage, type Stage } from './harness.ts'
import { tellStory } from './story.ts'

let stage: Stage<'lily'>
let lily: Merchant
let canaries: { readonly secrets: readonly string[]; readonly persons: readonly string[] }
beforeAll(async () => {
  stage = await openStage({
    worlds: { lily: { skus: ['MUG', 'TEE'], unknown: ['ODD'] } },
    logLevel: 'trace',
  })
  lily = stage.merchants.lily
  // What goes wrong must not tell either: refused webhooks, faults of the far sides, an unmapped SKU, a cancelled order.
  await fetch(`${stage.hub.url}/in/shopify/${'x'.repeat(43)}`, {
    method: 'POST',
    body: '{"email":"nobody@example.com"}',
  })
  await deliverForged(lily, (order) => `${order.slice(0, -3)}`)
  await deliverForged(lily, (order) => order)
  for (const shop of [lily.shopify, lily.woo]) shop.setFaults({ failBefore: 0.03, throttle: 0.03 })
  const odd = lily.buy(lily.woo, { sku: 'ODD', quantity: 1 })
  const orders = await Promise.all([
    tellStory(stage, lily, lily.shopify, 'MUG'),
    tellStory(stage, lily, lily.woo, 'TEE'),
    odd.until('unmapped', (o) => o.stage === 'unmapped'),
    stage.until('the forged one', async () => (await lily.api.ordersOf('9000000000000000011'))[0]),
  ])
  for (const shop of [lily.shopify, lily.woo]) shop.setFaults({ failBefore: 0, throttle: 0 })
  const ids = orders.map((o) => o.id)
  canaries = { secrets: await secretsOf(lily, stage.hub), persons: await personsOf(lily, ids) }
}, 120_000)
afterAll(() => stage?.close())

test('there are secrets and persons to look for', () => {
  expect(canaries.secrets.length).toBeGreaterThan(7)
  expect(canaries.persons.length).toBeGreaterThan(10)
  expect(leaksOf('x Example Buyer y', canaries.persons)).toEqual(['Example Buyer'])
})

test('no secret and no person is in the log, at its most talkative', () => {
  const log = stage.hub.log()
  expect(log.split('\n').length).toBeGreaterThan(50)
  expect(leaksOf(log, canaries.secrets)).toEqual([])
  expect(leaksOf(log, canaries.persons)).toEqual([])
})

test('no secret and no person is in the metrics', async () => {
  const metrics = await (await fetch(`${stage.hub.url}/metrics`)).text()
  expect(leaksOf(metrics, [...canaries.secrets, ...canaries.persons])).toEqual([])
})

test('no secret and no person is in the queues', async () => {
  const queues = await stage.database.asAdmin(async (admin) => {
    const { rows: tables } = await admin.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'bullmq'`,
    )
    let text = ''
    for (const { name } of tables) text += JSON.stringify((await admin.query(`select t::text from ${name} t`)).rows)
    return { tables: tables.length, text }
  })
  expect(queues.tables).toBeGreaterThan(0)
  expect(queues.text).toContain(lily.id)
  expect(leaksOf(queues.text, [...canaries.secrets, ...canaries.persons])).toEqual([])
})

const lists = [
  '/merchant',
  '/api-keys',
  '/connections',
  '/items',
  '/listings',
  '/locations',
  '/inventory/levels',
  '/orders',
  '/fulfillment-orders',
  '/shipments',
  '/files',
  '/exceptions',
  '/inbox/messages',
]
const page = z.object({ items: z.array(z.object({ id: z.string() })) })

test('no answer of the API shows a secret, nor a person to a key without orders:persons', async () => {
  const all = ['merchant', 'api-keys', 'connections', 'items', 'listings', 'locations', 'inventory', 'orders']
  const scopes = [...all, 'fulfillment', 'exceptions', 'inbox'].map((noun) => `${noun}:read`)
  const { secret } = await lily.api.call('POST /api-keys', z.object({ secret: z.string() }), {
    label: 'reader',
    scopes,
  })
  const reader = openApi(stage.hub.url, secret)
  const seen: string[] = []
  for (const address of lists) {
    const text = await reader.text(address)
    seen.push(text)
    const { items } = page.safeParse(JSON.parse(text)).data ?? { items: [] }
    const ones = ['/api-keys', '/listings', '/locations', '/exceptions'].includes(address) ? [] : items.slice(0, 20)
    for (const { id } of ones) seen.push(await reader.text(`${address}/${id}`))
  }
  expect(seen.length).toBeGreaterThan(30)
  expect(leaksOf(seen.join('\n'), canaries.secrets)).toEqual([])
  expect(leaksOf(seen.join('\n'), canaries.persons)).toEqual([])
})
