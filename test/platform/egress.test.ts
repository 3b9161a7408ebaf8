import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { isLoopbackAddress, isPublicAddress } from '../../src/platform/egress/address.ts'
import type { Resolve } from '../../src/platform/egress/connect.ts'
import { EgressError } from '../../src/platform/egress/error.ts'
import { type Egress, openEgress } from '../../src/platform/egress/open-egress.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listening(server: Server): Promise<number> {
  server.on('connection', (socket) => socket.on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function webServer(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  closers.push(() => server.closeAllConnections())
  return listening(server)
}

function egressTo(ports: readonly number[], more: Partial<Parameters<typeof openEgress>[0]> = {}): Egress {
  const allowHosts = ports.flatMap((port) => [`127.0.0.1:${port}`, `localhost:${port}`])
  const egress = openEgress({ allowHosts, userAgent: 'hub-test', ...more })
  closers.push(() => egress.close())
  return egress
}

const limits = { deadlineMs: 5_000, bytesMax: 10_000 }

async function failure(work: Promise<unknown>): Promise<EgressError> {
  const error = await work.then(
    () => null,
    (e: unknown) => e,
  )
  if (!(error instanceof EgressError)) throw new Error(`expected an EgressError, got ${String(error)}`)
  return error
}

const neverResolve: Resolve = async (host) => {
  throw new Error(`looked up ${host}`)
}

describe('addresses', () => {
  const special = [
    '0.0.0.0 0.1.2.3 10.0.0.5 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8',
    '192.0.2.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255',
    ':: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe ::ffff:0:127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::1',
    '100::1 2001::1 2001:0:1:2::3 2001:db8::1 2002:a9fe:a9fe:: 2002:7f00:1:: 3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1',
    'nonsense 1.2.3 256.1.1.1',
  ].flatMap((line) => line.split(' '))

  test.each(special)('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
  test.each(['8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )
  test('loopback is told from every other private address', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '10.0.0.1', '8.8.8.8'].map(isLoopbackAddress)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })
})

describe('addresses refused before anything is looked up', () => {
  const urls = [
    ['metadata over http', 'http://169.254.169.254/latest'],
    ['metadata over https', 'https://169.254.169.254/latest'],
    ['one decimal number', 'https://2852039166/'],
    ['one hexadecimal number', 'https://0xA9FEA9FE/'],
    ['octal parts', 'https://0251.0376.0251.0376/'],
    ['percent-encoded digits', 'https://%31%32%37.0.0.1/'],
    ['full-width digits', 'https://１２７.0.0.1/'],
    ['mapped IPv4', 'https://[::ffff:169.254.169.254]/'],
    ['NAT64', 'https://[64:ff9b::a9fe:a9fe]/'],
    ['6to4', 'https://[2002:a9fe:a9fe::]/'],
    ['Teredo', 'https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/'],
    ['localhost with a final dot', 'https://localhost./'],
    ['a name under localhost', 'https://db.localhost/'],
    ['an internal name', 'https://metadata.google.internal/'],
    ['two parts', 'https://127.1/'],
    ['zero', 'https://0/'],
    ['the unspecified IPv6', 'https://[::]/'],
    ['plain http', 'http://shop.example.com/'],
    ['user and password', 'https://user:pw@shop.example.com/'],
    ['the Redis port', 'https://shop.example.com:6379/'],
    ['the PostgreSQL port', 'https://shop.example.com:5432/'],
    ['the mail port', 'https://shop.example.com:25/'],
    ['the SFTP port by http', 'https://shop.example.com:22/'],
    ['a file', 'file:///etc/passwd'],
    ['no address at all', 'shop.example.com'],
    ['an empty text', ''],
  ] as const
  test.each(urls)('%s', async (_name, url) => {
    const error = await failure(egressTo([], { resolve: neverResolve }).send({ method: 'GET', url }, limits))
    expect(error.stage).toBe('refused')
    expect(error.message).not.toContain('pw')
  })

  const hosts = [
    ['10.0.0.5', 22],
    ['127.0.0.1', 22],
    ['2130706433', 22],
    ['::1', 22],
    ['[::ffff:10.0.0.1]', 22],
    ['localhost.', 2222],
    ['sftp.example.com', 25],
    ['sftp.example.com', 6379],
    ['sftp.example.com:22', 22],
    ['user@sftp.example.com', 22],
    ['sftp.example.com/etc', 22],
    ['', 22],
  ] as const
  test.each(hosts)('dial %s:%i', async (host, port) => {
    const error = await failure(egressTo([], { resolve: neverResolve }).dial(host, port, 1_000))
    expect(error.stage).toBe('refused')
  })

  test('a development pair must be this machine', () => {
    for (const pair of ['10.0.0.1:80', 'shop.example.com:443', 'nonsense', '']) {
      expect(() => openEgress({ allowHosts: [pair], userAgent: 'hub-test' })).toThrow(RangeError)
    }
  })
  test('another port of an admitted host stays refused', async () => {
    const error = await failure(egressTo([4010]).send({ method: 'GET', url: 'http://127.0.0.1:4011/' }, limits))
    expect(error.stage).toBe('refused')
  })
})

describe('names', () => {
  test('a public name with one private address among its addresses is refused', async () => {
    const resolve: Resolve = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '10.0.0.5', family: 4 },
    ]
    const error = await failure(
      egressTo([], { resolve }).send({ method: 'GET', url: 'https://shop.example.com/' }, limits),
    )
    expect(error.stage).toBe('refused')
    expect((await failure(egressTo([], { resolve }).dial('sftp.example.com', 22, 1_000))).stage).toBe('refused')
  })

  test('[bad-input 36] a name that answers public first and private later is connected only at the checked address', async () => {
    const answers = ['93.184.216.34', '127.0.0.1', '169.254.169.254']
    let asked = 0
    const resolve: Resolve = async () => [{ address: answers[asked++] ?? '', family: 4 }]
    const port = await listening(createTcpServer((socket) => socket.end('SSH-2.0-pretend\r\n')))
    const connectedTo: string[] = []
    const egress = egressTo([], {
      resolve,
      connect: (addresses) => {
        connectedTo.push(...addresses.map((a) => a.address))
        return connect({ host: '127.0.0.1', port })
      },
    })
    const socket = await egress.dial('sftp.example.com', 22, 1_000)
    socket.destroy()
    expect({ asked, connectedTo }).toEqual({ asked: 1, connectedTo: ['93.184.216.34'] })
    expect((await failure(egress.dial('sftp.example.com', 22, 1_000))).stage).toBe('refused')
    expect((await failure(egress.dial('sftp.example.com', 22, 1_000))).stage).toBe('refused')
    expect(connectedTo).toEqual(['93.184.216.34'])
  })

  test('an admitted name that points away from this machine is refused', async () => {
    const resolve: Resolve = async () => [{ address: '93.184.216.34', family: 4 }]
    const error = await failure(
      egressTo([4010], { resolve }).send({ method: 'GET', url: 'http://localhost:4010/' }, limits),
    )
    expect(error.stage).toBe('refused')
  })

  test('a name that does not exist, or never answers, is certainly not sent', async () => {
    const missing: Resolve = async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
    const gone = await failure(
      egressTo([], { resolve: missing }).send({ method: 'GET', url: 'https://shop.example.com/' }, limits),
    )
    expect(gone.stage).toBe('before_send')
    expect(gone.message).toContain('ENOTFOUND')
    const silent: Resolve = () => new Promise(() => undefined)
    const hung = egressTo([], { resolve: silent })
    const short = { deadlineMs: 30, bytesMax: 10 }
    expect((await failure(hung.send({ method: 'GET', url: 'https://shop.example.com/' }, short))).stage).toBe(
      'before_send',
    )
    expect((await failure(hung.dial('sftp.example.com', 22, 30))).stage).toBe('before_send')
  })
})

