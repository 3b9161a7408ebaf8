/** The one table of who may do what. Routes name a permission; a name that is not in here stops the start. */
import type { Principal } from '../platform/http/access.ts'

/** What a person is to a merchant. */
export const roles = ['owner', 'manager', 'operator', 'viewer', 'partner'] as const
export type Role = (typeof roles)[number]

/** What needs nobody: signing in, and what leads there. */
export const openPermission = 'sign-in:open'
/** Makes merchants. Only the installation's own token has it, and it has nothing else. */
export const installScope = 'merchants:install'

/**
 * Who holds each: roles, `key` (as a scope that can be given to one), `user` (whoever is signed in, of whatever merchant),
 * `install`. A partner's own requests and files come with routes of their own: what is here
 * shows all of a merchant's. What leads out of a role (team, keys) is the owner's, and no key can do it to people.
 */
const holders = {
  [openPermission]: '',
  [installScope]: 'install',
  'me:read': 'user',
  'me:write': 'user',
  'team:read': 'owner manager',
  'team:write': 'owner',
  'api-keys:read': 'owner key',
  'api-keys:write': 'owner key',
  'audit-log:read': 'owner manager key',
  'merchant:read': 'owner manager operator viewer key',
  'merchant:write': 'owner manager key',
  // Everything at once, persons included.
  'merchant:export': 'owner key',
  'connections:read': 'owner manager operator viewer key',
  'connections:write': 'owner manager key',
  'items:read': 'owner manager operator viewer key',
  'items:write': 'owner manager key',
  'listings:read': 'owner manager operator viewer key',
  // The remedy for what is sold and not mapped.
  'listings:write': 'owner manager operator key',
  'locations:read': 'owner manager operator viewer key',
  'locations:write': 'owner manager key',
  'inventory:read': 'owner manager operator viewer key',
  'inventory:write': 'owner manager operator key',
  'orders:read': 'owner manager operator viewer key',
  // Holding, releasing, cancelling.
  'orders:write': 'owner manager operator key',
  // Names and addresses. A viewer sees them where the owner said so.
  'orders:persons': 'owner manager operator key',
  'fulfillment:read': 'owner manager operator viewer key',
  'fulfillment:write': 'owner manager operator key',
  'exceptions:read': 'owner manager operator viewer key',
  'exceptions:write': 'owner manager operator key',
  // Topics only: what changed is read by its own route.
  'events:read': 'owner manager operator viewer key',
  'status:read': 'owner manager operator viewer key',
  'audits:read': 'owner manager viewer key',
  'inbox:read': 'owner manager operator viewer key',
  // Bodies as they came, persons included.
  'inbox:raw': 'owner manager key',
  'inbox:write': 'owner manager operator key',
  'privacy:read': 'owner manager key',
  // Erasing cannot be taken back.
  'privacy:write': 'owner key',
} as const satisfies Readonly<Record<string, string>>

export type Permission = keyof typeof holders

export const permissions: ReadonlySet<string> = new Set(Object.keys(holders))

const heldBy = (holder: string): string[] =>
  Object.entries(holders).flatMap(([name, who]) => (who.split(' ').includes(holder) ? [name] : []))

/** What a merchant's key can be allowed. `*` is all of them. */
export const scopes: readonly string[] = heldBy('key')

const byRole = new Map<Role, string[]>(roles.map((role) => [role, [...heldBy(role), ...heldBy('user')]]))

export interface Standing {
  readonly role: Role
  /** A viewer who may see names and addresses all the same. */
  readonly seesPersons: boolean
}

/** What a signed-in person may do; null: they belong to no merchant now, and may look after themselves. */
export function permissionsOf(standing: Standing | null): readonly string[] {
  if (standing === null) return heldBy('user')
  const own = byRole.get(standing.role) ?? []
  const more = standing.role === 'viewer' && standing.seesPersons ? ['orders:persons'] : []
  // Who may give all that a key can have may give `*`.
  return [...own, ...more, ...(standing.role === 'owner' ? ['*'] : [])]
}

/** What a key may do whose owner wrote these; what no key can have counts for nothing. */
export function permissionsOfKey(given: readonly string[]): readonly string[] {
  return given.includes('*') ? ['*', ...scopes] : given.filter((name) => scopes.includes(name))
}

export const permissionsOfInstall: readonly string[] = heldBy('install')

/** Whether the caller may, where that changes what a route answers. */
export function grants(principal: Principal, permission: Permission): boolean {
  return principal.scopes.includes(permission)
}
