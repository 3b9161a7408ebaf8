import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Authenticate, principalOf } from '../../src/platform/http/access.ts'
import { buildHttp, type HttpApp, type HttpOptions } from '../../src/platform/http/build-http.ts'
import { jsonDepth } from '../../src/platform/http/json-body.ts'
import { Problem } from '../../src/platform/http/problem.ts'
import { createLog } from '../../src/platform/observe/log.ts'

const apps: HttpApp[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

const authenticate: Authenticate = async (request) => {
  const key = request.headers.authorization
  const person = (fresh: boolean) => ({ sessionId: 's-1', userId: 'u-1', fresh })
  const every = { merchantId: 'm-1', actor: 'key-2', scopes: ['orders:read', 'orders:write'], session: null }
  if (key === 'Bearer reader') return { ...every, actor: 'key-1', scopes: ['orders:read'] }
  if (request.headers.cookie !== undefined) return { ...every, session: person(request.headers.cookie === 'fresh') }
  return key === 'Bearer owner' ? every : null
}

async function server(more: Partial<HttpOptions> = {}): Promise<{ app: HttpApp; lines: string[] }> {
  const lines: string[] = []
  const app = await buildHttp({
    log: createLog({ level: 'debug', stream: { write: (line) => void lines.push(line) } }),
    trustProxy: false,
    publicUrl: 'https://hub.example.com',
    ready: async () => [],
    metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'hub_up 1\n' },
    access: { authenticate, permissions: new Set(['orders:read', 'orders:write', 'open:open']), open: 'open:open' },
    ...more,
  })
  apps.push(app)
  return { app, lines }
}

const orderBody = z.strictObject({ sku: z.string().min(1), quantity: z.int().min(1).max(1_000) })

async function withRoutes(more: Partial<HttpOptions> = {}) {
  const { app, lines } = await server(more)
  app.post('/api/v1/orders', {
    config: { scope: 'orders:write' },
    schema: { body: orderBody, response: { 201: z.object({ sku: z.string() }), 400: z.object({ never: z.string() }) } },
    handler: async (request, reply) => reply.code(201).send({ sku: request.body.sku }),
  })
  app.get('/api/v1/orders', {
    config: { scope: 'orders:read' },
    schema: { querystring: z.strictObject({ limit: z.coerce.number().int().min(1).max(100).default(50) }) },
    handler: async (request) => ({ merchant: principalOf(request).merchantId, limit: request.query.limit }),
  })
  app.delete('/api/v1/orders', { config: { scope: 'orders:write', stepUp: true }, handler: async () => 'gone' })
  app.post('/api/v1/enter', { config: { scope: 'open:open' }, handler: async () => 'in' })
  app.get('/who', async (request) => ({ ip: request.ip, host: request.hostname, protocol: request.protocol }))
  app.get('/crash', async () => {
    throw Object.assign(new Error('insert failed params: canary-person, canary-token'), {
      code: '23505',
      detail: 'canary-row',
    })
  })
  app.get('/crash-typed', async () => Promise.reject('canary-text'))
  app.get('/gone', async () => {
    throw new Problem(409, 'HUB_CONFLICT', 'The order changed meanwhile.')
  })
  return { app, lines }
}

const owner = { authorization: 'Bearer owner' }
const reader = { authorization: 'Bearer reader' }
const json = { ...owner, 'content-type': 'application/json' }

