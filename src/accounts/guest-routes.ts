import { z } from 'zod'
import { appendAct } from '../api/audit-log.ts'
import type { Api } from '../api/deps.ts'
import { answers, shownId, shownTime, showTime } from '../api/fields.ts'
import { openPermission, roles } from '../api/permissions.ts'
import { publicId } from '../model/id.ts'
import { type AccountTx, withAccountTx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import type { AccountDeps } from './account-deps.ts'
import { findInvitation, type Invitation, join } from './invitations.ts'
import { personOf } from './session-auth.ts'
import { refuseWeak } from './sign-up-routes.ts'
import { tokenShape } from './tokens.ts'
import { findUser, insertUser, password } from './users.ts'

/** In the body, never in an address: addresses end up in logs. */
const token = z.string().regex(tokenShape, 'is no invitation')

async function invitationOf(deps: AccountDeps, text: string): Promise<Invitation> {
  const found = await withAccountTx(deps.db, null, (tx) => findInvitation(tx, deps.ports.clock.now(), text))
  if (found === null) throw notFound()
  return found
}

/** @throws Problem 404 when it was used meanwhile */
async function comeIn(tx: AccountTx, deps: AccountDeps, invitation: Invitation, userId: string): Promise<void> {
  if (!(await join(tx, invitation, userId))) throw notFound()
  const actor = publicId('user', userId)
  const targets = [publicId('invitation', invitation.invitationId), invitation.role]
  await appendAct(tx, { at: deps.ports.clock.now(), actor, act: 'member.joined', targets })
}

function newGuestRoute(app: Api, deps: AccountDeps): void {
  app.post('/invitations/accept', {
    config: { scope: openPermission },
    schema: { body: z.strictObject({ token, password }), response: answers(z.object({ next: z.literal('sign-in') })) },
    handler: async (request) => {
      const invitation = await invitationOf(deps, request.body.token)
      refuseWeak('password', request.body.password, invitation.email)
      const passwordHash = await deps.passwords.hash(request.body.password)
      await withAccountTx(deps.db, invitation.merchantId, async (tx) => {
        const userId = deps.ports.ids.uuid()
        if (!(await insertUser(tx, { userId, email: invitation.email, passwordHash })))
          throw new Problem(409, 'HUB_SIGN_IN_FIRST', 'Sign in with the account of this address, then accept.')
        await comeIn(tx, deps, invitation, userId)
      })
      return { next: 'sign-in' as const }
    },
  })
}

/** How people come in who were asked: with a new account, or with the one they have. */
export function guestRoutes(app: Api, deps: AccountDeps): void {
  app.post('/invitations/look', {
    config: { scope: openPermission },
    schema: {
      body: z.strictObject({ token }),
      response: answers(z.object({ merchant: z.string(), email: z.string(), role: z.enum(roles), endsAt: shownTime })),
    },
    handler: async (request) => {
      const { merchant, email, role, endsAt } = await invitationOf(deps, request.body.token)
      return { merchant, email, role, endsAt: showTime(endsAt) }
    },
  })
  newGuestRoute(app, deps)
  app.post('/me/invitations', {
    config: { scope: 'me:write' },
    schema: { body: z.strictObject({ token }), response: answers(z.object({ merchant: shownId })) },
    handler: async (request) => {
      const invitation = await invitationOf(deps, request.body.token)
      await withAccountTx(deps.db, invitation.merchantId, async (tx) => {
        const user = await findUser(tx, personOf(request))
        // For somebody else: a token that went astray opens nothing.
        if (user?.email !== invitation.email) throw notFound()
        await comeIn(tx, deps, invitation, user.userId)
      })
      return { merchant: publicId('merchant', invitation.merchantId) }
    },
  })
}
