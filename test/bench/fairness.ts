import path from 'node:path'
import { openDb } from '../../src/platform/db/pool.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { type Child, startChild } from './children.ts'
import type { BenchDatabase, Cluster } from './cluster.ts'
import type { Door } from './deliveries.ts'
import { arrivalsOf } from './fan-out.ts'
import { atMost, figure, type Part, quantile, ratios } from './figures.ts'
import { type HubProcess, isReady, startHub, until } from './hub-process.ts'
import type { Answer, Ask } from './load.ts'
import { openMerchant, type Sink, untilShown } from './merchant.ts'
import type { Options } from './options.ts'
import { makeOrder } from './order-body.ts'
import { hubKeys } from './shop.ts'

const onHand = 1_000_000
const perSecond = 10 // what the quiet tenant sells
const shopsEach = 2
const chunk = 2_000 // deliveries that the noisy tenant makes up at a time
/** The hub's promise: another tenant's flood at most doubles what one feels. */
const limit = 2

/** One tenant: two shops, the first one sells, and the second one must be told. */
interface Tenant {
  readonly merchantId: string
  readonly first: number
  readonly door: Door
  readonly assortment: { readonly skus: number; readonly hot: number }
  readonly left: number[]
  sent: number
}
interface Scene {
  readonly options: Options
  readonly database: BenchDatabase
  readonly hub: HubProcess
  readonly sink: Sink
  readonly calls: readonly [Child<Ask, Answer>, Child<Ask, Answer>]
  readonly quiet: Tenant
  readonly noisy: Tenant
}
/** p99 of one run of the quiet tenant, in ms. */
interface Felt {
  readonly ack: number
  readonly imported: number
  readonly written: number
}

/** One tenant floods the hub while another sells a few orders a second: what does the other one feel of it? */
export async function benchFairness(cluster: Cluster, options: Options): Promise<Part> {
  const skus = options.quick ? 100 : 500
  const database = await cluster.freshDatabase()
  const sink: Sink = await startChild('sink.ts')
  const { port } = await sink.ask({ kind: 'open', shops: 2 * shopsEach, skus })
  const start = (role: 'http' | 'worker') =>
    startHub({
      role,
      file: 'hub.ts',
      dataDir: path.join(cluster.dir, `fairness-${role}`),
      databaseUrl: database.url,
      keys: hubKeys,
      allowHosts: [`127.0.0.1:${port}`],
      profile: options.profile,
    })
  const [hub, worker] = [await start('http'), await start('worker')]
  const calls = [await startChild<Ask, Answer>('load.ts'), await startChild<Ask, Answer>('load.ts')] as const
  try {
    await until(hub, 'readiness', () => isReady(hub))
    const open = async (first: number): Promise<Tenant> => {
      const [door] = await openMerchant(hub, sink, { shops: shopsEach, first, onHand, skus })
      const [row] = await database.query<{ id: string }>(
        'select merchant_id as id from merchant order by 1 desc limit 1',
      )
      if (!door || !row) throw new Error('no door')
      const left = Array.from({ length: skus }, () => onHand)
      await untilShown(sink, left, [first, first + 1])
      return { merchantId: row.id, first, door, assortment: { skus, hot: 0 }, left, sent: 0 }
    }
    const scene = { options, database, hub, sink, calls, quiet: await open(0), noisy: await open(shopsEach) }
    return await measure(scene)
  } finally {
    await Promise.all(calls.map((child) => child.stop()))
    await Promise.all([hub.stop(), worker.stop()])
    await sink.stop()
    await database.drop()
  }
}

async function measure(scene: Scene): Promise<Part> {
  const { options } = scene
  const events = Math.ceil((options.quick ? 4_000 : 100_000) / options.repeats)
  const [alone, beside]: [Felt[], Felt[]] = [[], []]
  await sell(scene) // compiled code, warm caches
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    alone.push(await sell(scene))
    const flood = noise(scene, events)
    beside.push(await sell(scene))
    await flood
    await settled(scene)
  }
  const verified = await verify(scene)
  const both = (name: string, read: (felt: Felt) => number) => [
    figure(`${name}, ÷ the same without the flood`, 'x', ratios(beside.map(read), alone.map(read)), atMost(limit)),
    figure(`${name} beside the flood`, 'ms', beside.map(read)),
    figure(`${name} without it`, 'ms', alone.map(read)),
  ]
  return {
    name: 'One tenant’s flood, another’s orders',
    figures: [
      ...both('ack p99 of the quiet tenant', (felt) => felt.ack),
      ...both('webhook due → order imported, p99', (felt) => felt.imported),
      ...both('webhook due → write arrives at the other shop, p99', (felt) => felt.written),
    ],
    verified: [verified],
    profiles: options.profile === null ? [] : [`${options.profile}/hub-*.cpuprofile`],
  }
}