describe('who may call', () => {
  test('a route with a permission that nobody has heard of stops the start', async () => {
    const { app } = await server()
    const options = { config: { scope: 'orders:raed' } }
    expect(() => app.get('/api/v1/things', options, async () => 'open')).toThrow('must declare config.scope')
  })

  test.each(['/api/v1/things', '/api/v1/:id', '/api/v1'])('a route %s without a scope stops the start', async (url) => {
    const { app } = await server()
    expect(() => app.get(url, async () => 'open')).toThrow('must declare config.scope')
  })
  test('a route without a scope inside a plugin with a prefix stops the start', async () => {
    const { app } = await server()
    app.register(
      async (slice) => {
        slice.get('/things', async () => 'open')
      },
      { prefix: '/api/v1' },
    )
    await expect(app.ready().then()).rejects.toThrow('must declare config.scope')
  })

  test.each([
    ['no key', {}, 'GET', 401, 'HUB_UNAUTHENTICATED'],
    ['an unknown key', { authorization: 'Bearer other' }, 'GET', 401, 'HUB_UNAUTHENTICATED'],
    ['a key without the scope', reader, 'POST', 403, 'HUB_SCOPE_MISSING'],
    ['a key with the scope', reader, 'GET', 200, undefined],
    ['a key with every scope', owner, 'GET', 200, undefined],
    ['HEAD without a key', {}, 'HEAD', 401, undefined],
  ] as const)('%s', async (...[, headers, method, status, code]) => {
    const { app } = await withRoutes()
    const answer = await app.inject({ method, url: '/api/v1/orders', headers })
    expect(answer.statusCode).toBe(status)
    if (code) expect(answer.json().code).toBe(code)
    if (status === 401) expect(answer.headers['www-authenticate']).toContain('Bearer')
  })

  test.each(['api_key', 'key', 'API_KEY', 'access_token'])(
    'a key in the query (?%s=) is refused, even a valid one',
    async (name) => {
      const { app } = await withRoutes()
      const answer = await app.inject({ url: `/api/v1/orders?${name}=hub_live_x`, headers: owner })
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'HUB_KEY_IN_QUERY'])
      expect(answer.body).not.toContain('hub_live_x')
    },
  )

  test('who may not, is not known or tries too often is a line of the log, by route and id, at the usual level', async () => {
    const lines: string[] = []
    const log = createLog({ level: 'info', stream: { write: (line) => void lines.push(line) } })
    const { app } = await withRoutes({ log })
    app.get('/often', () => Promise.reject(new Problem(429, 'HUB_TRY_LATER', 'Wait a little.')))
    await app.inject({ url: '/api/v1/orders?note=canary', headers: { authorization: 'Bearer canary-key' } })
    await app.inject({ method: 'POST', url: '/api/v1/orders', headers: reader })
    await app.inject({ url: '/often' })
    await app.inject({ url: '/api/v1/orders', headers: reader })
    const seen = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'http.refused')
    expect(seen.map(({ status, code, route, method, actor }) => [status, code, route, method, actor])).toEqual([
      [401, 'HUB_UNAUTHENTICATED', '/api/v1/orders', 'GET', undefined],
      [403, 'HUB_SCOPE_MISSING', '/api/v1/orders', 'POST', 'key-1'],
      [429, 'HUB_TRY_LATER', '/often', 'GET', undefined],
    ])
    expect(lines.join()).not.toContain('canary')
  })

  test('who was authenticated is known only to routes with a scope', async () => {
    const { app } = await withRoutes()
    expect((await app.inject({ url: '/api/v1/orders', headers: reader })).json().merchant).toBe('m-1')
  })
})

