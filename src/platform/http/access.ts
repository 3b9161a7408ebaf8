import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/** Who asks. `scopes` holds what the key may do; `*` is everything of its merchant. */
export interface Principal {
  readonly merchantId: string
  /** For the audit trail: a key id or a user id. */
  readonly actor: string
  readonly scopes: readonly string[]
}
/** Null: no key, or none that is valid now. */
export type Authenticate = (request: FastifyRequest) => Promise<Principal | null>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller needs to be allowed. Every route under /api/v1 has one, or the program does not start. */
    scope?: string
  }
  interface FastifyRequest {
    principal: Principal | null
  }
}

const apiPrefix = '/api/v1'
const scopeShape = /^[a-z]+(-[a-z]+)*:[a-z]+$/
const keyNames = new Set(['api_key', 'apikey', 'api-key', 'key', 'access_token', 'token'])

function isApi(url: string): boolean {
  return url === apiPrefix || url.startsWith(`${apiPrefix}/`)
}

function refuseKeyInQuery(request: FastifyRequest): void {
  const query = request.query
  const names = typeof query === 'object' && query !== null ? Object.keys(query) : []
  if (names.some((name) => keyNames.has(name.toLowerCase()))) {
    throw new Problem(
      400,
      'HUB_KEY_IN_QUERY',
      'A key in an address ends up in logs. Send it as "Authorization: Bearer …" and replace it.',
    )
  }
}

/** The caller of a route that has a scope. @throws Problem 401 where nobody was authenticated */
export function principalOf(request: FastifyRequest): Principal {
  if (!request.principal)
    throw new Problem(401, 'HUB_UNAUTHENTICATED', 'Send a valid API key as "Authorization: Bearer …".')
  return request.principal
}

/** Deny by default: a route of the API without a scope fails at boot, a caller without it is refused. */
export function guardApi(app: FastifyInstance, authenticate: Authenticate): void {
  app.decorateRequest('principal', null)
  app.addHook('onRoute', (route) => {
    const scope = route.config?.scope
    if (isApi(route.url) && (scope === undefined || !scopeShape.test(scope))) {
      throw new Error(`route ${String(route.method)} ${route.url} must declare config.scope, like "orders:read"`)
    }
  })
  app.addHook('onRequest', async (request) => {
    if (request.url.startsWith('/api/')) refuseKeyInQuery(request)
    const scope = request.routeOptions.config?.scope
    if (scope === undefined) return
    request.principal = await authenticate(request)
    const { scopes } = principalOf(request)
    if (!scopes.includes('*') && !scopes.includes(scope)) {
      throw new Problem(403, 'HUB_SCOPE_MISSING', `This key may not do that; it needs the scope "${scope}".`)
    }
  })
}