/** Notes which orders go out next, and what the tenant's shops must show afterwards. */
function next(tenant: Tenant, count: number): { readonly from: number; readonly count: number } {
  const from = tenant.sent
  for (let n = from; n < from + count; n++) {
    for (const { sku, quantity } of makeOrder(n, tenant.assortment, new Date(0)).lines)
      tenant.left[sku] = (tenant.left[sku] ?? 0) - quantity
  }
  tenant.sent += count
  return { from, count }
}

const p99 = (values: readonly number[]) =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.99,
  )

/** The quiet tenant's orders at their own pace, and how long each took to be acknowledged, imported, and told. */
async function sell({ options, database, sink, calls, quiet }: Scene): Promise<Felt> {
  const before = [...quiet.left]
  await sink.ask({ kind: 'written', shop: quiet.first + 1 })
  const orders = next(quiet, perSecond * (options.quick ? 3 : 20))
  const { door, assortment } = quiet
  const answer = await calls[0].ask({ kind: 'orders', door, ...orders, assortment, perSecond })
  await untilShown(sink, quiet.left, [quiet.first, quiet.first + 1])
  const { writes } = await sink.ask({ kind: 'written', shop: quiet.first + 1 })
  const made = answer.dueAtMs.map((dueMs, n) => ({ dueMs, ...makeOrder(orders.from + n, assortment, new Date(0)) }))
  const written = arrivalsOf({ orders: made, before, writes })
  // Both clocks are this machine's; the event is written at the end of the import.
  const apart = Date.now() - Number(process.hrtime.bigint()) / 1e6
  const rows = await database.query<{ ref: string; ms: number }>(
    `select o.external_id as ref, (extract(epoch from min(t.at)) * 1000)::float8 as ms from orders o join timeline_event t using (merchant_id, order_id)
     where o.merchant_id = $1 and t.kind = 'order.imported' and o.external_id = any($2::text[]) group by 1`,
    [quiet.merchantId, made.map(({ ref }) => ref)],
  )
  const at = new Map(rows.map(({ ref, ms }) => [ref, ms]))
  const imported = made.map(({ ref, dueMs }) => (at.get(ref) ?? Number.NaN) - apart - dueMs)
  const felt = { ack: answer.ackP99Ms, imported: p99(imported), written: p99(written) }
  options.say(
    `p99: ack ${felt.ack.toFixed(0)} ms, imported ${felt.imported.toFixed(0)} ms, written ${felt.written.toFixed(0)} ms`,
  )
  return felt
}

/** The other tenant's events, as fast as answers come. */
async function noise({ options, calls, noisy }: Scene, events: number): Promise<void> {
  const { door, assortment } = noisy
  const from = performance.now()
  for (let done = 0; done < events; done += chunk) {
    const orders = next(noisy, Math.min(chunk, events - done))
    await calls[1].ask({ kind: 'orders', door, ...orders, assortment, perSecond: null })
  }
  options.say(
    `the flood: ${events} events, ${Math.round((events / (performance.now() - from)) * 1_000)}/s acknowledged`,
  )
}

async function settled({ hub, database, sink, noisy }: Scene): Promise<void> {
  const isDone = async () => {
    const [row] = await database.query<{ waiting: boolean }>(
      `select exists (select 1 from inbox_message where state = 'pending') as waiting`,
    )
    return row?.waiting === false
  }
  await until(hub, 'all orders imported', isDone, 100)
  await untilShown(sink, noisy.left, [noisy.first, noisy.first + 1])
}

async function verify({ database, quiet, noisy }: Scene): Promise<string> {
  const db = openDb(database.url, { work: 2, ingest: 1 })
  try {
    for (const { merchantId, sent } of [quiet, noisy]) {
      const [held] = await database.query<{ orders: number; unapplied: number }>(
        `select (select count(distinct external_id)::int from orders where merchant_id = $1) as orders,
           (select count(*)::int from inbox_message where merchant_id = $1 and source = 'webhook' and state <> 'applied') as unapplied`,
        [merchantId],
      )
      if (held?.orders !== sent || held.unapplied !== 0)
        throw new Error(`sent ${sent} orders, the hub holds ${JSON.stringify(held)}`)
      const broken = await withTenantTx(db, merchantId, brokenPromises, { snapshot: true })
      if (Object.keys(broken).length > 0) throw new Error(`broken promises: ${JSON.stringify(broken)}`)
    }
  } finally {
    await db.close()
  }
  return `${quiet.sent} orders of the quiet tenant and ${noisy.sent} of the other: each is stored once and applied, all four shops show on hand − ordered, and all audits are 0 for both`
}
