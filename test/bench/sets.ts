import { type Child, startChild } from './children.ts'
import { type Cluster, writeStatements } from './cluster.ts'
import { atLeast, type Figure, figure, type Part, ratios } from './figures.ts'
import type { Options } from './options.ts'
import { cpuPer } from './processes.ts'
import type { Answer, Ask, Way } from './sets-worker.ts'

const skus = 1_000
const shareOnHotSku = 0.8

/** Import and reservation, against the nine-statement transaction for each order. */
export async function benchSets(cluster: Cluster, options: Options): Promise<Part> {
  const even = await run(cluster, options, { hot: 0, ways: ['sets', 'nine', 'ones', 'merchants'] })
  const hot = await run(cluster, options, { hot: shareOnHotSku, ways: ['sets', 'nine'] })
  const times = (rates: Rates, way: Way) => ratios(rates[way], rates.nine)
  const figures: Figure[] = [
    figure(
      'import and reserve in sets ÷ nine statements per order, 16 at once',
      'x',
      times(even.rates, 'sets'),
      atLeast(6),
    ),
    figure('the same with 80 % of the lines on one SKU', 'x', times(hot.rates, 'sets'), atLeast(10)),
    figure(
      'in sets ÷ batches of one, the same work through our own code',
      'x',
      ratios(even.rates.sets, even.rates.ones),
    ),
    figure('batches of one through our own code ÷ nine statements', 'x', times(even.rates, 'ones')),
    figure(`1 order × ${sizes(options).merchants} merchants ÷ nine statements`, 'x', times(even.rates, 'merchants')),
    figure('in sets of 200', '/s', even.rates.sets),
    figure('in sets of 200, hot SKU', '/s', hot.rates.sets),
    figure('nine statements, 16 at once', '/s', even.rates.nine),
    figure('nine statements, 16 at once, hot SKU', '/s', hot.rates.nine),
    figure('batches of one', '/s', even.rates.ones),
    figure('1 order per merchant, 4 at once', '/s', even.rates.merchants),
    figure('CPU of our code for each order in sets', 'µs', even.cpu.sets),
    figure('CPU of PostgreSQL for each order in sets', 'µs', even.postgres.sets),
    figure('CPU of the nine statements’ code for each order', 'µs', even.cpu.nine),
    figure('CPU of PostgreSQL for the nine statements of each order', 'µs', even.postgres.nine),
  ]
  return {
    name: 'Import and reservation',
    figures,
    verified: [
      `${even.checked + hot.checked} orders: every order sent is stored once, with its lines; reserved = ordered units; all audits of test/support/audits.ts are 0`,
    ],
    profiles:
      options.profile === null
        ? []
        : [`${options.profile}/sets-worker-*.cpuprofile`, ...even.statements, ...hot.statements],
  }
}

type Rates = Record<Way, number[]>

const sizes = (options: Options) =>
  options.quick
    ? { sets: 600, nine: 300, ones: 60, merchants: 40 }
    : { sets: 4_000, nine: 1_500, ones: 300, merchants: 1_000 }

async function run(
  cluster: Cluster,
  options: Options,
  plan: { readonly hot: number; readonly ways: readonly Way[] },
): Promise<{
  readonly rates: Rates
  readonly cpu: Rates
  readonly postgres: Rates
  readonly statements: string[]
  readonly checked: number
}> {
  const [database, nine] = [await cluster.freshDatabase(), await cluster.freshDatabase()]
  const worker: Child<Ask, Answer> = await startChild('sets-worker.ts', { profile: options.profile })
  const rates: Rates = { sets: [], nine: [], ones: [], merchants: [] }
  const cpu: Rates = { sets: [], nine: [], ones: [], merchants: [] }
  const postgres: Rates = { sets: [], nine: [], ones: [], merchants: [] }
  const size = sizes(options)
  try {
    await worker.ask({ kind: 'open', url: database.url, nineUrl: nine.url, skus, hot: plan.hot })
    if (plan.ways.includes('merchants')) await worker.ask({ kind: 'merchants', count: size.merchants })
    // One round before the first that counts: compiled code and warm caches for both sides.
    for (let repeat = -1; repeat < options.repeats; repeat++) {
      for (const way of plan.ways) {
        await worker.ask({ kind: 'load', way, orders: size[way] })
        const { done: rate, us } = await cpuPer(
          [worker.pid, cluster.pid],
          () => size[way],
          () => worker.ask({ kind: 'run' }),
        )
        if (repeat >= 0) {
          rates[way].push(rate)
          cpu[way].push(us[0] ?? 0)
          postgres[way].push(us[1] ?? 0)
        }
        options.say(
          `${plan.hot > 0 ? 'hot ' : ''}${way}: ${Math.round(rate)} orders/s, µs CPU each: ${us.map(Math.round).join(' + ')}`,
        )
      }
    }
    const name = plan.hot > 0 ? 'sets-hot' : 'sets'
    const statements = options.profile === null ? [] : [await writeStatements(database, options.profile, name)]
    return { rates, cpu, postgres, statements, checked: await worker.ask({ kind: 'verify' }) }
  } finally {
    await worker.stop()
    await database.drop()
    await nine.drop()
  }
}
