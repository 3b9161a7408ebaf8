import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from './children.ts'
import { type Cluster, writeStatements } from './cluster.ts'
import type { Door } from './deliveries.ts'
import { type Told, toldOf } from './fan-out.ts'
import { atMost, figure, type Part, quantile, ratios } from './figures.ts'
import { next, openScene, ordersIn, type Scene, sampled, share, throughput, verify } from './flow-scene.ts'
import { untilShown } from './merchant.ts'
import type { Options } from './options.ts'
import { makeOrder } from './order-body.ts'
import type { Answer as PlainAnswer, Ask as PlainAsk } from './plain-server.ts'
import { cpuPer } from './processes.ts'

const calmPerSecond = 20 // far below any limit: what one order costs in time when nothing waits
const other = 1

/** The whole hub: from the webhook to the request that tells the other shop. And what it takes in memory. */
export async function benchFlow(cluster: Cluster, options: Options): Promise<Part> {
  const plain: Child<PlainAsk, PlainAnswer> = await startChild('plain-server.ts')
  const scene = await openScene(cluster, options, { name: 'flow', redisUrl: null })
  try {
    const beside = await plain.ask({ mode: 'zod', apiSecret: scene.door.apiSecret })
    return await measure(scene, { ...scene.door, port: beside.port })
  } finally {
    await plain.stop()
    await scene.close()
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
  const fanOut: FanOutTimes[] = []
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
      ...stepFigures(fanOut),
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

function stepFigures(fanOut: readonly FanOutTimes[]) {
  const names = fanOut[0]?.steps.map((step) => step.name) ?? []
  return names.flatMap((name, n) =>
    (['p50', 'p99'] as const).map((which) =>
      figure(
        `of it, ${name}, ${which}`,
        'ms',
        fanOut.map(({ steps }) => steps[n]?.[which] ?? Number.NaN),
      ),
    ),
  )
}

async function profilesOf({ options, database }: Scene): Promise<string[]> {
  if (options.profile === null) return []
  return [`${options.profile}/hub-*.cpuprofile`, await writeStatements(database, options.profile, 'flow')]
}

/** A steady stream below the limit, and how long each order took to reach the other shop. */
async function atShare(scene: Scene, perSecond: number): Promise<FanOutTimes> {
  await scene.sink.ask({ kind: 'written', shop: other })
  const before = [...scene.left]
  const { from, count } = next(scene, perSecond * (scene.options.quick ? 3 : 10))
  const { door, assortment } = scene
  const answer = await scene.load.ask({ kind: 'orders', door, from, count, assortment, perSecond })
  await untilShown(scene.sink, scene.left)
  const { writes } = await scene.sink.ask({ kind: 'written', shop: other })
  const told = toldOf({
    orders: answer.dueAtMs.map((dueMs, n) => ({ dueMs, lines: makeOrder(from + n, assortment, new Date(0)).lines })),
    before,
    writes,
  })
  const steps = await stepsOf(scene, { from, told, ackedAtMs: answer.ackedAtMs })
  const whole = spanOf(told.map(({ write, dueMs }) => write.atMs - dueMs))
  const found = { ...whole, ackP99: answer.ackP99Ms, steps }
  scene.options.say(
    `fan-out at ${perSecond}/s: p50 ${found.p50.toFixed(0)} ms, p99 ${found.p99.toFixed(0)} ms; ack p99 ${found.ackP99.toFixed(0)} ms; ${steps.map(({ name, p50, p99 }) => `${name} ${p50.toFixed(0)} / ${p99.toFixed(0)}`).join(', ')}`,
  )
  return found
}

interface Span {
  readonly p50: number
  readonly p99: number
}
interface FanOutTimes extends Span {
  readonly ackP99: number
  /** Where the time went, in order. */
  readonly steps: readonly (Span & { readonly name: string })[]
}

function spanOf(latencies: readonly number[]): Span {
  const sorted = latencies.toSorted((a, b) => a - b)
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}

/**
 * What an order waited for. Imported: the moment that its import wrote last; the database's clock is the machine's. The
 * shop is asked what it shows when the push lane has begun and found what is due.
 */
async function stepsOf(
  { database }: Scene,
  {
    from,
    told,
    ackedAtMs,
  }: { readonly from: number; readonly told: readonly Told[]; readonly ackedAtMs: readonly number[] },
): Promise<FanOutTimes['steps']> {
  const refs = told.map(({ n }) => makeOrder(from + n, { skus: 1, hot: 0 }, new Date(0)).ref)
  const rows = await database.query<{ ref: string; at: number }>(
    `select o.external_id as ref, (extract(epoch from max(t.at)) * 1000)::float8 as at from orders o
     join timeline_event t on t.merchant_id = o.merchant_id and t.order_id = o.order_id
     where o.external_id = any($1::text[]) and t.kind in ('order.imported', 'request.opened') group by 1`,
    [refs],
  )
  const sinceBoot = Date.now() - Number(process.hrtime.bigint()) / 1e6
  const importedAt = new Map(rows.map((row) => [row.ref, row.at - sinceBoot]))
  const moments = told.map(({ n, dueMs, write }, at) => {
    const acked = ackedAtMs[n] ?? dueMs
    return [dueMs, acked, importedAt.get(refs[at] ?? '') ?? acked, write.readAtMs, write.atMs]
  })
  const names = ['due → answered', 'answered → imported', 'imported → shop asked', 'shop asked → written']
  return names.map((name, step) => ({
    name,
    ...spanOf(moments.map((at) => (at[step + 1] ?? Number.NaN) - (at[step] ?? Number.NaN))),
  }))
}
