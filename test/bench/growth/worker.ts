/** The process that lives the first orders of a database, and in which the cost of further ones is measured. */
import { randomUUID } from 'node:crypto'
import { audits } from '../../../src/audit/audits.ts'
import { type Look, runAudits } from '../../../src/audit/run-audits.ts'
import { waitingAudits } from '../../../src/audit/waiting-audits.ts'
import { type Db, openDb } from '../../../src/platform/db/pool.ts'
import { withTenantTx } from '../../../src/platform/db/tx.ts'
import { answerParent } from '../children.ts'
import { deliver, type ImportShop, importAll, importFacts, loadBatch } from '../import-shelf.ts'
import { type Assortment, type MadeOrder, makeOrder } from '../order-body.ts'
import { openShop, type Shop } from '../shop.ts'
import { live } from './live.ts'

export type Way = 'large' | 'small' | 'life'
export type Ask =
  | { readonly kind: 'open'; readonly url: string; readonly keys: string; readonly orders: number }
  | { readonly kind: 'live' }
  /** The small shops that were copied meanwhile. */
  | { readonly kind: 'shops'; readonly shops: readonly ImportShop[] }
  | { readonly kind: 'load'; readonly way: Way; readonly orders: number }
  /** Works off what was loaded: seconds. */
  | { readonly kind: 'run' }
  /** Looks at everything of these merchants: how many promises were asked of each. */
  | { readonly kind: 'verify'; readonly merchants: readonly string[] }
export interface Answer {
  readonly large: Shop
  readonly small: Shop
  readonly value: number
}

const merchantsAtOnce = 4 // as many lanes of a kind as a hub's process runs at once
const large: Assortment = { skus: 1_000, hot: 0 }
const small: Assortment = { skus: 10, hot: 0 }
/** Enough that the units of every order ever made are there. */
const onHand = 100_000_000

interface Open {
  readonly db: Db
  readonly large: Shop
  readonly small: Shop
  readonly orders: number
  shops: readonly ImportShop[]
  made: number
}
let bench: Open | null = null
let run = async () => 0
const sent = new Map<string, MadeOrder[]>()

/** What ships from a shop's dock, as a connection of its own: the API names it. */
async function addPartner(db: Db, shop: Shop): Promise<void> {
  await withTenantTx(db, shop.merchantId, async (tx) => {
    const accountId = randomUUID()
    await tx.rows(
      `insert into channel_account (merchant_id, account_id, platform, external_account_id, name) values ($1, $2, 'warehouse-files', $3, 'Dock')`,
      [tx.merchantId, accountId, shop.domain],
    )
    await tx.rows(
      `insert into connection (merchant_id, connection_id, account_id, connector, label, credentials)
       select merchant_id, connection_id, $2, 'warehouse-files', 'Dock', '' from location where merchant_id = $1 and connection_id is not null`,
      [tx.merchantId, accountId],
    )
    await tx.rows(
      `insert into lane (merchant_id, connection_id, kind) select merchant_id, connection_id, unnest(array['import', 'effect'])
       from location where merchant_id = $1 and connection_id is not null`,
      [tx.merchantId],
    )
  })
}

async function open(url: string, keys: string, orders: number): Promise<Open> {
  const db = openDb(url)
  const shops = {
    large: await openShop(db, keys, { skus: large.skus, onHand }),
    small: await openShop(db, keys, { skus: small.skus, onHand }),
  }
  for (const shop of Object.values(shops)) await addPartner(db, shop)
  return { db, ...shops, orders, shops: [], made: 0 }
}

/** As many of both, so that copies of either are as varied. */
async function begin(hub: Open): Promise<number> {
  const life = { onHand, orders: hub.orders }
  await live(hub.db, { ...life, shop: hub.large, assortment: large, from: 0 })
  await live(hub.db, { ...life, shop: hub.small, assortment: small, from: hub.orders })
  hub.made = 2 * hub.orders
  return hub.made
}

