import type { FastifyRequest } from 'fastify'
import type { ApiDeps } from '../api/deps.ts'
import { permissionsOf } from '../api/permissions.ts'
import { publicId } from '../model/id.ts'
import { withAccountTx } from '../platform/db/tx.ts'
import { type Authenticate, principalOf, type SignedIn } from '../platform/http/access.ts'
import { Problem } from '../platform/http/problem.ts'
import { findSession, markSeen } from './sessions.ts'
import { tokenIn } from './token-cookie.ts'

/** Who has this cookie. Role and membership are read at every request, so that what was taken from somebody ends at once. */
export function openSessionAuth(deps: Pick<ApiDeps, 'db' | 'ports' | 'publicUrl'>): Authenticate {
  return async (request) => {
    const token = tokenIn(request, deps.publicUrl)
    if (token === null) return null
    const found = await withAccountTx(deps.db, null, (tx) => findSession(tx, deps.ports.clock.now(), token))
    if (found === null) return null
    const { sessionId, userId, merchantId, role, seesPersons, fresh } = found
    if (found.touched && merchantId !== null)
      await withAccountTx(deps.db, merchantId, (tx) => markSeen(tx, deps.ports.clock.now(), userId))
    return {
      merchantId: merchantId ?? '',
      actor: publicId('user', userId),
      scopes: permissionsOf(role === null ? null : { role, seesPersons }),
      session: { sessionId, userId, fresh },
    }
  }
}

/**
 * Whether who asked a while ago still may: signed in with the same cookie, of the same merchant. It is not a use of the session,
 * so a page that only listens keeps nobody signed in. A key is good until its next request.
 */
export async function stillSignedIn(
  deps: Pick<ApiDeps, 'db' | 'ports' | 'publicUrl'>,
  request: FastifyRequest,
): Promise<boolean> {
  const { session, merchantId } = principalOf(request)
  if (session === null) return true
  const token = tokenIn(request, deps.publicUrl)
  if (token === null) return false
  const found = await withAccountTx(deps.db, null, (tx) => findSession(tx, deps.ports.clock.now(), token, false))
  return found?.merchantId === merchantId
}

/** The person behind a request for whom `me:…` was enough. */
export function personOf(request: FastifyRequest): SignedIn {
  const { session } = principalOf(request)
  if (session === null) throw new Problem(403, 'HUB_SCOPE_MISSING', 'Only a person who is signed in may do that.')
  return session
}
