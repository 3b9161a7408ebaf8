/** Repeats of one measurement, as they are shown: never a mean, which one disturbed repeat would move. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly repeats: number
}

export type Unit = 'x' | 'µs' | 'ms' | 's' | '/s' | 'MB'

export interface Goal {
  readonly at: 'least' | 'most'
  readonly value: number
}
export const atLeast = (value: number): Goal => ({ at: 'least', value })
export const atMost = (value: number): Goal => ({ at: 'most', value })

/** One number of the report, with the promise that it is held against. */
export interface Figure {
  readonly name: string
  readonly unit: Unit
  readonly spread: Spread
  /** Null: shown beside another figure, without a promise of its own. */
  readonly goal: Goal | null
}

/** What one part of the bench brings home. `verified`: what was checked, each a sentence; a failed check throws. */
export interface Part {
  readonly name: string
  readonly figures: readonly Figure[]
  readonly verified: readonly string[]
  /** CPU profiles that were written, with `--profile`. */
  readonly profiles: readonly string[]
}

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('a figure without a repeat')
  const sorted = values.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), min: sorted.at(0) ?? 0, max: sorted.at(-1) ?? 0, repeats: sorted.length }
}

/** The value below which `share` of the sorted values lie; between two neighbours, linearly. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

export function figure(name: string, unit: Unit, values: readonly number[], goal: Goal | null = null): Figure {
  return { name, unit, spread: spreadOf(values), goal }
}

/** Repeat by repeat, so that both numbers of a pair met the same weather. */
export function ratios(of: readonly number[], to: readonly number[]): number[] {
  return of.map((value, repeat) => value / (to[repeat] ?? Number.NaN))
}

/** Null: there is no goal. */
export function isMet({ goal, spread }: Figure): boolean | null {
  if (goal === null) return null
  return goal.at === 'least' ? spread.median >= goal.value : spread.median <= goal.value
}
