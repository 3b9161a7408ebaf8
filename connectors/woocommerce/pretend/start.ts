import { createHash } from 'node:crypto'
import { calm, type PretendOptions, type PretendShop, seededRng, serve } from '#kit/pretend'
import { type Cron, cronOf } from './cron.ts'
import type { Dials } from './faults.ts'
import { answer } from './http.ts'
import type { Store } from './model.ts'
import { addProduct, buy, cancel, edit, refund, shows, truthOrders } from './shop.ts'
import { issueKey } from './wc-auth.ts'
import { zoneOf } from './zone.ts'

/** What only tests of this pretend turn: the clock, the zone, and whether WP-Cron runs by itself. */
export interface Bench {
  readonly now?: () => number
  readonly timeZone?: string
  readonly cronByHand?: boolean
}
export interface Started {
  readonly shop: PretendShop
  readonly store: Store
  readonly cron: Cron
}

/** Faults draw from their own stream, so that turning a dial tells the same shoppers' story. */
const faultSeedMask = 0x5eed_fa17

function newStore(options: PretendOptions, bench: Bench, cron: () => Cron): Store {
  const now = bench.now ?? Date.now
  return {
    name: options.name,
    url: '',
    zone: zoneOf(bench.timeZone ?? 'Europe/Berlin'),
    now,
    rng: seededRng(options.seed),
    products: new Map(),
    orders: new Map(),
    webhooks: new Map(),
    keys: new Map(),
    actions: [],
    counters: new Map([['post', 100 + (options.seed % 900)]]),
    owner: 'manager',
    fulfillmentsOn: true,
    record: (what, data) => options.record({ at: now(), who: options.name, what, data }),
    announce: (topic, resourceId) => cron().announce(topic, resourceId),
  }
}

function shopOf(store: Store, options: PretendOptions): Omit<PretendShop, 'quiet' | 'close' | 'setFaults' | 'hosts'> {
  const key = issueKey(store, 'read_write', String(options.seed))
  const webhookSecret = createHash('sha256').update(`${options.name}.${options.seed}`).digest('base64url')
  return {
    name: options.name,
    kind: 'woocommerce',
    compareAndSet: false,
    connect: {
      connector: 'woocommerce',
      label: options.name,
      credentials: { consumerKey: key.key, consumerSecret: key.secret, webhookSecret },
      settings: { storeUrl: store.url },
    },
    addProduct: (product) => addProduct(store, product),
    buy: (lines) => buy(store, lines),
    cancel: (orderId) => cancel(store, orderId),
    edit: (orderId, sku, quantity) => edit(store, orderId, { sku, quantity }),
    refund: (orderId, line) => refund(store, orderId, line),
    shows: (sku) => shows(store, sku),
    orders: () => truthOrders(store),
  }
}

export async function startStore(options: PretendOptions, bench: Bench = {}): Promise<Started> {
  const dials: Dials = {
    timeScale: options.timeScale,
    faults: { ...calm, ...options.faults },
    rng: seededRng(options.seed ^ faultSeedMask),
  }
  const store: Store = newStore(options, bench, () => cron)
  const cron: Cron = cronOf(() => store, dials)
  const server = await serve(options.port ?? 0, (call) => answer({ store, dials }, call))
  store.url = server.url
  if (!bench.cronByHand) cron.start()
  const shop: PretendShop = {
    ...shopOf(store, options),
    hosts: [server.host],
    setFaults: (faults) => {
      dials.faults = { ...dials.faults, ...faults }
    },
    quiet: cron.quiet,
    close: async () => {
      await cron.stop()
      await server.close()
    },
  }
  return { shop, store, cron }
}
