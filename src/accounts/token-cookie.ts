import type { FastifyReply, FastifyRequest } from 'fastify'
import { tokenShape } from './tokens.ts'

/**
 * Over https `__Host-`: sent to this host alone and set by it alone. The config allows plain http on this machine only;
 * not every browser keeps a Secure cookie there, and cookies know no ports, so the name has the port for a second hub.
 */
function nameOf(publicUrl: string): string {
  const { protocol, port } = new URL(publicUrl)
  return protocol === 'https:' ? '__Host-hub_session' : `hub_session_${port || '80'}`
}

const attributesOf = (publicUrl: string): string =>
  `Path=/; HttpOnly; SameSite=Lax${publicUrl.startsWith('https:') ? '; Secure' : ''}`

/** The token in the request's cookie; null: none, several, or something else. */
export function tokenIn(request: FastifyRequest, publicUrl: string): string | null {
  const name = `${nameOf(publicUrl)}=`
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(name))
  const token = found[0]?.slice(name.length) ?? ''
  return found.length === 1 && tokenShape.test(token) ? token : null
}

/** A cookie for as long as the browser is open; when the session ends is said by its row. */
export function setToken(reply: FastifyReply, publicUrl: string, token: string): void {
  reply.header('set-cookie', `${nameOf(publicUrl)}=${token}; ${attributesOf(publicUrl)}`)
}

export function dropToken(reply: FastifyReply, publicUrl: string): void {
  reply.header('set-cookie', `${nameOf(publicUrl)}=; ${attributesOf(publicUrl)}; Max-Age=0`)
}
