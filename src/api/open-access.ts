import { openAuthenticate } from '../merchants/authenticate.ts'
import type { Access } from '../platform/http/access.ts'
import type { ApiDeps } from './deps.ts'
import { openPermission, permissions } from './permissions.ts'

/** Who may come in: programs with a key. */
export const openAccess = (deps: ApiDeps): Access => ({
  authenticate: openAuthenticate(deps),
  permissions,
  open: openPermission,
})
