import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { createKey } from '../../src/merchants/api-keys.ts'
import { openDb } from '../../src/platform/db/pool.ts'
import { withClaimTx } from '../../src/platform/db/tx.ts'
import { type Child, startChild } from './children.ts'
import { type BenchDatabase, type Cluster, writeStatements } from './cluster.ts'
import { atMost, type Figure, figure, type Part, ratios } from './figures.ts'
import { fillOrders, fillShops } from './growth/fill.ts'
import { type Caller, drawPlaces, timeFloor, timeQuestion, timeSingle, verifyPages } from './growth/pages.ts'
import { questionsOf, wordsOf } from './growth/questions.ts'
import { untilSettled } from './growth/settled.ts'
import { shopsCopied } from './growth/shops.ts'
import type { Answer, Ask, Way } from './growth/worker.ts'
import { isReady, startHub, until } from './hub-process.ts'
import type { Options } from './options.ts'
import { cpuPer } from './processes.ts'

const listMsMax = 50
const growthMax = 1.25
const ways = ['large', 'small', 'life'] as const

interface Sizes {
  readonly shops: number
  /** Lived by each of the two shops that the others are copies of. */
  readonly lived: number
  readonly load: Record<Way, number>
  readonly requests: number
}
const sizesOf = ({ quick }: Options): Sizes =>
  quick
    ? { shops: 100, lived: 150, load: { large: 200, small: 20, life: 100 }, requests: 10 }
    : { shops: 5_000, lived: 800, load: { large: 1_000, small: 400, life: 400 }, requests: 100 }

/** A hub's database with so many orders, and the process that adds to it. */
interface Grown {
  readonly orders: number
  readonly database: BenchDatabase
  readonly worker: Child<Ask, Answer>
  readonly large: string
  readonly someSmall: readonly string[]
}

/** What an order and a page cost with few orders, and with many. */
export async function benchGrowth(cluster: Cluster, options: Options): Promise<Part> {
  const keys = `bench:${randomBytes(32).toString('base64')}`
  const grown: Grown[] = []
  try {
    for (const orders of options.growth) grown.push(await grow(cluster, options, { orders, keys }))
    const costs = await measureImports(cluster, options, grown)
    const most = grown.at(-1)
    if (!most) throw new Error('no size to measure')
    const lists = await measureLists(cluster, options, { most, keys })
    const checked = []
    for (const { worker, large, someSmall } of grown)
      checked.push((await worker.ask({ kind: 'verify', merchants: [large, ...someSmall] })).value)
    const statements = await dearest(options, grown)
    return {
      name: `Growth: ${grown.map(({ orders }) => orders.toLocaleString('en')).join(' and ')} orders, half of them one merchant’s, the others of ${sizesOf(options).shops.toLocaleString('en')}`,
      figures: [...costFigures(grown, costs), ...lists.figures],
      verified: [
        `${checked.join(' + ')} further orders: each is stored once, reserved and asked for; ${most.someSmall.length} small merchants of each size keep every promise that audits ask for, in all their rows; so does the large one (beyond 50,000 orders in what changed lately and is open)`,
        `${lists.questions} questions to ${lists.paths} lists: ${lists.rows} rows from the start and from inside are what the tables hold there, none twice, none left out`,
      ],
      profiles: statements,
    }
  } finally {
    for (const { worker, database } of grown) {
      await worker.stop()
      await database.drop()
    }
  }
}

async function grow(
  cluster: Cluster,
  options: Options,
  { orders, keys }: { readonly orders: number; readonly keys: string },
): Promise<Grown> {
  const from = performance.now()
  const say = (line: string) => options.say(`${orders} orders: ${line}`)
  const { shops, lived } = sizesOf(options)
  const database = await cluster.freshDatabase()
  const worker: Child<Ask, Answer> = await startChild('growth/worker.ts', { profile: options.profile })
  try {
    const { large, small } = await worker.ask({ kind: 'open', url: database.url, keys, orders: lived })
    await fillShops(database, { small: small.merchantId, shops })
    say(`${shops} shops after ${Math.round((performance.now() - from) / 1_000)} s`)
    await worker.ask({ kind: 'live' })
    await fillOrders(database, { large: large.merchantId, small: small.merchantId, shops, orders }, say)
    say(`filled after ${Math.round((performance.now() - from) / 1_000)} s`)
    await untilSettled(database, say)
    const copies = await shopsCopied(database, [small.merchantId, large.merchantId])
    if (copies.length !== shops) throw new Error(`${copies.length} shops were copied, not ${shops}`)
    await worker.ask({ kind: 'shops', shops: copies })
    const someSmall = copies.slice(0, 3).map((shop) => shop.merchantId)
    return { orders, database, worker, large: large.merchantId, someSmall: [small.merchantId, ...someSmall] }
  } catch (error) {
    await worker.stop()
    await database.drop()
    throw error
  }
}

/** µs for each order, repeat by repeat, of each size: as a clock sees it, and CPU. */
interface Costs {
  readonly time: number[]
  readonly hub: number[]
  readonly postgres: number[]
}
type CostsOf = ReadonlyMap<string, Costs>
const costKey = (orders: number, way: Way) => `${orders} ${way}`

