import { writeFileSync } from 'node:fs'
import { playChaos } from './chaos.ts'
import { askHub } from './hub-answers.ts'
import type { DemoOptions } from './options.ts'
import { recountShelves } from './people.ts'
import { untilAtRest } from './rest.ts'
import { home, openScene, type Scene, type Stage } from './scene.ts'
import { playStandstills } from './standstill.ts'
import { judge, type Verdict } from './verdict.ts'

const seedLimitMs = 240_000
/** A poll and then some: what only the next poll would bring must have come before anybody says "at rest". */
const settleBeyondPollMs = 2_000
const pollCountedMs = 5_000

function settleMs({ pollEveryS }: DemoOptions): number {
  return settleBeyondPollMs + Math.min(pollEveryS * 1_000, pollCountedMs)
}

/** What the verdict was reached from, for whoever must find out why. */
function keepEvidence(seed: number, evidence: object): void {
  const text = JSON.stringify(evidence, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  writeFileSync(`${home}/${seed}/evidence.json`, text)
}

export interface Run extends Verdict {
  readonly seed: number
  /** What was still under way when the time was up. */
  readonly stuck: readonly string[]
}

/** Plays one story to its end and judges it. The scene stays open for whoever opened it. */
export async function play(
  scene: Scene,
  options: DemoOptions,
  seed: number,
  say: (line: string) => void,
): Promise<Run> {
  const from = Date.now()
  const { world, merchant } = scene
  await world.ask({ kind: 'start', ordersPerSecond: options.ordersPerSecond })
  const over = new AbortController()
  const chaos = options.chaos ? playChaos(scene, say, over.signal) : Promise.resolve(0)
  const limits = { settleMs: settleMs(options), deadline: from + seedLimitMs }
  const rest = () => untilAtRest(world, merchant, limits)
  // When all is done the warehouse counts once more, as it does each hour; then a clerk corrects, and corrects again.
  let stuck = await rest()
  if (stuck.length === 0 && options.chaos) {
    const sold = await playStandstills(scene)
    stuck = sold > 0 ? await rest() : ['no shop showed enough of anything to be sold while its webhooks are lost']
  }
  if (stuck.length === 0) {
    await world.ask({ kind: 'count' })
    stuck = await rest()
  }
  if (stuck.length === 0) stuck = [...(await recountShelves(merchant)), ...(await rest())]
  over.abort()
  const killsLeft = await chaos
  // Chaos that did not happen proves nothing.
  if (killsLeft > 0) stuck = [...stuck, `the hub was not killed ${killsLeft} times of three; place more orders`]
  const seconds = (Date.now() - from) / 1_000
  const [truth, hub] = [await world.ask({ kind: 'truth' }), await askHub(merchant)]
  keepEvidence(seed, { truth, hub })
  return { seed, stuck, ...judge(truth, hub, { chaos: options.chaos, seconds }) }
}

export const isKept = (run: Run): boolean => run.breaks.length === 0 && run.stuck.length === 0

const shownMax = 20

/** What broke, in words, for the person who must find out why. */
export function complaints(run: Run): string[] {
  const { breaks, stuck } = run
  const more = breaks.length > shownMax ? [`… and ${breaks.length - shownMax} more`] : []
  return [
    ...stuck.map((what) => `seed ${run.seed}: not at rest: ${what}`),
    ...breaks.slice(0, shownMax).map(({ figure, what }) => `seed ${run.seed}: ${figure}: ${what}`),
    ...more,
  ]
}

/** Runs every seed in turn, one line of JSON each, and a last line over all when there are several. True when all is kept. */
export async function runHeadless(options: DemoOptions, stage: Stage, print: (line: string) => void): Promise<boolean> {
  const broken: number[] = []
  for (const seed of options.seeds) {
    const scene = await openScene(options, seed, stage)
    try {
      const run = await play(scene, options, seed, stage.say)
      for (const line of complaints(run)) stage.say(line)
      if (!isKept(run)) broken.push(seed)
      print(JSON.stringify(options.seeds.length > 1 ? { seed, ...run.figures } : run.figures))
    } finally {
      await scene.close()
    }
  }
  if (options.seeds.length > 1) print(JSON.stringify({ seeds: options.seeds.length, broken }))
  return broken.length === 0
}
