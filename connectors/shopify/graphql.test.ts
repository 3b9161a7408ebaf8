import { expect, test } from 'vitest'
import { z } from 'zod'
import { ChannelError, type ErrorInfo, type ErrorKind } from '#kit'
import { retryAfterMs } from './failures.ts'
import { ask } from './graphql.ts'
import { type Reply, shopCtx, shopDomain } from './testing.ts'

const answer = z.object({ shop: z.object({ id: z.string() }) })
const document = 'query ShopId { shop { id } }'

async function failureOf(reply: Reply | Error, more: { secrets?: object; once?: boolean } = {}): Promise<ChannelError> {
  const { ctx } = shopCtx(
    () => {
      if (reply instanceof Error) throw reply
      return reply
    },
    { secrets: more.secrets ?? {} },
  )
  const question = { document, cost: 1, answer, ...(more.once ? { once: true } : {}) }
  try {
    await ask(ctx, question)
  } catch (error) {
    if (error instanceof ChannelError) return error
    throw error
  }
  throw new Error('it did not fail')
}

test('a question goes out once, to the shop of the connection, under its pinned version, through the hub', async () => {
  const { ctx, asked } = shopCtx(() => ({ data: { shop: { id: 'gid://shopify/Shop/1' } } }))
  expect(await ask(ctx, { document, cost: 7, answer })).toEqual({ shop: { id: 'gid://shopify/Shop/1' } })
  expect(asked).toHaveLength(1)
  expect(asked[0]?.request).toMatchObject({
    method: 'POST',
    url: `https://${shopDomain}/admin/api/2026-10/graphql.json`,
    budget: 'graphql',
    cost: 7,
    replaySafe: true,
    headers: { 'content-type': 'application/json', 'x-shopify-access-token': 'access-token-for-tests' },
  })
})

test('a development address replaces the origin and nothing else', async () => {
  const settings = { baseUrl: 'http://127.0.0.1:4010' }
  const { ctx, asked } = shopCtx(() => ({ data: { shop: { id: 'x' } } }), { settings })
  await ask(ctx, { document, cost: 1, answer })
  expect(asked[0]?.request.url).toBe('http://127.0.0.1:4010/admin/api/2026-10/graphql.json')
})

test('a hundred calls at once each meet their own answer', async () => {
  const ids = Array.from({ length: 100 }, (_, index) => `shop-${index}`)
  const answers = await Promise.all(
    ids.map(async (id) => {
      const { ctx } = shopCtx(async () => {
        await new Promise((resolve) => setImmediate(resolve))
        return { data: { shop: { id } } }
      })
      return (await ask(ctx, { document, cost: 1, answer })).shop.id
    }),
  )
  expect(answers).toEqual(ids)
})

const throttled = (requested: number, available: number, rate: number) =>
  JSON.stringify({
    errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }],
    extensions: {
      cost: {
        requestedQueryCost: requested,
        actualQueryCost: null,
        throttleStatus: { maximumAvailable: 2000, currentlyAvailable: available, restoreRate: rate },
      },
    },
  })
const denied = (path: readonly (string | number)[], data: unknown) =>
  JSON.stringify({ data, errors: [{ message: 'Access denied', path, extensions: { code: 'ACCESS_DENIED' } }] })

