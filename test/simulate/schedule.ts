import { createHash } from 'node:crypto'
import type { Trail } from './decisions.ts'
import { type Broken, judge } from './judge.ts'
import { drawPlan, type Plan } from './plan.ts'
import type { RealDatabase } from './real-database.ts'
import { restOf } from './rest.ts'
import type { Deed } from './story.ts'
import {
  adjust,
  askAgain,
  callFor,
  calmDown,
  freeze,
  kill,
  openWorld,
  outage,
  setMapping,
  type World,
} from './world.ts'

export interface Outcome {
  readonly seed: number
  readonly steps: number
  readonly hash: string
  readonly broken: readonly Broken[]
  readonly trail: Trail
  readonly trace: readonly string[]
}

const stormStepsMax = 2_000
/** The weather goes on for so long after the last deed. */
const stormMs = 25_000
const calmStepsMax = 6_000
const calmMsMax = 45 * 60_000
const roundsMax = 8

function orderAt({ placed }: World, n: number) {
  return placed.length === 0 ? undefined : placed[n % placed.length]
}

type ChangeDeed = Extract<Deed, { readonly order: number }>

function changeOrder(world: World, deed: ChangeDeed): void {
  const found = orderAt(world, deed.order)
  if (!found) return
  const { shop, order } = found
  if ('line' in deed) {
    const line = order.lines[deed.line % order.lines.length]
    if (line) shop.change(order, line, deed.delta)
  } else if (deed.what === 'cancel') shop.cancel(order)
  else shop.touch(order)
}

function order(world: World, { shop: n, lines }: Extract<Deed, { readonly what: 'order' }>): void {
  const shop = world.shops[n]
  const bought = shop?.buy(lines)
  if (shop && bought) world.placed.push({ shop, order: bought })
}

/** What somebody set out to do, done as far as it can be. */
function carryOut(world: World, deed: Deed): void {
  const { warehouse } = world
  switch (deed.what) {
    case 'order':
      order(world, deed)
      break
    case 'count':
      warehouse.count()
      break
    case 'restock':
      warehouse.receive(deed.sku, 2)
      warehouse.count()
      break
    case 'receive':
      warehouse.receive(deed.sku, 2)
      break
    case 'lose':
      warehouse.lose(deed.sku)
      break
    case 'miss':
      if (warehouse.lose(deed.sku)) void adjust(world, deed.sku, -1)
      break
    case 'kill':
      kill(world, deed)
      break
    case 'freeze':
      freeze(world, deed)
      break
    case 'outage':
      outage(world)
      break
    case 'map':
    case 'unmap':
      void setMapping(world, { shop: deed.shop, listing: deed.listing, mapped: deed.what === 'map' })
      break
    default:
      changeOrder(world, deed)
  }
}

interface Limits {
  readonly steps: number
  readonly ms: number
  /** Since when the weather is calm. */
  readonly since: number
}

const inWords = (rest: ReadonlyMap<string, number>) => [...rest].map(([name, n]) => `${n} ${name}`).join(', ')

/** In calm weather the queue does not wait for its hour where only a look is missing. */
function hurry(world: World, rest: ReadonlyMap<string, number>): void {
  const { furniture } = world
  if (rest.has('files')) callFor(world, furniture.partner.connectionId, 'files')
  if (rest.has('unpolled') && rest.size === 1)
    for (const { connectionId } of furniture.shops) callFor(world, connectionId, 'poll')
}

/** Each call leaves another look of the hub's own behind, so they come no closer than those would. */
const hurryMs = 3_000

/** Until nothing is left to do. Null: at rest; otherwise what is stuck. */
async function settle(world: World, { steps, ms, since }: Limits): Promise<string | null> {
  const { loom } = world
  let lookedAt = -1
  let hurriedAt = -hurryMs
  do {
    if (loom.idle() && loom.now() - lookedAt > 200) {
      lookedAt = loom.now()
      const rest = await restOf(world, since)
      if (rest.size === 0) return null
      if (loom.now() - hurriedAt >= hurryMs) {
        hurriedAt = loom.now()
        hurry(world, rest)
      }
    }
    if (loom.steps() > steps || loom.now() > ms) return inWords(await restOf(world, since))
  } while (await loom.turn())
  return inWords(await restOf(world, since))
}

