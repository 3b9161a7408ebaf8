import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FaultProxy, openProxy } from './proxy.ts'

/** Says everything back, and remembers what it heard. */
let heard = ''
const server = createServer((socket) => {
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    heard += bytes
    socket.write(bytes)
  })
})
let proxy: FaultProxy
const clients: Socket[] = []
beforeEach(async () => {
  heard = ''
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await openProxy(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.close()
  server.close()
  await once(server, 'close')
})

async function dial(): Promise<Socket & { readonly got: () => string }> {
  const socket = connect(proxy.port, '127.0.0.1')
  socket.on('error', () => undefined)
  let text = ''
  socket.on('data', (bytes) => (text += bytes))
  await once(socket, 'connect')
  clients.push(socket)
  return Object.assign(socket, { got: () => text })
}
/** `once` would reject on the error that comes before it. */
const closed = (socket: Socket) =>
  new Promise<void>((done) => (socket.closed ? done() : socket.on('close', () => done())))
const is = (what: () => unknown, wanted: unknown) => expect.poll(what, { timeout: 5_000, interval: 5 }).toEqual(wanted)

test('a calm wire carries both ways, and its end', async () => {
  const line = await dial()
  line.end('hello')
  await is(line.got, 'hello')
  await closed(line)
  await is(proxy.connections, 0)
})

test('latency and a narrow wire make it late, and keep the order', async () => {
  const line = await dial()
  proxy.set({ latencyMs: 20, jitterMs: 20, bytesPerSecond: 1_000 })
  const from = performance.now()
  for (const part of ['a', 'b', 'c']) line.write(part.repeat(20))
  await is(line.got, `${'a'.repeat(20)}${'b'.repeat(20)}${'c'.repeat(20)}`)
  expect(performance.now() - from).toBeGreaterThan(2 * (20 + 60) - 5)
})

test('the same seed is late by the same', async () => {
  const times = async (seed: number) => {
    const { port } = server.address() as AddressInfo
    const own = await openProxy(`tcp://127.0.0.1:${port}`, { seed, faults: { jitterMs: 60 } })
    const line = connect(own.port, '127.0.0.1')
    await once(line, 'connect')
    const from = performance.now()
    line.write('x')
    await once(line, 'data')
    line.destroy()
    await own.close()
    return performance.now() - from
  }
  expect(Math.abs((await times(5)) - (await times(5)))).toBeLessThan(25)
})

test('swallowed replies: the far side heard it, the near side waits; the next connection is served', async () => {
  const line = await dial()
  proxy.set({ swallowReplies: true }, 'present')
  line.write('paid')
  await is(() => heard, 'paid')
  const next = await dial()
  next.write('other')
  await is(next.got, 'other')
  expect(line.got()).toBe('')
})

test('a black hole tells neither side, and what it swallowed never comes after all', async () => {
  const line = await dial()
  const swallowed = proxy.onceSaid('lost', { blackhole: true })
  line.write('lost')
  await swallowed
  proxy.set({ blackhole: false })
  const next = await dial()
  line.write('more')
  next.write('kept')
  await is(next.got, 'kept')
  expect([heard, line.got(), line.destroyed]).toEqual(['kept', '', false])
})

test('a trap springs at the words, on that connection, once', async () => {
  const [one, two] = [await dial(), await dial()]
  const sprung = proxy.onceSaid('COMMIT', { swallowReplies: true })
  one.write('begin')
  await is(one.got, 'begin')
  one.write('COMMIT')
  await sprung
  two.write('COMMIT')
  await is(two.got, 'COMMIT')
  expect(one.got()).toBe('begin')
})

test('reset, half-close, cut after so many bytes, and refusal', async () => {
  const line = await dial()
  const ended = once(line, 'end')
  line.write('before')
  await is(line.got, 'before')
  proxy.halfClose()
  await ended

  const broken = await dial()
  proxy.reset()
  await closed(broken)
  expect(broken.errored).toMatchObject({ code: 'ECONNRESET' })

  proxy.set({ cutAfterBytes: 8 })
  const cut = await dial()
  cut.write('12345')
  await is(cut.got, '12345')
  cut.write('67890')
  await closed(cut)

  proxy.set({ refuse: true })
  const refused = connect(proxy.port, '127.0.0.1').on('error', () => undefined)
  await closed(refused)
})

test('another server takes over for new connections', async () => {
  const other = createServer((socket) => socket.end('I am the other')).listen(0, '127.0.0.1')
  await once(other, 'listening')
  proxy.retarget(`tcp://127.0.0.1:${(other.address() as AddressInfo).port}`)
  const line = await dial()
  await is(line.got, 'I am the other')
  line.destroy()
  other.close()
})
