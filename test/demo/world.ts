/**
 * The pretend world: its own process, so that it lives on when the hub is killed, and imports nothing of the hub, so
 * that hub and truth cannot share a mistake. Steered over the IPC channel by whoever forked it; ends with it.
 */
import { createHash } from 'node:crypto'
import { type PretendShop, type PretendWarehouse, seededRng, type TruthEntry } from '#kit/pretend'
import { startPretend as startShopify } from '../../connectors/shopify/pretend/index.ts'
import { startPretend as startWarehouse } from '../../connectors/warehouse-files/pretend/index.ts'
import { startPretend as startWoo } from '../../connectors/woocommerce/pretend/index.ts'
import { watchAcks } from './ack-times.ts'
import { rush } from './rush.ts'
import { newcomerShelves, stockShelves } from './shelves.ts'
import { type Shoppers, startShoppers } from './shoppers.ts'
import type {
  Glance,
  Opened,
  Progress,
  Shelf,
  ShopTruth,
  WorldAsk,
  WorldCall,
  WorldOptions,
  WorldTruth,
} from './world-protocol.ts'

interface World {
  readonly options: WorldOptions
  readonly entries: TruthEntry[]
  readonly shelves: readonly Shelf[]
  /** Those that are connected. */
  readonly shops: PretendShop[]
  readonly newcomers: ReadonlyMap<string, NewShop>
  readonly warehouse: PretendWarehouse
  /** One crowd goes to all shops, and each newcomer has its own. */
  readonly crowds: Shoppers[]
}
interface NewShop {
  readonly shop: PretendShop
  readonly shelves: readonly Shelf[]
  since: number | null
}

// A shop on Plus: the demo sells more in a minute than a small plan's bucket was made for.
const bucket = { maximum: 20_000, restorePerSecond: 1_000 }
/** What each shop shows before the hub has told it anything. */
const untoldStock = 7
const app = { clientId: 'crossdock-demo', clientSecret: 'shpss_of_the_demo' }
/** Of each newcomer, before anybody connects it. */
const pastOrders = 6
const [newShopify, newWoo] = ['moss', 'reed']
const newcomerNames: ReadonlySet<string> = new Set([newShopify, newWoo])

type Of = (name: string, n: number) => Parameters<typeof startWoo>[0]

async function openNewcomers(of: Of, shelves: readonly Shelf[], prices: () => number): Promise<Map<string, NewShop>> {
  const opened = await Promise.all([
    startShopify({ ...of(newShopify, 7), currency: 'EUR', bucket, app }),
    startWoo(of(newWoo, 8)),
  ])
  return new Map(
    opened.map((shop, n) => {
      const sold = newcomerShelves(shelves, 12 + 8 * n)
      for (const { sku, title } of sold)
        shop.addProduct({ sku, title, priceMinor: BigInt(390 + Math.floor(prices() * 9_000)), stock: untoldStock })
      // A SKU that comes twice, as Shopify allows: somebody must say which is which.
      const [twice] = shop.kind === 'shopify' ? sold : []
      if (twice)
        shop.addProduct({ sku: twice.sku, title: `${twice.title} (second choice)`, priceMinor: 990n, stock: 2 })
      for (const { sku } of sold.slice(-pastOrders)) shop.buy([{ sku, quantity: 1 }])
      return [shop.name, { shop, shelves: sold, since: null }]
    }),
  )
}

async function openWorld(options: WorldOptions): Promise<World> {
  const entries: TruthEntry[] = []
  let newcomers: ReadonlyMap<string, NewShop> = new Map()
  // What happened in a shop before it was connected is no part of the story.
  const isAway = ({ who }: TruthEntry) => newcomerNames.has(who) && (newcomers.get(who)?.since ?? null) === null
  const record = (entry: TruthEntry) => {
    if (!isAway(entry)) entries.push(entry)
  }
  watchAcks(record)
  const { seed, timeScale } = options
  const shelves = stockShelves(options.orders, seededRng(seed * 31 + 1))
  const of = (name: string, n: number) => ({ name, seed: seed * 31 + n, timeScale, record })
  const shops = await Promise.all([
    startShopify({ ...of('lily', 2), currency: 'EUR', bucket, app }),
    startShopify({ ...of('oak', 3), currency: 'USD', bucket, app }),
    startWoo(of('fern', 4)),
  ])
  const warehouse = await startWarehouse(of('north-dock', 5))
  warehouse.stock(shelves.map(({ sku, onHand }) => ({ sku, onHand })))
  const prices = seededRng(seed * 31 + 6)
  for (const { sku, title } of shelves) {
    const priceMinor = BigInt(390 + Math.floor(prices() * 9_000))
    for (const shop of shops) shop.addProduct({ sku, title, priceMinor, stock: untoldStock })
  }
  if (options.newcomers) newcomers = await openNewcomers(of, shelves, prices)
  return { options, entries, shelves, shops, newcomers, warehouse, crowds: [] }
}

function opened({ shops, newcomers, warehouse, shelves }: World): Opened {
  const fresh = [...newcomers.values()].map(({ shop }) => shop)
  const connects = [
    { kind: 'warehouse' as const, ...warehouse.connect },
    ...shops.map((shop) => ({ kind: 'shop' as const, ...shop.connect })),
  ]
  return {
    hosts: [warehouse, ...shops, ...fresh].flatMap((one) => [...one.hosts]),
    ...{ connects, shelves, app },
    newcomers: fresh.map(({ name, connect: { connector, settings } }) => ({ name, connector, settings })),
  }
}

