import type { RealDatabase } from './real-database.ts'
import { type Case, planOf, runSchedule } from './schedule.ts'

const runsMax = 500

/** Leaves out one part after another, in ever smaller pieces, as long as the same promise breaks. */
async function shrink<T>(
  parts: readonly T[],
  stillBreaks: (parts: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let left = parts
  for (let size = Math.max(1, left.length >> 1); size >= 1; size >>= 1) {
    for (let at = 0; at < left.length; ) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)]
      if (await stillBreaks(fewer)) left = fewer
      else at += size
    }
  }
  return left
}

/** The smallest story and the fewest decisions found that still break the same promise. */
export async function minimise(real: RealDatabase, one: Case, tell: (line: string) => void): Promise<Case> {
  const first = await runSchedule(real, one)
  const oracle = first.broken[0]?.oracle
  if (oracle === undefined) throw new Error('this schedule breaks nothing')
  let runs = 0
  const breaks = async (other: Case) => {
    if (++runs > runsMax) return false
    const { broken } = await runSchedule(real, other)
    return broken.some((found) => found.oracle === oracle)
  }
  const all = planOf({ seed: one.seed }).story.map((_, n) => n)
  const without = (kept: readonly number[]) => all.filter((n) => !kept.includes(n))
  const done = all.filter((n) => !one.without?.includes(n))
  let best: Case = { ...one, trail: first.trail }
  const kept = await shrink(done, (deeds) => breaks({ ...best, without: without(deeds) }))
  best = { ...best, without: without(kept) }
  tell(`${kept.length} of ${done.length} deeds are needed`)
  const decisions = await shrink([...first.trail], (some) => breaks({ ...best, trail: new Map(some) }))
  best = { ...best, trail: new Map(decisions) }
  const fewer = await shrink(kept, (deeds) => breaks({ ...best, without: without(deeds) }))
  tell(`${decisions.length} of ${first.trail.size} decisions are needed (${runs} runs)`)
  return { ...best, without: without(fewer) }
}