describe('a person with a cookie', () => {
  const own = 'https://hub.example.com'
  test.each([
    ['nothing that says from where', {}, 403],
    ['the own page', { 'sec-fetch-site': 'same-origin' }, 200],
    ['the own page, by an old browser', { origin: own }, 200],
    ['another page', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a neighbour under the same site', { 'sec-fetch-site': 'same-site' }, 403],
    ['an address bar', { 'sec-fetch-site': 'none' }, 403],
    ['another page that claims the origin', { 'sec-fetch-site': 'cross-site', origin: own }, 403],
    ['another origin', { origin: 'https://evil.example.com' }, 403],
    ['an origin that only begins alike', { origin: `${own}.evil.example` }, 403],
    ['an origin on plain http', { origin: 'http://hub.example.com' }, 403],
    ['an origin that is hidden', { origin: 'null' }, 403],
  ] as const)('a change from %s', async (_, headers, status) => {
    const { app } = await withRoutes()
    const answer = await app.inject({
      method: 'DELETE',
      url: '/api/v1/orders',
      headers: { cookie: 'fresh', ...headers },
    })
    expect(answer.statusCode).toBe(status)
    if (status === 403) expect(answer.json().code).toBe('HUB_FOREIGN_PAGE')
  })

  test('reading asks for no origin, and a key needs none for a change', async () => {
    const { app } = await withRoutes()
    const cookie = { cookie: 'fresh', 'sec-fetch-site': 'cross-site' }
    expect((await app.inject({ url: '/api/v1/orders', headers: cookie })).statusCode).toBe(200)
    expect((await app.inject({ method: 'DELETE', url: '/api/v1/orders', headers: owner })).statusCode).toBe(200)
  })

  test('who has not shown lately who they are is asked again where it matters, and only there', async () => {
    const { app } = await withRoutes()
    const headers = { cookie: 'stale', 'sec-fetch-site': 'same-origin' }
    const answer = await app.inject({ method: 'DELETE', url: '/api/v1/orders', headers })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'HUB_STEP_UP'])
    expect((await app.inject({ url: '/api/v1/orders', headers })).statusCode).toBe(200)
  })

  test('what needs nobody is still closed to other pages, and open to programs', async () => {
    const { app } = await withRoutes()
    const enter = (headers: Record<string, string>) => app.inject({ method: 'POST', url: '/api/v1/enter', headers })
    expect((await enter({})).statusCode).toBe(200)
    expect((await enter({ 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200)
    expect((await enter({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403)
    expect((await enter({ origin: 'https://evil.example.com' })).statusCode).toBe(403)
  })
})

describe('what is not acceptable', () => {
  const body = (text: string) => ({ method: 'POST', url: '/api/v1/orders', headers: json, payload: text }) as const

  test('validation names each field, what is wrong and the mend, and repeats no value', async () => {
    const { app } = await withRoutes()
    const answer = await app.inject(body('{"sku":7,"quantity":-1,"tenantId":"canary-value"}'))
    expect(answer.statusCode).toBe(400)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    const problem = answer.json()
    expect(problem).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400, code: 'HUB_VALIDATION' })
    expect(problem.errors).toEqual([
      { field: 'sku', message: expect.any(String), mend: 'Send a value of type string.' },
      { field: 'quantity', message: expect.any(String), mend: 'Send at least 1.' },
      { field: '', message: expect.any(String), mend: 'Leave out tenantId.' },
    ])
    expect(answer.body).not.toContain('canary')
  })

  test.each(['-1', '1.5', '1e21', '"5"', 'null', '1001', '0'])('quantity %s is refused', async (quantity) => {
    const { app } = await withRoutes()
    const answer = await app.inject(body(`{"sku":"a","quantity":${quantity}}`))
    expect([answer.statusCode, answer.json().errors[0].field]).toEqual([400, 'quantity'])
  })

  test.each(['limit=-1', 'limit=1e9', 'limit=NaN', 'limit=1&limit=2', 'sort=;drop'])(
    'query %s is refused',
    async (query) => {
      const { app } = await withRoutes()
      const answer = await app.inject({ url: `/api/v1/orders?${query}`, headers: owner })
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'HUB_VALIDATION'])
    },
  )

  test.each([
    ['not JSON', '{"sku":', 400, 'HUB_JSON'],
    ['an empty body', '', 400, 'HUB_JSON'],
    ['__proto__', '{"__proto__":{"admin":true},"sku":"a","quantity":1}', 400, 'HUB_JSON'],
    ['an escaped __proto__', '{"\\u005f_proto__":{"admin":true},"sku":"a","quantity":1}', 400, 'HUB_JSON'],
    ['constructor.prototype', '{"constructor":{"prototype":{"admin":true}}}', 400, 'HUB_JSON'],
    ['depth 65', `${'['.repeat(65)}${']'.repeat(65)}`, 400, 'HUB_JSON'],
    ['depth 100,000', '['.repeat(100_000), 400, 'HUB_JSON'],
    ['more than 1 MB', JSON.stringify({ sku: 'a'.repeat(1_100_000), quantity: 1 }), 413, 'HUB_BODY_TOO_LARGE'],
  ])('%s', async (_name, text, status, code) => {
    const { app } = await withRoutes()
    const answer = await app.inject(body(text))
    expect([answer.statusCode, answer.json().code]).toEqual([status, code])
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false)
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json ;;',
    'multipart/form-data',
    ' ',
    'text/json',
  ])('a body as %j is never read unvalidated', async (type) => {
    const { app } = await withRoutes()
    const answer = await app.inject({ ...body('{"evil":1}'), headers: { ...owner, 'content-type': type } })
    expect([400, 415]).toContain(answer.statusCode)
    expect(answer.json().code).toMatch(/^HUB_/)
  })

  test('the depth of brackets inside strings does not count', () => {
    expect(jsonDepth('{"a":"[[[[\\"[[["}')).toBe(1)
    expect(jsonDepth('[{"a":[]}]')).toBe(3)
  })

  test('an address without a route, or one the router cannot read, is a problem too', async () => {
    const { app } = await withRoutes()
    const missing = await app.inject({ url: '/api/v1/nothing', headers: owner })
    expect([missing.statusCode, missing.json().code]).toEqual([404, 'HUB_NOT_FOUND'])
    const unreadable = await app.inject({ url: '/%E0%A4%A' })
    expect([unreadable.statusCode, unreadable.json().code]).toEqual([400, 'HUB_REQUEST'])
  })
})

