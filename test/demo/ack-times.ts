import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { TruthEntry } from '#kit/pretend'

/** A request of Node's fetch, as its diagnostics channel shows it. */
interface FetchNote {
  readonly request: object
  readonly response?: { readonly statusCode: number }
}
interface HttpNote {
  readonly request: ClientRequest
  readonly response?: { readonly statusCode?: number }
}

/**
 * Notes how long each webhook took from leaving a shop to its answer, measured under the shops' own clients, so that no
 * shop has to tell. Everything that this process sends by HTTP is a webhook.
 */
export function watchAcks(record: (entry: TruthEntry) => void): void {
  const started = new WeakMap<object, number>()
  const begin = (request: object) => started.set(request, performance.now())
  const end = (request: object, status: number) => {
    const from = started.get(request)
    if (from === undefined) return
    started.delete(request)
    record({ at: Date.now(), who: 'world', what: 'webhook.answered', data: { ms: performance.now() - from, status } })
  }
  subscribe('undici:request:create', (message) => begin((message as FetchNote).request))
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as FetchNote
    end(request, response?.statusCode ?? 0)
  })
  subscribe('http.client.request.start', (message) => begin((message as HttpNote).request))
  subscribe('http.client.response.finish', (message) => {
    const { request, response } = message as HttpNote
    end(request, response?.statusCode ?? 0)
  })
}
