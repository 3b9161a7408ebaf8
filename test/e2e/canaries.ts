import { z } from 'zod'
import type { Merchant } from './harness.ts'
import type { Hub } from './hub.ts'

const lengthMin = 5

/** Every text inside a value, keys left out. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** What was given to the hub and must never be seen again: logins of shops and warehouse, its own keys, the API key. */
export async function secretsOf({ shopify, woo, dock, apiKey }: Merchant, hub: Hub): Promise<string[]> {
  const { shop: _public, ...shopLogin } = shopify.connect.credentials
  const { username: _known, hostKeyFingerprint: _shown, ...dockLogin } = dock.connect.credentials
  return [...textsIn([shopLogin, woo.connect.credentials, dockLogin]), ...hub.secrets, apiKey]
}

const persons = z.object({ persons: z.array(z.object({ data: z.record(z.string(), z.unknown()).nullable() })) })

/** Names, streets, mailboxes of those who bought, as a key that may see them sees them. Country codes and invented postcodes (00000) tell nothing. */
export async function personsOf({ api }: Merchant, orderIds: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const id of orderIds) {
    const { persons: people } = await api.call(`GET /orders/${id}`, persons)
    for (const { data } of people)
      for (const text of textsIn(data)) if (text.length >= lengthMin && /\p{L}/u.test(text)) found.add(text)
  }
  return [...found]
}

/** Those of the texts that are in the page, also as JSON or a URL writes them. */
export function leaksOf(page: string, canaries: readonly string[]): string[] {
  return canaries.filter((canary) =>
    [canary, JSON.stringify(canary).slice(1, -1), encodeURIComponent(canary)].some((form) => page.includes(form)),
  )
}