describe('failing', () => {
  test.each(['/crash', '/crash-typed'])('%s is a 500 with a correlation id and nothing of the error', async (url) => {
    const { app, lines } = await withRoutes()
    const answer = await app.inject({ url })
    expect(answer.statusCode).toBe(500)
    const problem = answer.json()
    expect(Object.keys(problem).sort()).toEqual(['code', 'correlationId', 'detail', 'status', 'title', 'type'])
    expect(problem.code).toBe('HUB_INTERNAL')
    expect(answer.body).not.toMatch(/canary|23505|insert|at .*\.ts/)
    expect(lines.join()).toContain(problem.correlationId)
    expect(lines.filter((line) => line.includes('canary-person') || line.includes('canary-row'))).toEqual([])
  })

  test.each([
    Object.assign(new Error('canceling statement'), { code: '55P03' }),
    Object.assign(new Error('shutting down'), { code: '57P01' }),
    Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    new Error('timeout exceeded when trying to connect'),
    new Error('Connection terminated unexpectedly'),
  ])('a database that is away or busy is a 503 with Retry-After: %s', async (error) => {
    const { app } = await server()
    app.get('/away', () => Promise.reject(error))
    const answer = await app.inject({ url: '/away' })
    expect([answer.statusCode, answer.headers['retry-after'], answer.json().code]).toEqual([503, '1', 'HUB_BUSY'])
  })

  test('a problem that a route means is answered as it says', async () => {
    const { app } = await withRoutes()
    const answer = await app.inject({ url: '/gone' })
    expect(answer.json()).toMatchObject({
      status: 409,
      title: 'Conflict',
      code: 'HUB_CONFLICT',
      detail: 'The order changed meanwhile.',
    })
  })
})

describe('the frame', () => {
  test('every answer carries the security headers, errors too; HSTS only where the hub is public by https', async () => {
    const { app } = await withRoutes()
    for (const url of ['/livez', '/api/v1/orders', '/nothing', '/crash']) {
      const { headers } = await app.inject({ url })
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringMatching(/default-src 'none'; base-uri 'none'.*frame-ancestors 'none'/),
        'strict-transport-security': expect.stringContaining('max-age'),
        'cache-control': 'no-store',
      })
      expect(headers['x-powered-by']).toBeUndefined()
    }
    const local = await server({ publicUrl: 'http://127.0.0.1:3000' })
    expect((await local.app.inject({ url: '/livez' })).headers['strict-transport-security']).toBeUndefined()
  })

  test('[bad-input 55] X-Forwarded-* is ignored unless a proxy is declared', async () => {
    const headers = {
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-host': 'evil.example.com',
      'x-forwarded-proto': 'https',
    }
    const spoofed = await (await withRoutes()).app.inject({ url: '/who', headers })
    expect(spoofed.json()).toEqual({ ip: '127.0.0.1', host: expect.not.stringContaining('evil'), protocol: 'http' })
    const other = await (await withRoutes({ trustProxy: ['10.0.0.1'] })).app.inject({ url: '/who', headers })
    expect(other.json().ip).toBe('127.0.0.1')
    for (const trustProxy of [1, ['127.0.0.1']]) {
      const proxied = await (await withRoutes({ trustProxy })).app.inject({ url: '/who', headers })
      expect(proxied.json().ip).toBe('6.6.6.6')
    }
  })

  test('live, ready and metrics answer without a key; what is not ready is named', async () => {
    const { app } = await server()
    expect((await app.inject({ url: '/livez' })).json()).toEqual({ ok: true })
    expect((await app.inject({ url: '/readyz' })).statusCode).toBe(200)
    expect((await app.inject({ url: '/metrics' })).body).toBe('hub_up 1\n')
    const busy = await server({ ready: async () => ['database'] })
    const answer = await busy.app.inject({ url: '/readyz' })
    expect([answer.statusCode, answer.json()]).toEqual([503, { ok: false, waitingFor: ['database'] }])
    const broken = await server({ ready: () => Promise.reject(new Error('canary')) })
    expect((await broken.app.inject({ url: '/readyz' })).body).not.toContain('canary')
  })

  test('the OpenAPI page lists the API and nothing else', async () => {
    const { app } = await withRoutes()
    const page = (await app.inject({ url: '/api/openapi.json' })).json()
    expect(page.openapi).toBe('3.1.0')
    expect(Object.keys(page.paths)).toEqual(['/api/v1/orders', '/api/v1/enter'])
    expect(page.paths['/api/v1/orders'].post.requestBody.content['application/json'].schema.required).toEqual([
      'sku',
      'quantity',
    ])
  })

  test('no address and no query is logged, only the route', async () => {
    const { app, lines } = await withRoutes()
    await app.inject({ url: '/api/v1/orders?limit=5&note=canary-note', headers: owner })
    expect(lines.join()).toContain('/api/v1/orders')
    expect(lines.join()).not.toContain('canary')
    expect(lines.join()).not.toContain('Bearer')
  })
})

