import { createHmac, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Merchant } from './harness.ts'

const paid = new URL('../../connectors/shopify/fixtures/order-paid.json', import.meta.url)
const hooks = z.object({
  data: z.object({ webhookSubscriptions: z.object({ nodes: z.array(z.object({ uri: z.string() })) }) }),
})

/** Where the hub told this Shopify shop to deliver. */
export async function endpointOf({ shopify }: Merchant): Promise<string> {
  const { baseUrl } = shopify.connect.settings
  const response = await fetch(`${baseUrl}/admin/api/2026-10/graphql.json`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-shopify-access-token': String(shopify.connect.credentials.accessToken),
    },
    body: JSON.stringify({ query: '{ webhookSubscriptions(first: 1) { nodes { uri } } }' }),
  })
  const [hook] = hooks.parse(await response.json()).data.webhookSubscriptions.nodes
  if (!hook) throw new Error(`${shopify.name} has no webhook yet`)
  return hook.uri
}

/** A delivery that is signed as the shop signs, of a new order which the shop does not know. Resolves to the status. */
export async function deliverForged(merchant: Merchant, change: (order: string) => string): Promise<number> {
  const { credentials, settings } = merchant.shopify.connect
  const now = new Date().toISOString()
  const placed = readFileSync(paid, 'utf8').replaceAll(/"(created|updated)_at": "[^"]+"/g, `"$1_at": "${now}"`)
  const body = change(placed)
  const response = await fetch(await endpointOf(merchant), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-shopify-topic': 'orders/create',
      'x-shopify-shop-domain': String(settings.shop),
      'x-shopify-event-id': randomUUID(),
      'x-shopify-triggered-at': now,
      'x-shopify-hmac-sha256': createHmac('sha256', String(credentials.apiSecret)).update(body).digest('base64'),
    },
    body,
  })
  await response.arrayBuffer()
  return response.status
}