async function load(hub: Open, { way, orders }: { way: Way; orders: number }): Promise<() => Promise<number>> {
  const from = hub.made
  hub.made += orders
  if (way === 'life') {
    return async () => {
      const lived = await live(hub.db, { shop: hub.large, assortment: large, onHand, orders, from })
      return lived.length
    }
  }
  const at = new Date()
  const made = Array.from({ length: orders }, (_, n) => makeOrder(from + n, way === 'large' ? large : small, at))
  const note = (shop: ImportShop, of: readonly MadeOrder[]) =>
    sent.set(shop.merchantId, [...(sent.get(shop.merchantId) ?? []), ...of])
  if (way === 'large') {
    note(hub.large, made)
    await deliver(hub.db, hub.large, made)
    return () => importAll(hub.db, hub.large)
  }
  const drawn = new Set<ImportShop>()
  while (drawn.size < orders) {
    const shop = hub.shops[Math.floor(Math.random() * hub.shops.length)]
    if (shop) drawn.add(shop)
  }
  for (const [n, shop] of [...drawn].entries()) {
    const own = made.slice(n, n + 1)
    note(shop, own)
    await deliver(hub.db, shop, own)
  }
  return async () => {
    const left = drawn.values()
    const work = async () => {
      for (const shop of left) await importFacts(hub.db, shop, (await loadBatch(hub.db, shop, null))?.facts ?? [])
    }
    await Promise.all(Array.from({ length: merchantsAtOnce }, work))
    return orders
  }
}

/** Every order that was sent here is stored once, reserved, and asked for; and these merchants keep every promise. */
async function verify(hub: Open, merchants: readonly string[]): Promise<number> {
  let checked = 0
  for (const [merchantId, orders] of sent) {
    const refs = orders.map((order) => order.ref)
    const units = orders.flatMap((order) => order.lines).reduce((sum, line) => sum + line.quantity, 0)
    const [held] = await withTenantTx(hub.db, merchantId, (tx) =>
      tx.rows<{ orders: number; reserved: number; requested: number }>(
        `with mine as materialized (select order_id from orders where merchant_id = $1 and external_id = any($2::text[]))
         select (select count(*) from mine)::int as orders,
           (select coalesce(sum(r.reserved + r.consumed), 0) from mine join reservation r using (order_id) where r.merchant_id = $1)::int as reserved,
           (select coalesce(sum(x.requested), 0) from mine join fulfillment_order f using (order_id)
             join fulfillment_order_line x using (merchant_id, fulfillment_order_id) where f.merchant_id = $1 and f.status <> 'cancelled')::int as requested`,
        [merchantId, refs],
      ),
    )
    const wanted = { orders: orders.length, reserved: units, requested: units }
    if (JSON.stringify(held) !== JSON.stringify(wanted))
      throw new Error(`sent ${JSON.stringify(wanted)}, the hub holds ${JSON.stringify(held)}`)
    checked += orders.length
  }
  for (const merchantId of merchants) await keepsPromises(hub.db, merchantId)
  return checked
}

/** Above this only what changed lately and is open is looked at: all rows of the same copies are, where there are fewer. */
const wholeMax = 50_000

async function keepsPromises(db: Db, merchantId: string): Promise<void> {
  const look: Look = (work) => withTenantTx(db, merchantId, work, { snapshot: true })
  const [has] = await look((tx) =>
    tx.rows<{ orders: number }>('select count(*)::int as orders from orders where merchant_id = $1', [merchantId]),
  )
  // No lane runs here: nobody works off what waits, and requests are handed over without a file.
  const ofLanes = new Set([...waitingAudits.map((audit) => audit.name), 'request_without_file'])
  const asked = audits.filter((audit) => !ofLanes.has(audit.name))
  const full = (has?.orders ?? 0) <= wholeMax
  const verdicts = await runAudits({ audits: asked, look, full, goOn: () => true })
  const broken = verdicts.filter(({ state }) => state !== 'kept')
  if (broken.length === 0) return
  const told = broken.map(({ audit, state, reason, rows }) => [audit.name, state, reason, rows.slice(0, 2)])
  throw new Error(`of ${has?.orders} orders: ${JSON.stringify(told)}`)
}

async function answer(ask: Ask): Promise<number> {
  if (ask.kind === 'open') {
    bench = await open(ask.url, ask.keys, ask.orders)
    return 0
  }
  if (bench === null) throw new Error('not open')
  if (ask.kind === 'live') return begin(bench)
  if (ask.kind === 'verify') return verify(bench, ask.merchants)
  if (ask.kind === 'shops') {
    bench.shops = ask.shops
    return ask.shops.length
  }
  if (ask.kind === 'load') {
    run = await load(bench, ask)
    return ask.orders
  }
  const from = performance.now()
  await run()
  return (performance.now() - from) / 1_000
}

answerParent<Ask, Answer>(async (ask) => {
  const value = await answer(ask)
  if (bench === null) throw new Error('not open')
  return { large: bench.large, small: bench.small, value }
})