/** The merchant's people, as long as there is something for them to do. */
async function peopleAct(world: World): Promise<boolean> {
  const { plan, real, furniture } = world
  const refused = await real.look<{ id: string }>(
    `select fulfillment_order_id as id from fulfillment_order where status = 'incomplete' order by 1`,
  )
  for (const { id } of refused) void askAgain(world, id)
  const mapped = await real.look<{ id: string }>('select distinct listing_id as id from listing_component')
  const ids = new Set(mapped.map(({ id }) => id))
  const unmapped = plan.shops.flatMap((_, shop) =>
    plan.listings.flatMap(({ ref }) =>
      ids.has(furniture.listingOf.get(`shop-${shop} ${ref}`) ?? '') ? [] : [{ shop, listing: ref, mapped: true }],
    ),
  )
  for (const one of unmapped) void setMapping(world, one)
  return refused.length + unmapped.length > 0
}

async function storm(world: World): Promise<void> {
  const { loom, plan, people } = world
  for (const deed of plan.story)
    loom.after(people, deed.at, { label: `${deed.what}`, run: () => carryOut(world, deed) })
  const ends = plan.story.map((deed) => deed.at + (deed.what === 'freeze' ? deed.forMs : 0))
  const until = Math.max(0, ...ends) + stormMs
  const lastDeed = until - stormMs
  let lookedAt = lastDeed
  while (loom.now() < until && loom.steps() < stormStepsMax) {
    if (loom.now() - lookedAt > 2_000 && loom.idle()) {
      lookedAt = loom.now()
      const rest = await restOf(world, 0)
      if ([...rest.keys()].every((name) => name === 'unpolled')) return
    }
    if (!(await loom.turn())) return
  }
}

async function comeToRest(world: World): Promise<string | null> {
  const { loom, plan } = world
  calmDown(world)
  for (const process of [...world.workers, world.door]) process.frozen = false
  const limits = { steps: loom.steps() + calmStepsMax, ms: loom.now() + calmMsMax, since: loom.now() }
  let counted = plan.exact
  for (let round = 0; round < roundsMax; round++) {
    const stuck = await settle(world, limits)
    if (stuck !== null) return stuck
    if (await peopleAct(world)) counted = plan.exact
    else if (counted) return null
    else {
      // Only where units got lost: elsewhere the ledger must be right without a last count.
      counted = true
      world.warehouse.count()
    }
  }
  return 'requests are refused again and again'
}

/** Which schedule: a seed, and where it was made smaller, what is left of it. */
export interface Case {
  readonly seed: number
  /** Deeds of the story, by number, that are left out. */
  readonly without?: readonly number[]
  /** These decisions and no others; without it the seed decides. */
  readonly trail?: Trail
}

export function planOf({ seed, without = [] }: Case): Plan {
  const plan = drawPlan(seed)
  return { ...plan, story: plan.story.filter((_, n) => !without.includes(n)) }
}

/** One schedule: a storm, then calm weather until all is at rest, then the verdict. */
export async function runSchedule(real: RealDatabase, one: Case): Promise<Outcome> {
  await real.reset()
  const plan = planOf(one)
  const forced = one.trail ?? null
  const world = await openWorld(real, plan, forced)
  const { loom } = world
  try {
    await storm(world)
    const stuck = await comeToRest(world)
    const broken = stuck === null ? await judge(world) : [{ oracle: 'liveness', what: stuck }]
    const trace = [...loom.trace]
    const hash = createHash('sha256').update(trace.join('\n')).digest('hex').slice(0, 12)
    return { seed: plan.seed, steps: loom.steps(), hash, broken, trail: loom.decisions.taken, trace }
  } finally {
    await world.server.close()
  }
}
