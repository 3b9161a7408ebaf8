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
import { stockShelves } from './shelves.ts'
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
  readonly shops: readonly PretendShop[]
  readonly warehouse: PretendWarehouse
  shoppers: Shoppers | null
}

// A shop on Plus: the demo sells more in a minute than a small plan's bucket was made for.
const bucket = { maximum: 20_000, restorePerSecond: 1_000 }
/** What each shop shows before the hub has told it anything. */
const untoldStock = 7

async function openWorld(options: WorldOptions): Promise<World> {
  const entries: TruthEntry[] = []
  const record = (entry: TruthEntry) => entries.push(entry)
  watchAcks(record)
  const { seed, timeScale } = options
  const shelves = stockShelves(options.orders, seededRng(seed * 31 + 1))
  const of = (name: string, n: number) => ({ name, seed: seed * 31 + n, timeScale, record })
  const shops = await Promise.all([
    startShopify({ ...of('lily', 2), currency: 'EUR', bucket }),
    startShopify({ ...of('oak', 3), currency: 'USD', bucket }),
    startWoo(of('fern', 4)),
  ])
  const warehouse = await startWarehouse(of('north-dock', 5))
  warehouse.stock(shelves.map(({ sku, onHand }) => ({ sku, onHand })))
  const prices = seededRng(seed * 31 + 6)
  for (const { sku, title } of shelves) {
    const priceMinor = BigInt(390 + Math.floor(prices() * 9_000))
    for (const shop of shops) shop.addProduct({ sku, title, priceMinor, stock: untoldStock })
  }
  return { options, entries, shelves, shops, warehouse, shoppers: null }
}

function opened({ shops, warehouse, shelves }: World): Opened {
  const connects = [
    { kind: 'warehouse' as const, ...warehouse.connect },
    ...shops.map((shop) => ({ kind: 'shop' as const, ...shop.connect })),
  ]
  return { hosts: [warehouse, ...shops].flatMap((one) => [...one.hosts]), connects, shelves }
}

function progressOf({ options, shoppers, shops, warehouse }: World): Progress {
  const none = { target: options.orders, placed: 0, cancelled: 0, edited: 0, refunded: 0, shoppersDone: false }
  const quiet = warehouse.quiet() && shops.every((shop) => shop.quiet())
  return { ...(shoppers?.progress() ?? none), quiet }
}

function numbers(world: World, of: (sku: string) => number): Record<string, number> {
  return Object.fromEntries(world.shelves.map(({ sku }) => [sku, of(sku)]))
}

function shopTruth(world: World, shop: PretendShop): ShopTruth {
  const { name, kind, compareAndSet } = shop
  return { name, kind, compareAndSet, orders: shop.orders(), shows: numbers(world, shop.shows) }
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
  const shops = world.shops.map((shop) => ({ name: shop.name, kind: shop.kind, shows: numbers(world, shop.shows) }))
  const onHand = numbers(world, world.warehouse.onHand)
  const seen = { shops, onHand, orders: world.shops.map((shop) => shop.orders()), requests: world.warehouse.requests() }
  const text = JSON.stringify(seen, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return { progress: progressOf(world), shops, onHand, mark: createHash('sha1').update(text).digest('hex') }
}

async function closeWorld(world: World): Promise<null> {
  world.shoppers?.stop()
  await Promise.all([world.warehouse, ...world.shops].map((one) => one.close()))
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
    const story = { shops: world.shops, shelves: world.shelves, rng: seededRng(world.options.seed) }
    world.shoppers = startShoppers(story, world.options.orders, ask.ordersPerSecond)
  } else if (ask.kind === 'faults') {
    for (const one of [world.warehouse, ...world.shops])
      if (ask.shop === undefined || one.name === ask.shop) one.setFaults(ask.faults)
  } else if (ask.kind === 'rush') return rush(world.shops, world.shelves, ask.shop)
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
