import { mappingChanged, requestRetried, stockAdjusted } from '../../src/flows.ts'
import type { LaneKey } from '../../src/platform/db/lane.ts'
import { retrying, type Tx, withTenantTx } from '../../src/platform/db/tx.ts'
import { openDecisions, streamOf, type Trail } from './decisions.ts'
import { calm, type Faults } from './faults.ts'
import { type Furniture, furnish, merchantId } from './furnish.ts'
import { type Door, openDoor, openWorker, type Process, type Surroundings, type Worker } from './hub.ts'
import { type Actor, anActor, type Loom, openLoom } from './loom.ts'
import { type FarSide, openNetwork } from './network.ts'
import type { Plan } from './plan.ts'
import { epochMs, type RealDatabase } from './real-database.ts'
import { watchWrite } from './resurrection.ts'
import { openServer, type Server } from './server.ts'
import { openShop, type Shop, type ShopOrder } from './shop.ts'
import { openWarehouse, type Warehouse } from './warehouse.ts'
import { type Acked, openSender } from './webhooks.ts'

/** Everything of one schedule. */
export interface World {
  readonly plan: Plan
  readonly loom: Loom
  readonly real: RealDatabase
  readonly server: Server
  readonly furniture: Furniture
  readonly shops: readonly Shop[]
  readonly warehouse: Warehouse
  readonly around: Surroundings
  /** Orders as they came. */
  readonly placed: { readonly shop: Shop; readonly order: ShopOrder }[]
  readonly workers: Worker[]
  door: Door
  faults: Faults
  /** Deliveries that the hub answered with 200. */
  readonly acked: Acked[]
  /** Deliveries that may still come. */
  readonly webhooksUnderWay: () => number
  /** What a step of the world itself found wrong. */
  readonly broken: string[]
  readonly people: Actor
  readonly queue: Actor
}

export async function openWorld(real: RealDatabase, plan: Plan, forced: Trail | null): Promise<World> {
  const decisions = openDecisions(plan.seed, forced)
  const loom = openLoom(decisions, { pace: plan.pace, stallShare: plan.stallShare })
  const furniture = await furnish(real, plan)
  const faults = () => world.faults
  const rng = streamOf(plan.seed, 'world')
  const sender = openSender(loom, { faults: () => faults().webhooks, door: () => world.door, furniture, rng })
  const broken: string[] = []
  const shops = plan.shops.map((traits) =>
    openShop(traits, plan.listings, {
      shown: plan.shownFirst,
      world: {
        now: () => epochMs + loom.now(),
        changed: sender.send,
        lagMs: () => (decisions.happens('shop.lag', faults().shop.lag) ? rng() * 4_000 : 0),
        refusesItem: () => decisions.happens('shop.item', faults().shop.item),
        read: () => undefined,
        written: (shop, write) => watchWrite(world, shop, write),
      },
    }),
  )
  const warehouse = openWarehouse(
    {
      loom,
      rng,
      faults: () => faults().warehouse,
      clockAheadMs: plan.warehouseAheadMs,
      epochMs,
      saysShort: plan.saysShort,
      dropped: () =>
        void loom.after(world.queue, rng() * filesWithinMs, {
          label: 'calls for files',
          run: () => callFor(world, furniture.partner.connectionId, 'files'),
        }),
    },
    new Map(plan.items.map(({ sku, onHand }) => [sku, onHand])),
  )
  const sides = new Map<string, FarSide>([['warehouse', warehouse.side]])
  for (const shop of shops) sides.set(shop.name, shop.side)
  const server = openServer(real, loom, () => faults().database)
  const network = openNetwork(loom, sides, () => faults().network)
  const workers: Worker[] = []
  const around: Surroundings = { loom, seed: plan.seed, server, network, furniture, ring: (keys) => ring(world, keys) }
  const door = openDoor(around, 'http')
  const world: World = {
    ...{ plan, loom, real, server, furniture, shops, warehouse, around, workers, door, broken },
    placed: [],
    faults: plan.faults,
    acked: sender.acked,
    webhooksUnderWay: sender.underWay,
    people: anActor('people'),
    queue: anActor('queue'),
  }
  for (let n = 0; n < plan.workers; n++) workers.push(startWorker(world, `worker-${n}`))
  keepSchedules(world)
  return world
}

/** Told after a commit: one worker hears of it, when its turn comes, unless the wake-up gets lost. */
function ring({ workers, loom, faults }: World, keys: readonly LaneKey[]): void {
  for (const key of keys) {
    if (loom.decisions.happens('wake.lost', faults.wakeLost)) continue
    const worker = workers[loom.decisions.choose('wake.who', workers.length)]
    if (worker) loom.after(worker, 0, { label: `hears of ${key.kind}`, run: () => wake(worker, key, true) })
  }
}

const wake = (worker: Worker, key: LaneKey, early: boolean) => worker.within(() => worker.runner.wake(key, early))

/** A look for files that finds none teaches nothing: in most cases the queue calls when one lies there. */
const filesEveryMs = 45_000
const filesWithinMs = 5_000

