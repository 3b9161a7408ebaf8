import { setTimeout as sleep } from 'node:timers/promises'

/** Named places in the code where a test or a demo can make the process die, throw, wait or stand still. */
export interface Failpoints {
  hit(name: string): Promise<void>
}

type Action = { kind: 'crash' } | { kind: 'throw' } | { kind: 'sleep' | 'block'; ms: number }
interface Rule {
  readonly name: string
  readonly action: Action
  readonly timesMax: number
}

const rulesMax = 32
const sleepMsMax = 600_000
const ruleShape =
  /^(?<name>[a-z0-9_.-]{1,80}):(?<verb>crash|throw|(?:sleep|block)=(?<ms>\d{1,6}))(?:\*(?<times>\d{1,6}))?$/
const grammar =
  'name:crash | name:throw | name:sleep=<ms> | name:block=<ms>, each with an optional *<times>, joined by commas'

/** The text of HUB_FAILPOINTS as rules. @throws RangeError that names the part and the grammar. */
export function parseFailpoints(spec: string): readonly Rule[] {
  const parts = spec
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.length > rulesMax) throw new RangeError(`at most ${rulesMax} failpoints, got ${parts.length}`)
  return parts.map((part) => {
    const found = ruleShape.exec(part)?.groups
    const ms = Number(found?.ms ?? 0)
    if (!found || ms > sleepMsMax) throw new RangeError(`"${part}" is not a failpoint; write ${grammar}`)
    return {
      name: found.name ?? '',
      action: actionOf(found.verb ?? '', ms),
      timesMax: Number(found.times ?? Infinity),
    }
  })
}

function actionOf(verb: string, ms: number): Action {
  if (verb === 'crash') return { kind: 'crash' }
  if (verb === 'throw') return { kind: 'throw' }
  return { kind: verb.startsWith('block') ? 'block' : 'sleep', ms }
}

/**
 * Failpoints of one process. Without a spec every hit is one resolved promise.
 * `crash` is SIGKILL of this process: nothing is flushed, nothing is handed back, as when the power goes.
 */
export function openFailpoints(spec = ''): Failpoints {
  const rules = parseFailpoints(spec)
  const hits = new Map<string, number>()
  return {
    async hit(name) {
      if (rules.length === 0) return
      const rule = rules.find((candidate) => candidate.name === name)
      if (!rule) return
      const count = (hits.get(name) ?? 0) + 1
      hits.set(name, count)
      if (count <= rule.timesMax) await act(name, rule.action)
    },
  }
}

/** Nothing else of this process runs meanwhile: no timer, no answer, no heartbeat. */
function blockLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

async function act(name: string, action: Action): Promise<void> {
  if (action.kind === 'sleep') return sleep(action.ms)
  if (action.kind === 'block') return blockLoop(action.ms)
  if (action.kind === 'throw') throw new Error(`failpoint ${name}`)
  process.kill(process.pid, 'SIGKILL')
  await sleep(sleepMsMax) // the signal is delivered by the kernel; nothing after this point may run
}
