import { EgressError } from '../../src/platform/egress/error.ts'
import type { Egress } from '../../src/platform/egress/open-egress.ts'
import { type Actor, anActor, type Loom } from './loom.ts'

export interface Call {
  readonly method: string
  readonly path: string
  readonly body: unknown
}
export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly retryAfterS?: number
}
/** A far side's whole API: what it does and answers, at once. */
export type FarSide = (call: Call) => Reply

/** Shares of calls that go wrong, and how. */
export interface NetworkFaults {
  readonly unreached: number
  readonly lost: number
  readonly replyLost: number
  readonly late: number
  readonly throttled: number
  readonly failed: number
  /** Answered 500, although it was carried out. */
  readonly failedAfter: number
}

/** No call is longer under way than the longest that the hub waits for one. */
const underWayMsMax = 20_000

type Request = Parameters<Egress['send']>[0]
type Fate = keyof NetworkFaults | 'fine'

const fates = ['unreached', 'lost', 'replyLost', 'late', 'throttled', 'failed', 'failedAfter'] as const

function fateOf(loom: Loom, faults: NetworkFaults): Fate {
  return fates.find((fate) => loom.decisions.happens(`http.${fate}`, faults[fate])) ?? 'fine'
}

function callOf(request: Request): { host: string; call: Call } {
  const url = new URL(request.url)
  const body: unknown = request.body === undefined ? null : JSON.parse(Buffer.from(request.body).toString())
  return { host: url.hostname, call: { method: request.method, path: url.pathname, body } }
}

/** The hub's only way out: a request that arrives is one step, its answer that comes back another. */
export function openNetwork(loom: Loom, sides: ReadonlyMap<string, FarSide>, faults: () => NetworkFaults) {
  const wire = anActor('net')
  const answer = (host: string, call: Call, fate: Fate): Reply => {
    if (fate === 'throttled') return { status: 429, retryAfterS: 1 + loom.decisions.choose('http.retry-after', 4) }
    if (fate === 'failed') return { status: 503 }
    const reply = sides.get(host)?.(call) ?? { status: 404 }
    return fate === 'failedAfter' ? { status: 502 } : reply
  }
  const send = (from: Actor, request: Request, deadlineMs: number) =>
    new Promise<{ status: number; headers: Record<string, string>; body: Uint8Array }>((resolve, reject) => {
      const { host, call } = callOf(request)
      const name = `${host} ${call.method} ${call.path}`
      const fate = fateOf(loom, faults())
      if (fate === 'unreached') {
        const run = () => reject(new EgressError('before_send', `${host}: nothing listens there`))
        loom.after(from, 0, { label: `cannot reach ${host}`, run })
        return
      }
      const label = `${name}: no answer in time`
      const run = () => reject(new EgressError('after_send', `${host}: no answer in time`))
      const onTime = loom.after(from, deadlineMs, { label, run })
      if (fate === 'lost') return
      const arrive = () => {
        const { status, body, retryAfterS } = answer(host, call, fate)
        if (fate === 'replyLost' || fate === 'late') return
        const headers: Record<string, string> = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
        const deliver = () => {
          onTime()
          resolve({ status, headers, body: Buffer.from(JSON.stringify(body ?? null)) })
        }
        loom.after(from, 0, { label: `${name} ${status}`, run: deliver })
      }
      const afterMs = fate === 'late' ? (1 + loom.decisions.choose('http.late-by', 4)) * (underWayMsMax / 4) - 1 : 0
      loom.after(wire, afterMs, { label: name, run: arrive })
    })
  return {
    egressOf: (from: Actor): Egress => ({
      send: (request, limits) => send(from, request, limits.deadlineMs),
      dial: () => Promise.reject(new EgressError('refused', 'nobody dials here')),
      close: () => undefined,
    }),
  }
}
