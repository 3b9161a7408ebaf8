/** One process of the crew: schedules one after another, by word of the parent. */
import type { DatabaseUrls } from './cluster.ts'
import { trailText } from './decisions.ts'
import type { Broken } from './judge.ts'
import { installTimers } from './loom.ts'
import { pin } from './pin.ts'
import { openRealDatabase, type RealDatabase } from './real-database.ts'
import { runSchedule } from './schedule.ts'

export interface Said {
  readonly seed: number
  readonly steps: number
  readonly hash: string
  readonly broken: readonly Broken[]
  readonly trail: string
}
type Told =
  | { readonly database: DatabaseUrls; readonly core: number | null }
  | { readonly seed: number }
  | { readonly end: true }

let real: RealDatabase | null = null
let stray: unknown = null
// A promise that nobody looks at is a defect of its own, and belongs to the schedule that ran.
process.on('unhandledRejection', (reason) => {
  stray = reason
})

async function hear(told: Told): Promise<void> {
  if ('database' in told) {
    real = await openRealDatabase(told.database)
    if (told.core !== null) await pin([process.pid, ...real.pids], told.core)
    installTimers()
    process.send?.('ready')
  } else if ('seed' in told && real !== null) {
    const { seed, steps, hash, broken, trail } = await runSchedule(real, told)
    const lost = stray === null ? [] : [{ oracle: 'unhandled', what: String(stray) }]
    stray = null
    process.send?.({ seed, steps, hash, broken: [...broken, ...lost], trail: trailText(trail) } satisfies Said)
  } else {
    await real?.close()
    process.disconnect()
  }
}

process.on('message', (told: Told) => void hear(told))
