import type { Rng } from '#kit/pretend'

export function dice(rng: Rng) {
  const under = (n: number) => Math.floor(rng() * n)
  return {
    under,
    happens: (share: number) => rng() < share,
    of: <T>(some: readonly [T, ...T[]]): T => some[under(some.length)] ?? some[0],
  }
}
export type Dice = ReturnType<typeof dice>