/** The sizes take turns, and the one that begins changes. */
async function measureImports(cluster: Cluster, options: Options, grown: readonly Grown[]): Promise<CostsOf> {
  const costs = new Map<string, Costs>()
  const { load } = sizesOf(options)
  for (let repeat = -1; repeat < options.repeats; repeat++) {
    for (const way of ways) {
      for (const { orders, worker } of repeat % 2 === 0 ? grown : grown.toReversed()) {
        await worker.ask({ kind: 'load', way, orders: load[way] })
        const { done, us } = await cpuPer(
          [worker.pid, cluster.pid],
          () => load[way],
          () => worker.ask({ kind: 'run' }),
        )
        const each = (done.value * 1_000_000) / load[way]
        options.say(`${orders} orders, ${way}: ${Math.round(each)} µs each, CPU ${us.map(Math.round).join(' + ')}`)
        if (repeat < 0) continue
        const own = costs.get(costKey(orders, way)) ?? { time: [], hub: [], postgres: [] }
        costs.set(costKey(orders, way), own)
        own.time.push(each)
        own.hub.push(us[0] ?? 0)
        own.postgres.push(us[1] ?? 0)
      }
    }
  }
  return costs
}

const wordsOfWay: Record<Way, string> = {
  large: 'in sets, the large merchant',
  small: '1 order × many small merchants',
  life: 'the large merchant, from import to the shop’s new stock',
}

function costFigures(grown: readonly Grown[], costs: CostsOf): Figure[] {
  const of = (orders: number, way: Way) => costs.get(costKey(orders, way)) ?? { time: [], hub: [], postgres: [] }
  const cpu = ({ hub, postgres }: Costs) => hub.map((us, n) => us + (postgres[n] ?? 0))
  const few = grown[0]?.orders ?? 0
  return ways.flatMap((way) => [
    ...grown.slice(1).flatMap(({ orders }) => {
      const name = `an order at ${orders.toLocaleString('en')} ÷ at ${few.toLocaleString('en')}, ${wordsOfWay[way]}`
      return [
        figure(`time of ${name}`, 'x', ratios(of(orders, way).time, of(few, way).time), atMost(growthMax)),
        figure(`CPU of ${name}`, 'x', ratios(cpu(of(orders, way)), cpu(of(few, way))), atMost(growthMax)),
      ]
    }),
    ...grown.flatMap(({ orders }) => {
      const at = `for each order at ${orders.toLocaleString('en')}, ${wordsOfWay[way]}`
      return [
        figure(`time ${at}`, 'µs', of(orders, way).time),
        figure(`CPU of our code ${at}`, 'µs', of(orders, way).hub),
        figure(`CPU of PostgreSQL ${at}`, 'µs', of(orders, way).postgres),
      ]
    }),
  ])
}

interface Listed {
  readonly figures: Figure[]
  readonly questions: number
  readonly paths: number
  readonly rows: number
}

/** Every list and every row that the API shows, asked for by the large merchant through the real http role. */
async function measureLists(
  cluster: Cluster,
  options: Options,
  { most, keys }: { readonly most: Grown; readonly keys: string },
): Promise<Listed> {
  const dataDir = path.join(cluster.dir, 'growth')
  mkdirSync(dataDir, { recursive: true })
  const role = { role: 'http', allowHosts: [], profile: options.profile } as const
  const hub = await startHub({ ...role, dataDir, databaseUrl: most.database.url, keys })
  try {
    await until(hub, 'readiness', () => isReady(hub))
    const caller = { url: hub.url, key: await keyOf(most), merchantId: most.large }
    return await askLists(caller, most.database, options)
  } finally {
    await hub.stop()
  }
}

async function keyOf({ database, large }: Grown): Promise<string> {
  const db = openDb(database.url)
  const key = { merchantId: large, label: 'bench', scopes: ['*'], expiresAt: null }
  const { text } = await withClaimTx(db, (tx) => createKey(tx, key)).finally(() => db.close())
  return text.reveal()
}

async function askLists(caller: Caller, database: BenchDatabase, options: Options): Promise<Listed> {
  const { requests } = sizesOf(options)
  const { questions, singles } = await questionsOf(caller.url, database, caller.merchantId)
  const slowest = new Map<string, { words: string; ms: number }>()
  const note = (of: string, words: string, ms: number) => {
    options.say(`${words}: p95 ${ms.toFixed(1)} ms`)
    if (ms > (slowest.get(of)?.ms ?? 0)) slowest.set(of, { words, ms })
  }
  let rows = 0
  for (const question of questions) {
    const places = await drawPlaces(database, caller, question)
    rows += await verifyPages(database, caller, question, places)
    const { first, inside } = await timeQuestion(caller, question, places, requests)
    note(question.path, wordsOf(question), first)
    if (inside !== null) note(question.path, `${wordsOf(question)}, from inside`, inside)
  }
  for (const single of singles) {
    const places = await drawPlaces(database, caller, { list: single.list, query: {}, where: [] })
    note(single.path, single.path, await timeSingle(caller, single, places, requests))
  }
  const floor = figure(`GET /merchant, p95 of ${requests}: what any request costs`, 'ms', [
    await timeFloor(caller, requests),
  ])
  const figures = [...slowest].map(([of, { words, ms }]) =>
    figure(`GET ${of}, p95 of ${requests}${words === of ? '' : `; slowest: ${words}`}`, 'ms', [ms], atMost(listMsMax)),
  )
  return {
    figures: [...figures, floor],
    questions: questions.length,
    paths: new Set(questions.map((one) => one.path)).size,
    rows,
  }
}

async function dearest({ profile }: Options, grown: readonly Grown[]): Promise<string[]> {
  if (profile === null) return []
  return Promise.all(grown.map(({ database, orders }) => writeStatements(database, profile, `growth-${orders}`)))
}
