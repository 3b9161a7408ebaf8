import { describe, expect, test } from 'vitest'
import { openBudgets, type Want } from '../../src/connections/budgets.ts'
import { type CtxOptions, makeCtx } from '../../src/connections/ctx.ts'
import { type Budget, ChannelError, type HttpRequest, type Manifest } from '../../src/connector-kit/index.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import { EgressError, type EgressStage } from '../../src/platform/egress/error.ts'
import type { EgressLimits } from '../../src/platform/egress/exchange.ts'
import type { Egress } from '../../src/platform/egress/open-egress.ts'

/** Time that moves only when somebody sleeps or the test says so. */
function fakeTime() {
  const time = { t: 1_000 }
  return {
    time,
    clock: { now: () => new Date(time.t), ms: () => time.t },
    sleep: async (ms: number, _value: undefined, { signal }: { signal: AbortSignal }) => {
      if (signal.aborted) throw new Error('aborted')
      time.t += ms
    },
  }
}

const budget: Budget = { id: 'rest', scope: 'connection', perSecond: 2, burst: 4, concurrentMax: 2 }
const manifest: Manifest = {
  kind: 'fake',
  title: 'Fake',
  role: 'channel',
  auth: { flow: 'key-pair', accessTtlS: null, refresh: 'none' },
  push: null,
  orders: null,
  inventory: null,
  shipment: null,
  requests: null,
  files: null,
  budgets: [budget],
}
const read: HttpRequest = { method: 'GET', url: 'https://shop.example.com/', budget: 'rest', replaySafe: true }
const write: HttpRequest = { ...read, method: 'POST', body: '{}', replaySafe: false }

function ctxWith(send: Egress['send'], more: Partial<CtxOptions<{ token: string }>> = {}) {
  const { clock, sleep, time } = fakeTime()
  const egress: Egress = {
    send,
    dial: () => Promise.reject(new EgressError('before_send', 'no')),
    close: () => undefined,
  }
  const ctx = makeCtx({
    connectionId: 'c-1',
    manifest,
    secrets: { token: 't' },
    settings: {},
    egress,
    budgets: openBudgets({ clock, sleep }),
    ports: { clock, ids: systemIds },
    signal: new AbortController().signal,
    ...more,
  })
  return { ctx, time }
}
const ok = async () => ({ status: 200, headers: {}, body: new Uint8Array() })

async function kindOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => 'no error',
    (e: unknown) => e,
  )
  return error instanceof ChannelError ? error.kind : String(error)
}

describe('what a failed call is called', () => {
  const cases: [EgressStage, HttpRequest, string][] = [
    ['refused', read, 'invalid'],
    ['refused', write, 'invalid'],
    ['before_send', read, 'transient'],
    ['before_send', write, 'transient'],
    ['after_send', read, 'transient'],
    ['after_send', write, 'outcome_unknown'],
  ]
  test.each(cases)('%s, %o: %s', async (stage, request, kind) => {
    const { ctx } = ctxWith(() => Promise.reject(new EgressError(stage, 'shop.example.com:443: x')))
    expect(await kindOf(ctx.send(request))).toBe(kind)
  })
  test('a connection that could not be dialled is transient', async () => {
    expect(await kindOf(ctxWith(ok).ctx.dial('sftp.example.com', 22))).toBe('transient')
  })
  test('an answer of any status is an answer', async () => {
    const { ctx } = ctxWith(async () => ({ status: 503, headers: { a: 'b' }, body: Buffer.from('x') }))
    expect(await ctx.send(write)).toMatchObject({ status: 503, headers: { a: 'b' } })
  })
  test('a budget that the manifest does not have is a defect of the connector, not of the channel', async () => {
    await expect(ctxWith(ok).ctx.send({ ...read, budget: 'other' })).rejects.toThrow(TypeError)
  })
})

describe('deadlines', () => {
  const spy = () => {
    const seen: EgressLimits[] = []
    const send: Egress['send'] = async (_request, limits) => {
      seen.push(limits)
      return ok()
    }
    return { seen, send }
  }
  test('a call has 20 s and 10 MB', async () => {
    const { seen, send } = spy()
    await ctxWith(send).ctx.send(read)
    expect(seen[0]).toMatchObject({ deadlineMs: 20_000, bytesMax: 10 * 1024 * 1024 })
  })
  test('a call ends a second before the lease does', async () => {
    const { seen, send } = spy()
    await ctxWith(send, { deadlineAt: 1_000 + 8_000 }).ctx.send(read)
    expect(seen[0]?.deadlineMs).toBe(7_000)
  })
  test('with too little of the lease left nothing is sent', async () => {
    const { seen, send } = spy()
    const { ctx, time } = ctxWith(send, { deadlineAt: 1_000 + 8_000 })
    time.t += 6_500
    expect(await kindOf(ctx.send(read))).toBe('transient')
    expect(await kindOf(ctx.dial('sftp.example.com', 22))).toBe('transient')
    expect(seen).toEqual([])
  })
})

