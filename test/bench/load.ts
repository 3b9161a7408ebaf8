/** The process that plays Shopify's side of the webhooks. */
import { setTimeout as sleep } from 'node:timers/promises'
import { answerParent } from './children.ts'
import { type Door, headOf, type Signed, sign } from './deliveries.ts'
import { quantile } from './figures.ts'
import { type Assortment, makeOrder } from './order-body.ts'
import { type Line, openLine } from './sender.ts'

export type Ask =
  /** As fast as answers come, for a while: few bodies, every event new but for some told twice. */
  | {
      readonly kind: 'storm'
      readonly door: Door
      readonly runId: string
      readonly seconds: number
      readonly twice: number
    }
  /** New events at their own pace, whatever the answers do: what is refused (503) is counted, not sent again. */
  | {
      readonly kind: 'pace'
      readonly door: Door
      readonly runId: string
      readonly perSecond: number
      readonly seconds: number
    }
  /** Orders `from` to `from + count - 1`, each once. `perSecond` null: as fast as answers come. */
  | {
      readonly kind: 'orders'
      readonly door: Door
      readonly from: number
      readonly count: number
      readonly assortment: Assortment
      readonly perSecond: number | null
    }
export interface Answer {
  readonly perSecond: number
  readonly ackP50Ms: number
  readonly ackP99Ms: number
  /** Events whose delivery was answered 200, in the order of sending. For `storm`: n of `${runId}-${n}`. */
  readonly events: number
  readonly repeated: number
  /** sha256 of the body of each event, for `storm` and `pace`; empty where `pace` was refused. */
  readonly sha256: readonly string[]
  /** `pace`: how long a refusal took, from when its delivery was sent. */
  readonly refusedMs: readonly number[]
  /** `orders`: when each order was to be sent, and when it was answered, in ms of the machine's monotonic clock. */
  readonly dueAtMs: readonly number[]
  readonly ackedAtMs: readonly number[]
}

const lines = 64
/** More than the hub takes in at once, so that it has to refuse. */
const linesOfCrowd = 2_500
const bodies = 500
const stormAssortment = { skus: 1_000, hot: 0 }

/** The clock that all processes of this machine share. */
const machineMs = () => Number(process.hrtime.bigint()) / 1e6

function accepted(status: number): void {
  if (status !== 200) throw new Error(`a delivery was answered ${status}`)
}

function openLines(door: Door, count = lines): Promise<Line[]> {
  return Promise.all(Array.from({ length: count }, () => openLine(door)))
}

/** Lines that are lent to one sender at a time; who finds none waits for one. */
function lend(free: Line[]): { take(): Promise<Line>; give(line: Line): void } {
  const waiting: ((line: Line) => void)[] = []
  return {
    take: () =>
      new Promise((resolve) => {
        const line = free.pop()
        if (line) resolve(line)
        else waiting.push(resolve)
      }),
    give: (line) => {
      const next = waiting.shift()
      if (next) next(line)
      else free.push(line)
    },
  }
}

function summary(latencies: number[], seconds: number): Pick<Answer, 'perSecond' | 'ackP50Ms' | 'ackP99Ms'> {
  latencies.sort((a, b) => a - b)
  return {
    perSecond: latencies.length / seconds,
    ackP50Ms: quantile(latencies, 0.5),
    ackP99Ms: quantile(latencies, 0.99),
  }
}

async function storm(ask: Extract<Ask, { kind: 'storm' }>): Promise<Answer> {
  const at = new Date()
  const signed = Array.from({ length: bodies }, (_, n) => sign(makeOrder(n, stormAssortment, at), ask.door.apiSecret))
  const open = await openLines(ask.door)
  const latencies: number[] = []
  const state = { events: 0, answered: 0, repeated: 0 }
  const from = performance.now()
  const until = from + ask.seconds * 1_000
  const worker = async (line: Line) => {
    while (performance.now() < until) {
      // Only what was answered is told again: a duplicate of something under way is another case.
      const again = state.answered > lines && Math.random() < ask.twice
      const n = again ? Math.floor(Math.random() * (state.answered - lines)) : state.events++
      const body = signed[n % bodies]
      if (!body) throw new Error('no body')
      const started = performance.now()
      accepted(await line.send({ head: headOf(ask.door, body, `${ask.runId}-${n}`), raw: body.raw }))
      latencies.push(performance.now() - started)
      if (again) state.repeated++
      else state.answered++
    }
  }
  await Promise.all(open.map(worker))
  const seconds = (performance.now() - from) / 1_000
  for (const line of open) line.close()
  const sha256 = Array.from({ length: state.events }, (_, n) => signed[n % bodies]?.sha256 ?? '')
  const { events, repeated } = state
  return { ...summary(latencies, seconds), events, repeated, sha256, refusedMs: [], dueAtMs: [], ackedAtMs: [] }
}

