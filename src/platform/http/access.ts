import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuseForeign } from './foreign.ts'
import { Problem } from './problem.ts'

/** Who asks. `scopes` holds all that the caller may do, by name. */
export interface Principal {
  readonly merchantId: string
  /** For the audit trail: a key id or a user id. */
  readonly actor: string
  readonly scopes: readonly string[]
  /** A person at a browser. Null: a program with a key. */
  readonly session: SignedIn | null
}
export interface SignedIn {
  readonly sessionId: string
  readonly userId: string
  /** They showed their password or second factor within the last minutes. */
  readonly fresh: boolean
}
/** Null: no key and no session, or none that is valid now. */
export type Authenticate = (request: FastifyRequest) => Promise<Principal | null>
export interface Access {
  readonly authenticate: Authenticate
  /** Everything that a route can ask for. */
  readonly permissions: ReadonlySet<string>
  /** The one among them that needs no caller. */
  readonly open: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller needs to be allowed. Every route under /api/v1 has one that exists, or the program does not start. */
    scope?: string
    /** A person must have shown who they are within the last minutes: a session that was left open is not enough. */
    stepUp?: true
  }
  interface FastifyRequest {
    principal: Principal | null
  }
}

const apiPrefix = '/api/v1'
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
    throw new Problem(401, 'HUB_UNAUTHENTICATED', 'Sign in, or send a valid API key as "Authorization: Bearer …".')
  return request.principal
}

function refuseStale({ session }: Principal): void {
  if (session === null || session.fresh) return
  throw new Problem(403, 'HUB_STEP_UP', 'Show your password or a code once more, then ask again.')
}

/** For what only some requests of a route need. @throws Problem 403 for a person who has not shown lately who they are */
export function requireFresh(request: FastifyRequest): void {
  refuseStale(principalOf(request))
}

/** Deny by default: a route of the API without a permission that exists fails at boot, a caller without it is refused. */
export function guardApi(app: FastifyInstance, access: Access, publicUrl: string): void {
  app.decorateRequest('principal', null)
  app.addHook('onRoute', (route) => {
    const scope = route.config?.scope
    if (isApi(route.url) && (scope === undefined || !access.permissions.has(scope))) {
      throw new Error(`route ${String(route.method)} ${route.url} must declare config.scope, one of the permissions`)
    }
  })
  app.addHook('onRequest', async (request) => {
    if (request.url.startsWith('/api/')) refuseKeyInQuery(request)
    const { scope, stepUp } = request.routeOptions.config ?? {}
    if (scope === undefined) return
    if (scope === access.open) return refuseForeign(request, publicUrl, 'unless told otherwise')
    request.principal = await access.authenticate(request)
    const caller = principalOf(request)
    if (caller.session !== null) refuseForeign(request, publicUrl, 'only when told so')
    if (!caller.scopes.includes(scope)) {
      throw new Problem(403, 'HUB_SCOPE_MISSING', `You may not do that; it needs the permission "${scope}".`)
    }
    if (stepUp) refuseStale(caller)
  })
}
