import { streamOf } from './decisions.ts'
import { type Dice, dice } from './dice.ts'
import { directed } from './directed.ts'
import { calm, type Faults } from './faults.ts'
import type { Pace } from './loom.ts'
import { masked } from './masks.ts'
import type { ShopTraits } from './shop.ts'
import { drawStory, type Story } from './story.ts'

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

/**
 * Whose faults come often: what needs three of a kind is not found where each is rare. `blind`: webhooks that nobody
 * sees; `index`: the same, and lists that show an order late, looked at again and again; `dark`: the same, where
 * transactions break.
 */
const themes = [
  'mixed',
  'mixed',
  'blind',
  'index',
  'dark',
  'wire',
  'partner',
  'partner',
  'processes',
  'processes',
  'still',
] as const
type Theme = (typeof themes)[number]
type Kind = 'blind' | 'wire' | 'partner' | 'processes'
const own: Readonly<Record<Theme, readonly Kind[]>> = {
  mixed: [],
  blind: ['blind'],
  index: ['blind'],
  dark: ['blind', 'processes'],
  wire: ['wire'],
  partner: ['partner'],
  processes: ['processes'],
  still: [],
}

/** Each seed turns on a random part of the faults: all at once would hide one behind another. */
function drawFaults({ happens }: Dice, theme: Theme): Faults {
  if (theme === 'still') return calm
  const of = (kind: Kind) => {
    const often = own[theme].includes(kind)
    return (share: number) => (happens(often ? 0.75 : 0.3) ? share * (often ? 2 : 1) : 0)
  }
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
    database: theme === 'dark' || happens(0.5) ? { lost: processes(0.015), replyLost: processes(0.02) } : calm.database,
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

function drawShops({ under, happens, of }: Dice, two: boolean): ShopTraits[] {
  const count = two ? 2 : 1
  return Array.from({ length: count }, (_, n) => {
    const strict = happens(0.5)
    const clockAheadMs = happens(0.3) ? of([-90_000, -4_000, 700, 30_000]) : 0
    return { name: `shop-${n}`, compareAndSet: strict, carriesOrder: strict, clockAheadMs: clockAheadMs + under(900) }
  })
}

function drawGoods({ under, happens }: Dice): Pick<Plan, 'items' | 'listings' | 'shownFirst'> {
  const skus = ['A', 'B'].slice(0, 1 + under(2))
  const items = skus.map((sku) => ({ sku, onHand: under(4) === 0 ? 1 : 2 + under(4) }))
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

const pollsMs: Partial<Record<Theme, number>> = { blind: 9_000, dark: 6_000, index: 2_500 }

/** The same seed gives the same small world, and the same things to do in it. */
export function drawPlan(seed: number): Plan {
  const rng = streamOf(seed, 'plan')
  const chance = dice(rng)
  const { under, happens, of } = chance
  const theme = of(themes)
  const faults = drawFaults(chance, theme)
  const exact = faults.warehouse.damages === 0
  // Most worlds are tiny: what goes wrong there is found soonest, and read easiest.
  const scenes = of([1, 1, 1, 1, 1, 1, 1, 1, 2, 2])
  const restless = theme === 'processes' || theme === 'dark'
  const workers = theme === 'processes' || happens(0.3) ? 2 : 1
  const world = { ...drawGoods(chance), shops: drawShops(chance, happens(0.2)), workers, exact }
  const interrupts = restless ? 1 + under(2) : happens(0.1) ? 1 : 0
  const aheadMs = happens(0.3) ? of([-600_000, -5_000, 5_000, 600_000]) : 0
  const plan: Plan = {
    ...world,
    seed,
    faults,
    pace: of(['anyone', 'newest', 'oldest']),
    stallShare: of([0, 0.002, 0.01]),
    pollEveryMs: pollsMs[theme] ?? of([20_000, 70_000]),
    sweepEveryMs: interrupts > 0 || faults.wakeLost > 0 ? 20_000 : 90_000,
    // Counts from our future are told apart by nothing but their coming, so a late one there is beyond the hub: README.
    warehouseAheadMs: masked.countsFromOurFuture && faults.warehouse.fileLate > 0 ? Math.min(0, aheadMs) : aheadMs,
    saysShort: happens(0.5),
    story: drawStory(world, chance, { scenes, interrupts }),
  }
  return directed(plan, chance)
}
