import { isIP } from 'node:net'
import { isLoopbackAddress, isPublicAddress } from './address.ts'
import { EgressError } from './error.ts'

/** Where a socket may go: canonical host (no brackets, no final dot) and port, already judged by name. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** A development pair: must be, and may be, this machine. */
  readonly admitted: boolean
}

const httpPorts: ReadonlySet<number> = new Set([443, 8443])
const dialPorts: ReadonlySet<number> = new Set([22, 2222])
const localNames = /(^|\.)(localhost|local|internal|lan|intranet|home|corp)$/

function refuse(where: string, why: string): never {
  throw new EgressError('refused', `${where}: ${why}`)
}

function canonicalHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

function judge(target: Target, ports: ReadonlySet<number>): Target {
  const where = `${target.host}:${target.port}`
  if (target.admitted) return target
  if (!ports.has(target.port)) refuse(where, `only the ports ${[...ports].join(' and ')} are allowed`)
  if (isIP(target.host) ? !isPublicAddress(target.host) : localNames.test(target.host)) {
    refuse(where, 'this is not an address of the public internet')
  }
  return target
}

/** Judges a merchant-given URL before anything is looked up. @throws EgressError refused */
export function httpTarget(
  text: string,
  admitted: ReadonlySet<string>,
): { readonly url: URL; readonly target: Target } {
  const url = URL.parse(text)
  if (!url || url.hostname === '') return refuse('address', 'this is not a web address')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') refuse(url.hostname, 'only https is allowed')
  if (url.username !== '' || url.password !== '') refuse(url.hostname, 'a user name or password in the address')
  const host = canonicalHost(url)
  const tls = url.protocol === 'https:'
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port)
  const isAdmitted = admitted.has(`${host}:${port}`)
  if (!tls && !isAdmitted) refuse(host, 'only https is allowed')
  return { url, target: judge({ host, port, tls, admitted: isAdmitted }, httpPorts) }
}

/** The same for a partner's host and port (SFTP). @throws EgressError refused */
export function dialTarget(text: string, port: number, admitted: ReadonlySet<string>): Target {
  const bracketed = isIP(text) === 6 ? `[${text}]` : text
  const url = /[/\\@?#\s]/.test(bracketed) ? null : URL.parse(`https://${bracketed}`)
  if (!url || url.hostname === '' || url.port !== '') return refuse('host', 'this is not a host name')
  const host = canonicalHost(url)
  return judge({ host, port, tls: false, admitted: admitted.has(`${host}:${port}`) }, dialPorts)
}

/** The development pairs, checked: each must name this machine. @throws RangeError for any other host */
export function admittedPairs(pairs: readonly string[]): ReadonlySet<string> {
  const known = pairs.map((pair) => {
    const url = URL.parse(`ws://${pair}`)
    const host = url ? canonicalHost(url) : ''
    const port = url?.port === '' ? 80 : Number(url?.port)
    if (host !== 'localhost' && !isLoopbackAddress(host))
      throw new RangeError(`not a loopback host:port pair: "${pair}"`)
    return `${host}:${port}`
  })
  return new Set(known)
}
