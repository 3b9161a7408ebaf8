import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { isIP, connect as netConnect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { isLoopbackAddress, isPublicAddress } from './address.ts'
import { EgressError, reasonOf } from './error.ts'
import type { Target } from './target.ts'

export interface Address {
  readonly address: string
  readonly family: number
}
export type Resolve = (host: string) => Promise<readonly Address[]>
/** Opens a socket to one of these addresses and no other. */
export type Connect = (addresses: readonly Address[], port: number) => Socket

const addressesMax = 64

export const resolveBySystem: Resolve = (host) => lookup(host, { all: true })

// The name is not looked up again: what was checked is what is connected, so a second DNS answer changes nothing.
export const connectPinned: Connect = (addresses, port) =>
  netConnect({
    host: addresses[0]?.address ?? '',
    port,
    ...(addresses.length > 1 && {
      host: 'pinned',
      autoSelectFamily: true,
      lookup: (_host, _options, done) => done(null, [...addresses]),
    }),
  })

function settled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Error('aborted'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

async function checkedAddresses(target: Target, resolve: Resolve, signal: AbortSignal): Promise<readonly Address[]> {
  const family = isIP(target.host)
  const found = family ? [{ address: target.host, family }] : await settled(resolve(target.host), signal)
  const where = `${target.host}:${target.port}`
  if (found.length === 0) throw new EgressError('before_send', `${where}: the name has no address`)
  const allowed = target.admitted ? isLoopbackAddress : isPublicAddress
  if (found.length > addressesMax || !found.every((a) => allowed(a.address))) {
    throw new EgressError('refused', `${where}: this is not an address of the public internet`)
  }
  return found
}

async function opened<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<S> {
  try {
    await once(socket, event, { signal })
    return socket
  } catch (error) {
    socket.on('error', () => undefined)
    socket.destroy()
    throw error
  }
}

function secured(socket: Socket, target: Target, signal: AbortSignal): Promise<Socket> {
  const secure = tlsConnect({
    socket,
    host: target.host,
    ...(isIP(target.host) === 0 && { servername: target.host }),
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // Said here so that NODE_TLS_REJECT_UNAUTHORIZED=0 cannot switch it off.
    rejectUnauthorized: true,
  })
  return opened(secure, 'secureConnect', signal)
}

/**
 * Look up, judge every address, connect to a judged one, and (for https) finish the TLS handshake.
 * A returned socket has carried no byte of a request yet. @throws EgressError refused | before_send
 */
export async function openSocket(
  target: Target,
  deps: { readonly resolve: Resolve; readonly connect: Connect },
  deadlineMs: number,
): Promise<Socket> {
  const signal = AbortSignal.timeout(deadlineMs)
  try {
    const addresses = await checkedAddresses(target, deps.resolve, signal)
    const socket = await opened(deps.connect(addresses, target.port), 'connect', signal)
    return target.tls ? await secured(socket, target, signal) : socket
  } catch (error) {
    if (error instanceof EgressError) throw error
    const why = signal.aborted ? `no connection within ${deadlineMs} ms` : reasonOf(error)
    throw new EgressError('before_send', `${target.host}:${target.port}: ${why}`)
  }
}
