import { createHash } from 'node:crypto'
import { type Rng, seededRng } from '#kit/pretend'

/** Decisions that were not the usual one, by kind and count: `kill#2` is the second time that a kill was thinkable. */
export type Trail = ReadonlyMap<string, number>

/**
 * All chance that a schedule meets. Each decision has a usual answer, 0, and only the others are kept: they are the
 * story. A kind has a stream of its own, so that leaving out one decision does not turn all others into different ones.
 */
export interface Decisions {
  /** One of `options`, the first being the usual. `share`: how often another than the usual is taken. */
  choose(kind: string, options: number, share?: number): number
  /** True in `share` of the cases. */
  happens(kind: string, share: number): boolean
  readonly taken: Map<string, number>
}

export function streamOf(seed: number, name: string): Rng {
  return seededRng(createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE(0))
}

/** `forced`: these answers and no others; without it the seed decides. */
export function openDecisions(seed: number, forced: Trail | null): Decisions {
  const streams = new Map<string, Rng>()
  const counts = new Map<string, number>()
  const taken = new Map<string, number>()
  const drawn = (kind: string, options: number, share: number | undefined): number => {
    let rng = streams.get(kind)
    if (rng === undefined) {
      rng = streamOf(seed, kind)
      streams.set(kind, rng)
    }
    const unit = rng()
    if (share === undefined) return Math.floor(unit * options)
    return unit < share ? 1 + Math.floor((unit / share) * (options - 1)) : 0
  }
  const choose: Decisions['choose'] = (kind, options, share) => {
    if (options < 2 || share === 0) return 0
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    const key = `${kind}#${count}`
    const value = forced === null ? drawn(kind, options, share) : (forced.get(key) ?? 0) % options
    if (value !== 0) taken.set(key, value)
    return value
  }
  return { choose, happens: (kind, share) => choose(kind, 2, share) === 1, taken }
}

/** `kill#2=1 pick#17=3 …`, as it is printed and read again. */
export const trailText = (trail: Trail): string => [...trail].map(([key, value]) => `${key}=${value}`).join(' ')

export function trailOf(text: string): Trail {
  const parts = text.split(/\s+/).filter((part) => part !== '')
  return new Map(
    parts.map((part) => {
      const [key = '', value = ''] = part.split('=')
      return [key, Number(value)]
    }),
  )
}
