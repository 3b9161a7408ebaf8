/** `npm run simulate`: schedules of the real core against a real PostgreSQL, or one of them told step by step. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { joinCluster, startCluster } from './cluster.ts'
import { runCrew, type Tally } from './crew.ts'
import { trailText } from './decisions.ts'
import { installTimers } from './loom.ts'
import { minimise } from './minimise.ts'
import { type Options, readOptions } from './options.ts'
import { searchAgain, searchAll } from './planted/search-all.ts'
import { openRealDatabase } from './real-database.ts'
import { type Case, type Outcome, planOf, runSchedule } from './schedule.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)
const Failed = z.array(z.object({ seed: z.number(), why: z.string() }))
const minuteMs = 60_000

/** Seeds that once broke something in the code as it was then: they always run. */
const failedSeeds = Failed.parse(JSON.parse(readFileSync(new URL('./failed-seeds.json', import.meta.url), 'utf8')))

function tellBroken({ seed, broken, trail }: { seed: number; broken: Outcome['broken']; trail: string }): void {
  say(`seed ${seed} broke:`)
  for (const { oracle, what } of broken) say(`  ${oracle}: ${what}`)
  say(`  again: npm run simulate -- --seed ${seed} --steps`)
  say(`  decisions: ${trail.slice(0, 2_000)}`)
}

async function many(options: Options): Promise<boolean> {
  const cluster = options.server === null ? await startCluster() : joinCluster(options.server)
  const startedMs = performance.now()
  const spentMs = () => performance.now() - startedMs
  const seeds = options.fresh ? [] : failedSeeds.map(({ seed }) => seed)
  const known = seeds.length
  const schedules = options.schedules ?? (options.minutes === null ? usualSchedules : Number.MAX_SAFE_INTEGER)
  let given = 0
  let stop = false
  const next = () => {
    const over = options.minutes !== null && spentMs() > options.minutes * minuteMs
    if (stop || over || given >= schedules) return null
    given++
    return seeds.shift() ?? options.firstSeed + (given - 1 - known) * options.stride
  }
  try {
    const databases = []
    for (let n = 0; n < Math.max(1, Math.min(options.processes, schedules)); n++)
      databases.push(await cluster.database())
    const tally = await runCrew(databases, {
      next,
      said: (said) => {
        if (said.broken.length === 0) return
        stop ||= options.untilBroken
        tellBroken(said)
      },
    })
    return report(tally, spentMs())
  } finally {
    await cluster.stop()
  }
}

function report({ schedules, steps, broken }: Tally, ms: number): boolean {
  const perMinute = Math.round((schedules / ms) * minuteMs)
  const seeds = broken.map(({ seed }) => seed).sort((a, b) => a - b)
  const oracles = [...new Set(broken.flatMap((one) => one.broken.map(({ oracle }) => oracle)))]
  say(JSON.stringify({ schedules, steps, perMinute, failed: seeds.length, seeds, oracles }))
  return seeds.length === 0
}

async function one(options: Options, seed: number): Promise<boolean> {
  const cluster = options.server === null ? await startCluster() : joinCluster(options.server)
  const real = await openRealDatabase(await cluster.database())
  installTimers()
  const given: Case = { seed, without: options.without, ...(options.trail === null ? {} : { trail: options.trail }) }
  try {
    const asked = options.minimise ? await minimise(real, given, say) : given
    const outcome = await runSchedule(real, asked)
    if (options.showSteps || options.minimise) {
      const { story, ...world } = planOf(asked)
      say(JSON.stringify({ ...world, shownFirst: [...world.shownFirst] }))
      for (const deed of story) say(`  ${JSON.stringify(deed)}`)
    }
    if (options.showSteps) for (const step of outcome.trace) say(step)
    const trail = trailText(outcome.trail)
    if (outcome.broken.length > 0) tellBroken({ seed, broken: outcome.broken, trail })
    if (options.minimise)
      say(
        `  smallest: --seed ${seed} --without '${asked.without?.join(',')}' --trail '${trailText(asked.trail ?? new Map())}'`,
      )
    say(
      JSON.stringify({
        schedules: 1,
        steps: outcome.steps,
        hash: outcome.hash,
        failed: outcome.broken.length > 0 ? 1 : 0,
      }),
    )
    return outcome.broken.length === 0
  } finally {
    await real.close()
    await cluster.stop()
  }
}

const usualSchedules = 600
async function run(options: Options): Promise<boolean> {
  if (options.planted !== null)
    return options.again ? searchAgain(options, say) : searchAll(options, options.planted, say)
  return options.seed === null ? many(options) : one(options, options.seed)
}

process.exit((await run(readOptions(process.argv.slice(2)))) ? 0 : 1)
