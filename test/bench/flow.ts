import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { brokenPromises } from '../support/audits.ts'
import { type Child, startChild } from './children.ts'
import { type BenchDatabase, type Cluster, writeStatements } from './cluster.ts'
import type { Door } from './deliveries.ts'
import { arrivalsOf } from './fan-out.ts'
import { atMost, figure, type Part, quantile, ratios } from './figures.ts'
import { type HubProcess, isReady, startHub, until } from './hub-process.ts'
import type { Answer, Ask } from './load.ts'
import { openMerchant, type Sink, untilShown } from './merchant.ts'
import type { Options } from './options.ts'
import { makeOrder } from './order-body.ts'
import type { Answer as PlainAnswer, Ask as PlainAsk } from './plain-server.ts'
import { cpuPer, pssMb, rssMb } from './processes.ts'
import { hubKeys } from './shop.ts'

const onHand = 1_000_000
const share = 0.6
const calmPerSecond = 20 // far below any limit: what one order costs in time when nothing waits
const [origin, other] = [0, 1]

interface Scene {
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
}

/** The whole hub: from the webhook to the request that tells the other shop. And what it takes in memory. */
export async function benchFlow(cluster: Cluster, options: Options): Promise<Part> {
  const assortment = { skus: options.quick ? 200 : 1_000, hot: 0 }
  const database = await cluster.freshDatabase()
  const sink: Sink = await startChild('sink.ts')
  const { port } = await sink.ask({ kind: 'open', shops: 2, skus: assortment.skus })
  const hub = await startHub({
    role: 'all',
    file: 'hub.ts',
    dataDir: path.join(cluster.dir, 'flow'),
    databaseUrl: database.url,
    keys: hubKeys,
    allowHosts: [`127.0.0.1:${port}`],
    profile: options.profile,
  })
  const load: Child<Ask, Answer> = await startChild('load.ts')
  const plain: Child<PlainAsk, PlainAnswer> = await startChild('plain-server.ts')
  try {
    await until(hub, 'readiness', () => isReady(hub))
    const doors = await openMerchant(hub, sink, { shops: 2, onHand, ...assortment })
    const left = Array.from({ length: assortment.skus }, () => onHand)
    await untilShown(sink, left)
    const door = doors[origin]
    if (!door) throw new Error('no door')
    const scene: Scene = { cluster, options, database, hub, sink, load, door, assortment, left, sent: 0 }
    const beside = await plain.ask({ mode: 'zod', apiSecret: door.apiSecret })
    return await measure(scene, { ...door, port: beside.port })
  } finally {
    await load.stop()
    await plain.stop()
    await hub.stop()
    await sink.stop()
    await database.drop()
  }
}

