import type { PretendAnswer, PretendCall } from '#kit/pretend'
import { authenticate } from './auth.ts'
import { broken, type Dials, hit, throttled } from './faults.ts'
import type { Store } from './model.ts'
import { type Body, isBody, parseQuery, phpJson, type Reply, type RestCall, RestError } from './rest.ts'
import { findRoute } from './router.ts'
import { siteIndex } from './routes-site.ts'
import { wcAuth } from './wc-auth.ts'

const apiRoot = '/wp-json/wc/v3/'

export interface Site {
  readonly store: Store
  readonly dials: Dials
}

function rest(reply: Reply): PretendAnswer {
  const headers = { 'content-type': 'application/json; charset=UTF-8', ...reply.headers }
  return { status: reply.status, headers, body: phpJson(reply.data) }
}

function bodyOf(call: PretendCall): Body {
  if (call.body.length === 0) return {}
  const type = call.headers['content-type'] ?? ''
  if (type.includes('application/x-www-form-urlencoded')) {
    return Object.fromEntries(parseQuery(new URLSearchParams(call.body.toString('utf8'))))
  }
  try {
    const parsed: unknown = JSON.parse(call.body.toString('utf8'))
    return isBody(parsed) ? parsed : {}
  } catch {
    throw new RestError(400, 'rest_invalid_json', 'Invalid JSON body passed.')
  }
}

async function wooRest(site: Site, call: PretendCall, seen: (() => void)[]): Promise<Reply> {
  const { store, dials } = site
  const found = findRoute(store, call.method, call.url.pathname.slice(apiRoot.length).replace(/\/$/, ''))
  const restCall: Omit<RestCall, 'ids' | 'key' | 'body'> = {
    store,
    method: call.method,
    query: parseQuery(call.url.searchParams),
    onSeen: (note) => seen.push(note),
    writeIsDropped: () => {
      const dropped = hit(dials, 'dropWrite')
      if (dropped) store.record('api.fault', { fault: 'dropWrite', method: call.method, path: call.url.pathname })
      return dropped
    },
  }
  const key = authenticate(store, call)
  return found.route({ ...restCall, ids: found.ids, key, body: bodyOf(call) })
}

async function wordpress(site: Site, call: PretendCall, seen: (() => void)[]): Promise<PretendAnswer> {
  try {
    if (/^\/wp-json\/?$/.test(call.url.pathname)) return rest({ status: 200, data: siteIndex(site.store) })
    if (call.url.pathname.startsWith(apiRoot)) return rest(await wooRest(site, call, seen))
    if (call.url.pathname.startsWith('/wp-json/wp/v2/')) {
      const message = 'The provided API key cannot be used to access this endpoint.'
      throw new RestError(401, 'woocommerce_rest_authentication_error', message)
    }
    throw new RestError(404, 'rest_no_route', 'No route was found matching the URL and request method.')
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    return rest({ status: error.status, data: { code: error.code, message: error.message, data: error.data } })
  }
}

/** One request to the store, with the faults of its host. `_method` and the like of WordPress are left out. */
export async function answer(site: Site, call: PretendCall): Promise<PretendAnswer | 'hang' | 'reset'> {
  const { store, dials } = site
  if (call.url.pathname.startsWith('/wc-auth/')) return wcAuth(store, call.url)
  if (!call.url.pathname.startsWith('/wp-json')) {
    return { status: 200, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: '<h1>Laden</h1>' }
  }
  const fault = (name: string, effect: boolean) =>
    store.record('api.fault', { fault: name, method: call.method, path: call.url.pathname, effect })
  if (hit(dials, 'throttle')) {
    fault('throttle', false)
    return throttled(dials.rng)
  }
  if (hit(dials, 'failBefore')) {
    fault('failBefore', false)
    return broken(dials.rng)
  }
  const hangs = hit(dials, 'hang')
  if (hangs && dials.rng() < 0.5) {
    fault('hang', false)
    return 'hang'
  }
  const seen: (() => void)[] = []
  const reply = await wordpress(site, call, seen)
  if (hangs) {
    fault('hang', true)
    return 'hang'
  }
  if (hit(dials, 'failAfterEffect')) {
    fault('failAfterEffect', true)
    return dials.rng() < 0.3 ? 'reset' : broken(dials.rng)
  }
  for (const note of seen) note()
  return reply
}
