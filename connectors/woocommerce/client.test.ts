import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ChannelError } from '#kit'
import { ask } from './client.ts'
import { type Reply, recorder, testSecrets } from './recorder.ts'

const shape = z.array(z.number())
const caught = async (promise: Promise<unknown>): Promise<ChannelError> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof ChannelError) return error
  throw new Error('expected a ChannelError')
}

describe('requests go through the hub', () => {
  test('an array reaches the shop as one comma list, never as a repeated key', async () => {
    const { ctx, sent } = recorder(() => ({ body: [1] }))
    await ask(ctx, { method: 'GET', path: 'orders', params: { include: [1, 2, 3], status: ['a', 'b'] }, shape })
    const url = new URL(sent[0]?.url ?? '')
    expect(url.searchParams.getAll('include')).toEqual(['1,2,3'])
    expect(url.searchParams.getAll('status')).toEqual(['a,b'])
  })

  test('the key travels in the Authorization header and not in the URL', async () => {
    const { ctx, sent } = recorder(() => ({ body: [1] }))
    await ask(ctx, { method: 'GET', path: 'orders', shape })
    const pair = `${testSecrets.consumerKey}:${testSecrets.consumerSecret}`
    expect(sent[0]?.headers.authorization).toBe(`Basic ${Buffer.from(pair).toString('base64')}`)
    expect(sent[0]?.url).toBe('https://shop.example.com/wp-json/wc/v3/orders')
  })

  test('only the setting auth=query puts the key into the URL', async () => {
    const { ctx, sent } = recorder(() => ({ body: [1] }), { auth: 'query' })
    await ask(ctx, { method: 'GET', path: 'orders', shape })
    expect(sent[0]?.query).toEqual({
      consumer_key: testSecrets.consumerKey,
      consumer_secret: testSecrets.consumerSecret,
    })
    expect(sent[0]?.headers.authorization).toBeUndefined()
  })

  test('a shop in a sub-folder keeps its folder', async () => {
    const { ctx, sent } = recorder(() => ({ body: [] }), { storeUrl: 'https://example.com/shop/' })
    await ask(ctx, { method: 'GET', path: 'orders', shape })
    expect(sent[0]?.url).toBe('https://example.com/shop/wp-json/wc/v3/orders')
  })

  test('reads are safe to repeat, writes are not unless they say so, bodies are JSON', async () => {
    const { ctx, sent } = recorder(() => ({ body: [] }))
    await ask(ctx, { method: 'GET', path: 'a', shape })
    await ask(ctx, { method: 'POST', path: 'b', body: { x: 1 }, shape })
    await ask(ctx, { method: 'PUT', path: 'c', body: { x: 2 }, replaySafe: true, shape })
    expect(sent.map((one) => one.replaySafe)).toEqual([true, false, true])
    expect(sent[1]?.body).toEqual({ x: 1 })
    expect(sent[1]?.headers['content-type']).toContain('application/json')
  })

  test('a byte-order mark before the JSON does no harm', async () => {
    const { ctx } = recorder(() => ({ body: '\uFEFF[5]' }))
    expect((await ask(ctx, { method: 'GET', path: 'a', shape })).data).toEqual([5])
  })
})

const envelope = (code: string | number, data: unknown = {}) => ({ code, message: 'person@example.com said no', data })