describe('a stop', () => {
  async function listening(more: Partial<HttpOptions> = {}) {
    const { app } = await server(more)
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      app.get('/slow', async () => {
        const answered = new Promise<void>((done) => {
          answer = done
        })
        resolve()
        await answered
        return { done: true }
      })
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    return { app, asked, answer: () => answer(), port: (app.server.address() as AddressInfo).port }
  }

  test('answers what is under way, and does not wait for whoever keeps the connection afterwards', async () => {
    const { app, asked, answer, port } = await listening()
    const agent = new Agent({ keepAlive: true })
    const status = new Promise<number | undefined>((resolve, reject) => {
      get({ agent, port, host: '127.0.0.1', path: '/slow' }, (reply) => {
        reply.on('end', () => resolve(reply.statusCode)).resume()
      }).on('error', reject)
    })
    await asked
    const closed = app.close()
    answer()
    expect(await status).toBe(200)
    const from = performance.now()
    await closed
    expect(performance.now() - from).toBeLessThan(1_500)
    agent.destroy()
  })

  test('ends in time, whoever opened a connection and says nothing, or never reads an answer', async () => {
    const { app, asked, port } = await listening({ limits: { stopMs: 300 } })
    const silent = connect(port, '127.0.0.1')
    await once(silent, 'connect')
    const waiting = connect(port, '127.0.0.1')
    waiting.write('GET /slow HTTP/1.1\r\nhost: hub\r\n\r\n')
    await asked
    const gone = Promise.all([silent, waiting].map((socket) => once(socket.resume(), 'close')))
    const from = performance.now()
    await app.close()
    await gone
    expect(performance.now() - from).toBeLessThan(1_500)
  })
})

describe('slow and broken senders', () => {
  async function raw(text: string): Promise<string> {
    const { app } = await withRoutes({ limits: { requestMs: 150 } })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => {
      answer += String(data)
    })
    socket.write(text)
    await once(socket, 'close')
    return answer
  }
  const head =
    'POST /api/v1/orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: Bearer owner\r\n'

  test('a chunked body that trickles ends in 408', async () => {
    expect(await raw(`${head}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`)).toMatch(/^HTTP\/1\.1 408 /)
  })
  test('headers that never end are cut', async () => {
    expect(await raw('GET /livez HTTP/1.1\r\nhost: a\r\nx-more: ')).toMatch(/^HTTP\/1\.1 408 /)
  })
  test('what is not HTTP, and both lengths at once, are 400', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await raw(`${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 /,
    )
  })
  test('headers beyond all measure are 431', async () => {
    expect(await raw(`GET /livez HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  })
})
