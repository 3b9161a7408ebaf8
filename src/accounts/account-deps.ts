import type { ApiDeps } from '../api/deps.ts'
import type { Passwords } from './passwords.ts'

/** What the routes of this slice need. */
export interface AccountDeps extends ApiDeps {
  readonly passwords: Passwords
}