describe('calls', () => {
  test('method, headers and body arrive, and the answer comes back whole with lower-cased headers', async () => {
    const seen: unknown[] = []
    const port = await webServer((request, response) => {
      request.setEncoding('utf8')
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        seen.push([request.method, request.url, request.headers['x-token'], request.headers['user-agent'], body])
        seen.push(request.headers.host)
        response.writeHead(201, { 'X-Kind': 'made', 'Set-Cookie': ['a=1', 'b=2'] })
        response.end('done')
      })
    })
    const answer = await egressTo([port]).send(
      { method: 'POST', url: `http://127.0.0.1:${port}/a?b=c`, headers: { 'X-Token': 't' }, body: 'hello' },
      limits,
    )
    expect(seen).toEqual([['POST', '/a?b=c', 't', 'hub-test', 'hello'], `127.0.0.1:${port}`])
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({ 'x-kind': 'made', 'set-cookie': 'a=1, b=2' })
    expect(Buffer.from(answer.body).toString()).toBe('done')
  })

  test('two calls to one host share a connection', async () => {
    const sockets = new Set<unknown>()
    const port = await webServer((request, response) => {
      sockets.add(request.socket)
      response.end('ok')
    })
    const egress = egressTo([port])
    for (let i = 0; i < 3; i++) await egress.send({ method: 'GET', url: `http://localhost:${port}/` }, limits)
    expect(sockets.size).toBe(1)
  })

  test.each([
    'http://169.254.169.254/',
    'https://user:pw@evil.example.com/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/',
  ])('[bad-input 37] a redirect to %s is returned and never followed', async (location) => {
    let calls = 0
    const port = await webServer((_request, response) => {
      calls++
      response.writeHead(302, { location })
      response.end()
    })
    const answer = await egressTo([port]).send({ method: 'GET', url: `http://127.0.0.1:${port}/` }, limits)
    expect([answer.status, answer.headers.location, calls]).toEqual([302, location, 1])
  })

  test('[bad-input 40] an endless answer is cut at the cap, declared or not', async () => {
    const port = await webServer((request, response) => {
      if (request.url === '/declared') response.setHeader('content-length', 11_000_000)
      const more = () => {
        while (response.write(Buffer.alloc(8_192)));
      }
      response.on('drain', more)
      response.on('error', () => undefined)
      more()
    })
    for (const path of ['/endless', '/declared']) {
      const error = await failure(
        egressTo([port]).send({ method: 'GET', url: `http://127.0.0.1:${port}${path}` }, limits),
      )
      expect([error.stage, error.message]).toEqual(['after_send', expect.stringContaining('larger than 10000 bytes')])
    }
  })

  test('a host that hangs, or drips its answer, is cut at the deadline', async () => {
    const timers: NodeJS.Timeout[] = []
    const port = await webServer((request, response) => {
      if (request.url === '/hang') return
      timers.push(setInterval(() => response.write('.'), 10))
    })
    for (const path of ['/hang', '/drip']) {
      const url = `http://127.0.0.1:${port}${path}?token=secret-in-query`
      const error = await failure(egressTo([port]).send({ method: 'GET', url }, { deadlineMs: 80, bytesMax: 10_000 }))
      expect(error.stage).toBe('after_send')
      expect(error.message).toContain('within 80 ms')
      expect(error.message).not.toContain('secret-in-query')
    }
    for (const timer of timers) clearInterval(timer)
  })

  test('a refused connection is certainly not sent; a cut one may have been', async () => {
    const closed = createTcpServer()
    const closedPort = await listening(closed)
    closed.close()
    await once(closed, 'close')
    const cutPort = await webServer((request) => request.socket.destroy())
    const egress = egressTo([closedPort, cutPort])
    const before = await failure(
      egress.send({ method: 'POST', url: `http://127.0.0.1:${closedPort}/`, body: 'x' }, limits),
    )
    const after = await failure(egress.send({ method: 'POST', url: `http://127.0.0.1:${cutPort}/`, body: 'x' }, limits))
    expect([before.stage, after.stage]).toEqual(['before_send', 'after_send'])
  })

  test('an answer that ends before its declared length is not taken for whole', async () => {
    const port = await webServer((request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => request.socket.destroy())
    })
    const error = await failure(egressTo([port]).send({ method: 'GET', url: `http://127.0.0.1:${port}/` }, limits))
    expect(error.stage).toBe('after_send')
  })

  test('the caller can stop a call, before and after it was sent', async () => {
    const controller = new AbortController()
    const port = await webServer(() => controller.abort())
    const egress = egressTo([port])
    const request = { method: 'GET', url: `http://127.0.0.1:${port}/` }
    const during = await failure(egress.send(request, { ...limits, signal: controller.signal }))
    const before = await failure(egress.send(request, { ...limits, signal: AbortSignal.abort() }))
    expect([during.stage, before.stage]).toEqual(['after_send', 'before_send'])
  })

  test.each([
    { Host: 'other.example.com' },
    { 'Transfer-Encoding': 'chunked' },
    { 'x-a': 'b\r\nhost: evil' },
    { 'bad name': 'x' },
  ])('headers %o are refused', async (headers) => {
    const error = await failure(
      egressTo([4010]).send({ method: 'GET', url: 'http://127.0.0.1:4010/', headers: { ...headers } }, limits),
    )
    expect(error.stage).toBe('refused')
  })
})

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const size = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

