import { describe, expect, test } from 'vitest'
import type { ChannelError, Ctx, HttpResponse } from '#kit'
import { type ShopWorld, shipmentOf, translated } from './shop-world.ts'
import { failuresOf, secretTexts } from './wire.ts'

type Call = readonly [name: string, call: (ctx: Ctx) => Promise<unknown>]

const waitMsMax = 15 * 60_000

/** One call of every port that talks to the channel. */
function callsOf(world: ShopWorld): readonly Call[] {
  const { connector } = world.subject
  const { auth, orders, listings, inventory, shipments, cancellations, subscriptions } = connector
  const [raw] = [...world.polled.values()]
  if (!raw) throw new Error('the shop has no order')
  const shipment = shipmentOf(translated(world, raw.raw), { tracking: 'NEVERSENT1' })
  const cancel = { key: 'c', order: raw.ref, reason: 'other', restock: true } as const
  const command = { key: 'k', target: '1', available: 1, changeFrom: 1 }
  const calls: readonly [string, unknown, (ctx: Ctx) => Promise<unknown> | undefined][] = [
    ['probe', auth, (ctx) => auth.probe(ctx)],
    ['orders.list', orders, (ctx) => orders?.list(ctx, { since: null, from: '2020-01-01T00:00:00.000Z', page: null })],
    ['orders.get', orders, (ctx) => orders?.get(ctx, [raw.ref])],
    ['listings.list', listings, (ctx) => listings?.list(ctx, { page: null })],
    ['inventory.read', inventory, (ctx) => inventory?.read(ctx, ['1'])],
    ['inventory.push', inventory, (ctx) => inventory?.push(ctx, [command])],
    ['shipments.find', shipments, (ctx) => shipments?.find(ctx, shipment)],
    ['shipments.push', shipments, (ctx) => shipments?.push(ctx, shipment)],
    ['cancellations.cancel', cancellations, (ctx) => cancellations?.cancel(ctx, cancel)],
    ['subscriptions.inspect', subscriptions, (ctx) => subscriptions?.inspect(ctx, 'https://hub.example.com/in')],
  ]
  return calls
    .filter(([, port]) => port !== undefined)
    .map(([name, , call]) => [name, async (ctx) => await call(ctx)] as const)
}

const answer = (status: number, body = '', headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: Buffer.from(body),
})
const page = '<!DOCTYPE html><html><body>Just a moment...</body></html>'

/** No error may show a secret, or words of the far side that may name a person. */
function speaksSafely(world: ShopWorld, errors: readonly ChannelError[]): void {
  for (const { message, info } of errors) {
    const said = JSON.stringify([message, info])
    for (const secret of secretTexts(world.wire.ctx.secrets)) expect(said).not.toContain(secret)
    expect(said).not.toContain('Ann Example')
    expect(message.length).toBeLessThan(1_000)
  }
}

function throttleTests(world: () => ShopWorld): void {
  const inHalfAMinute = () => new Date(Date.now() + 30_000).toUTCString()
  test('a 429 is rate_limited with a wait of more than nothing and at most a quarter of an hour, whatever Retry-After says', async () => {
    const waits = [undefined, '', '0', '-5', '2', '0.5', 'soon', '1e9', '99999999999', 'NaN', 'Infinity']
    const dates = [inHalfAMinute(), 'Fri, 31 Dec 9999 23:59:59 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT']
    for (const wait of [...waits, ...dates]) {
      const throttled = world().wire.through(async () =>
        answer(429, page, wait === undefined ? {} : { 'retry-after': wait }),
      )
      for (const [name, call] of callsOf(world())) {
        const errors = await failuresOf(call(throttled))
        expect([name, wait, errors.map(({ kind }) => kind)]).toEqual([name, wait, errors.map(() => 'rate_limited')])
        expect(errors.length, `${name} fails`).toBeGreaterThan(0)
        for (const { info } of errors) {
          expect(info.retryAfterMs ?? 0, `${name} with ${wait}`).toBeGreaterThan(0)
          expect(info.retryAfterMs ?? 0, `${name} with ${wait}`).toBeLessThanOrEqual(waitMsMax)
        }
        speaksSafely(world(), errors)
      }
    }
  })
}

function brokenTests(world: () => ShopWorld): void {
  const answers: readonly HttpResponse[] = [
    ...[200, 201, 202].flatMap((status) => ['', '{}', '[]', 'null', '"x"', page].map((body) => answer(status, body))),
    ...[204, 301, 302, 304, 307].map((status) => answer(status, '', { location: 'https://elsewhere.example.com/' })),
    ...[400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 423, 451].flatMap((status) => [
      answer(status, page),
      answer(status, '{"code":"x","message":"Ann Example","errors":"Ann Example","data":{"status":500}}'),
    ]),
    ...[500, 502, 503, 504, 520, 599].flatMap((status) => [
      answer(status, page),
      answer(status, '{"errors":[{"message":"Ann Example"}]}'),
      answer(status, '', { 'retry-after': '0' }),
    ]),
    { status: 200, headers: {}, body: Uint8Array.from([0xff, 0xfe, 0x00]) },
  ]

  test('whatever is answered, a call ends with a result or a ChannelError that shows no secret and no person', async () => {
    for (const reply of answers) {
      const broken = world().wire.through(async () => reply)
      for (const [name, call] of callsOf(world())) {
        const errors = await failuresOf(call(broken))
        speaksSafely(world(), errors)
        if (reply.status >= 300) expect(errors.length, `${name} takes ${reply.status} for success`).toBeGreaterThan(0)
        const writes = errors.filter(({ kind }) => kind === 'not_found' || kind === 'already_applied')
        if (reply.status >= 500) expect([name, reply.status, writes]).toEqual([name, reply.status, []])
      }
    }
  })

  test('a refused login is told as one, so that nobody retries it for ever', async () => {
    const refused = world().wire.through(async () => answer(401, '{"errors":"no","code":"no","message":"no"}'))
    for (const [name, call] of callsOf(world())) {
      for (const { kind } of await failuresOf(call(refused)))
        expect(['auth_expired', 'auth_revoked', 'forbidden', 'invalid'], name).toContain(kind)
    }
  })
}

/** What becomes of answers that no far side should give. */
export function answerTests(world: () => ShopWorld): void {
  describe('its answers', () => {
    throttleTests(world)
    brokenTests(world)
  })
}
