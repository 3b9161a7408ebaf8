/** A stage for whole stories: shops and warehouses of the pretend world here, the hub in processes of its own. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type PretendShopify, startPretend as startShopify } from '../../connectors/shopify/pretend/index.ts'
import { startPretend as startWarehouse, type WarehouseDials } from '../../connectors/warehouse-files/pretend/index.ts'
import { startPretend as startWoo } from '../../connectors/woocommerce/pretend/index.ts'
import type { PretendLine, PretendShop, PretendWarehouse, TruthEntry } from '../../src/connector-kit/pretend.ts'
import { uuidOf } from '../../src/model/id.ts'
import { openDb } from '../../src/platform/db/pool.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type Api, type Order, openApi } from './api.ts'
import { type Hub, openHub, type Part } from './hub.ts'
import { stuckRows } from './stuck.ts'

export type FarSides = Pick<World, 'shopify' | 'woo' | 'dock'>
/** One merchant's world. Each has its own shops and warehouse, so that stories on one hub do not meet. */
export interface World {
  readonly shopify: PretendShopify
  readonly woo: PretendShop
  readonly dock: PretendWarehouse
  readonly truth: readonly TruthEntry[]
  /** How the warehouse works; may be turned while it does. */
  readonly dials: Partial<WarehouseDials>
}
export interface WorldPlan {
  readonly skus?: readonly string[]
  /** What the warehouse has of each; every shop is stocked with as much. */
  readonly onHand?: number
  /** SKUs that the hub is not told of. */
  readonly unknown?: readonly string[]
  readonly dials?: Partial<WarehouseDials>
  /** Shopify's login ends after so many seconds, and can be renewed. */
  readonly tokenSeconds?: number
  /** What is asked for when the shops are connected, beside what they need. */
  readonly shops?: Readonly<Record<string, unknown>>
  /** What happens at the shops before the hub knows of them. */
  readonly before?: (shops: readonly PretendShop[]) => void
  /** Puts something between the hub and the far sides. */
  readonly wire?: (sides: FarSides) => Promise<Partial<FarSides>>
}
export interface StagePlan<Name extends string> {
  readonly worlds: Readonly<Record<Name, WorldPlan>>
  readonly parts?: readonly Part[]
  readonly redisUrl?: string | null
  readonly logLevel?: string
  readonly env?: Readonly<Record<string, string>>
  /** Another database than a fresh one of the run's own cluster. */
  readonly database?: () => Promise<TestDatabase>
}
export interface Merchant extends World {
  readonly api: Api
  readonly id: string
  /** Its key, which may do everything for this merchant. */
  readonly apiKey: string
  readonly connections: Readonly<Record<'shopify' | 'woo' | 'dock', string>>
  /** A shopper's purchase, as the hub must come to see it. @throws when the shop refuses */
  buy(shop: PretendShop, ...lines: PretendLine[]): Purchase
  /** Lets the hub ask the partner, or keeps it from asking: what is not sent is not handed off. */
  writesToDock(mode: 'on' | 'off'): Promise<void>
}
export interface Purchase {
  readonly id: string
  /** The hub's view once `fits` holds for it; fails as soon as it has two of them. */
  until(what: string, fits: (order: Order) => boolean): Promise<Order>
}
export interface Stage<Name extends string> {
  readonly hub: Hub
  readonly database: TestDatabase
  readonly merchants: Readonly<Record<Name, Merchant>>
  until<T>(what: string, probe: () => Promise<T> | T, withinMs?: number): Promise<NonNullable<T>>
  /** Nothing is under way any more: in the world, in the inbox, in the listings, in the effects. */
  calm(merchant: Merchant): Promise<void>
  /** Every shop shows the ledger's number. */
  shown(merchant: Merchant, sku: string, units: number): Promise<void>
  /** The audits of the ledger that do not hold, of all merchants. */
  broken(): Promise<Record<string, number>>
  close(): Promise<void>
}

