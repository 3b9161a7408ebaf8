import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'

export interface Outgoing {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timeoutMs: number
  /** How many redirects are followed: none for deliveries, five for pings and key callbacks. */
  readonly redirectsMax: number
}

export function isLoopback(url: URL): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
}

interface Answer {
  readonly status: number
  readonly location: string | undefined
}

function once(url: URL, method: string, out: Outgoing): Promise<Answer> {
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest
  const headers = { ...out.headers, 'content-length': String(Buffer.byteLength(out.body)) }
  return new Promise((resolve) => {
    // No agent: a connection of its own, `Connection: close` and a content length, as the store was seen to send.
    const request = send(url, { method, headers, agent: false, timeout: out.timeoutMs }, (response) => {
      response.resume()
      response.on('close', () => resolve({ status: response.statusCode ?? 0, location: response.headers.location }))
    })
    const deadline = setTimeout(() => request.destroy(), out.timeoutMs)
    deadline.unref()
    request.on('error', () => resolve({ status: 0, location: undefined }))
    request.on('close', () => {
      clearTimeout(deadline)
      resolve({ status: 0, location: undefined })
    })
    request.end(out.body)
  })
}

/**
 * POSTs as the store does; 0 when no answer came or the address is refused. Only loopback is dialled: WordPress exempts
 * the store's own host from its private-range block, and a pretend store has no business anywhere else.
 * A redirect is followed as GET with the body still in it (observed on WooCommerce 11.0.1, 2026-11-23).
 */
export async function post(out: Outgoing): Promise<number> {
  let address = out.url
  let method = 'POST'
  for (let hop = 0; hop <= out.redirectsMax; hop += 1) {
    const url = URL.canParse(address) ? new URL(address) : null
    if (!url || !isLoopback(url)) return 0
    const answer = await once(url, method, out)
    const redirect = answer.status >= 300 && answer.status < 400 && answer.location !== undefined
    if (!redirect || out.redirectsMax === 0) return answer.status
    address = new URL(answer.location, url).href
    method = 'GET'
  }
  return 0
}
