import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Account, ChannelError, type Connector, type Ctx, type HttpRequest, type HttpResponse } from '#kit'
import type { PretendOptions, PretendShop, PretendWarehouse } from '#kit/pretend'

/** A connector with the pretend far side from its own folder. */
export interface Subject {
  readonly connector: Connector
  readonly start: (options: PretendOptions) => Promise<PretendShop | PretendWarehouse>
}
/** Stands between connector and far side: passes on, loses or replaces what goes through. */
export type Between = (request: HttpRequest, send: () => Promise<HttpResponse>) => Promise<HttpResponse>

export interface Wire {
  readonly ctx: Ctx
  readonly account: Account
  /** Every request that left, in order. */
  readonly sent: readonly HttpRequest[]
  /** The same connection with something in between. */
  through(between: Between): Ctx
  /** The same connection with other sockets. */
  dialling(dial: Ctx['dial']): Ctx
}

const callMsMax = 10_000
/** The hub's clock runs a little ahead, so that a channel with whole seconds shows what happened just now. */
const aheadMs = 2_000

/** Real sockets, as the hub's own `send`: any status is an answer, no redirect is followed, a lost answer is told by kind. */
async function sendOverHttp(request: HttpRequest): Promise<HttpResponse> {
  const { method, url, headers = {}, body } = request
  try {
    const answer = await fetch(url, {
      method,
      headers: { ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(callMsMax),
      ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body) }),
    })
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: bytes }
  } catch (cause) {
    throw new ChannelError(request.replaySafe ? 'transient' : 'outcome_unknown', 'no answer came', {}, { cause })
  }
}

export function dialOverTcp(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket))
    socket.once('error', (cause) => reject(new ChannelError('transient', 'no connection', {}, { cause })))
  })
}

/** Connects as the hub does: both schemas, then the probe, whose settings are kept. */
export async function openWire(connector: Connector, pretend: PretendShop | PretendWarehouse): Promise<Wire> {
  const sent: HttpRequest[] = []
  let ids = 0
  const base: Ctx = {
    connectionId: '00000000-0000-7000-8000-00000000c0de',
    secrets: connector.credentials.parse(pretend.connect.credentials),
    settings: connector.settings.parse(pretend.connect.settings),
    send: (request) => {
      sent.push(request)
      return sendOverHttp(request)
    },
    dial: dialOverTcp,
    now: () => new Date(Date.now() + aheadMs),
    newId: () => `00000000-0000-7000-8000-${String(++ids).padStart(12, '0')}`,
    signal: new AbortController().signal,
  }
  const account = await connector.auth.probe(base)
  const ctx: Ctx = { ...base, settings: { ...base.settings, ...account.settings } }
  return {
    ctx,
    account,
    sent,
    through: (between) => ({ ...ctx, send: (request) => between(request, () => base.send(request)) }),
    dialling: (dial) => ({ ...ctx, dial }),
  }
}

/** The failures that a call of any port ended with: thrown, or told by item. Throws on whatever is no ChannelError. */
export async function failuresOf(call: Promise<unknown>): Promise<readonly ChannelError[]> {
  try {
    const result = await call
    const outcomes = Array.isArray(result) ? result : [result]
    return outcomes.flatMap((one) => (isFailed(one) ? [one.error] : []))
  } catch (error) {
    if (error instanceof ChannelError) return [error]
    throw new Error('a port threw something that is no ChannelError', { cause: error })
  }
}

function isFailed(outcome: unknown): outcome is { readonly error: ChannelError } {
  return typeof outcome === 'object' && outcome !== null && 'error' in outcome && outcome.error instanceof ChannelError
}

/** Every text of the credentials that is long enough to be told from chance. */
export function secretTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.length >= 12 ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretTexts) : []
}
