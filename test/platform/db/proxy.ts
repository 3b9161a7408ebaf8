import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface FaultProxy {
  /** The given URL through this proxy. */
  readonly url: string
  /** From now on nothing that the server says arrives; connections stay open. New ones are served again. */
  swallowReplies(): void
  /** From now on nothing passes in either direction, and nobody is told. New connections are served again. */
  goDark(): void
  close(): Promise<void>
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

function join(from: Socket, to: Socket): void {
  from.on('data', (bytes) => to.write(bytes))
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
}

/** Takes no more notice of what this end says, not even of its goodbye. */
function deafen(end: Socket): void {
  end.removeAllListeners('data').removeAllListeners('end').resume()
}

/** A wire that can fail as networks do: not with an error, but with silence. */
export async function openFaultProxy(target: string): Promise<FaultProxy> {
  const server = new URL(target)
  const pairs = new Set<Pair>()
  const proxy = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: Number(server.port), host: server.hostname, allowHalfOpen: true })
    const pair: Pair = { near, far }
    pairs.add(pair)
    join(near, far)
    join(far, near)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: Object.assign(new URL(target), { hostname: '127.0.0.1', port: String(port) }).href,
    swallowReplies: () => {
      for (const { far } of pairs) deafen(far)
    },
    goDark: () => {
      for (const { near, far } of pairs) for (const end of [near, far]) deafen(end)
    },
    close: async () => {
      const closed = once(proxy, 'close')
      proxy.close()
      for (const { near, far } of pairs) for (const end of [near, far]) end.destroy()
      await closed
    },
  }
}
