import type { Dice } from './dice.ts'
import type { Plan } from './plan.ts'

/** What shoppers, the merchant and the warehouse's people set out to do, and when. */
export type Deed =
  | {
      readonly what: 'order'
      readonly shop: number
      readonly lines: readonly { readonly listing: string; readonly quantity: number }[]
    }
  /** `order`: the how-manieth that was placed. */
  | { readonly what: 'cancel' | 'touch'; readonly order: number }
  | { readonly what: 'change'; readonly order: number; readonly line: number; readonly delta: number }
  /** `restock`: goods come in, and all shelves are counted. */
  | { readonly what: 'count' }
  | { readonly what: 'restock' | 'lose' | 'miss' | 'receive'; readonly sku: string }
  | { readonly what: 'unmap' | 'map'; readonly shop: number; readonly listing: string }
  /** Not at once but after so many of its own steps: a process that has nothing to do loses nothing. */
  | { readonly what: 'kill' | 'freeze'; readonly process: number; readonly forMs: number; readonly afterSteps: number }
  /** The database restarts: all connections break at once. */
  | { readonly what: 'outage' }
type Timed = Deed & { readonly at: number }
export type Story = readonly Timed[]

type Drawn = Pick<Plan, 'items' | 'listings' | 'shops' | 'workers' | 'exact'>

/** What a scene is drawn from: when it begins, and how many orders there are before it. */
interface Stage {
  readonly world: Drawn
  readonly dice: Dice
  readonly at: number
  readonly orders: number
}

/** A second thought comes in the same second, while the first is asked for, while it is on its way, or long after. */
const gapMs = ({ of, under }: Dice) => of([0, 0, 900, 3_500]) + under(of([700, 1_000, 4_000]))

function someLines({ world, dice: { under, happens, of } }: Stage) {
  const refs = world.listings.map(({ ref }) => ref)
  return Array.from({ length: happens(0.3) ? 2 : 1 }, () => ({
    listing: refs[under(refs.length)] ?? '',
    quantity: of([1, 1, 2]),
  }))
}

const anOrder = (stage: Stage, shop = stage.dice.under(stage.world.shops.length)) =>
  ({ what: 'order', shop, lines: someLines(stage) }) as const

function aChange({ under, happens, of }: Dice, order: number): Deed {
  if (happens(0.45)) return { what: 'cancel', order }
  return happens(0.1) ? { what: 'touch', order } : { what: 'change', order, line: under(2), delta: of([-1, -1, 1]) }
}

/** A buyer is sorry, once or twice. */
function regret(stage: Stage): Timed[] {
  const { dice, orders } = stage
  const story: Timed[] = [{ ...anOrder(stage), at: stage.at }]
  for (let n = dice.under(2); n >= 0; n--)
    story.push({ ...aChange(dice, orders), at: (story.at(-1)?.at ?? 0) + gapMs(dice) })
  return story
}

/** Several buyers in seconds, mostly of one shop and after the same goods; perhaps one of them is sorry. */
function rush(stage: Stage): Timed[] {
  const { dice, orders } = stage
  const first = anOrder(stage)
  const story: Timed[] = [{ ...first, at: stage.at }]
  for (let n = 1 + dice.under(2); n > 0; n--) {
    const next = dice.happens(0.7) ? first : anOrder(stage)
    story.push({ ...next, at: (story.at(-1)?.at ?? 0) + dice.under(dice.of([900, 2_500])) })
  }
  const at = (story.at(-1)?.at ?? 0) + gapMs(dice)
  return dice.happens(0.4) ? [...story, { ...aChange(dice, orders + dice.under(story.length)), at }] : story
}

/** The shelves are counted, and filled, while units leave them. */
function shelves(stage: Stage): Timed[] {
  const { world, dice } = stage
  const { under, happens, of } = dice
  const sku = () => world.items[under(world.items.length)]?.sku ?? ''
  const story: Timed[] = [{ ...anOrder(stage), at: stage.at + under(8_000) }]
  for (let n = 2 + under(2), at = stage.at; n > 0; n--, at += happens(0.5) ? under(1_500) : under(9_000)) {
    const loses = !world.exact && happens(0.3)
    const deed: Deed = loses
      ? { what: of<'lose' | 'miss' | 'receive'>(['lose', 'miss', 'receive']), sku: sku() }
      : happens(0.5)
        ? { what: 'restock', sku: sku() }
        : { what: 'count' }
    story.push({ ...deed, at })
  }
  return story
}

/** Somebody takes a mapping away and gives it back, while orders of it come in and leave. */
function mapping(stage: Stage): Timed[] {
  const { world, dice, at } = stage
  const shop = dice.under(world.shops.length)
  const order = anOrder(stage, shop)
  const { listing = '' } = order.lines[0] ?? {}
  const [what, then] = dice.happens(0.7) ? (['unmap', 'map'] as const) : (['map', 'unmap'] as const)
  const first = at + gapMs(dice)
  return [
    { ...order, at: at + dice.under(4_000) },
    { what, shop, listing, at: first },
    ...(dice.happens(0.6) ? [{ what: then, shop, listing, at: first + gapMs(dice) } as const] : []),
  ]
}

const scenes = [regret, regret, regret, rush, rush, shelves, mapping] as const

function drawInterrupt({ workers }: Drawn, { under, happens, of }: Dice, at: number): Timed {
  const what = of<'kill' | 'freeze' | 'outage'>(['kill', 'kill', 'freeze', 'freeze', 'freeze', 'outage'])
  if (what === 'outage') return { what, at }
  // Mostly a worker: it has more to lose.
  const process = under(happens(0.85) ? workers : workers + 1)
  return { what, process, forMs: of([2_000, 12_000, 36_000, 50_000]), afterSteps: under(40), at }
}

/** A scene or some of them, close together or not, and processes that die or stand still at their work. */
export function drawStory(
  world: Drawn,
  dice: Dice,
  extent: { readonly scenes: number; readonly interrupts: number },
): Story {
  const { under, happens, of } = dice
  const story: Timed[] = []
  for (let n = 0; n < extent.scenes; n++) {
    const last = story.at(-1)?.at ?? 0
    const at = n === 0 ? 0 : happens(0.5) ? under(last + 1) : last + under(of([3_000, 12_000]))
    const orders = story.filter(({ what }) => what === 'order').length
    story.push(...of(scenes)({ world, dice, at, orders }))
  }
  for (let n = 0; n < extent.interrupts; n++) {
    const near = story[under(story.length)]?.at ?? 0
    story.push(drawInterrupt(world, dice, near + under(of([1, 1_500, 9_000]))))
  }
  return story.sort((a, b) => a.at - b.at)
}
