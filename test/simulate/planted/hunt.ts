import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { z } from 'zod'
import type { PlantedBug } from '../../planted/bugs.ts'
import { plantedCopy } from '../../planted/plant.ts'
import type { DatabaseUrls } from '../cluster.ts'

const Report = z.object({ schedules: z.number(), seeds: z.array(z.number()), oracles: z.array(z.string()) })

export interface Hunted {
  readonly name: string
  /** The first seed that broke, counted from 1; null: none of them did. */
  readonly caughtAt: number | null
  readonly oracles: readonly string[]
}

/** Runs schedules on a copy of the code with the bug in it, until one breaks. The search is the same as on the real code. */
export async function hunt(
  bug: PlantedBug,
  limits: { schedules: number; processes: number; server: DatabaseUrls | null },
): Promise<Hunted> {
  const copy = await plantedCopy(bug)
  try {
    const args = [
      '--schedules',
      String(limits.schedules),
      '--processes',
      String(limits.processes),
      '--until-broken',
      '--fresh',
      ...(limits.server === null ? [] : ['--server', `${limits.server.url},${limits.server.adminUrl}`]),
    ]
    const run = spawn(process.execPath, [path.join(copy.dir, 'test/simulate/main.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    run.stdout.on('data', (chunk: Buffer) => {
      text += chunk
    })
    await once(run, 'exit')
    const last = text.trim().split('\n').at(-1) ?? ''
    const { seeds, oracles } = Report.parse(JSON.parse(last))
    return { name: bug.name, caughtAt: seeds[0] ?? null, oracles }
  } finally {
    await copy.remove()
  }
}
