import { parseArgs } from 'node:util'

export interface Options {
  readonly minutes: number
  readonly seed: number
  /** Webhooks a second, whether the hub is there or not. */
  readonly perSecond: number
  readonly redisUrl: string | null
  /** Rounds of a flash sale instead of a long run; null: the long run. */
  readonly flashSale: number | null
}

export const usage =
  'npm run soak -- --minutes 5 [--seed 1] [--rate 200]   with REDIS_URL set: the queue is that Redis, and is wiped\n' +
  'npm run soak -- --flash-sale 1000 [--seed 1]          rounds of 200 buyers at three shops after the same few units\n'

/** @throws Error in words for the person at the terminal */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      rate: { type: 'string', default: '200' },
      'flash-sale': { type: 'string' },
    },
  })
  const number = (name: 'minutes' | 'seed' | 'rate' | 'flash-sale', max: number) => {
    const given = Number(values[name])
    if (!(given > 0 && given <= max)) throw new Error(`--${name}: write a number above 0, at most ${max}`)
    return given
  }
  return {
    minutes: number('minutes', 1_440),
    seed: number('seed', 2 ** 31),
    perSecond: number('rate', 5_000),
    redisUrl: process.env.REDIS_URL || null,
    flashSale: values['flash-sale'] === undefined ? null : Math.ceil(number('flash-sale', 100_000)),
  }
}
