import { createHash } from 'node:crypto'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { merchantId } from './furnish.ts'
import { type Shop, type ShopLine, type ShopOrder, wanted } from './shop.ts'
import type { Job } from './warehouse.ts'
import type { World } from './world.ts'

export interface Broken {
  readonly oracle: string
  readonly what: string
}

interface HubOrder {
  readonly host: string
  readonly ref: string
  readonly orderId: string
  readonly numbers: readonly string[]
  readonly cancelled: boolean
  /** Units that somebody wants, by line. */
  readonly open: Readonly<Record<string, number>>
}
interface Case {
  readonly shop: Shop
  readonly order: ShopOrder
  readonly hub: readonly HubOrder[]
  readonly jobs: readonly Job[]
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, n) => total + n, 0)
const nameOf = ({ shop, order }: Case) => `${shop.name} ${order.id}`

async function hubOrders({ real }: World): Promise<HubOrder[]> {
  return real.look<HubOrder & object>(
    `select c.label as host, o.external_id as ref, o.order_id as "orderId",
       array(select f.request_number from fulfillment_order f where f.order_id = o.order_id and f.request_status <> 'unsubmitted') as numbers,
       o.cancelled_at is not null as cancelled,
       (select coalesce(jsonb_object_agg(l.external_line_id, l.qty_ordered - l.qty_cancelled), '{}') from order_line l where l.order_id = o.order_id) as open
     from orders o join connection c using (merchant_id, connection_id)`,
  )
}

/** What units of each SKU one unit of a listing takes. */
const takesOf = ({ plan }: World, listing: string) => plan.listings.find(({ ref }) => ref === listing)?.takes ?? []

function unitsOf(world: World, one: Case) {
  const { order, jobs } = one
  return world.plan.items.map(({ sku }) => {
    const ofLine = (units: (line: ShopOrder['lines'][number]) => number) =>
      sum(
        order.lines.flatMap((line) =>
          takesOf(world, line.listing).flatMap((part) => (part.sku === sku ? [part.per * units(line)] : [])),
        ),
      )
    return {
      sku,
      ordered: ofLine((line) => line.ordered),
      wanted: order.cancelled ? 0 : ofLine(wanted),
      left: sum(jobs.flatMap((job) => job.lines.filter((line) => line.sku === sku).map((line) => line.shipped))),
    }
  })
}

/** At rest the last version is known, whatever came in which order. */
function isStale(order: ShopOrder, { cancelled, open }: HubOrder): boolean {
  const wants = (line: ShopLine) => (order.cancelled ? 0 : wanted(line))
  return cancelled !== order.cancelled || order.lines.some((line) => open[line.id] !== wants(line))
}

/** Orders exactly once; nothing leaves twice, and whatever left for somebody who wants it is told to its shop, once. */
function judgeOrder(world: World, one: Case): Broken[] {
  const broken: Broken[] = []
  const found = (oracle: string, what: string) => broken.push({ oracle, what: `${nameOf(one)}: ${what}` })
  const { order, hub, jobs } = one
  if (hub.length === 0) found('lost', 'never reached the hub')
  if (hub.length > 1) found('duplicated', `is in the hub ${hub.length} times`)
  for (const said of hub) if (isStale(order, said)) found('stale', 'is not in the hub as it is at the shop')
  const units = unitsOf(world, one)
  for (const { sku, ordered, left } of units)
    if (left > ordered) found('shipped twice', `${ordered} of ${sku} were ordered, ${left} left the warehouse`)
  const trackings = order.parcels.map(({ tracking }) => tracking)
  if (new Set(trackings).size < trackings.length) found('told twice', `shows ${trackings.join(', ')}`)
  const parcels = jobs.flatMap((job) => job.parcels)
  const invented = trackings.filter((tracking) => !parcels.some((parcel) => parcel.tracking === tracking))
  if (invented.length > 0) found('told wrongly', `shows ${invented.join(', ')}, which never left`)
  if (!order.cancelled && hub.length > 0) broken.push(...judgeTold(world, one))
  return broken
}

/** Units of a line that left, as far as all its parts did; beyond what is wanted the shop takes nothing. */
function judgeTold(world: World, one: Case): Broken[] {
  const { order, jobs } = one
  const left = new Map(unitsOf(world, one).map((units) => [units.sku, units]))
  const isOver = [...left.values()].some((units) => units.left > units.wanted)
  const told = sum(order.lines.map((line) => line.told))
  const all = sum(order.lines.map(wanted))
  const parts = [...left.values()]
  const complete = parts.every((units) => units.left >= units.wanted)
  const what = `${nameOf(one)}: ${told} of ${all} units are shown as shipped, though ${parts.map((p) => `${p.left} of ${p.sku}`).join(', ')} left`
  if (complete && told !== all) return [{ oracle: 'untold', what }]
  const isKit = ({ listing }: ShopLine) => takesOf(world, listing).some(({ per }, n) => n > 0 || per > 1)
  if (isOver || order.lines.some(isKit)) return []
  const gone = sum(parts.map((units) => units.left))
  const missing = jobs
    .flatMap((job) => job.parcels)
    .filter((p) => !order.parcels.some((q) => q.tracking === p.tracking))
  if (told !== gone || missing.length > 0) return [{ oracle: told > gone ? 'told wrongly' : 'untold', what }]
  return []
}

