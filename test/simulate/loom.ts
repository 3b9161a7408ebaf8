import { AsyncLocalStorage } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import promised from 'node:timers/promises'
import type { Decisions } from './decisions.ts'

/** Whoever takes steps: a process of the hub, the network, a shop. A dead one takes none any more, a frozen one none now. */
export interface Actor {
  readonly name: string
  alive: boolean
  frozen: boolean
}
export const anActor = (name: string): Actor => ({ name, alive: true, frozen: false })

interface Option {
  readonly actor: Actor
  readonly label: string
  /** Not before this moment. */
  readonly at: number
  run(): unknown
}

/** How the next step is picked among those that could be taken: anyone, or mostly whoever came last. */
export type Pace = 'anyone' | 'newest' | 'oldest'

export interface Loom {
  /** Milliseconds since the schedule began. */
  now(): number
  readonly decisions: Decisions
  readonly steps: () => number
  readonly trace: string[]
  /** A step of an actor, at the earliest in `ms`, when the scheduler picks it. The result takes it back. */
  after(actor: Actor, ms: number, step: { readonly label: string; run(): unknown }): () => void
  /** Something befalls an actor right after so many of its own steps. */
  befall(actor: Actor, afterSteps: number, what: { readonly label: string; run(): unknown }): void
  /** What has not befallen anybody yet never will. */
  spare(): void
  /** Takes one step; false when there is none and never will be. */
  turn(): Promise<boolean>
  /** True when nothing can be done before time goes on. */
  idle(): boolean
}

/** Who is running: timers that the hub's code sets belong to its process. */
export const running = new AsyncLocalStorage<{ readonly loom: Loom; readonly actor: Actor }>()

const real = {
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate,
  sleep: promised.setTimeout,
  pause: promised.setImmediate,
}
export const realTimeout = real.setTimeout
export const realClear = real.clearTimeout
let immediates = 0

const cancels = new WeakMap<object, () => void>()

function aTimer(): object {
  const timer = { ref: () => timer, unref: () => timer, hasRef: () => false }
  return timer
}

/** Timers of the hub's code run by the schedule's clock; everybody else keeps the real ones. */
export function installTimers(): void {
  const later =
    (repeats: boolean) =>
    (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const here = running.getStore()
      if (here === undefined) return (repeats ? real.setInterval : real.setTimeout)(run, ms, ...args)
      const timer = aTimer()
      const arm = () => {
        const run_ = () => {
          if (repeats) arm()
          running.run(here, () => run(...args))
        }
        cancels.set(timer, here.loom.after(here.actor, ms, { label: 'timer', run: run_ }))
      }
      arm()
      return timer
    }
  const cancel = (timer: NodeJS.Timeout | undefined) => {
    const known = timer === undefined ? undefined : cancels.get(timer)
    if (known) known()
    else real.clearTimeout(timer)
  }
  const soon = (run: (...args: unknown[]) => void, ...args: unknown[]) => {
    if (running.getStore() === undefined) return real.setImmediate(run, ...args)
    immediates++
    return real.setImmediate(() => {
      immediates--
      run(...args)
    })
  }
  Object.assign(globalThis, {
    setTimeout: later(false),
    setInterval: later(true),
    clearTimeout: cancel,
    clearInterval: cancel,
    setImmediate: soon,
  })
  Object.assign(promised, {
    setTimeout: (ms = 0, value?: unknown, options?: object) => {
      const here = running.getStore()
      if (here === undefined) return real.sleep(ms, value, options)
      return new Promise((resolve) => here.loom.after(here.actor, ms, { label: 'rests', run: () => resolve(value) }))
    },
    setImmediate: (value?: unknown) =>
      running.getStore() === undefined ? real.pause(value) : new Promise((resolve) => soon(() => resolve(value))),
  })
  syncBuiltinESMExports()
}

/** Lets all code run on until it waits for a step: no step is ever taken while other code is still under way. */
async function settled(): Promise<void> {
  do await new Promise<void>((resolve) => real.setImmediate(resolve))
  while (immediates > 0)
}

const tickMs = 2
/** Sometimes a step takes long: time goes on for everybody. */
const stalls = [0, 30, 200, 1_200, 6_000]

export function openLoom(decisions: Decisions, { pace, stallShare }: { pace: Pace; stallShare: number }): Loom {
  const options = new Set<Option>()
  const trace: string[] = []
  let now = 0
  let steps = 0
  const fates = new Map<Actor, { left: number; readonly label: string; run(): unknown }[]>()
  const befalls = async (actor: Actor) => {
    for (const fate of [...(fates.get(actor) ?? [])]) {
      if (fate.left-- > 0) continue
      fates.set(actor, fates.get(actor)?.filter((other) => other !== fate) ?? [])
      trace.push(`  … ${actor.name} ${fate.label}`)
      await fate.run()
    }
  }
  const able = () => [...options].filter(({ actor }) => actor.alive && !actor.frozen)
  const pick = (ready: readonly Option[]): Option | undefined => {
    if (pace === 'oldest' || (pace === 'newest' && !decisions.happens('switch', 0.25))) {
      const last = ready.length - 1
      return ready[pace === 'oldest' ? decisions.choose('pick', ready.length, 0.15) : last]
    }
    return ready[decisions.choose('pick', ready.length)]
  }
  return {
    now: () => now,
    decisions,
    steps: () => steps,
    trace,
    after(actor, ms, { label, run }) {
      const option = { actor, label, at: now + Math.max(0, Math.ceil(ms)), run }
      options.add(option)
      return () => options.delete(option)
    },
    befall: (actor, afterSteps, what) =>
      void fates.set(actor, [...(fates.get(actor) ?? []), { ...what, left: afterSteps }]),
    spare: () => fates.clear(),
    idle: () => !able().some(({ at }) => at <= now),
    async turn() {
      const waiting = able()
      if (waiting.length === 0) return false
      now = Math.max(now, Math.min(...waiting.map(({ at }) => at)))
      const ready = waiting.filter(({ at }) => at <= now)
      const option = pick(ready)
      if (option === undefined) return false
      options.delete(option)
      steps++
      trace.push(`${now} ${option.actor.name} ${option.label}`)
      now += tickMs + (stalls[decisions.choose('stall', stalls.length, stallShare)] ?? 0)
      await option.run()
      await settled()
      if (fates.size > 0) await befalls(option.actor)
      return true
    },
  }
}
