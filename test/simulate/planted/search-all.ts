import type { PlantedBug } from '../../planted/bugs.ts'
import { startCluster } from '../cluster.ts'
import type { Options } from '../options.ts'
import { simulatedBugs } from './bugs.ts'
import { type Hunt, type Hunted, hunt } from './hunt.ts'
import { readRecord, writeRecord } from './record.ts'

const limitPerBug = 2_000
/** Fewer than these, and schedules see too little to be believed. */
const caughtMin = 30
const againMax = 6
const againSchedules = 60

type Say = (line: string) => void
const wordOf = ({ name, caughtAt, schedules, oracles }: Hunted) =>
  caughtAt === null
    ? `${name}: MISSED in ${schedules}`
    : `${name}: seed ${caughtAt}, the ${schedules}. schedule (${oracles.join(', ')})`

async function onOneCluster(work: (server: NonNullable<Hunt['server']>) => Promise<readonly Hunted[]>, say: Say) {
  const cluster = await startCluster()
  try {
    const hunted = await work(cluster.server)
    const missed = hunted.filter(({ caughtAt }) => caughtAt === null).map(({ name }) => name)
    say(JSON.stringify({ planted: hunted.length, caught: hunted.length - missed.length, missed }))
    return { missed, caught: hunted.length - missed.length }
  } finally {
    await cluster.stop()
  }
}

function named(names: readonly string[]): readonly PlantedBug[] {
  const known = new Map(simulatedBugs.map((bug) => [bug.name, bug]))
  const bugs = names.map((name) => {
    const bug = known.get(name)
    if (bug === undefined) throw new Error(`no planted bug "${name}"; there are ${[...known.keys()].join(', ')}`)
    return bug
  })
  return names.length === 0 ? simulatedBugs : bugs
}

/** Plants one bug after another in a copy of the code. A promise that no planted bug can break is not checked. */
export async function searchAll(options: Options, names: readonly string[], say: Say): Promise<boolean> {
  const { schedules, firstSeed, stride, processes } = options
  const bugs = named(names)
  const { caught, missed } = await onOneCluster(async (server) => {
    const all: Hunted[] = []
    for (const bug of bugs) {
      const hunted = await hunt(bug, { schedules: schedules ?? limitPerBug, firstSeed, stride, processes, server })
      say(wordOf(hunted))
      if (options.record) writeRecord(hunted)
      all.push(hunted)
    }
    return all
  }, say)
  return bugs.length < caughtMin ? missed.length === 0 : caught >= caughtMin
}

/** A seed tells its story as long as the code takes the same steps; after a change another of the first may tell it. */
async function caughtAgain(bug: PlantedBug, seed: number, server: Hunt['server']): Promise<Hunted> {
  const one = { processes: 1, server }
  const same = await hunt(bug, { ...one, firstSeed: seed, schedules: 1 })
  return same.caughtAt === null ? hunt(bug, { ...one, schedules: againSchedules }) : same
}

/** The bugs that were found soonest must be found again: what CI can afford of the whole search. */
export async function searchAgain({ processes }: Options, say: Say): Promise<boolean> {
  const soonest = readRecord()
    .sort((a, b) => a.seed - b.seed)
    .slice(0, againMax)
  const { missed } = await onOneCluster(async (server) => {
    const queue = [...soonest]
    const all: Hunted[] = []
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const { name, seed } = next
        for (const bug of named([name])) all.push(await caughtAgain(bug, seed, server))
        say(wordOf(all.at(-1) ?? { name, caughtAt: null, schedules: 0, oracles: [] }))
      }
    }
    await Promise.all(Array.from({ length: processes }, work))
    return all
  }, say)
  return soonest.length > 0 && missed.length === 0
}
