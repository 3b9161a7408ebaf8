import type { Principal } from '../platform/http/access.ts'

/** Makes merchants. Only the installation's own token has it, and it has nothing else. */
export const installScope = 'merchants:install'

/** What a merchant's key can be allowed. `*` is all of them. */
export const scopes = [
  'merchant:read',
  'merchant:write',
  'api-keys:read',
  'api-keys:write',
  'connections:read',
  'connections:write',
  'items:read',
  'items:write',
  'listings:read',
  'listings:write',
  'locations:read',
  'locations:write',
  'inventory:read',
  'inventory:write',
  'orders:read',
  'orders:persons',
  'fulfillment:read',
  'fulfillment:write',
  'exceptions:read',
  'exceptions:write',
  'audits:read',
  'inbox:read',
  'inbox:raw',
  'inbox:write',
  'privacy:read',
  'privacy:write',
] as const

/** Whether the caller may, where that changes what a route answers. */
export function grants(principal: Principal, scope: (typeof scopes)[number]): boolean {
  return principal.scopes.includes('*') || principal.scopes.includes(scope)
}
