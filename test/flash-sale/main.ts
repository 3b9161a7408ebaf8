import { openDb } from '../../src/platform/db/pool.ts'
import { openCluster } from '../faults/cluster.ts'
import { type Outcome, playRound } from './round.ts'

const atOnce = 6
const tellEvery = 50

/** What many rounds come to; `broken` names the seeds that broke a promise. */
export interface Takings
  extends Record<'sold' | 'turnedAway' | 'cancelled' | 'promised' | 'short' | 'exposed', number> {
  readonly rounds: number
  readonly broken: number[]
}

/** Plays rounds with seeds from `seed` on, several at once, and says what broke as soon as it does. */
export async function holdFlashSale(
  databaseUrl: string,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
  say: (line: string) => void,
): Promise<Takings> {
  const db = openDb(databaseUrl, { work: 24, ingest: 2 })
  const takings = { rounds: 0, sold: 0, turnedAway: 0, cancelled: 0, promised: 0, short: 0, exposed: 0 }
  const broken: number[] = []
  const note = (of: number, outcome: Outcome) => {
    takings.rounds++
    for (const figure of ['sold', 'turnedAway', 'cancelled', 'promised', 'short', 'exposed'] as const)
      takings[figure] += outcome[figure]
    if (outcome.breaks.length > 0) broken.push(of)
    for (const what of outcome.breaks) say(`round ${of}: ${what}`)
    if (takings.rounds % tellEvery === 0) say(`${takings.rounds} rounds, ${takings.sold} sold`)
  }
  let next = seed
  const play = async (): Promise<void> => {
    while (next < seed + rounds) {
      const of = next++
      try {
        note(of, await playRound(db, of))
      } catch (error) {
        broken.push(of)
        say(`round ${of}: ${error instanceof Error ? error.stack : String(error)}`)
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, rounds) }, play))
  } finally {
    await db.close()
  }
  return { ...takings, broken: broken.sort((a, b) => a - b) }
}

/** On a PostgreSQL of its own, durable as in production. True when every round kept every promise. */
export async function flashSale(
  options: { readonly rounds: number; readonly seed: number },
  say: (line: string) => void,
) {
  const cluster = await openCluster({ settings: { shared_buffers: '128MB' } })
  try {
    const takings = await holdFlashSale(cluster.database.url, options, say)
    process.stdout.write(`${JSON.stringify(takings)}\n`)
    return takings.broken.length === 0
  } finally {
    await cluster.close()
  }
}
