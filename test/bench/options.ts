import path from 'node:path'
import { parseArgs } from 'node:util'

export const partNames = [
  'ack',
  'overload',
  'sets',
  'flow',
  'pipeline',
  'memory',
  'channels',
  'fairness',
  'growth',
  'start',
] as const
export type PartName = (typeof partNames)[number]

export interface Options {
  readonly parts: readonly PartName[]
  readonly repeats: number
  /** Small sizes: shows that the bench works, not how fast the hub is. */
  readonly quick: boolean
  readonly json: string
  /** How long the part `memory` goes on. */
  readonly minutes: number
  /** How many orders are there when the part `growth` measures, fewest first. */
  readonly growth: readonly number[]
  /** Folder of the CPU profiles; null: none are taken. */
  readonly profile: string | null
  /** Tells what is going on, on stderr. */
  say(line: string): void
}

export const usage = `npm run bench -- [--part ${partNames.join('|')}]… [--quick] [--repeats 5] [--json .demo/bench.json] [--profile] [--growth 10000,200000] [--minutes 3]\n`

/** @throws Error in words for the person at the terminal */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      repeats: { type: 'string' },
      json: { type: 'string', default: '.demo/bench.json' },
      profile: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '3' },
      growth: { type: 'string' },
      quiet: { type: 'boolean', default: false },
    },
  })
  const parts = values.part?.map((name) => {
    const part = partNames.find((one) => one === name)
    if (!part) throw new Error(`--part ${name}: write one of ${partNames.join(', ')}`)
    return part
  })
  const repeats = Number(values.repeats ?? (values.quick ? 2 : 5))
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 100) throw new Error('--repeats: write 1 to 100')
  return {
    parts: parts ?? partNames,
    repeats,
    quick: values.quick,
    json: path.resolve(values.json),
    minutes: readMinutes(values.minutes),
    growth: readSizes(values.growth ?? (values.quick ? '1000,3000' : '10000,200000')),
    profile: values.profile ? path.resolve(path.dirname(values.json), 'profiles') : null,
    say: (line) => void (values.quiet || process.stderr.write(`  ${line}\n`)),
  }
}

function readMinutes(text: string): number {
  const minutes = Number(text)
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 1_440) throw new Error('--minutes: write 1 to 1440')
  return minutes
}

function readSizes(text: string): number[] {
  const sizes = text.split(',').map(Number)
  const rising = sizes.every((size, n) => Number.isInteger(size) && size > (sizes[n - 1] ?? 500) && size <= 10_000_000)
  if (!rising || sizes.length > 4)
    throw new Error('--growth: write one to four sizes from 501 to 10 million, fewest first')
  return sizes
}
