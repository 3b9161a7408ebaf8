import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { PlantedBug } from '../../planted/bugs.ts'
import { plantedCopy } from '../../planted/plant.ts'
import type { DatabaseUrls } from '../cluster.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const Report = z.object({ schedules: z.number(), seeds: z.array(z.number()), oracles: z.array(z.string()) })

export interface Hunted {
  readonly name: string
  /** A seed that broke with the bug and does not without it; null: none of them did. */
  readonly caughtAt: number | null
  /** How many were run for it. */
  readonly schedules: number
  readonly oracles: readonly string[]
}
export interface Hunt {
  readonly schedules: number
  /** 1 unless told otherwise. */
  readonly firstSeed?: number
  /** From one seed to the next, where only worlds of one kind are searched; 1 unless told otherwise. */
  readonly stride?: number
  readonly processes: number
  readonly server: DatabaseUrls | null
}

/** Schedules of the code that lies in `dir`, until one breaks. */
async function search(dir: string, { schedules, firstSeed = 1, stride = 1, processes, server }: Hunt) {
  const args = [
    ...['--schedules', String(schedules), '--first-seed', String(firstSeed), '--processes', String(processes)],
    ...['--stride', String(stride), '--until-broken', '--fresh'],
    ...(server === null ? [] : ['--server', `${server.url},${server.adminUrl}`]),
  ]
  const run = spawn(process.execPath, [path.join(dir, 'test/simulate/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  run.stdout.on('data', (chunk: Buffer) => {
    text += chunk
  })
  await once(run, 'exit')
  return Report.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''))
}

/** What a seed does without any bug is the same for all bugs, so it is asked once. */
const held = new Map<number, Promise<boolean>>()
function holdsWithout(seed: number, limits: Hunt): Promise<boolean> {
  const asked =
    held.get(seed) ??
    search(root, { ...limits, schedules: 1, firstSeed: seed, processes: 1 }).then(({ seeds }) => seeds.length === 0)
  held.set(seed, asked)
  return asked
}

/** Runs schedules on a copy of the code with the bug in it, until one breaks. The search is the same as on the real code. */
export async function hunt(bug: PlantedBug, limits: Hunt): Promise<Hunted> {
  const copy = await plantedCopy(bug)
  const first = limits.firstSeed ?? 1
  let tried = 0
  try {
    while (tried < limits.schedules) {
      const left = { ...limits, schedules: limits.schedules - tried, firstSeed: first + tried * (limits.stride ?? 1) }
      const { schedules, seeds, oracles } = await search(copy.dir, left)
      const [seed] = seeds
      if (seed === undefined) break
      tried += schedules
      // Where the code as it is breaks too, it was not the planted bug that was seen.
      if (await holdsWithout(seed, limits)) return { name: bug.name, caughtAt: seed, schedules: tried, oracles }
    }
    return { name: bug.name, caughtAt: null, schedules: limits.schedules, oracles: [] }
  } finally {
    await copy.remove()
  }
}
