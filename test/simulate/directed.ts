import type { Dice } from './dice.ts'
import { calm, type Faults } from './faults.ts'
import type { Plan } from './plan.ts'
import type { Deed, Story } from './story.ts'

type Timed = Story[number]
/** What a directed world says otherwise than the one that was drawn. */
type Direction = (plan: Plan, dice: Dice) => Partial<Plan> & { readonly story: Story }

const faulty = (more: { readonly [part in keyof Faults]?: Partial<Faults[part]> }): Faults => ({
  ...calm,
  database: { ...calm.database, ...more.database },
  network: { ...calm.network, ...more.network },
  warehouse: { ...calm.warehouse, ...more.warehouse },
  webhooks: { ...calm.webhooks, ...more.webhooks },
  shop: { ...calm.shop, ...more.shop },
})
const traits = (name: string, strict: boolean, clockAheadMs = 0) => ({
  name,
  compareAndSet: strict,
  carriesOrder: strict,
  clockAheadMs,
})
const buys = (at: number, quantity = 1, shop = 0): Timed => ({
  what: 'order',
  shop,
  lines: [{ listing: 'L-A', quantity }],
  at,
})
const changes = (at: number, delta: -1 | 1, order = 0): Timed => ({ what: 'change', order, line: 0, delta, at })
const shelf = (at: number, what: 'restock' | 'receive' = 'restock'): Timed => ({ what, sku: 'A', at })
/** Enough for everybody here: what is lacking is the swarm's matter. */
const plenty = { items: [{ sku: 'A', onHand: 6 }], shown: 6 } as const

function stocked({ items, shown }: { readonly items: Plan['items']; readonly shown: number }) {
  const parts = [{ sku: 'A', per: 1 }]
  return {
    items,
    listings: [{ ref: 'L-A', sku: 'A', takes: parts, parts }],
    shownFirst: new Map([['L-A', shown]]),
  }
}

/** A shop sells and nobody hears of it, while the hub has reasons of its own to write its number. */
const soldInSilence: Direction = (_, { under, of }) => ({
  ...stocked(plenty),
  shops: [traits('shop-0', true)],
  workers: 1,
  pollEveryMs: of([4_000, 9_000, 20_000]),
  faults: faulty({ webhooks: { drop: 0.9 }, shop: { lag: of([0, 0.7, 1]) }, warehouse: { fileLate: 0.2 } }),
  story: [
    buys(under(2_000)),
    shelf(under(2_500)),
    ...(under(2) === 0 ? [buys(3_000 + under(3_000)), shelf(3_000 + under(5_000))] : []),
  ],
})

/** Counts that cross on their way, and units that leave meanwhile. */
const countsCross: Direction = (_, { under, of }) => ({
  ...stocked(plenty),
  shops: [traits('shop-0', true)],
  workers: 1,
  warehouseAheadMs: of([-5_000, 0]),
  faults: faulty({ warehouse: { fileLate: 0.5, fileTwice: 0.3 } }),
  story: [
    buys(under(3_000), 2),
    shelf(under(6_000)),
    under(2) === 0 ? { what: 'count', at: 7_000 + under(6_000) } : shelf(9_000 + under(9_000)),
  ],
})

/** Calls that were carried out and never answered, and some that land when nobody waits for them any more. */
const answersLost: Direction = (_, { under, of }) => ({
  ...stocked(plenty),
  shops: [traits('shop-0', under(2) === 0)],
  workers: 1,
  faults: faulty({ network: { replyLost: of([0.1, 0.3]), late: of([0.1, 0.3]), failedAfter: of([0, 0.2]) } }),
  story: [buys(0, 2), shelf(under(9_000)), ...(under(3) === 0 ? [shelf(4_000 + under(30_000))] : [])],
})

