import type { Rng } from '#kit/pretend'
import { streamOf } from './decisions.ts'
import type { Pace } from './loom.ts'
import type { NetworkFaults } from './network.ts'
import type { DatabaseFaults } from './server.ts'
import type { ShopTraits } from './shop.ts'
import type { WarehouseFaults } from './warehouse.ts'

/** What shoppers, the merchant and the warehouse's people set out to do, and when. */
export type Deed =
  | {
      readonly what: 'order'
      readonly shop: number
      readonly lines: readonly { readonly listing: string; readonly quantity: number }[]
    }
  | { readonly what: 'cancel' | 'touch'; readonly order: number }
  | { readonly what: 'change'; readonly order: number; readonly line: number; readonly delta: number }
  | { readonly what: 'count' }
  | { readonly what: 'lose' | 'miss' | 'receive'; readonly sku: string }
  | { readonly what: 'unmap' | 'map'; readonly shop: number; readonly listing: string }
  | { readonly what: 'kill' | 'freeze'; readonly process: number; readonly forMs: number }
  /** The database restarts: all connections break at once. */
  | { readonly what: 'outage' }
export type Story = readonly (Deed & { readonly at: number })[]

export interface WebhookFaults {
  readonly drop: number
  readonly twice: number
  readonly late: number
  readonly unanswered: number
}
export interface Faults {
  readonly database: DatabaseFaults
  readonly network: NetworkFaults
  readonly warehouse: WarehouseFaults
  readonly webhooks: WebhookFaults
  readonly shop: { readonly lag: number; readonly item: number }
  readonly wakeLost: number
}
export interface Listing {
  readonly ref: string
  readonly sku: string
  /** What it takes when it is mapped. */
  readonly takes: readonly { readonly sku: string; readonly per: number }[]
  /** What it takes at first: nothing where nobody mapped it yet. */
  readonly parts: readonly { readonly sku: string; readonly per: number }[]
}
export interface Plan {
  readonly seed: number
  readonly workers: number
  readonly pace: Pace
  readonly stallShare: number
  readonly shops: readonly ShopTraits[]
  readonly items: readonly { readonly sku: string; readonly onHand: number }[]
  readonly listings: readonly Listing[]
  readonly shownFirst: ReadonlyMap<string, number>
  readonly pollEveryMs: number
  /** Each second in a real hub; here a look at all lanes for nothing is what a schedule can afford least. */
  readonly sweepEveryMs: number
  readonly warehouseAheadMs: number
  readonly saysShort: boolean
  /** Nothing breaks and nothing is put right by a last count: the ledger must be exact by itself. */
  readonly exact: boolean
  readonly faults: Faults
  readonly story: Story
}

export const calm: Faults = {
  database: { lost: 0, replyLost: 0 },
  network: { unreached: 0, lost: 0, replyLost: 0, late: 0, throttled: 0, failed: 0, failedAfter: 0 },
  warehouse: { rejects: 0, damages: 0, splits: 0, fileLate: 0, fileTwice: 0 },
  webhooks: { drop: 0, twice: 0, late: 0, unanswered: 0 },
  shop: { lag: 0, item: 0 },
  wakeLost: 0,
}

const horizonMs = 12_000

function dice(rng: Rng) {
  const under = (n: number) => Math.floor(rng() * n)
  return {
    under,
    happens: (share: number) => rng() < share,
    of: <T>(some: readonly [T, ...T[]]): T => some[under(some.length)] ?? some[0],
  }
}
type Dice = ReturnType<typeof dice>

const themes = ['mixed', 'mixed', 'mixed', 'blind', 'wire', 'partner', 'processes', 'still'] as const
type Theme = (typeof themes)[number]

/**
 * Each seed turns on a random half of the faults: all at once would hide one behind another. Most have a theme besides,
 * whose faults come often: what needs three of a kind is not found where each is rare.
 */
function drawFaults({ happens }: Dice, theme: Theme): Faults {
  if (theme === 'still') return calm
  const of = (own: Theme) => (share: number) =>
    happens(theme === own ? 0.7 : 0.4) ? share * (theme === own ? 2 : 1) : 0
  const [blind, wire, partner, processes] = [of('blind'), of('wire'), of('partner'), of('processes')]
  const network = {
    unreached: wire(0.05),
    lost: wire(0.06),
    replyLost: wire(0.14),
    late: wire(0.1),
    throttled: wire(0.06),
    failed: wire(0.06),
    failedAfter: wire(0.12),
  }
  return {
    database: happens(0.6) ? { lost: processes(0.015), replyLost: processes(0.02) } : calm.database,
    network: theme === 'wire' || happens(0.4) ? network : calm.network,
    warehouse: {
      rejects: partner(0.1),
      damages: partner(0.12),
      splits: partner(0.4),
      fileLate: partner(0.25),
      fileTwice: partner(0.3),
    },
    webhooks: { drop: blind(0.35), twice: blind(0.25), late: blind(0.25), unanswered: blind(0.15) },
    shop: { lag: blind(0.35), item: wire(0.1) },
    wakeLost: processes(0.15),
  }
}

function drawShops({ under, happens, of }: Dice, several: boolean): ShopTraits[] {
  const count = several && happens(0.5) ? 2 : 1
  return Array.from({ length: count }, (_, n) => {
    const strict = happens(0.5)
    const clockAheadMs = happens(0.3) ? of([-90_000, -4_000, 700, 30_000]) : 0
    return { name: `shop-${n}`, compareAndSet: strict, carriesOrder: strict, clockAheadMs: clockAheadMs + under(900) }
  })
}

