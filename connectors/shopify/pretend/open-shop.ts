import { type Faults, type PretendOptions, type Rng, seededRng } from '#kit/pretend'
import { grantedScopes } from './shop-views.ts'
import { type Id, now, type Shop } from './state.ts'

function offsetOf(timeZone: string): string {
  const name = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    .formatToParts(new Date())
    .find((part) => part.type === 'timeZoneName')?.value
  return name?.replace('GMT', '') || '+00:00'
}

function hash(text: string): number {
  let mixed = 2166136261
  for (const char of text) mixed = Math.imul(mixed ^ (char.codePointAt(0) ?? 0), 16777619)
  return mixed >>> 0
}

/** 19 digits, beyond 2^53: an id that passed through a float anywhere no longer names anything here. */
function idSource(name: string, rng: Rng): () => Id {
  let last = 1_000_000_000_000_000_000n + (BigInt(hash(name)) << 28n)
  return () => {
    last += 2n + BigInt(Math.floor(rng() * 97))
    return last.toString()
  }
}

export function openShop(
  options: PretendOptions & { readonly currency?: string; readonly granted?: readonly string[] },
  faults: Faults,
): Shop {
  const currency = options.currency ?? (/usd|us\b|america/i.test(options.name) ? 'USD' : 'EUR')
  const euro = currency === 'EUR'
  const newId = idSource(options.name, seededRng(options.seed ^ 0x1d5))
  const timeZone = euro ? 'Europe/Berlin' : 'America/New_York'
  const slug = options.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return {
    name: options.name,
    domain: `${slug}.myshopify.com`,
    id: newId(),
    currency,
    taxesIncluded: euro,
    timeZone,
    granted: options.granted ?? grantedScopes,
    offset: offsetOf(timeZone),
    location: { id: newId(), name: 'Main warehouse', createdAt: now() },
    createdAt: now(),
    products: new Map(),
    items: new Map(),
    levels: new Map(),
    orders: new Map(),
    fulfillmentOrders: new Map(),
    fulfillments: new Map(),
    refunds: new Map(),
    untold: new Set(),
    subscriptions: new Map(),
    jobs: new Set(),
    rng: seededRng(options.seed),
    dice: seededRng(options.seed ^ 0x5eed),
    faults,
    newId,
    tell: (what, data) => options.record({ at: Date.now(), who: options.name, what, data }),
  }
}