/** A certificate for localhost that signs itself, made on the spot so that no key lies in the repository. */
function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaSha256 = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const name = der(
    0x30,
    der(0x31, der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from('localhost')))),
  )
  const validity = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')))
  const serial = der(0x02, Buffer.from([1]), createHash('sha1').update('crossdock').digest().subarray(0, 8))
  const tbs = der(0x30, serial, ecdsaSha256, name, validity, name, publicKey.export({ type: 'spki', format: 'der' }))
  const signature = der(0x03, Buffer.from([0]), sign('sha256', tbs, privateKey))
  const body = der(0x30, tbs, ecdsaSha256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
  }
}

describe('TLS', () => {
  test('[bad-input 41] a self-signed certificate is refused before anything is sent, even with the process told not to mind', async () => {
    const names: string[] = []
    const requests: string[] = []
    const server = createTlsServer(
      {
        ...selfSigned(),
        SNICallback: (name, done) => {
          names.push(name)
          done(null)
        },
      },
      (socket) => socket.on('data', (data) => requests.push(String(data))),
    )
    server.on('tlsClientError', () => undefined)
    const port = await listening(server)
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const egress = egressTo([port])
      const error = await failure(
        egress.send({ method: 'POST', url: `https://localhost:${port}/`, body: 'secret' }, limits),
      )
      expect(error.stage).toBe('before_send')
      expect(error.message).toContain('certificate')
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
    expect(names).toEqual(['localhost'])
    expect(requests).toEqual([])
  })

  test('a host that speaks no TLS gets no request', async () => {
    const port = await listening(createTcpServer((socket) => socket.end('220 mail.example.com ESMTP\r\n')))
    const error = await failure(egressTo([port]).send({ method: 'GET', url: `https://127.0.0.1:${port}/` }, limits))
    expect(error.stage).toBe('before_send')
  })
})
