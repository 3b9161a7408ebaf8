import type { Cluster } from './cluster.ts'
import { atMost, figure, type Part, quantile } from './figures.ts'
import { next, openScene, type Scene, sampled, share, throughput, verify } from './flow-scene.ts'
import { untilShown } from './merchant.ts'
import type { Options } from './options.ts'

const sliceSeconds = 10
const capacityRuns = 3
/** Before that the hub still compiles its code and fills its caches. */
const settled = 0.2
const compared = 0.2

const medianOf = (values: readonly number[]) =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )

/** What the hub takes while the same load goes on and on: memory that grows with the hours ends in a crash at night. */
export async function benchMemory(cluster: Cluster, options: Options): Promise<Part> {
  const scene = await openScene(cluster, options, { name: 'memory', redisUrl: null })
  try {
    const rates: number[] = []
    for (let run = 0; run < capacityRuns; run++) rates.push(await throughput(scene))
    const perSecond = Math.max(1, Math.floor(medianOf(rates) * share))
    const seconds = options.quick ? 2 * sliceSeconds : options.minutes * 60
    options.say(`${perSecond} orders/s for ${seconds} s`)
    const { rss, pss } = await sampled(scene, () => steady(scene, perSecond, seconds))
    await untilShown(scene.sink, scene.left)
    const checked = await verify(scene)
    const grown = (all: readonly number[]) => {
      const early = all.slice(Math.floor(all.length * settled), Math.floor(all.length * (settled + compared)))
      return medianOf(all.slice(Math.floor(all.length * (1 - compared)))) / medianOf(early)
    }
    return {
      name: 'Memory over time',
      figures: [
        figure(
          `RSS of the hub at 60 % (${perSecond} orders/s), end of ${seconds} s ÷ beginning`,
          'x',
          [grown(rss)],
          atMost(1.1),
        ),
        figure('RSS of the hub', 'MB', rss, atMost(250)),
        figure('PSS of PostgreSQL', 'MB', pss),
      ],
      verified: [
        `${checked} orders: each stored once and applied; both shops show on hand − ordered; all audits are 0`,
      ],
      profiles: [],
    }
  } finally {
    await scene.close()
  }
}

async function steady(scene: Scene, perSecond: number, seconds: number): Promise<void> {
  const { door, assortment, load } = scene
  for (let done = 0; done < seconds; done += sliceSeconds) {
    const { from, count } = next(scene, perSecond * sliceSeconds)
    await load.ask({ kind: 'orders', door, from, count, assortment, perSecond })
  }
}