const timeScale = 600
const withinMsUsual = 40_000
const lookEveryMs = 40
export const place = { code: 'DOCK', name: 'The dock', rank: 1 }

async function openWorld(name: string, seed: number, plan: WorldPlan): Promise<World> {
  const truth: TruthEntry[] = []
  const options = (who: string) => ({
    name: `${name}-${who}`,
    seed,
    timeScale,
    record: (entry: TruthEntry) => void truth.push(entry),
  })
  const dials: Partial<WarehouseDials> = { partial: 0, waitMinutes: [1, 2], pickMinutes: [1, 2], ...plan.dials }
  const [shopify, woo, dock] = await Promise.all([
    startShopify({
      ...options('shopify'),
      ...(plan.tokenSeconds ? { expiringToken: true, tokenSeconds: plan.tokenSeconds } : {}),
    }),
    startWoo(options('woo')),
    startWarehouse(options('dock'), dials),
  ])
  const { skus = ['MUG'], onHand = 20, unknown = [] } = plan
  for (const shop of [shopify, woo])
    for (const sku of [...skus, ...unknown])
      shop.addProduct({ sku, title: `The ${sku}`, priceMinor: 1_999n, stock: onHand })
  plan.before?.([shopify, woo])
  dock.stock([...skus, ...unknown].map((sku) => ({ sku, onHand })))
  const sides = { shopify, woo, dock }
  return { ...sides, ...(await plan.wire?.(sides)), truth, dials }
}

/** What a merchant does on the first day. */
async function settle(hub: Hub, name: string, world: World, plan: WorldPlan): Promise<Omit<Merchant, 'buy'>> {
  const made = await openApi(hub.url, hub.installToken).call(
    'POST /merchants',
    z.object({ merchant: z.object({ id: z.string() }), key: z.object({ secret: z.string() }) }),
    { name },
  )
  const api = openApi(hub.url, made.key.secret)
  const { skus = ['MUG'], onHand = 20 } = plan
  await api.call('POST /items', z.unknown(), { items: skus.map((sku) => ({ sku, title: `The ${sku}` })) })
  const connect = async (body: object) => (await api.call('POST /connections', z.object({ id: z.string() }), body)).id
  const connections = {
    dock: await connect({ ...world.dock.connect, location: place }),
    shopify: await connect({ ...world.shopify.connect, ...plan.shops }),
    woo: await connect({ ...world.woo.connect, ...plan.shops }),
  }
  const lines = skus.map((sku) => ({ sku, location: place.code, set: onHand }))
  await api.call('POST /inventory/adjustments', z.unknown(), { reason: 'first count', lines })
  const writesToDock = async (writeMode: 'on' | 'off') =>
    void (await api.call(`PATCH /connections/${connections.dock}`, z.unknown(), { writeMode }))
  const id = uuidOf('merchant', made.merchant.id) ?? ''
  return { ...world, api, id, apiKey: made.key.secret, connections, writesToDock }
}

async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closers) await close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw new AggregateError(failures, 'the stage did not close')
}

/** Waits until the probe gives something; what it saw last, the hub's log and its stuck rows are told when it does not. */
async function waitUntil<T>(
  hub: Hub,
  database: TestDatabase,
  goal: { readonly what: string; readonly probe: () => Promise<T> | T; readonly withinMs: number },
): Promise<NonNullable<T>> {
  let last: unknown
  for (const from = Date.now(); Date.now() - from < goal.withinMs; await sleep(lookEveryMs)) {
    try {
      const seen = await goal.probe()
      if (seen !== null && seen !== undefined && seen !== false) return seen
      last = seen
    } catch (error) {
      if (error instanceof Surplus) throw error
      last = error // the hub may be away: it is killed on purpose
    }
  }
  const log = hub.log().split('\n').slice(-25).join('\n')
  const rows = await stuckRows(database)
  throw new Error(
    `not within ${goal.withinMs} ms: ${goal.what}\nlast seen: ${String(last)}\n${rows}\nhub's log:\n${log}`,
  )
}

