import { openSessionAuth } from '../accounts/session-auth.ts'
import { openAuthenticate } from '../merchants/authenticate.ts'
import type { Access } from '../platform/http/access.ts'
import type { ApiDeps } from './deps.ts'
import { openPermission, permissions } from './permissions.ts'

/** Who may come in: programs with a key, people with a cookie. Who says who they are by a key is asked for nothing else. */
export function openAccess(deps: ApiDeps): Access {
  const byKey = openAuthenticate(deps)
  const bySession = openSessionAuth(deps)
  return {
    authenticate: (request) => (request.headers.authorization === undefined ? bySession(request) : byKey(request)),
    permissions,
    open: openPermission,
  }
}
