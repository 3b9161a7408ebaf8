import type { Ctx, HttpRequest, HttpResponse, Settings } from '../connector-kit/connector.ts'
import { ChannelError } from '../connector-kit/errors.ts'
import type { Manifest } from '../connector-kit/manifest.ts'
import type { Ports } from '../platform/base/ports.ts'
import { EgressError } from '../platform/egress/error.ts'
import type { Egress } from '../platform/egress/open-egress.ts'
import type { Budgets } from './budgets.ts'

export interface CtxOptions<S> {
  readonly connectionId: string
  readonly manifest: Manifest
  readonly secrets: S
  readonly settings: Settings
  readonly egress: Egress
  readonly budgets: Budgets
  readonly ports: Pick<Ports, 'clock' | 'ids'>
  readonly signal: AbortSignal
  /** By `clock.ms()`: when the lease ends that this work runs under. No call outlives it. */
  readonly deadlineAt?: number
}

const callMsMax = 20_000
const budgetWaitMsMax = 5_000
const bytesMax = 10 * 1024 * 1024
/** A call ends this long before the lease, so that its result can still be settled; with less left it is not begun. */
const leaseMarginMs = 1_000
const callMsMin = 1_000
/** Longer pauses are the lane's business, where a person can see them. */
const pauseMsMax = 60_000

function channelError(error: unknown, replaySafe: boolean): unknown {
  if (!(error instanceof EgressError)) return error
  if (error.stage === 'refused') return new ChannelError('invalid', error.message, {}, { cause: error })
  const certain = error.stage === 'before_send' || replaySafe
  return new ChannelError(certain ? 'transient' : 'outcome_unknown', error.message, {}, { cause: error })
}

function retryAfterMs(answer: HttpResponse): number {
  const seconds = answer.status === 429 ? Number(answer.headers['retry-after']) : Number.NaN
  return seconds > 0 ? Math.min(seconds * 1_000, pauseMsMax) : 0
}

/** What one call of a connector gets: the guarded way out within its budget and its lease, its secrets, our clock. */
export function makeCtx<S>(options: CtxOptions<S>): Ctx<S> {
  const { connectionId, manifest, egress, budgets, ports, signal } = options

  const leftMs = (): number => {
    const left = (options.deadlineAt ?? Number.POSITIVE_INFINITY) - ports.clock.ms() - leaseMarginMs
    if (left < callMsMin)
      throw new ChannelError('transient', 'too little of the lease is left for a call; nothing was sent')
    return Math.floor(Math.min(left, callMsMax)) // timers of Node take whole milliseconds only
  }
  const wantFor = (request: HttpRequest) => {
    const budget = manifest.budgets.find((b) => b.id === request.budget)
    if (!budget) throw new TypeError(`${manifest.kind} has no budget "${request.budget}" in its manifest`)
    const waitMsMax = Math.min(budgetWaitMsMax, leftMs())
    return { connector: manifest.kind, connectionId, budget, cost: request.cost ?? 1, waitMsMax, signal }
  }
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    const want = wantFor(request)
    const release = await budgets.take(want)
    try {
      const answer = await egress.send(request, { deadlineMs: leftMs(), bytesMax, signal })
      const pauseMs = retryAfterMs(answer)
      if (pauseMs > 0) budgets.pause(want, pauseMs)
      const allowance = request.allowance?.(answer) ?? null
      if (allowance !== null) budgets.learn(want, allowance)
      return answer
    } catch (error) {
      throw channelError(error, request.replaySafe)
    } finally {
      release()
    }
  }
  return {
    connectionId,
    secrets: options.secrets,
    settings: options.settings,
    send,
    dial: async (host, port) => {
      try {
        return await egress.dial(host, port, leftMs())
      } catch (error) {
        throw channelError(error, true)
      }
    },
    now: () => ports.clock.now(),
    newId: () => ports.ids.uuid(),
    signal,
  }
}