const stroke = (what: 'kill' | 'freeze', dice: Dice, at: number): Timed => ({
  what,
  process: dice.under(2),
  forMs: what === 'kill' ? 20_000 : dice.of([36_000, 50_000, 70_000]),
  afterSteps: dice.under(50),
  at,
})

/** A holder stands still for longer than its lease, another takes its work, and the first goes on where it was. */
const stoodStill: Direction = (_, dice) => ({
  ...stocked(plenty),
  shops: [traits('shop-0', dice.under(2) === 0)],
  workers: 2,
  sweepEveryMs: 12_000,
  faults: calm,
  story: [buys(0), stroke('freeze', dice, 0), stroke('freeze', dice, dice.under(3_000)), shelf(dice.under(9_000))],
})

/** Processes and connections end in the middle of everything, and only the poll brings orders. */
const endedAtWork: Direction = (_, dice) => ({
  ...stocked(plenty),
  shops: [traits('shop-0', dice.under(2) === 0)],
  workers: 2,
  pollEveryMs: 5_000,
  sweepEveryMs: 12_000,
  faults: faulty({ webhooks: { drop: dice.of([0.5, 1]) }, database: { lost: 0.05, replyLost: 0.04 } }),
  story: [buys(0), stroke('kill', dice, dice.under(8_000)), buys(dice.under(8_000))],
})

/** A buyer changes an order in the second in which it was placed, as whole seconds tell, and news comes late or lagging. */
const sameSecond: Direction = (_, { under, of }) => ({
  ...stocked(plenty),
  shops: [traits('shop-0', under(2) === 0, of([0, 400]))],
  workers: 1,
  pace: 'anyone',
  stallShare: 0,
  pollEveryMs: of([2_500, 9_000]),
  faults: faulty({ webhooks: { late: of([0, 0.6]), drop: of([0, 0.3]) }, shop: { lag: of([0, 0.5]) } }),
  story: [buys(0, 3), changes(100 + under(900), -1), changes(500 + under(900), -1)],
})

/** Parcels in pieces, files twice, refusals, and buyers who are sorry when it is too late or almost. */
const inPieces: Direction = ({ saysShort }, { under, of }) => {
  const late: Deed = of<Deed>([
    { what: 'cancel', order: 0 },
    { what: 'change', order: 0, line: 0, delta: -1 },
    { what: 'change', order: 0, line: 0, delta: 1 },
  ])
  return {
    ...stocked(plenty),
    shops: [traits('shop-0', under(2) === 0)],
    workers: 1,
    saysShort,
    faults: faulty({ warehouse: { splits: 0.8, fileTwice: 0.4, fileLate: of([0, 0.3]), rejects: of([0, 0.3]) } }),
    story: [buys(0, 3), { ...late, at: of([300, 1_500, 4_000, 10_000]) + under(3_000) }],
  }
}

/** Several ledgers' writers in the same moment: two shops, a count, and units that a person corrects. */
const allAtOnce: Direction = (_, { under }) => ({
  ...stocked({ items: [{ sku: 'A', onHand: 3 }], shown: 3 }),
  shops: [traits('shop-0', true), traits('shop-1', false)],
  workers: 2,
  pace: 'anyone',
  faults: calm,
  story: [buys(under(300), 2), buys(under(300), 2, 1), shelf(under(300)), shelf(under(1_500))],
})

const directions = [
  soldInSilence,
  countsCross,
  answersLost,
  stoodStill,
  endedAtWork,
  sameSecond,
  inPieces,
  allAtOnce,
] as const
const every = 4

/** Each fourth world is made for places that chance alone comes to once in thousands; the rest is drawn as it comes. */
export function directed(plan: Plan, dice: Dice): Plan {
  const direction = directions[(plan.seed / every - 1) % directions.length]
  if (plan.seed % every !== 0 || direction === undefined) return plan
  const said = { ...plan, warehouseAheadMs: 0, ...direction(plan, dice) }
  return { ...said, exact: true, story: [...said.story].sort((a, b) => a.at - b.at) }
}