async function pace(ask: Extract<Ask, { kind: 'pace' }>): Promise<Answer> {
  const at = new Date()
  const signed = Array.from({ length: bodies }, (_, n) => sign(makeOrder(n, stormAssortment, at), ask.door.apiSecret))
  const free = await openLines(ask.door, linesOfCrowd)
  const { take, give } = lend(free)
  const latencies: number[] = []
  const refusedMs: number[] = []
  const sha256: string[] = []
  const from = machineMs()
  let last = from
  await atPace(ask.perSecond, Math.round(ask.perSecond * ask.seconds), async (n, due) => {
    const body = signed[n % bodies]
    if (!body) throw new Error('no body')
    const line = await take()
    const sentAt = machineMs()
    const status = await line.send({ head: headOf(ask.door, body, `${ask.runId}-${n}`), raw: body.raw })
    const now = machineMs()
    give(line)
    sha256[n] = status === 503 ? '' : body.sha256
    if (status === 503) return void refusedMs.push(now - sentAt)
    accepted(status)
    last = Math.max(last, now)
    latencies.push(now - due)
  })
  for (const line of free) line.close()
  const events = latencies.length
  return {
    ...summary(latencies, (last - from) / 1_000),
    events,
    repeated: 0,
    sha256,
    refusedMs,
    dueAtMs: [],
    ackedAtMs: [],
  }
}

function prepare(ask: Extract<Ask, { kind: 'orders' }>): Signed[] {
  const at = new Date()
  return Array.from({ length: ask.count }, (_, n) =>
    sign(makeOrder(ask.from + n, ask.assortment, at), ask.door.apiSecret),
  )
}

/** Open loop: each order has its moment, and waiting for a free line counts as waiting. */
async function atPace(
  perSecond: number,
  count: number,
  send: (n: number, due: number) => Promise<void>,
): Promise<void> {
  const from = machineMs() + 20
  const running: Promise<void>[] = []
  for (let n = 0; n < count; ) {
    const ready = Math.min(count, Math.floor(((machineMs() - from) / 1_000) * perSecond) + 1)
    for (; n < ready; n++) running.push(send(n, from + (n / perSecond) * 1_000))
    await sleep(1)
  }
  await Promise.all(running)
}

async function orders(ask: Extract<Ask, { kind: 'orders' }>): Promise<Answer> {
  const signed = prepare(ask)
  const free = await openLines(ask.door)
  const { take, give } = lend(free)
  const latencies: number[] = []
  const dueAtMs: number[] = []
  const ackedAtMs: number[] = []
  const send = async (n: number, due: number | null) => {
    const one = signed[n]
    if (!one) throw new Error('no order')
    const line = await take()
    const at = due ?? machineMs()
    dueAtMs[n] = at
    accepted(await line.send({ head: headOf(ask.door, one, `order-${ask.from + n}`), raw: one.raw }))
    ackedAtMs[n] = machineMs()
    latencies.push(ackedAtMs[n] - at)
    give(line)
  }
  const from = performance.now()
  if (ask.perSecond === null) await Promise.all(signed.map((_, n) => send(n, null)))
  else await atPace(ask.perSecond, ask.count, send)
  const seconds = (performance.now() - from) / 1_000
  for (const line of free) line.close()
  const none = { repeated: 0, sha256: [], refusedMs: [] }
  return { ...summary(latencies, seconds), ...none, events: signed.length, dueAtMs, ackedAtMs }
}

answerParent<Ask, Answer>((ask) => (ask.kind === 'storm' ? storm(ask) : ask.kind === 'pace' ? pace(ask) : orders(ask)))
