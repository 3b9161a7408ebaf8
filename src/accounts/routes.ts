import type { ApiDeps, ApiPlugin } from '../api/deps.ts'
import { credentialRoutes } from './credential-routes.ts'
import { guestRoutes } from './guest-routes.ts'
import { invitationRoutes } from './invitation-routes.ts'
import { meRoutes } from './me-routes.ts'
import { memberRoutes } from './member-routes.ts'
import { openPasswords } from './passwords.ts'
import { signInRoutes } from './sign-in-routes.ts'
import { signUpRoutes } from './sign-up-routes.ts'

/** People: signing up and in, oneself, who belongs to a merchant. */
export const accountRoutes =
  (api: ApiDeps): ApiPlugin =>
  async (app) => {
    const deps = { ...api, passwords: openPasswords(api.ports.rng) }
    signUpRoutes(app, deps)
    signInRoutes(app, deps)
    meRoutes(app, deps)
    credentialRoutes(app, deps)
    memberRoutes(app, deps)
    invitationRoutes(app, deps)
    guestRoutes(app, deps)
  }
