import { describe, expect, test } from 'vitest'
import { secret } from '../../src/platform/base/secret.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'

function recorded(level = 'trace') {
  const lines: string[] = []
  const log = createLog({ level, role: 'worker', stream: { write: (line) => void lines.push(line) } })
  return { log, lines, all: () => lines.join('') }
}

const canary = 'canary-7f3a'
const failed = (message: string, more: object = {}) => Object.assign(new Error(message), more)

describe('a planted secret or person does not reach the log', () => {
  const plants: [string, object][] = [
    ['under a closed name', { token: canary, accessToken: canary, 'x-api-key': canary, client_secret: canary }],
    ['in headers', { req: { headers: { authorization: `Bearer ${canary}`, Cookie: canary, 'set-cookie': [canary] } } }],
    ['in a person deep inside', { order: { lines: [{ shipTo: { person: { name: canary } } }] } }],
    ['in an address', { order: { shippingAddress: { line1: canary }, billing_address: [canary] } }],
    ['in a name that ends like a secret', { shopifyAccessToken: canary, smtpPassword: canary, buyerEmail: canary }],
    ['in a mail address in free text', { reason: `refused ${canary}@example.com today` }],
    ['in the query of a URL', { path: `https://shop.example.com/cb?code=${canary}&state=x` }],
    ['in the user of a URL', { from: `postgres://hub:${canary}@db.example.com/hub` }],
    [
      'as a Shopify or WooCommerce key in free text',
      { said: `used shpat_${canary.replaceAll('-', '')} and cs_7f3acanary` },
    ],
    ['as a bearer in free text', { said: `sent Bearer ${canary}` }],
    ['in a raw body', { message: { raw: Buffer.from(canary), body: canary, rawBody: canary } }],
    ['in a buffer under any name', { thing: Buffer.from(canary) }],
    ['in a Secret', { thing: secret(canary), list: [secret({ inner: canary })] }],
    ['in a map', { things: new Map([['a', canary]]) }],
    ['in a function or a symbol', { run: Object.assign(() => canary, { canary }), mark: Symbol(canary) }],
    [
      'in the parameters of a failed query',
      { err: failed(`Failed query: insert into t\nparams: ${canary},1`, { params: [canary], query: canary }) },
    ],
    [
      'in what PostgreSQL says about a row',
      { err: failed('duplicate key', { code: '23505', detail: `Key (email)=(${canary})`, where: canary }) },
    ],
    [
      'in what PostgreSQL could not read',
      { err: failed(`invalid input syntax for type integer: "${canary}"`, { code: '22P02' }) },
    ],
    ['in JSON that could not be read', { err: thrownBy(() => JSON.parse(`{"name": ${canary}`)) }],
    [
      'in the cause of a cause',
      { err: new Error('a', { cause: new Error('b', { cause: failed('c', { params: [canary] }) }) }) },
    ],
    ['deeper than anybody looks', { a: { b: { c: { d: { e: { f: { g: canary } } } } } } }],
  ]

  test.each(plants)('%s', (_place, fields) => {
    const { log, all } = recorded()
    log.info(fields, 'order.imported')
    log.child(fields).info('order.imported')
    log.error(fields)
    expect(all()).not.toMatch(/canary|7f3a/)
    expect(all()).toContain('order.imported')
  })

  test('in the message of an error logged by itself, or filled into a text', () => {
    const { log, all } = recorded()
    log.error(failed(`Failed query: x\nparams: ${canary}`))
    log.info('sent %s', canary)
    log.info({ outcome: 'ok' }, 'sent %s', canary)
    expect(all()).not.toContain(canary)
  })
})

test('what a person needs to find the trouble stays: ids, counts, codes, the frames of the stack', () => {
  const { log, lines } = recorded()
  const err = failed('connect ECONNREFUSED', { code: 'ECONNREFUSED' })
  log.warn(
    {
      merchantId: 'mer_1',
      connectionId: 'con_1',
      externalId: '#1001',
      durationMs: 12,
      body: 512,
      count: 3n,
      at: new Date(0),
      err,
    },
    'order.import-failed',
  )
  const line = JSON.parse(lines[0] ?? '')
  expect(line).toMatchObject({
    level: 'warn',
    event: 'order.import-failed',
    role: 'worker',
    merchantId: 'mer_1',
    externalId: '#1001',
    durationMs: 12,
    body: 512,
    count: '3',
    at: '1970-01-01T00:00:00.000Z',
    err: { type: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
  })
  expect(line.err.stack[0]).toContain('log.test.ts')
})

test('a log line has an end, whatever is logged', () => {
  const { log, lines } = recorded()
  const ring: Record<string, unknown> = {
    text: 'x'.repeat(1_000_000),
    many: Array.from({ length: 100_000 }, (_, i) => i),
  }
  ring.self = ring
  log.info({ ring }, 'order.imported')
  expect(lines).toHaveLength(1)
  expect(lines[0]?.length).toBeLessThan(20_000)
})

test('below its level the log is silent', () => {
  const { log, lines } = recorded('warn')
  log.info({}, 'order.imported')
  expect(lines).toEqual([])
})

describe('metrics', () => {
  test('two hubs in one process do not add up', async () => {
    const [one, two] = [createMetrics(), createMetrics()]
    one.foundBySweeper.inc({ kind: 'push' })
    expect(await one.text()).toContain('hub_found_by_sweeper_total{kind="push"} 1')
    expect(await two.text()).not.toContain('hub_found_by_sweeper_total{')
  })

  test('the page names each promise that is counted', async () => {
    const page = await createMetrics().text()
    for (const name of [
      'hub_inbox_acked_total',
      'hub_found_by_sweeper_total',
      'hub_lane_runs_total',
      'hub_push_calls_total',
      'hub_ack_seconds',
      'hub_fanout_seconds',
    ])
      expect(page).toContain(`# HELP ${name} `)
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    return work()
  } catch (cause) {
    return cause
  }
}