async function measure(scene: Scene, beside: Door): Promise<Part> {
  const { options, hub, cluster } = scene
  await sleep(options.quick ? 1_000 : 5_000)
  const idle = await sampled(scene, () => sleep(options.quick ? 1_000 : 5_000))
  const rates: number[] = []
  const zod: number[] = []
  const [cpu, postgres]: [number[], number[]] = [[], []]
  for (let repeat = -1; repeat < options.repeats; repeat++) {
    const { done: rate, us } = await cpuPer(
      [hub.pid, cluster.pid],
      () => ordersIn(options),
      () => throughput(scene),
    )
    const { perSecond } = await scene.load.ask({
      kind: 'storm',
      door: beside,
      runId: `beside${repeat}`,
      seconds: options.quick ? 1 : 3,
      twice: 0,
    })
    options.say(
      `end to end: ${Math.round(rate)} orders/s, µs CPU each: ${us.map(Math.round).join(' + ')}; HMAC + JSON.parse + zod: ${Math.round(perSecond)}/s`,
    )
    if (repeat < 0) continue
    rates.push(rate)
    zod.push(perSecond)
    cpu.push(us[0] ?? 0)
    postgres.push(us[1] ?? 0)
  }
  const perSecond = Math.max(
    1,
    Math.floor(
      quantile(
        rates.toSorted((a, b) => a - b),
        0.5,
      ) * share,
    ),
  )
  const fanOut: { p50: number; p99: number; ackP99: number }[] = []
  const busy = await sampled(scene, async () => {
    for (let repeat = 0; repeat < options.repeats; repeat++) fanOut.push(await atShare(scene, perSecond))
  })
  const calm: number[] = []
  for (let repeat = 0; repeat < options.repeats; repeat++) calm.push((await atShare(scene, calmPerSecond)).p99)
  const checked = await verify(scene)
  return {
    name: 'The whole hub',
    figures: [
      figure(
        `fan-out p99 at ${perSecond} orders/s (60 %): webhook due → request to the other shop leaves`,
        'ms',
        fanOut.map((one) => one.p99),
        atMost(150),
      ),
      figure(
        'fan-out p50',
        'ms',
        fanOut.map((one) => one.p50),
      ),
      figure(`fan-out p99 at ${calmPerSecond} orders/s`, 'ms', calm),
      figure(
        'ack p99 at the same load',
        'ms',
        fanOut.map((one) => one.ackP99),
      ),
      figure('signed webhooks in, until all orders are imported and reserved', '/s', rates),
      figure('the same ÷ HMAC + JSON.parse + zod, no database', 'x', ratios(rates, zod)),
      figure('CPU of the hub for each order, until both shops show it', 'µs', cpu),
      figure('CPU of PostgreSQL for each order, until both shops show it', 'µs', postgres),
      figure('RSS of the hub, idle', 'MB', idle.rss),
      figure('RSS of the hub at 60 %', 'MB', busy.rss),
      figure('PSS of PostgreSQL, idle', 'MB', idle.pss),
      figure('PSS of PostgreSQL at 60 %', 'MB', busy.pss),
    ],
    verified: [
      `${checked} orders: each stored once and applied; both shops show on hand − ordered of all ${scene.assortment.skus} SKUs; every order's change of stock was seen to arrive at the other shop; all audits are 0`,
    ],
    profiles: await profilesOf(scene),
  }
}

async function profilesOf({ options, database }: Scene): Promise<string[]> {
  if (options.profile === null) return []
  return [`${options.profile}/hub-*.cpuprofile`, await writeStatements(database, options.profile, 'flow')]
}

/** Notes which orders go out next, and what the shops must show afterwards. */
function next(scene: Scene, count: number): { readonly from: number; readonly count: number } {
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

const ordersIn = (options: Options) => (options.quick ? 400 : 4_000)

/** Orders in a second, from the first webhook to the last order imported and reserved. */
async function throughput(scene: Scene): Promise<number> {
  const { from, count } = next(scene, ordersIn(scene.options))
  const { door, assortment } = scene
  const answer = await scene.load.ask({ kind: 'orders', door, from, count, assortment, perSecond: null })
  await untilImported(scene)
  const seconds = (Number(process.hrtime.bigint()) / 1e6 - Math.min(...answer.dueAtMs)) / 1_000
  await untilShown(scene.sink, scene.left)
  return count / seconds
}

/** A steady stream below the limit, and how long each order took to reach the other shop. */
async function atShare(scene: Scene, perSecond: number): Promise<{ p50: number; p99: number; ackP99: number }> {
  await scene.sink.ask({ kind: 'written', shop: other })
  const before = [...scene.left]
  const { from, count } = next(scene, perSecond * (scene.options.quick ? 3 : 10))
  const { door, assortment } = scene
  const answer = await scene.load.ask({ kind: 'orders', door, from, count, assortment, perSecond })
  await untilShown(scene.sink, scene.left)
  const { writes } = await scene.sink.ask({ kind: 'written', shop: other })
  const arrivals = arrivalsOf({
    orders: answer.dueAtMs.map((dueMs, n) => ({ dueMs, lines: makeOrder(from + n, assortment, new Date(0)).lines })),
    before,
    writes,
  })
  const latencies = arrivals.toSorted((a, b) => a - b)
  const found = { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), ackP99: answer.ackP99Ms }
  scene.options.say(
    `fan-out at ${perSecond}/s: p50 ${found.p50.toFixed(0)} ms, p99 ${found.p99.toFixed(0)} ms; ack p99 ${found.ackP99.toFixed(0)} ms`,
  )
  return found
}

/** Memory while something goes on, four times a second. */
async function sampled(
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

async function verify({ database, sent }: Scene): Promise<number> {
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
