import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bodyBytesMax, hints, hub, merchantId, post, type Sent, shopA, shopB, signatureOf, stored } from './door.ts'

describe('what is not let in', () => {
  const body = '{"id":1}'
  const wrong: [string, Sent][] = [
    ['no signature', { headers: { 'x-fake-hmac': undefined } }],
    ['the signature of a wrong key', { headers: { 'x-fake-hmac': signatureOf(body, 'other') } }],
    ['the signature of another body', { headers: { 'x-fake-hmac': signatureOf('{"id":2}') } }],
    ['one space more than was signed', { body: `${body} `, headers: { 'x-fake-hmac': signatureOf(body) } }],
    [
      'hexadecimal instead of base64',
      { headers: { 'x-fake-hmac': Buffer.from(signatureOf(body), 'base64').toString('hex') } },
    ],
    ['an empty signature', { headers: { 'x-fake-hmac': '' } }],
    ['a signature of one character', { headers: { 'x-fake-hmac': 'A' } }],
    ['a signature of 10 kB', { headers: { 'x-fake-hmac': 'A'.repeat(10_000) } }],
    ['two signatures, the right one first', { headers: { 'x-fake-hmac': [signatureOf(body), 'AAAA'] } }],
    ['the right signature twice', { headers: { 'x-fake-hmac': [signatureOf(body), signatureOf(body)] } }],
    ['two topics', { headers: { 'x-shopify-topic': ['orders/create', 'app/uninstalled'] } }],
    ['an event of shop B at the address of shop A', { headers: { 'x-shopify-shop-domain': 'b.example.com' } }],
    ['an event of shop A at the address of shop B', { token: shopB.token }],
    ['an unknown address', { token: randomBytes(32).toString('base64url') }],
    ['an address of another channel', { kind: 'hints' }],
    ['a channel that does not exist', { kind: 'nothing' }],
    ['an address that is no token', { token: 'not-a-token' }],
    ['an address with a path', { token: `${shopA.token}/more` }],
    ['another method', { method: 'PUT' }],
    ['an empty body without a signature', { body: '', headers: { 'x-fake-hmac': undefined } }],
  ]
  test.each(wrong)('%s is a 401 with one constant text, and nothing is stored', async (_name, sent) => {
    const { port, lines } = await hub()
    const answer = await post(port, sent)
    expect([answer.status, answer.body]).toEqual([401, 'refused'])
    expect(await stored()).toEqual([])
    expect(lines.join()).not.toContain(sent.token ?? shopA.token)
  })

  test('a gzip bomb is turned away unread', async () => {
    const { port } = await hub()
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    const answer = await post(port, { body: bomb, headers: { 'content-encoding': 'gzip' } })
    expect([answer.status, await stored()]).toEqual([415, []])
  })

  test('one byte more than the channel may send is a 413, declared or chunked; the last allowed byte is stored', async () => {
    const { port } = await hub()
    const over = 'x'.repeat(bodyBytesMax + 1)
    expect((await post(port, { body: over })).status).toBe(413)
    const chunked = await post(port, {
      body: over,
      headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' },
    })
    expect(chunked.status).toBe(413)
    expect((await post(port, { body: 'x'.repeat(bodyBytesMax) })).status).toBe(200)
    expect(await stored()).toHaveLength(1)
  })

  test('a body that trickles in chunks is a 408', async () => {
    const { port } = await hub({ limits: { requestMs: 150 } })
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => {
      answer += String(data)
    })
    socket.write(`POST /in/stable/${shopA.token} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n`)
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
  })
})

