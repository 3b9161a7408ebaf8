import { randomUUID } from 'node:crypto'
import { stockCounted } from '../../src/flows.ts'
import { absorbChanges } from '../../src/inventory/push-rows.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import { type Db, openDb } from '../../src/platform/db/pool.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import type { Cluster } from './cluster.ts'
import { atMost, figure, type Part, ratios } from './figures.ts'
import { deliver, importAll } from './import-shelf.ts'
import type { Options } from './options.ts'
import { makeOrder } from './order-body.ts'
import { cpuMs } from './processes.ts'
import { hubKeys, openChannel, openShop, type Shop } from './shop.ts'

const [few, many] = [4, 20]
const onHand = 100_000_000
/** Write cost must not follow the number of channels. */
const limit = 1.2
const countsAtOnce = 50

interface Shelf {
  readonly shop: Shop
  readonly channels: readonly Shop[]
  sent: number
  units: number
}
/** CPU of PostgreSQL and of our code, in µs for each order or count. */
interface Cost {
  readonly orders: number
  readonly counts: number
}

/** The same changes of stock, with few and with many channels that sell it. The pushes are not part of it. */
export async function benchChannels(cluster: Cluster, options: Options): Promise<Part> {
  const skus = options.quick ? 100 : 500
  const database = await cluster.freshDatabase()
  const db = openDb(database.url, { work: 4, ingest: 1 })
  try {
    const shelves = new Map<number, Shelf>()
    for (const count of [few, many]) shelves.set(count, await openShelf(db, count, skus))
    await database.query('analyze')
    const costs = new Map<number, Cost[]>([
      [few, []],
      [many, []],
    ])
    for (let repeat = -1; repeat < options.repeats; repeat++) {
      // Taking turns at being first: what the one leaves behind (checkpoints, statistics) meets the other.
      for (const count of repeat % 2 === 0 ? [few, many] : [many, few]) {
        const shelf = shelves.get(count)
        if (!shelf) continue
        const cost = {
          orders: await ordersCost(cluster, db, shelf, options),
          counts: await countsCost(cluster, db, shelf, options),
        }
        options.say(
          `${count} channels: ${Math.round(cost.orders)} µs CPU an order, ${Math.round(cost.counts)} µs a count`,
        )
        if (repeat >= 0) costs.get(count)?.push(cost)
      }
    }
    let checked = 0
    for (const shelf of shelves.values()) checked += await verify(db, shelf)
    const each = (count: number, read: (cost: Cost) => number) => (costs.get(count) ?? []).map(read)
    const pair = (name: string, read: (cost: Cost) => number) => [
      figure(`${name}: ${many} channels ÷ ${few}`, 'x', ratios(each(many, read), each(few, read)), atMost(limit)),
      figure(`${name}, ${few} channels`, 'µs', each(few, read)),
      figure(`${name}, ${many} channels`, 'µs', each(many, read)),
    ]
    return {
      name: 'A change of stock, by number of channels',
      figures: [
        ...pair('CPU of an order imported and reserved, ours and PostgreSQL’s', (cost) => cost.orders),
        ...pair('CPU of a count, ours and PostgreSQL’s', (cost) => cost.counts),
      ],
      verified: [
        `${checked} orders: each is stored once with what it ordered reserved; afterwards every one of the ${few + many} channels takes in the changes of all items it sells, at their version; all audits are 0`,
      ],
      profiles: [],
    }
  } finally {
    await db.close()
    await database.drop()
  }
}

async function openShelf(db: Db, count: number, skus: number): Promise<Shelf> {
  const shop = await openShop(db, hubKeys, { skus, onHand })
  const channels = [shop]
  while (channels.length < count) channels.push(await openChannel(db, hubKeys, shop.merchantId, skus))
  return { shop, channels, sent: 0, units: 0 }
}

/** CPU in µs for each of `count`: statements in PostgreSQL and our own code between them. */
async function cpu(cluster: Cluster, count: number, work: () => Promise<unknown>): Promise<number> {
  const [postgres, own] = [cpuMs(cluster.pid), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(own)
  return ((cpuMs(cluster.pid) - postgres) * 1_000 + user + system) / count
}

async function ordersCost(cluster: Cluster, db: Db, shelf: Shelf, options: Options): Promise<number> {
  const count = options.quick ? 200 : 2_000
  const skus = options.quick ? 100 : 500
  const at = new Date()
  const orders = Array.from({ length: count }, (_, n) => makeOrder(shelf.sent + n, { skus, hot: 0 }, at))
  shelf.sent += count
  shelf.units += orders.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.quantity, 0)
  await deliver(db, shelf.shop, orders)
  return cpu(cluster, count, () => importAll(db, shelf.shop))
}

async function countsCost(cluster: Cluster, db: Db, { shop }: Shelf, options: Options): Promise<number> {
  const rounds = options.quick ? 5 : 100
  const levels = await withTenantTx(db, shop.merchantId, (tx) =>
    tx.rows<{ itemId: string; locationId: string; onHand: number }>(
      `select item_id as "itemId", location_id as "locationId", on_hand as "onHand" from inventory_level where merchant_id = $1 order by 1 limit $2`,
      [shop.merchantId, countsAtOnce],
    ),
  )
  return cpu(cluster, rounds * countsAtOnce, async () => {
    for (let round = 1; round <= rounds; round++)
      await withTenantTx(db, shop.merchantId, (tx) =>
        stockCounted(
          tx,
          systemIds,
          { kind: 'api', id: randomUUID() },
          levels.map((level) => ({ ...level, onHand: level.onHand + round, asOf: null, kind: 'count' as const })),
        ),
      )
  })
}

async function verify(db: Db, { shop, channels, sent, units }: Shelf): Promise<number> {
  for (const { connectionId } of channels) {
    while (await withTenantTx(db, shop.merchantId, (tx) => absorbChanges(tx, connectionId)));
  }
  return withTenantTx(db, shop.merchantId, async (tx) => {
    const [held] = await tx.rows<{ orders: number; reserved: number }>(
      `select (select count(distinct external_id)::int from orders) as orders, (select sum(reserved)::int from inventory_level) as reserved`,
    )
    if (held?.orders !== sent || held.reserved !== units)
      throw new Error(`sent ${sent} orders of ${units} units, the hub holds ${JSON.stringify(held)}`)
    const behind = await tx.rows(
      `select 1 from (select i as item_id, max(s.version) as version from stock_change s cross join unnest(s.item_ids) as i group by 1) c
       join listing_component k using (item_id) join listing g using (merchant_id, listing_id)
       left join listing_push p using (merchant_id, connection_id, listing_id) where p.desired_version is distinct from c.version`,
    )
    if (behind.length > 0) throw new Error(`${behind.length} listings did not hear of their last change`)
    const broken = await brokenPromises(tx)
    if (Object.keys(broken).length > 0) throw new Error(`broken promises: ${JSON.stringify(broken)}`)
    return sent
  })
}