describe('budgets', () => {
  const want = (more: Partial<Want> = {}): Want => ({
    connector: 'fake',
    connectionId: 'c-1',
    budget,
    cost: 1,
    waitMsMax: 5_000,
    signal: new AbortController().signal,
    ...more,
  })

  test('the burst goes at once, then calls come at the rate, and a wait over 5 s is said instead of waited', async () => {
    const { clock, sleep, time } = fakeTime()
    const budgets = openBudgets({ clock, sleep })
    const times: number[] = []
    for (let i = 0; i < 8; i++) {
      const release = await budgets.take(want())
      times.push(time.t - 1_000)
      release()
    }
    expect(times).toEqual([0, 0, 0, 0, 500, 1_000, 1_500, 2_000])
    const stuck = openBudgets({ clock, sleep: () => new Promise(() => undefined) })
    for (let i = 0; i < 14; i++) void stuck.take(want())
    const error = await stuck.take(want()).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'rate_limited', info: { retryAfterMs: 5_500 } })
  })

  test('no more calls are under way than the channel allows; the next in line goes when one ends', async () => {
    const { clock } = fakeTime()
    const budgets = openBudgets({ clock, sleep: () => new Promise(() => undefined) })
    const first = await budgets.take(want())
    await budgets.take(want())
    const entered: string[] = []
    const third = budgets.take(want()).then(() => entered.push('third'))
    const fourth = budgets.take(want()).then(() => entered.push('fourth'))
    await Promise.resolve()
    expect(entered).toEqual([])
    first()
    first()
    await third
    expect(entered).toEqual(['third'])
    void fourth
  })

  test('a place that does not come free in time is rate_limited, and its tokens are given back', async () => {
    const { clock, sleep } = fakeTime()
    const budgets = openBudgets({ clock, sleep })
    await budgets.take(want())
    await budgets.take(want())
    expect(await kindOf(budgets.take(want({ waitMsMax: 0 })))).toBe('rate_limited')
    expect(await kindOf(budgets.take(want()))).toBe('rate_limited')
  })

  test('connections do not share an allowance; an allowance of the app is shared by all of them', async () => {
    const { clock, sleep } = fakeTime()
    const budgets = openBudgets({ clock, sleep })
    const app: Budget = { ...budget, id: 'app', scope: 'app', burst: 1, perSecond: 0.1 }
    for (const connectionId of ['c-1', 'c-2']) await budgets.take(want({ connectionId, cost: 4 }))
    await budgets.take(want({ budget: app }))
    expect(await kindOf(budgets.take(want({ budget: app, connectionId: 'c-2' })))).toBe('rate_limited')
  })

  test('a call dearer than the burst still goes, when the bucket is full', async () => {
    const { clock, sleep } = fakeTime()
    await expect(openBudgets({ clock, sleep }).take(want({ cost: 1_000 }))).resolves.toBeTypeOf('function')
  })

  test('stopping ends the wait', async () => {
    const { clock } = fakeTime()
    const controller = new AbortController()
    const budgets = openBudgets({ clock })
    await budgets.take(want({ cost: 4 }))
    const waiting = budgets.take(want({ signal: controller.signal }))
    controller.abort()
    expect(await kindOf(waiting)).toBe('transient')
    expect(await kindOf(budgets.take(want({ signal: AbortSignal.abort() })))).toBe('transient')
  })

  test("after a 429 with Retry-After nobody draws on that allowance before the channel's time", async () => {
    const answers = [{ status: 429, headers: { 'retry-after': '30' }, body: new Uint8Array() }]
    const { ctx, time } = ctxWith(async () => answers.shift() ?? (await ok()))
    expect((await ctx.send(read)).status).toBe(429)
    const error = await ctx.send(read).catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'rate_limited', info: { retryAfterMs: 30_000 } })
    time.t += 30_000
    expect((await ctx.send(read)).status).toBe(200)
  })
})

test("the clock and the ids are the hub's", () => {
  const { ctx } = ctxWith(ok)
  expect(ctx.now()).toEqual(new Date(1_000))
  expect(ctx.newId()).toMatch(/^[0-9a-f-]{36}$/)
})

test('what is left of a budget refills with time; nothing is said of one that nobody drew on', async () => {
  const { time, clock, sleep } = fakeTime()
  const budgets = openBudgets({ clock, sleep })
  const key = { connector: 'fake', connectionId: 'c', budget }
  expect(budgets.left(key)).toBeNull()
  const release = await budgets.take({ ...key, cost: 3, waitMsMax: 0, signal: new AbortController().signal })
  release()
  expect(budgets.left(key)).toEqual({ available: 1, perSecond: 2 })
  time.t += 1_000
  expect(budgets.left(key)).toEqual({ available: 3, perSecond: 2 })
})
