import { z } from 'zod'
import type { Merchant, Stage } from '../e2e/harness.ts'

const nodes = z.array(z.object({ id: z.string() }))
const Webhooks = z.object({ data: z.object({ webhookSubscriptions: z.object({ nodes }) }) })

async function ask(merchant: Merchant, query: string): Promise<unknown> {
  const { credentials, settings } = merchant.shopify.connect
  const response = await fetch(`${settings.baseUrl}/admin/api/2026-10/graphql.json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-shopify-access-token': String(credentials.accessToken) },
    body: JSON.stringify({ query }),
  })
  return response.json()
}

/** The webhooks that this Shopify shop has now. */
export async function webhooksOf(merchant: Merchant): Promise<readonly { readonly id: string }[]> {
  const answer = await ask(merchant, '{ webhookSubscriptions(first: 50) { nodes { id } } }')
  return Webhooks.parse(answer).data.webhookSubscriptions.nodes
}

/** The shop deletes them by itself, without a word to the hub. */
export async function forgetWebhooks(merchant: Merchant): Promise<void> {
  for (const { id } of await webhooksOf(merchant))
    await ask(merchant, `mutation { webhookSubscriptionDelete(id: "${id}") { userErrors { message } } }`)
}

/** A quarter of an hour later, as far as the look at webhooks is concerned. */
export const lookAgain = `update lane set due_at = now() - interval '1 hour' where kind = 'health'`

/** How many there are once the hub has made all that it wants. */
export function whenSubscribed(stage: Pick<Stage<string>, 'until' | 'database'>, merchant: Merchant): Promise<number> {
  const busy = `select 1 from lane where kind = 'health' and (lease_token is not null or due_at <= now())`
  return stage.until('the hub subscribed to webhooks', async () => {
    const { rowCount } = await stage.database.asAdmin((admin) => admin.query(busy))
    return rowCount === 0 ? (await webhooksOf(merchant)).length || null : null
  })
}