describe('what is let in', () => {
  test.each([
    'application/json\t;x',
    ' application/json',
    ';',
    undefined,
    'text/plain',
    'multipart/form-data',
    'application/xml; a=b; a=c',
  ])('content type %j changes nothing: the bytes are stored as they came', async (type) => {
    const { port } = await hub()
    const answer = await post(port, { headers: { 'content-type': type } })
    expect([answer.status, (await stored()).map((row) => row.raw)]).toEqual([200, ['{"id":1}']])
  })
  test.each([
    ['a wrong signature', 'text/plain'],
    ['a wrong signature', ';'],
  ])('%s with content type %j is still a 401', async (_name, type) => {
    const { port } = await hub()
    expect((await post(port, { headers: { 'content-type': type, 'x-fake-hmac': 'AAAA' } })).status).toBe(401)
  })

  test.each([
    ['not JSON', '{"id":'],
    ['depth 10,000', '['.repeat(10_000)],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['an empty body', ''],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0xc0, 0x80, 0x7d])],
    ['a NUL and a lone surrogate in text', '{"name":"a\\u0000\\ud800"}'],
    ['a body that does not compress', randomBytes(5_000)],
    ['a large body', JSON.stringify({ lines: Array.from({ length: 5_000 }, (_, i) => `line ${i}`) })],
  ])(
    "%s, rightly signed, is accepted and stored byte by byte: reading it is not the door's work",
    async (_name, body) => {
      const { port } = await hub()
      expect((await post(port, { body })).status).toBe(200)
      const [row] = await stored()
      expect(row?.raw).toBe(Buffer.from(body).toString('latin1'))
    },
  )

  test('a delivery is kept with its connection, topic and the few headers that matter, never its signature', async () => {
    const { port, woken } = await hub()
    const answer = await post(port, {
      headers: {
        'x-shopify-triggered-at': '2026-11-23T10:00:00Z',
        'x-shopify-event-id': 'event-1',
        'x-shopify-hmac-sha256': 'canary-signature',
        authorization: 'canary-authorization',
        cookie: 'canary-cookie',
        'x-forwarded-for': '6.6.6.6',
      },
    })
    const rows = await stored()
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({
      connection_id: shopA.connectionId,
      topic: 'orders/create',
      dedupe_key: 'orders/create:event-1',
      headers: {
        'content-type': 'application/json',
        'x-shopify-topic': 'orders/create',
        'x-shopify-triggered-at': '2026-11-23T10:00:00Z',
        'occurred-at': '2026-11-23T10:00:00Z',
      },
    })
    expect(JSON.stringify(rows)).not.toMatch(/canary|6\.6\.6\.6/)
    expect(answer.headers['x-crossdock-message']).toBe(`msg_${rows[0]?.message_id.replaceAll('-', '')}`)
    expect(woken).toEqual([{ merchantId, connectionId: shopA.connectionId }])
  })

  test('the same delivery 100 times at once is 100 times 200 and one row', async () => {
    const { port, woken } = await hub()
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => post(port, { headers: { 'x-shopify-event-id': 'event-1' } })),
    )
    expect(answers.map((a) => a.status)).toEqual(Array(100).fill(200))
    expect(await stored()).toHaveLength(1)
    expect(woken).toHaveLength(1)
  })

  test('one delivery id under two topics, or at two connections, is two deliveries', async () => {
    const { port } = await hub()
    const headers = { 'x-shopify-event-id': 'event-1' }
    await post(port, { headers })
    await post(port, { headers: { ...headers, 'x-shopify-topic': 'orders/paid' } })
    await post(port, { token: shopB.token, headers: { ...headers, 'x-shopify-shop-domain': 'b.example.com' } })
    expect(await stored()).toHaveLength(3)
  })

  test('where delivery ids are not stable, two orders under one id are both kept', async () => {
    const { port } = await hub()
    const headers = { 'x-shopify-event-id': 'event-1' }
    const answers = await Promise.all(
      ['{"id":1}', '{"id":2}'].map((body) => post(port, { kind: 'hints', token: hints.token, body, headers })),
    )
    expect(answers.map((a) => a.status)).toEqual([200, 200])
    expect((await stored()).map((row) => [row.raw, row.dedupe_key]).sort()).toEqual([
      ['{"id":1}', null],
      ['{"id":2}', null],
    ])
  })

  test('a delivery id of any length dedupes', async () => {
    const { port } = await hub()
    const ids = ['a'.repeat(5_000), 'a'.repeat(5_000), 'a'.repeat(5_001)]
    for (const id of ids) expect((await post(port, { headers: { 'x-shopify-event-id': id } })).status).toBe(200)
    expect(await stored()).toHaveLength(2)
  })

  test('a first contact is greeted as the connector says, a look with GET or HEAD is not', async () => {
    const { port } = await hub()
    const ping = await post(port, { body: 'ping=1', headers: { 'x-fake-hmac': undefined } })
    expect([ping.status, ping.body]).toEqual([200, 'pong'])
    for (const method of ['GET', 'HEAD']) {
      const look = await post(port, { method, body: '' })
      expect([look.status, look.headers.allow]).toEqual([405, 'POST'])
    }
    expect((await post(port, { method: 'GET', body: '', token: 'x' })).status).toBe(401)
    expect(await stored()).toEqual([])
  })
})