function progressOf({ options, crowds, shops, warehouse }: World): Progress {
  const none = { target: options.orders, placed: 0, cancelled: 0, edited: 0, refunded: 0, shoppersDone: false }
  const quiet = warehouse.quiet() && shops.every((shop) => shop.quiet())
  const [first = none, ...others] = crowds.map((crowd) => crowd.progress())
  const all = others.reduce(
    (sum, one) => ({
      target: sum.target + one.target,
      placed: sum.placed + one.placed,
      cancelled: sum.cancelled + one.cancelled,
      edited: sum.edited + one.edited,
      refunded: sum.refunded + one.refunded,
      shoppersDone: sum.shoppersDone && one.shoppersDone,
    }),
    first,
  )
  return { ...all, quiet }
}

function numbers(world: World, of: (sku: string) => number): Record<string, number> {
  return Object.fromEntries(world.shelves.map(({ sku }) => [sku, of(sku)]))
}

/** What a shopper sees there, of what is sold there. */
function shownBy(world: World, shop: PretendShop): Record<string, number> {
  const sold = world.newcomers.get(shop.name)?.shelves
  const here = world.shelves.filter(({ sku }) => sold === undefined || sold.some((one) => one.sku === sku))
  return Object.fromEntries(here.map(({ sku }) => [sku, shop.shows(sku)]))
}

function shopTruth(world: World, shop: PretendShop): ShopTruth {
  const { name, kind, compareAndSet } = shop
  const since = world.newcomers.get(name)?.since ?? null
  return { name, kind, compareAndSet, since, orders: shop.orders(), shows: shownBy(world, shop) }
}

function truthOf(world: World): WorldTruth {
  const { warehouse } = world
  return {
    entries: world.entries,
    shops: world.shops.map((shop) => shopTruth(world, shop)),
    warehouse: {
      name: warehouse.name,
      initial: Object.fromEntries(world.shelves.map(({ sku, onHand }) => [sku, onHand])),
      onHand: numbers(world, warehouse.onHand),
      requests: warehouse.requests(),
    },
  }
}

function glanceAt(world: World): Glance {
  const shops = world.shops.map((shop) => ({ name: shop.name, kind: shop.kind, shows: shownBy(world, shop) }))
  const onHand = numbers(world, world.warehouse.onHand)
  const seen = { shops, onHand, orders: world.shops.map((shop) => shop.orders()), requests: world.warehouse.requests() }
  const text = JSON.stringify(seen, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return { progress: progressOf(world), shops, onHand, mark: createHash('sha1').update(text).digest('hex') }
}

/** Shoppers come to a newcomer; with the first of them it belongs to the world that is judged. */
function visit(
  world: World,
  ask: { readonly shop: string; readonly orders: number; readonly ordersPerSecond: number },
) {
  const newcomer = world.newcomers.get(ask.shop)
  if (newcomer === undefined) throw new Error(`there is no newcomer ${ask.shop}`)
  const { shop, shelves } = newcomer
  if (newcomer.since === null) world.shops.push(shop)
  newcomer.since ??= Date.now()
  const rng = seededRng(world.options.seed + world.crowds.length)
  world.crowds.push(startShoppers({ shops: [shop], shelves, rng }, ask.orders, ask.ordersPerSecond))
}

async function closeWorld(world: World): Promise<null> {
  for (const crowd of world.crowds) crowd.stop()
  const shops = new Set([...world.shops, ...[...world.newcomers.values()].map(({ shop }) => shop)])
  await Promise.all([world.warehouse, ...shops].map((one) => one.close()))
  return null
}

async function answer(current: { world: World | null }, ask: WorldAsk): Promise<unknown> {
  if (ask.kind === 'open') {
    current.world = await openWorld(ask.options)
    return opened(current.world)
  }
  const { world } = current
  if (!world) throw new Error('the world is not open')
  if (ask.kind === 'start') {
    const story = { shops: [...world.shops], shelves: world.shelves, rng: seededRng(world.options.seed) }
    world.crowds.push(startShoppers(story, world.options.orders, ask.ordersPerSecond))
  } else if (ask.kind === 'faults') {
    for (const one of [world.warehouse, ...world.shops])
      if (ask.shop === undefined || one.name === ask.shop) one.setFaults(ask.faults)
  } else if (ask.kind === 'rush') return rush(world.shops, world.shelves, ask.shop)
  else if (ask.kind === 'visit') visit(world, ask)
  else if (ask.kind === 'count') world.warehouse.stock([])
  else if (ask.kind === 'glance') return glanceAt(world)
  else if (ask.kind === 'truth') return truthOf(world)
  else return closeWorld(world)
  return null
}

const current: { world: World | null } = { world: null }
process.on('message', (call: WorldCall) => {
  answer(current, call.ask).then(
    (result) => process.send?.({ id: call.id, answer: result }),
    (cause: unknown) =>
      process.send?.({ id: call.id, error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }),
  )
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C goes to the whole terminal; whoever forked this process decides when it ends.
process.on('SIGINT', () => undefined)
