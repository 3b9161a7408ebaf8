import { z } from 'zod'
import type { Api } from '../api/deps.ts'
import { answers, created, idOf, shownId, shownTime, showTime } from '../api/fields.ts'
import { installScope, roles } from '../api/permissions.ts'
import { acting } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import { type AccountTx, withAccountTx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { notFound } from '../platform/http/problem.ts'
import type { AccountDeps } from './account-deps.ts'
import { type Invitation, invite, listInvitations, withdraw } from './invitations.ts'
import { email } from './users.ts'

const guest = { email, role: z.enum(roles), seesPersons: z.boolean().default(false) }
const shownInvitation = z.object({
  id: shownId,
  email: z.string(),
  role: z.enum(roles),
  seesPersons: z.boolean(),
  endsAt: shownTime,
})
const shownToken = z.object({
  id: shownId,
  endsAt: shownTime,
  token: z
    .string()
    .describe('Shown once: hand it to the guest. In a link it belongs behind the #, which no server sees.'),
})
const show = (row: Omit<Invitation, 'merchant'>): z.infer<typeof shownInvitation> => ({
  id: publicId('invitation', row.invitationId),
  email: row.email,
  role: row.role,
  seesPersons: row.seesPersons,
  endsAt: showTime(row.endsAt),
})

/** Its entry in the audit log says the role, and not whom: an address is personal data, and the entry stays. */
const inviting =
  (deps: AccountDeps, asked: Pick<Invitation, 'email' | 'role' | 'seesPersons'>) => async (tx: AccountTx) => {
    const { invitationId, token, endsAt } = await invite(tx, deps.ports, asked)
    const id = publicId('invitation', invitationId)
    const answer = { id, endsAt: showTime(endsAt), token: token.reveal() }
    return { answer, done: 'member.invited', targets: [id, asked.role] }
  }

function inviteRoutes(app: Api, deps: AccountDeps): void {
  app.post('/invitations', {
    config: { scope: 'team:write', stepUp: true },
    schema: { body: z.strictObject(guest), response: created(shownToken) },
    handler: async (request, reply) => reply.code(201).send(await acting(deps, request, inviting(deps, request.body))),
  })
  app.post('/installation/invitations', {
    config: { scope: installScope },
    schema: { body: z.strictObject({ merchant: idOf('merchant'), email }), response: created(shownToken) },
    handler: async (request, reply) => {
      const { merchant, email: address } = request.body
      const owner = { email: address, role: 'owner', seesPersons: false } as const
      const asked = async (tx: AccountTx) => {
        if ((await tx.rows('select 1 from merchant where merchant_id = $1', [merchant])).length === 0) throw notFound()
        return inviting(deps, owner)(tx)
      }
      return reply.code(201).send(await acting(deps, request, asked, merchant))
    },
  })
}

/** Asking people in. How they come in: guest-routes.ts. */
export function invitationRoutes(app: Api, deps: AccountDeps): void {
  inviteRoutes(app, deps)
  app.get('/invitations', {
    config: { scope: 'team:read' },
    schema: { response: answers(z.object({ items: z.array(shownInvitation) })) },
    handler: async (request) => {
      const { merchantId } = principalOf(request)
      const rows = await withAccountTx(deps.db, merchantId, (tx) => listInvitations(tx, deps.ports.clock.now()))
      return { items: rows.map(show) }
    },
  })
  app.delete('/invitations/:id', {
    config: { scope: 'team:write' },
    schema: {
      params: z.strictObject({ id: idOf('invitation') }),
      response: answers(z.object({ withdrawn: z.literal(true) })),
    },
    handler: (request) =>
      acting(deps, request, async (tx) => {
        if (!(await withdraw(tx, request.params.id))) throw notFound()
        const targets = [publicId('invitation', request.params.id)]
        return { answer: { withdrawn: true as const }, done: 'invitation.withdrawn', targets }
      }),
  })
}