/** What the shelves truly have beyond what orders wait for is what every shop shows, and what is lacking is short. */
async function judgeStock(world: World, cases: readonly Case[]): Promise<Broken[]> {
  const { warehouse, shops, plan, real } = world
  const broken: Broken[] = []
  const levels = await real.look<{ sku: string; onHand: number; available: number; short: number }>(
    `select i.sku, l.on_hand as "onHand", l.on_hand - l.reserved - l.unavailable as available,
       (select coalesce(sum(c.short), 0)::int from order_line_component c where c.item_id = i.item_id) as short
     from item i join inventory_level l using (merchant_id, item_id)`,
  )
  const free = new Map<string, number>()
  for (const { sku, onHand, available, short } of levels) {
    const owed = sum(
      cases.flatMap((one) =>
        unitsOf(world, one).flatMap((u) => (u.sku === sku ? [Math.max(0, u.wanted - u.left)] : [])),
      ),
    )
    const there = warehouse.onHand.get(sku) ?? 0
    const balance = there - owed
    free.set(sku, Math.max(0, balance))
    if (onHand !== there)
      broken.push({ oracle: 'ledger', what: `the ledger says ${onHand} of ${sku}, ${there} are there` })
    if (available !== Math.max(0, balance))
      broken.push({ oracle: 'available', what: `the hub offers ${available} of ${sku}, ${balance} are free` })
    if (short !== Math.max(0, -balance))
      broken.push({ oracle: 'short', what: `the hub says ${short} of ${sku} are short, ${-balance} are` })
    const beyond = (warehouse.oversold.get(sku) ?? 0) - (warehouse.missing.get(sku) ?? 0)
    if (beyond > 0)
      broken.push({ oracle: 'oversold', what: `the warehouse was asked for ${beyond} of ${sku} that it had not` })
  }
  for (const shop of shops)
    for (const { ref, takes } of plan.listings) {
      const should = Math.min(...takes.map(({ sku, per }) => Math.floor((free.get(sku) ?? 0) / per)))
      const shows = shop.shows.get(ref)
      if (shows !== should)
        broken.push({ oracle: 'mismatch', what: `${shop.name} shows ${shows} of ${ref}, ${should} can be sold` })
    }
  return broken
}

/** What still waits although nothing of it is short. */
async function judgeStuck(world: World, cases: readonly Case[]): Promise<Broken[]> {
  const shorts = await world.real.look<{ id: string }>(
    'select distinct order_id as id from order_line_component where short > 0',
  )
  const short = new Set(shorts.map(({ id }) => id))
  return cases.flatMap((one) => {
    const waits = unitsOf(world, one).filter((units) => units.left < units.wanted)
    if (waits.length === 0 || one.hub.some(({ orderId }) => short.has(orderId))) return []
    return [{ oracle: 'unshipped', what: `${nameOf(one)} waits for ${waits.map(({ sku }) => sku).join(', ')}` }]
  })
}

/** Whatever was answered 200 is there, with the bytes that were sent. */
async function judgeAcked({ real, acked, furniture }: World): Promise<Broken[]> {
  const rows = await real.look<{ id: string; connection: string; key: string | null; hash: string }>(
    `select m.message_id as id, m.connection_id as connection, m.dedupe_key as key, encode(b.sha256, 'hex') as hash
     from inbox_message m join inbox_body b using (merchant_id, message_id) where m.source = 'webhook'`,
  )
  const kept = new Set(
    rows.flatMap(({ id, connection, key, hash }) => [
      `msg_${id.replaceAll('-', '')} ${hash}`,
      `${connection} ${key} ${hash}`,
    ]),
  )
  return acked
    .filter(({ shop, message, deliveryId, body }) => {
      const { connectionId } = furniture.shops.find(({ host }) => host === shop) ?? { connectionId: '' }
      const hash = createHash('sha256').update(body).digest('hex')
      return !kept.has(message === null ? `${connectionId} order:${deliveryId} ${hash}` : `${message} ${hash}`)
    })
    .map(({ shop, deliveryId }) => ({
      oracle: 'acked',
      what: `${shop}: ${deliveryId} was answered 200 and is nowhere`,
    }))
}

/** Judges a world at rest: by what truly happened there, never by the hub's word alone. */
export async function judge(world: World): Promise<Broken[]> {
  const { shops, warehouse, real } = world
  const known = await hubOrders(world)
  const cases = shops.flatMap((shop) =>
    [...shop.orders.values()].map((order): Case => {
      const hub = known.filter(({ host, ref }) => host === shop.name && ref === order.id)
      return {
        shop,
        order,
        hub,
        jobs: hub.flatMap(({ numbers }) => numbers.flatMap((n) => warehouse.jobs.get(n) ?? [])),
      }
    }),
  )
  const owned = new Set(cases.flatMap(({ jobs }) => jobs.map(({ number }) => number)))
  const strays = [...warehouse.jobs.keys()].filter((number) => !owned.has(number))
  const lanes = await real.look<{ what: string }>('select what from sim.complaint')
  const audits = await withTenantTx(real.db, merchantId, (tx) => brokenPromises(tx, 'lanes'))
  return [
    ...world.broken.map((what) => ({ oracle: 'safety', what })),
    ...world.server.broken,
    ...lanes.map(({ what }) => ({ oracle: 'lease', what })),
    ...cases.flatMap((one) => judgeOrder(world, one)),
    ...strays.map((number) => ({ oracle: 'stray', what: `request ${number} is of no order` })),
    ...warehouse.reused.map((number) => ({
      oracle: 'reused',
      what: `request ${number} came twice with other content`,
    })),
    ...warehouse.unknown.map((number) => ({
      oracle: 'early cancel',
      what: `request ${number} was stopped before it was made`,
    })),
    ...(await judgeStock(world, cases)),
    ...(await judgeStuck(world, cases)),
    ...(await judgeAcked(world)),
    ...Object.entries(audits).map(([name, n]) => ({ oracle: `audit ${name}`, what: `${n} rows` })),
  ]
}
