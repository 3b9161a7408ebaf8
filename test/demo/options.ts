import { parseArgs } from 'node:util'

/** What the person at the terminal asked for. */
export interface DemoOptions {
  readonly headless: boolean
  readonly chaos: boolean
  /** Run one after the other; one, unless `--seeds` says more. */
  readonly seeds: readonly number[]
  readonly orders: number
  readonly ordersPerSecond: number
  readonly pollEveryS: number
  readonly split: boolean
  /** Name of a bug of test/planted that the hub is to have. */
  readonly planted: string | null
}

export const usage = `npm run demo -- [--headless] [--orders 500] [--seed 7 | --seeds 1-20] [--chaos]
  --headless         no live view: runs until everything has come to rest, prints one line of JSON, exits 1 if a promise is broken
  --orders N         how many orders shoppers place
  --rate N           how many of them in a second
  --seed N           another story; --seeds A-B runs several, one after the other
  --chaos            turns all faults up and kills the hub three times on the way
  --poll S           seconds between the hub's polls
  --split            the hub as two processes, http and worker, on one database
  --plant NAME       plants a known bug in the hub; the run must then fail`

const most = { orders: 20_000, rate: 200, seed: 1_000_000, seeds: 100, poll: 86_400 }

/** A mistake in the command line, in words. */
export class UsageError extends Error {}

function whole(name: string, text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > max) throw new UsageError(`--${name} ${text}: write a whole number from 1 to ${max}`)
  return value
}

function seedsOf(one: string | undefined, range: string | undefined): number[] {
  if (range === undefined) return [one === undefined ? 7 : whole('seed', one, most.seed)]
  const [from = '', to = from] = range.split('-')
  const [first, last] = [whole('seeds', from, most.seed), whole('seeds', to, most.seed)]
  if (last < first || last - first >= most.seeds) {
    throw new UsageError(`--seeds ${range}: write first-last, at most ${most.seeds} of them`)
  }
  return Array.from({ length: last - first + 1 }, (_, n) => first + n)
}

const flag = { type: 'boolean', default: false } as const
const value = { type: 'string' } as const
const known = {
  ...{ headless: flag, chaos: flag, split: flag },
  ...{ orders: value, rate: value, seed: value, seeds: value, poll: value, plant: value },
}

/** @throws UsageError */
export function readOptions(args: readonly string[]): DemoOptions {
  const parse = () => parseArgs({ args: [...args], options: known, strict: true, allowPositionals: false }).values
  let given: ReturnType<typeof parse>
  try {
    given = parse()
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
  const headless = given.headless || given.seeds !== undefined
  return {
    headless,
    chaos: given.chaos,
    split: given.split,
    seeds: seedsOf(given.seed, given.seeds),
    orders: whole('orders', given.orders ?? (headless ? '500' : '300'), most.orders),
    ordersPerSecond: whole('rate', given.rate ?? (headless ? '10' : '4'), most.rate),
    pollEveryS: whole('poll', given.poll ?? '3', most.poll),
    planted: given.plant ?? null,
  }
}
