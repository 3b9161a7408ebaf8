import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Said } from './child.ts'
import type { DatabaseUrls } from './cluster.ts'

/** A schedule leaves nothing behind, so there is little to keep and much to drop: a large nursery, swept by one thread on one core. */
const execArgv = [...process.execArgv, '--min-semi-space-size=64', '--max-semi-space-size=64', '--single-threaded-gc']

const program = fileURLToPath(new URL('./child.ts', import.meta.url))

/** What a run of many schedules found. */
export interface Tally {
  schedules: number
  steps: number
  readonly broken: Said[]
}

export interface Errand {
  /** The next seed, or null when there are enough. */
  next(): number | null
  readonly said: (said: Said) => void
}

/** Runs schedules in several processes, each in a database of its own. */
export async function runCrew(databases: readonly DatabaseUrls[], errand: Errand): Promise<Tally> {
  const tally: Tally = { schedules: 0, steps: 0, broken: [] }
  const cores = os.availableParallelism()
  const coreOf = (n: number) => (n < cores && databases.length > 1 ? n : null)
  await Promise.all(databases.map((database, n) => runOne({ database, core: coreOf(n) }, errand, tally)))
  return tally
}

async function runOne(
  place: { readonly database: DatabaseUrls; readonly core: number | null },
  errand: Errand,
  tally: Tally,
): Promise<void> {
  const child: ChildProcess = fork(program, [], { serialization: 'advanced', execArgv })
  const give = () => {
    const seed = errand.next()
    child.send(seed === null ? { end: true } : { seed })
  }
  child.on('message', (said: Said | 'ready') => {
    if (said !== 'ready') {
      tally.schedules++
      tally.steps += said.steps
      if (said.broken.length > 0) tally.broken.push(said)
      errand.said(said)
    }
    give()
  })
  child.send(place)
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`a process of the simulation ended with ${code}`)
}
