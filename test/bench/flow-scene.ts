import path from 'node:path'
import { brokenPromises } from '../support/audits.ts'
import { type Child, startChild } from './children.ts'
import type { BenchDatabase, Cluster } from './cluster.ts'
import type { Door } from './deliveries.ts'
import { type HubProcess, isReady, startHub, until } from './hub-process.ts'
import type { Answer, Ask } from './load.ts'
import { openMerchant, type Sink, untilShown } from './merchant.ts'
import type { Options } from './options.ts'
import { makeOrder } from './order-body.ts'
import { pssMb, rssMb } from './processes.ts'
import { hubKeys } from './shop.ts'

const onHand = 1_000_000
/** Of its capacity, where the hub is asked how quick and how large it is. */
export const share = 0.6

/** A whole hub with one merchant and two shops, and what the bench needs to know of it. */
export interface Scene {
  readonly cluster: Cluster
  readonly options: Options
  readonly database: BenchDatabase
  readonly hub: HubProcess
  readonly sink: Sink
  readonly load: Child<Ask, Answer>
  readonly door: Door
  readonly assortment: { readonly skus: number; readonly hot: number }
  /** What every shop must show in the end, by SKU. */
  readonly left: number[]
  sent: number
  close(): Promise<void>
}

/** Starts it all, on a database of its own, until both shops show the first count. `redisUrl` null: the queue is PostgreSQL. */
export async function openScene(
  cluster: Cluster,
  options: Options,
  { name, redisUrl }: { readonly name: string; readonly redisUrl: string | null },
): Promise<Scene> {
  const assortment = { skus: options.quick ? 200 : 1_000, hot: 0 }
  const database = await cluster.freshDatabase()
  const sink: Sink = await startChild('sink.ts')
  const load: Child<Ask, Answer> = await startChild('load.ts')
  const { port } = await sink.ask({ kind: 'open', shops: 2, skus: assortment.skus })
  const hub = await startHub({
    role: 'all',
    file: 'hub.ts',
    dataDir: path.join(cluster.dir, name),
    databaseUrl: database.url,
    ...{ redisUrl, keys: hubKeys, allowHosts: [`127.0.0.1:${port}`] },
    profile: options.profile,
  })
  const close = async () => {
    await load.stop()
    await hub.stop()
    await sink.stop()
    await database.drop()
  }
  try {
    await until(hub, 'readiness', () => isReady(hub))
    const [door] = await openMerchant(hub, sink, { shops: 2, onHand, ...assortment })
    if (!door) throw new Error('no door')
    const left = Array.from({ length: assortment.skus }, () => onHand)
    await untilShown(sink, left)
    return { cluster, options, database, hub, sink, load, door, assortment, left, sent: 0, close }
  } catch (cause) {
    await close()
    throw cause
  }
}

/** Notes which orders go out next, and what the shops must show afterwards. */
export function next(scene: Scene, count: number): { readonly from: number; readonly count: number } {
  const from = scene.sent
  for (let n = from; n < from + count; n++) {
    for (const { sku, quantity } of makeOrder(n, scene.assortment, new Date(0)).lines) {
      scene.left[sku] = (scene.left[sku] ?? 0) - quantity
    }
  }
  scene.sent += count
  return { from, count }
}

async function untilImported(scene: Scene): Promise<void> {
  await until(
    scene.hub,
    'all orders imported',
    async () => {
      const [row] = await scene.database.query<{ waiting: boolean }>(
        `select exists (select 1 from inbox_message where state = 'pending') as waiting`,
      )
      return row?.waiting === false
    },
    50,
  )
}

export const ordersIn = (options: Options) => (options.quick ? 400 : 4_000)

/** Orders in a second, from the first webhook to the last order imported and reserved. */
export async function throughput(scene: Scene): Promise<number> {
  const { from, count } = next(scene, ordersIn(scene.options))
  const { door, assortment } = scene
  const answer = await scene.load.ask({ kind: 'orders', door, from, count, assortment, perSecond: null })
  await untilImported(scene)
  const seconds = (Number(process.hrtime.bigint()) / 1e6 - Math.min(...answer.dueAtMs)) / 1_000
  await untilShown(scene.sink, scene.left)
  return count / seconds
}

/** Memory while something goes on, four times a second. */
export async function sampled(
  { hub, cluster }: Scene,
  work: () => Promise<unknown>,
): Promise<{ readonly rss: number[]; readonly pss: number[] }> {
  const [rss, pss]: [number[], number[]] = [[], []]
  const sample = () => {
    rss.push(rssMb(hub.pid))
    pss.push(pssMb(cluster.pid))
  }
  sample()
  const timer = setInterval(sample, 250)
  await work()
  clearInterval(timer)
  return { rss, pss }
}

/** Holds what was sent against what the hub has. @throws Error when anything differs */
export async function verify({ database, sent }: Scene): Promise<number> {
  const [held] = await database.query<{ orders: number; distinct: number; unapplied: number }>(
    `select count(*)::int as orders, count(distinct external_id)::int as distinct,
       (select count(*)::int from inbox_message where source = 'webhook' and state <> 'applied') as unapplied from orders`,
  )
  if (held?.orders !== sent || held.distinct !== sent || held.unapplied !== 0)
    throw new Error(`sent ${sent} orders, the hub holds ${JSON.stringify(held)}`)
  const [units] = await database.query<{ ordered: number; reserved: number }>(
    `select (select sum(qty_ordered)::int from order_line) as ordered, (select sum(reserved)::int from inventory_level) as reserved`,
  )
  if (units?.ordered !== units?.reserved) throw new Error(`ordered and reserved differ: ${JSON.stringify(units)}`)
  // One merchant in this database, so the audits may look past the doors.
  const broken = await brokenPromises({ rows: database.query } as Parameters<typeof brokenPromises>[0])
  if (Object.keys(broken).length > 0) throw new Error(`broken promises: ${JSON.stringify(broken)}`)
  return sent
}
