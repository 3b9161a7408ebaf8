import { randomBytes } from 'node:crypto'
import { type Failpoints, openFailpoints } from './failpoints.ts'
import { type Ids, systemIds } from './ids.ts'

export type { Failpoints } from './failpoints.ts'
export type { Ids } from './ids.ts'

export interface Clock {
  /** The wall clock: what is stored and shown. May jump when the machine's clock is set. */
  now(): Date
  /** Milliseconds that never go back, from an unknown start: for durations and deadlines inside this process only. */
  ms(): number
}

export interface Rng {
  /** 0 <= unit < 1. For jitter, never for secrets. */
  unit(): number
  /** Fit for keys and tokens. */
  bytes(length: number): Buffer
}

/** What the hub takes from the machine it runs on, so that a simulation can hand it another machine. */
export interface Ports {
  readonly clock: Clock
  readonly ids: Ids
  readonly rng: Rng
  readonly failpoints: Failpoints
}

const systemClock: Clock = { now: () => new Date(), ms: () => performance.now() }
const systemRng: Rng = { unit: () => Math.random(), bytes: (length) => randomBytes(length) }

/** The real machine. `failpoints` is the text of HUB_FAILPOINTS, already checked by the config. */
export function systemPorts(options: { readonly failpoints?: string | undefined } = {}): Ports {
  return { clock: systemClock, ids: systemIds, rng: systemRng, failpoints: openFailpoints(options.failpoints) }
}