describe('every refusal tells the hub what to do next', () => {
  const cases: readonly [name: string, reply: Reply, read: string, write: string, resend: string][] = [
    ['429', { status: 429 }, 'rate_limited', 'rate_limited', 'rate_limited'],
    ['502 page', { status: 502, body: '<html>' }, 'transient', 'outcome_unknown', 'transient'],
    ['503', { status: 503 }, 'transient', 'outcome_unknown', 'transient'],
    [
      '503 + Retry-After',
      { status: 503, headers: { 'retry-after': '7' } },
      'rate_limited',
      'outcome_unknown',
      'rate_limited',
    ],
    ['524 of a proxy', { status: 524 }, 'transient', 'outcome_unknown', 'transient'],
    [
      '500 that is permanent, data a number',
      { status: 500, body: envelope('woocommerce_rest_cannot_create_order_refund', 500) },
      'invalid',
      'invalid',
      'invalid',
    ],
    [
      '500 crash',
      { status: 500, body: envelope('internal_server_error') },
      'transient',
      'outcome_unknown',
      'transient',
    ],
    [
      '401 unknown key',
      { status: 401, body: envelope('woocommerce_rest_cannot_view') },
      'auth_revoked',
      'auth_revoked',
      'auth_revoked',
    ],
    [
      '401 wrong secret or read-only key',
      { status: 401, body: envelope('woocommerce_rest_authentication_error') },
      'auth_revoked',
      'forbidden',
      'forbidden',
    ],
    ['401 of the web server', { status: 401, body: '<h1>Password' }, 'forbidden', 'forbidden', 'forbidden'],
    [
      '403 demoted owner',
      { status: 403, body: envelope('woocommerce_rest_cannot_view') },
      'forbidden',
      'forbidden',
      'forbidden',
    ],
    ['403 firewall page', { status: 403, body: '<html>' }, 'transient', 'transient', 'transient'],
    ['404 no route', { status: 404, body: envelope('rest_no_route') }, 'unsupported', 'unsupported', 'unsupported'],
    [
      '404 no order',
      { status: 404, body: envelope('woocommerce_rest_shop_order_invalid_id') },
      'not_found',
      'not_found',
      'not_found',
    ],
    ['404 page is no deleted order', { status: 404, body: '<html>' }, 'transient', 'transient', 'transient'],
    [
      '400',
      { status: 400, body: envelope('rest_invalid_param', { status: 400, params: { status: 'bad' } }) },
      'invalid',
      'invalid',
      'invalid',
    ],
    [
      '413 too many in a batch',
      { status: 413, body: envelope('woocommerce_rest_request_entity_too_large') },
      'invalid',
      'invalid',
      'invalid',
    ],
    [
      '301',
      { status: 301, headers: { location: 'https://www.example.com/?consumer_secret=cs_canary_9876543210' } },
      'transient',
      'transient',
      'transient',
    ],
    ['200 login page', { body: '<html>' }, 'transient', 'outcome_unknown', 'transient'],
    [
      '200 PHP notice before JSON',
      { body: '<br />\n<b>Notice</b>: x in y\n[1]' },
      'transient',
      'outcome_unknown',
      'transient',
    ],
    ['200 of another shape', { body: { not: 'a list' } }, 'transient', 'outcome_unknown', 'transient'],
    ['200 empty', { body: '' }, 'transient', 'outcome_unknown', 'transient'],
  ]

  test.each(cases)('%s', async (_name, reply, ...expected) => {
    const { ctx } = recorder(() => reply)
    const kinds = [
      await caught(ask(ctx, { method: 'GET', path: 'a', shape })),
      await caught(ask(ctx, { method: 'POST', path: 'a', body: {}, shape })),
      await caught(ask(ctx, { method: 'PUT', path: 'a', body: {}, replaySafe: true, shape })),
    ].map((error) => error.kind)
    expect(kinds).toEqual(expected)
  })

  test('the refused parameter and the remote code are named', async () => {
    const { ctx } = recorder(() => ({
      status: 400,
      body: envelope('rest_invalid_param', { params: { orderby: 'orderby is not one of' } }),
    }))
    const error = await caught(ask(ctx, { method: 'GET', path: 'a', shape }))
    expect(error.info).toMatchObject({ field: 'orderby', remoteCode: 'rest_invalid_param', httpStatus: 400 })
  })

  test.each([
    ['7', 7_000],
    ['2.0', 2_000],
    ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 1_000],
    ['0', 1_000],
    ['99999999999', 900_000],
    ['soon', 5_000],
    ['', 5_000],
  ])('Retry-After "%s" is %s ms', async (text, expected) => {
    const { ctx } = recorder(() => ({ status: 429, headers: { 'retry-after': text } }))
    const error = await caught(ask(ctx, { method: 'GET', path: 'a', shape }))
    expect(error.info.retryAfterMs).toBe(expected)
  })
})

describe('no secret and no person leaves in an error', () => {
  const everything = (error: unknown) => {
    const parts: string[] = []
    for (let at = error; at instanceof Error; at = at.cause) {
      parts.push(at.message, String(at.stack), JSON.stringify(at), JSON.stringify(Object.entries(at)))
    }
    return parts.join('\n')
  }
  const replies: readonly Reply[] = [
    { status: 500, body: envelope('x') },
    { status: 401, body: envelope('woocommerce_rest_cannot_view') },
    { status: 302, headers: { location: `https://www.example.com/?consumer_secret=${testSecrets.consumerSecret}` } },
    { body: '<html>' },
    { status: 400, body: { code: testSecrets.consumerSecret.repeat(9), message: 'm', data: {} } },
  ]

  test.each(['basic', 'query'])('with auth=%s', async (auth) => {
    for (const reply of replies) {
      const { ctx } = recorder(() => reply, { auth })
      const text = everything(await caught(ask(ctx, { method: 'GET', path: 'orders', shape })))
      expect(text).not.toContain('canary')
      expect(text).not.toContain('person@example.com')
    }
  })

  test('an error of the transport that quotes the URL is masked, and keeps its kind', async () => {
    const quoting = new ChannelError(
      'transient',
      `GET https://x/?consumer_secret=${testSecrets.consumerSecret} failed`,
      {
        retryAfterMs: 5,
      },
    )
    const { ctx } = recorder(() => quoting, { auth: 'query' })
    const error = await caught(ask(ctx, { method: 'GET', path: 'orders', shape }))
    expect(everything(error)).not.toContain('canary')
    expect([error.kind, error.info.retryAfterMs]).toEqual(['transient', 5])
  })
})