function drawGoods({ under, happens }: Dice): Pick<Plan, 'items' | 'listings' | 'shownFirst'> {
  const skus = ['A', 'B'].slice(0, 1 + under(2))
  const items = skus.map((sku) => ({ sku, onHand: under(3) === 0 ? 1 : 1 + under(5) }))
  const listings: Listing[] = skus.map((sku) => ({
    ref: `L-${sku}`,
    sku,
    takes: [{ sku, per: 1 }],
    parts: [{ sku, per: 1 }],
  }))
  if (happens(0.3)) {
    const takes = skus.map((sku, n) => ({ sku, per: n === 0 ? 2 : 1 }))
    listings.push({ ref: 'L-KIT', sku: 'KIT', takes, parts: takes })
  }
  if (happens(0.2)) listings.push({ ref: 'L-NEW', sku: 'NEW', takes: [{ sku: 'A', per: 1 }], parts: [] })
  const onHand = new Map(items.map((item) => [item.sku, item.onHand]))
  const shownFirst = new Map(
    listings.map(({ ref, takes }) => [
      ref,
      Math.min(...takes.map(({ sku, per }) => Math.floor((onHand.get(sku) ?? 0) / per))),
    ]),
  )
  return { items, listings, shownFirst }
}

type Drawn = Pick<Plan, 'items' | 'listings' | 'shops' | 'workers' | 'exact'>

function drawDeed(world: Drawn, { under, happens, of }: Dice): Deed {
  const refs = world.listings.map(({ ref }) => ref)
  const shop = under(world.shops.length)
  const listing = refs[under(refs.length)] ?? ''
  const order = under(6)
  const kind = under(20)
  if (kind < 7) {
    const count = happens(0.3) ? 2 : 1
    const lines = Array.from({ length: count }, () => ({
      listing: refs[under(refs.length)] ?? '',
      quantity: 1 + under(2),
    }))
    return { what: 'order', shop, lines }
  }
  if (kind < 11) return { what: 'cancel', order }
  if (kind < 14) return { what: 'change', order, line: under(2), delta: of([-1, -1, 1]) }
  if (kind < 15) return { what: 'touch', order }
  if (kind < 17) return { what: 'count' }
  if (kind < 18 && !world.exact) {
    const sku = world.items[under(world.items.length)]?.sku ?? ''
    return { what: of<'lose' | 'miss' | 'receive'>(['lose', 'miss', 'receive']), sku }
  }
  return { what: happens(0.5) ? 'unmap' : 'map', shop, listing }
}

interface Extent {
  readonly deeds: number
  readonly interrupts: number
}
type Timed = Deed & { at: number }

/** Much happens close together: a buyer who is sorry, a parcel on its way, a process that dies of its work. */
function drawStory(world: Drawn, dice: Dice, { deeds, interrupts }: Extent): Story {
  const { under, happens, of } = dice
  const order = { ...dice, under: (n: number) => (n === 20 ? 0 : under(n)) }
  const story: Timed[] = [{ ...drawDeed(world, order), at: 0 }]
  for (let n = 1; n < deeds; n++) {
    const last = story.at(-1)?.at ?? 0
    const soon = last + under(happens(0.6) ? 1_200 : 9_000)
    story.push({ ...drawDeed(world, dice), at: happens(0.7) ? soon : under(horizonMs) })
  }
  for (let n = 0; n < interrupts; n++) {
    const at = (story[under(deeds)]?.at ?? 0) + under(happens(0.7) ? 1_000 : 9_000)
    const what = of<'kill' | 'freeze' | 'outage'>(['kill', 'freeze', 'freeze', 'outage'])
    const forMs = of([2_000, 12_000, 50_000])
    // Mostly a worker: it has more to lose.
    const process = under(happens(0.8) ? world.workers : world.workers + 1)
    story.push(what === 'outage' ? { what, at } : { what, process, forMs, at })
  }
  return story.sort((a, b) => a.at - b.at)
}

/** The same seed gives the same small world, and the same things to do in it. */
export function drawPlan(seed: number): Plan {
  const rng = streamOf(seed, 'plan')
  const chance = dice(rng)
  const { under, happens, of } = chance
  const theme = of(themes)
  const faults = drawFaults(chance, theme)
  const exact = faults.warehouse.damages === 0
  // Most worlds are tiny: what goes wrong there is found soonest, and read easiest.
  const size = of(['tiny', 'tiny', 'tiny', 'tiny', 'tiny', 'small', 'small', 'small', 'large'])
  const isTiny = size === 'tiny'
  const restless = theme === 'processes'
  const workers = restless || happens(isTiny ? 0.2 : 0.5) ? 2 : 1
  const world = { ...drawGoods(chance), shops: drawShops(chance, !isTiny), workers, exact }
  const interrupts = restless || happens(isTiny ? 0.1 : 0.25) ? 1 + under(restless ? 2 : 1) : 0
  const deeds = isTiny ? 1 + under(2) : size === 'small' ? 2 + under(2) : 4 + under(4)
  return {
    ...world,
    seed,
    faults,
    pace: of(['anyone', 'newest', 'oldest']),
    stallShare: of([0, 0.002, 0.01]),
    pollEveryMs: theme === 'blind' ? 9_000 : of([20_000, 70_000]),
    sweepEveryMs: interrupts > 0 || faults.wakeLost > 0 ? 15_000 : 40_000,
    warehouseAheadMs: happens(0.3) ? of([-600_000, -5_000, 5_000, 600_000]) : 0,
    saysShort: happens(0.5),
    story: drawStory(world, chance, { deeds, interrupts }),
  }
}
