import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRng } from '#kit/pretend'

/** What is wrong with a wire. Nothing, unless it is said. */
export interface Faults {
  /** Each piece comes so much later, and by the seed up to so much more; the order stays. */
  readonly latencyMs: number
  readonly jitterMs: number
  readonly bytesPerSecond: number
  /** Nothing passes in either direction, and nobody is told. */
  readonly blackhole: boolean
  /** Requests pass; what is said to them does not. */
  readonly swallowReplies: boolean
  /** The connection is reset once so many bytes of answers have passed. */
  readonly cutAfterBytes: number
  /** New connections are reset at once, as if nobody listened. */
  readonly refuse: boolean
}

export interface FaultProxy {
  readonly port: number
  /** The given address by way of this proxy. */
  through(url: string): string
  /** Changes the wire, of connections to come too or of the present ones only. */
  set(faults: Partial<Faults>, whose?: 'all' | 'present'): void
  /** The first connection on which the client says this fails so from that very piece on. Resolves when it has. */
  onceSaid(text: string, faults: Partial<Faults>): Promise<void>
  /** Ends all connections as a crash does (RST). */
  reset(): void
  /** The server's side says goodbye on all connections, and still listens. */
  halfClose(): void
  /** New connections go to another server. */
  retarget(url: string): void
  connections(): number
  close(): Promise<void>
}

interface Wire {
  readonly near: Socket
  readonly far: Socket
  faults: Faults
  replyBytes: number
  /** A stream with a hole in it never carries anything again: on a real network it would be waited for, for ever. */
  deaf: boolean
  mute: boolean
}
interface Trap {
  readonly text: string
  readonly faults: Partial<Faults>
  readonly sprung: () => void
}

const calm: Faults = {
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  blackhole: false,
  swallowReplies: false,
  cutAfterBytes: Number.POSITIVE_INFINITY,
  refuse: false,
}

function resetWire({ near, far }: Wire): void {
  for (const end of [near, far]) end.resetAndDestroy()
}

/** True when this piece goes no further, and with it nothing after it. */
function isLost(wire: Wire, from: 'near' | 'far'): boolean {
  const { blackhole, swallowReplies } = wire.faults
  wire.deaf ||= blackhole && from === 'near'
  wire.mute ||= (blackhole || swallowReplies) && from === 'far'
  return from === 'near' ? wire.deaf : wire.mute
}

function isCut(wire: Wire, bytes: number): boolean {
  wire.replyBytes += bytes
  return wire.replyBytes > wire.faults.cutAfterBytes
}

/** A wire to a TCP server that can fail as networks do: late, in part, one way only, or with silence. */
export async function openProxy(
  target: string,
  { seed = 1, faults = {} as Partial<Faults> } = {},
): Promise<FaultProxy> {
  const rng = seededRng(seed)
  const wires = new Set<Wire>()
  let server = new URL(target)
  let future: Faults = { ...calm, ...faults }
  let trap: Trap | null = null

  const spring = (wire: Wire, bytes: Buffer) => {
    if (!trap || !bytes.includes(trap.text)) return
    wire.faults = { ...wire.faults, ...trap.faults }
    trap.sprung()
    trap = null
  }
  const carry = (wire: Wire, from: 'near' | 'far') => {
    const [source, sink] = from === 'near' ? [wire.near, wire.far] : [wire.far, wire.near]
    let last: Promise<unknown> = Promise.resolve()
    const pass = async (bytes: Buffer) => {
      const { latencyMs, jitterMs, bytesPerSecond } = wire.faults
      const ms = latencyMs + jitterMs * rng() + (bytes.length / bytesPerSecond) * 1_000
      if (ms >= 1) await sleep(ms)
      if (isLost(wire, from)) return
      sink.write(bytes)
      if (from === 'far' && isCut(wire, bytes.length)) resetWire(wire)
    }
    source.on('data', (bytes: Buffer) => {
      if (from === 'near') spring(wire, bytes)
      source.pause()
      last = pass(bytes).finally(() => source.resume())
    })
    source.on('end', () => void last.then(() => isLost(wire, from) || sink.end()))
    source.on('error', () => (isLost(wire, from) ? undefined : sink.destroy()))
    source.on('close', () => from === 'near' && wires.delete(wire))
  }
  const listener = createServer({ allowHalfOpen: true }, (near) => {
    near.on('error', () => undefined)
    if (future.refuse) return near.resetAndDestroy()
    const far = connect({ port: Number(server.port), host: server.hostname, allowHalfOpen: true })
    const wire: Wire = { near, far, faults: future, replyBytes: 0, deaf: false, mute: false }
    wires.add(wire)
    carry(wire, 'near')
    carry(wire, 'far')
    return
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    port,
    through: (url) =>
      Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href.replace(/\/$/, ''),
    set: (change, whose = 'all') => {
      if (whose === 'all') future = { ...future, ...change }
      for (const wire of wires) wire.faults = { ...wire.faults, ...change }
    },
    onceSaid: (text, change) =>
      new Promise((sprung) => {
        trap = { text, faults: change, sprung }
      }),
    reset: () => wires.forEach(resetWire),
    halfClose: () => {
      for (const { near } of wires) near.end()
    },
    retarget: (url) => {
      server = new URL(url)
    },
    connections: () => wires.size,
    close: async () => {
      const closed = once(listener, 'close')
      listener.close()
      for (const { near, far } of wires) for (const end of [near, far]) end.destroy()
      await closed
    },
  }
}