const cases: readonly [string, Reply, ErrorKind, ErrorInfo][] = [
  [
    'throttled by cost',
    { body: throttled(800, 300, 100) },
    'rate_limited',
    { retryAfterMs: 5_000, remoteCode: 'THROTTLED' },
  ],
  ['throttled with points left', { body: throttled(10, 300, 100) }, 'rate_limited', { retryAfterMs: 1_000 }],
  [
    'throttled without figures',
    { body: '{"errors":[{"extensions":{"code":"THROTTLED"}}]}' },
    'rate_limited',
    { retryAfterMs: 1_000 },
  ],
  [
    '429 with seconds',
    { status: 429, body: '', headers: { 'retry-after': '2.0' } },
    'rate_limited',
    { retryAfterMs: 2_000 },
  ],
  ['430', { status: 430, body: '' }, 'rate_limited', { retryAfterMs: 1_000 }],
  ['401', { status: 401, body: '{"errors":"[API] Invalid API key"}' }, 'auth_revoked', { httpStatus: 401 }],
  ['402', { status: 402, body: '{}' }, 'forbidden', { httpStatus: 402 }],
  ['403', { status: 403, body: '{}' }, 'forbidden', {}],
  ['423', { status: 423, body: '{}' }, 'forbidden', {}],
  ['404', { status: 404, body: '{}' }, 'not_found', {}],
  ['400', { status: 400, body: '{}' }, 'invalid', {}],
  [
    '500',
    { status: 500, body: 'oops', headers: { 'x-request-id': 'req-1' } },
    'transient',
    { httpStatus: 500, remoteRequestId: 'req-1' },
  ],
  ['503', { status: 503, body: '' }, 'transient', {}],
  ['a redirect', { status: 302, body: '', headers: { location: 'http://169.254.169.254/' } }, 'transient', {}],
  [
    'HTML in a 200',
    { body: '<html>', headers: { 'content-type': 'text/html' } },
    'transient',
    { remoteCode: 'malformed' },
  ],
  ['HTML that says JSON', { body: '<html>' }, 'transient', { remoteCode: 'malformed' }],
  ['truncated JSON', { body: '{"data":{"shop":{"id":"gid' }, 'transient', { remoteCode: 'malformed' }],
  ['nothing in a 200', { body: '' }, 'transient', { remoteCode: 'malformed' }],
  ['no data', { body: '{"data":null}' }, 'transient', { remoteCode: 'malformed' }],
  ['data of another shape', { data: { shop: null } }, 'transient', { remoteCode: 'malformed' }],
  [
    'an internal error',
    { body: '{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}' },
    'transient',
    { remoteCode: 'INTERNAL_SERVER_ERROR' },
  ],
  [
    'an error without a code',
    { body: '{"errors":[{"message":"Field does not exist"}]}' },
    'transient',
    { remoteCode: 'malformed' },
  ],
  ['errors beside data', { body: '{"data":{"shop":{"id":"1"}},"errors":[{"message":"half"}]}' }, 'transient', {}],
  ['a missing scope', { body: denied(['shop'], { shop: null }) }, 'forbidden', { remoteCode: 'ACCESS_DENIED' }],
  [
    'too dear a query',
    { body: '{"errors":[{"message":"x","extensions":{"code":"MAX_COST_EXCEEDED"}}]}' },
    'invalid',
    {},
  ],
]
test.each(cases)('%s is told apart', async (_, reply, kind, info) => {
  const error = await failureOf(reply)
  expect([error.kind, error.info]).toEqual([kind, expect.objectContaining(info)])
})

test.each([
  ['a 500', { status: 500, body: '' }],
  ['truncated JSON', { body: '{"data":' }],
  ['HTML', { body: '<html>', headers: { 'content-type': 'text/html' } }],
  ['an answer of another shape', { data: {} }],
])('%s to a write that cannot be repeated leaves its outcome unknown', async (_, reply) => {
  expect((await failureOf(reply, { once: true })).kind).toBe('outcome_unknown')
})

test('a refused access token can be refreshed where there is a refresh token', async () => {
  const reply = { status: 401, body: '{}' }
  expect((await failureOf(reply, { secrets: { refreshToken: 'r', clientId: 'c' } })).kind).toBe('auth_expired')
})

test('what the hub says of a call which it could not send or finish stays what it is', async () => {
  const own = new ChannelError('outcome_unknown', 'no answer in time')
  expect(await failureOf(own, { once: true })).toBe(own)
})

test('an app without approval for personal data still reads the order, without the persons', async () => {
  const body = denied(['shop', 'email'], { shop: { id: 'x' } })
  const { ctx } = shopCtx(() => ({ body }))
  expect(await ask(ctx, { document, cost: 1, answer })).toEqual({ shop: { id: 'x' } })
})

test('no error holds the token or the body of an answer', async () => {
  for (const status of [200, 400, 401, 500]) {
    const error = await failureOf({ status, body: '{"errors":"canary access-token-for-tests Example Street 1"}' })
    expect(JSON.stringify([error.message, error.info])).not.toMatch(/canary|access-token|Street/)
  }
})

test.each([
  ['5', 5_000],
  ['2.0', 2_000],
  ['0', 1_000],
  ['', 1_000],
  [undefined, 1_000],
  ['-3', 1_000],
  ['Wed, 21 Oct 2026 07:28:00 GMT', 1_000],
  ['99999999', 900_000],
  ['1e99', 900_000],
  ['Infinity', 900_000],
])('Retry-After %s waits %d ms', (header, ms) => {
  expect(retryAfterMs(header)).toBe(ms)
})