function startWorker(world: World, name: string): Worker {
  const worker = openWorker(world.around, name)
  const sweep = () => {
    world.loom.after(worker, world.plan.sweepEveryMs, {
      label: 'sweeps',
      run: () => {
        sweep()
        void worker.within(() => worker.runner.sweep()).catch(() => undefined)
      },
    })
  }
  sweep()
  return worker
}

/** The queue calls for a scheduled lane, in whatever process. */
export function callFor({ loom, workers }: World, connectionId: string, kind: string): void {
  const worker = workers[loom.decisions.choose('wake.who', workers.length)]
  if (!worker) return
  const run = () => wake(worker, { merchantId, connectionId, kind }, true)
  loom.after(worker, 0, { label: `hears of ${kind}`, run })
}

function keepSchedules(world: World): void {
  const { loom, furniture, queue } = world
  const every = (ms: number, connectionId: string, kind: string) => {
    const again = (first: number) =>
      loom.after(queue, first, {
        label: `calls for ${kind}`,
        run: () => {
          again(ms)
          callFor(world, connectionId, kind)
        },
      })
    again(ms / 2)
  }
  for (const { connectionId } of furniture.shops) every(world.plan.pollEveryMs, connectionId, 'poll')
  every(filesEveryMs, furniture.partner.connectionId, 'files')
}

const processAt = ({ workers, door, plan }: World, n: number): Process | undefined =>
  n < plan.workers ? workers[n] : door

interface Blow {
  readonly process: number
  readonly forMs: number
  readonly afterSteps: number
}

/** Everything in its memory is gone; what it had sent is on its way. Another takes its place. */
export function kill(world: World, { process: n, forMs, afterSteps }: Blow): void {
  const process = processAt(world, n)
  if (process === undefined || !process.alive) return
  const name = `${process.name}'`
  const restart = () => {
    if (n < world.plan.workers) world.workers[n] = startWorker(world, name)
    else world.door = openDoor(world.around, name)
  }
  const run = () => {
    if (!process.alive) return
    process.alive = false
    world.server.abandon(process)
    world.loom.after(world.people, forMs / 10, { label: `starts ${name}`, run: restart })
  }
  world.loom.befall(process, afterSteps, { label: 'is killed', run })
}

/** The database restarts: every open transaction is gone, and nobody hears of it. */
export function outage(world: World): void {
  for (const process of [...world.workers, world.door]) world.server.abandon(process)
}

export function freeze(world: World, { process: n, forMs, afterSteps }: Blow): void {
  const process = processAt(world, n)
  if (process === undefined) return
  const thaw = () => {
    process.frozen = false
  }
  const run = () => {
    if (!process.alive || process.frozen) return
    process.frozen = true
    world.server.froze(process)
    world.loom.after(world.people, forMs, { label: `thaws ${process.name}`, run: thaw })
  }
  world.loom.befall(process, afterSteps, { label: 'stands still', run })
}

const kindsOfChange = ['push.stock', 'effect']

/** A change by the API, as its routes do it: one transaction, tried again where it may be, and then lanes are woken: those that it may concern. */
async function byApi(world: World, work: (tx: Tx, door: Door) => Promise<unknown>): Promise<boolean> {
  const { door } = world
  try {
    await door.within(() =>
      retrying(door.ports.rng.unit, () => withTenantTx(door.db, merchantId, (tx) => work(tx, door))),
    )
  } catch {
    return false
  }
  const connections = [...world.furniture.shops, world.furniture.partner]
  ring(
    world,
    connections.flatMap(({ connectionId, lanes }) =>
      kindsOfChange.filter((kind) => lanes.includes(kind)).map((kind) => ({ merchantId, connectionId, kind })),
    ),
  )
  return true
}

const cause = (door: Door) => ({ kind: 'api', id: door.ports.ids.uuid() }) as const

export function setMapping(world: World, at: { shop: number; listing: string; mapped: boolean }): Promise<boolean> {
  const { furniture, plan } = world
  const listingId = furniture.listingOf.get(`shop-${at.shop} ${at.listing}`) ?? ''
  const takes = plan.listings.find(({ ref }) => ref === at.listing)?.takes ?? []
  const components = takes.map(({ sku, per }) => ({ itemId: furniture.itemOf.get(sku) ?? '', qtyPer: per }))
  return byApi(world, (tx, door) =>
    mappingChanged(tx, door.ports.ids, cause(door), { listingId, components: at.mapped ? components : [] }),
  )
}

export function adjust(world: World, sku: string, delta: number): Promise<boolean> {
  const { itemOf, locationId } = world.furniture
  const change = { itemId: itemOf.get(sku) ?? '', locationId, delta }
  return byApi(world, (tx, door) => stockAdjusted(tx, door.ports.ids, cause(door), [change]))
}

export function askAgain(world: World, fulfillmentOrderId: string): Promise<boolean> {
  return byApi(world, (tx, door) => requestRetried(tx, door.ports.ids, cause(door), fulfillmentOrderId))
}

export const calmDown = (world: World): void => {
  world.faults = calm
  world.loom.spare()
}