/** More than there may ever be: waiting mends nothing. */
class Surplus extends Error {}

export async function openStage<Name extends string>(plan: StagePlan<Name>): Promise<Stage<Name>> {
  const names = Object.keys(plan.worlds) as Name[]
  const database = await (plan.database ?? freshDatabase)()
  const worlds = await Promise.all(names.map((name, n) => openWorld(name, 11 + n, plan.worlds[name])))
  const farSides = worlds.flatMap((w) => [w.shopify, w.woo, w.dock])
  const hub = await openHub({
    databaseUrl: database.url,
    redisUrl: plan.redisUrl ?? null,
    allowHosts: farSides.flatMap((side) => side.hosts),
    logLevel: plan.logLevel ?? 'info',
    env: plan.env ?? {},
  })
  const close = () => closeAll([hub.close, ...farSides.map((side) => side.close), database.drop])
  const until: Stage<Name>['until'] = (what, probe, withinMs = withinMsUsual) =>
    waitUntil(hub, database, { what, probe, withinMs })
  const purchase = (api: Api, id: string): Purchase => ({
    id,
    until: (what, fits) =>
      until(`order ${id}: ${what}`, async () => {
        const found = await api.ordersOf(id)
        if (found.length > 1) throw new Surplus(`order ${id} is ${found.length} orders in the hub`)
        const [order] = found
        return order && fits(order) ? order : null
      }),
  })
  const enter = async (name: Name, world: World): Promise<Merchant> => {
    const merchant = await settle(hub, name, world, plan.worlds[name])
    const buy: Merchant['buy'] = (shop, ...lines) => {
      const bought = shop.buy(lines)
      if (bought === null) throw new Error(`${shop.name} does not sell ${JSON.stringify(lines)}`)
      return purchase(merchant.api, bought.id)
    }
    return { ...merchant, buy }
  }
  const shown: Stage<Name>['shown'] = async (merchant, sku, units) => {
    const wanted = `${units} ${units} ${units}`
    const numbers = async () =>
      `${(await merchant.api.level(sku)).available} ${merchant.shopify.shows(sku)} ${merchant.woo.shows(sku)}`
    const same = async () => {
      const seen = await numbers()
      if (seen !== wanted) throw new Error(`they have ${seen}`)
      return true
    }
    await until(`ledger, Shopify and WooCommerce have ${wanted} of ${sku}`, same)
  }
  const calm = async (m: Merchant) => {
    const busy = async () => {
      if (![m.shopify, m.woo, m.dock].every((side) => side.quiet())) return true
      const lags = (await m.api.connections()).map(({ lag }) => lag)
      return lags.some((lag) => lag.pendingMessages + lag.listingsBehind + lag.effectsOpen > 0)
    }
    await until('nothing is under way', async () => !(await busy()) && !(await busy()))
  }
  const broken = async () => {
    const db = openDb(database.url, { work: 2, ingest: 1 })
    try {
      const found: Record<string, number> = {}
      for (const merchant of Object.values<Merchant>(merchants))
        Object.assign(found, await withTenantTx(db, merchant.id, (tx) => brokenPromises(tx, 'lanes')))
      return found
    } finally {
      await db.close()
    }
  }
  const merchants = {} as Record<Name, Merchant>
  try {
    await hub.start(...(plan.parts ?? [{ name: 'all', role: 'all' }]))
    const entered = await Promise.all(worlds.map((world, n) => enter(names[n] as Name, world)))
    for (const [n, merchant] of entered.entries()) merchants[names[n] as Name] = merchant
    for (const merchant of entered) {
      const { skus = ['MUG'], onHand = 20, shops } = plan.worlds[names[entered.indexOf(merchant)] as Name]
      for (const sku of shops === undefined ? skus : []) await shown(merchant, sku, onHand)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { hub, database, merchants, until, calm, shown, broken, close }
}
