import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * True only for an address of the public internet. Everything with a special meaning is out: private,
 * loopback, link-local (cloud metadata), carrier NAT, benchmarks, multicast, and the IPv6 forms that
 * carry an IPv4 address inside (NAT64, 6to4, Teredo). A mapped IPv4 is judged as that IPv4.
 */
export function isPublicAddress(address: string): boolean {
  // ipaddr.js also reads short and octal forms; only what a resolver prints is taken.
  if (isIP(address) === 0) return false
  const ip = ipaddr.process(address)
  if (ip.range() !== 'unicast') return false
  return ip instanceof ipaddr.IPv4 || ip.match(globalUnicast)
}

/** True for this machine itself: the only place where a development pair may point. */
export function isLoopbackAddress(address: string): boolean {
  return isIP(address) !== 0 && ipaddr.process(address).range() === 'loopback'
}
