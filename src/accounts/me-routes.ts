import { z } from 'zod'
import type { Api } from '../api/deps.ts'
import { answers, idOf, shownId, shownTime, showTime } from '../api/fields.ts'
import { permissionsOf, type Role, roles } from '../api/permissions.ts'
import { acting } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import { type AccountTx, withAccountTx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { notFound } from '../platform/http/problem.ts'
import type { AccountDeps } from './account-deps.ts'
import { personOf } from './session-auth.ts'
import { endSessions, listSessions, markSeen, type OwnSession, rotateToken } from './sessions.ts'
import { setToken } from './token-cookie.ts'

interface Place {
  readonly merchantId: string
  readonly name: string
  readonly role: Role
  readonly seesPersons: boolean
}

const shownMe = z.object({
  id: shownId,
  email: z.string(),
  secondFactor: z.boolean(),
  recoveryCodesLeft: z.int(),
  merchant: shownId.nullable().describe('The one that this session looks at.'),
  role: z.enum(roles).nullable(),
  permissions: z.array(z.string()),
  merchants: z.array(z.object({ id: shownId, name: z.string(), role: z.enum(roles) })),
  fresh: z.boolean().describe('False: what matters most asks for password or code once more.'),
})

interface MeRow {
  readonly email: string
  readonly secondFactor: boolean
  readonly codes: number
}

async function readMe(tx: AccountTx, userId: string): Promise<{ readonly me: MeRow; readonly places: Place[] }> {
  const [me] = await tx.rows<MeRow & object>(
    `select email, totp_since is not null as "secondFactor",
       (select count(*)::int from recovery_code c where c.user_id = u.user_id) as codes from user_account u where user_id = $1`,
    [userId],
  )
  if (!me) throw notFound()
  const places = await tx.rows<Place & object>(
    `select m.merchant_id as "merchantId", t.name, m.role, m.sees_persons as "seesPersons" from membership m
     join merchant t on t.merchant_id = m.merchant_id where m.user_id = $1 order by t.name, m.merchant_id limit 500`,
    [userId],
  )
  return { me, places }
}

function meRoute(app: Api, deps: AccountDeps): void {
  app.get('/me', {
    config: { scope: 'me:read' },
    schema: { response: answers(shownMe) },
    handler: async (request) => {
      const { userId, fresh } = personOf(request)
      const { merchantId } = principalOf(request)
      const { me, places } = await withAccountTx(deps.db, null, (tx) => readMe(tx, userId))
      const here = places.find((place) => place.merchantId === merchantId) ?? null
      return {
        id: publicId('user', userId),
        email: me.email,
        secondFactor: me.secondFactor,
        recoveryCodesLeft: me.codes,
        merchant: here && publicId('merchant', here.merchantId),
        role: here?.role ?? null,
        permissions: permissionsOf(here).filter((name) => name !== '*'),
        merchants: places.map(({ merchantId: id, name, role }) => ({ id: publicId('merchant', id), name, role })),
        fresh,
      }
    },
  })
  app.put('/me/merchant', {
    config: { scope: 'me:write' },
    schema: {
      body: z.strictObject({ merchant: idOf('merchant') }),
      response: answers(z.object({ merchant: shownId })),
    },
    handler: async (request, reply) => {
      const { userId, sessionId } = personOf(request)
      const { merchant } = request.body
      const token = await withAccountTx(deps.db, merchant, async (tx) => {
        const belongs = await tx.rows('select 1 from membership where merchant_id = $1 and user_id = $2', [
          merchant,
          userId,
        ])
        if (belongs.length === 0) throw notFound()
        await markSeen(tx, deps.ports.clock.now(), userId)
        return rotateToken(tx, deps.ports, sessionId, { merchantId: merchant })
      })
      setToken(reply, deps.publicUrl, token.reveal())
      return { merchant: publicId('merchant', merchant) }
    },
  })
}

const shownSession = z.object({
  id: shownId,
  client: z.string(),
  createdAt: shownTime,
  usedAt: shownTime,
  current: z.boolean(),
})
const show = (row: OwnSession, current: string): z.infer<typeof shownSession> => ({
  id: publicId('session', row.sessionId),
  client: row.client,
  createdAt: showTime(row.createdAt),
  usedAt: showTime(row.usedAt),
  current: row.sessionId === current,
})

function sessionRoutes(app: Api, deps: AccountDeps): void {
  app.get('/me/sessions', {
    config: { scope: 'me:read' },
    schema: { response: answers(z.object({ items: z.array(shownSession) })) },
    handler: async (request) => {
      const { userId, sessionId } = personOf(request)
      const rows = await withAccountTx(deps.db, null, (tx) => listSessions(tx, deps.ports.clock.now(), userId))
      return { items: rows.map((row) => show(row, sessionId)) }
    },
  })
  app.delete('/me/sessions/:id', {
    config: { scope: 'me:write' },
    schema: {
      params: z.strictObject({ id: idOf('session') }),
      response: answers(z.object({ ended: z.literal(true) })),
    },
    handler: (request) =>
      acting(deps, request, async (tx) => {
        const { id } = request.params
        if ((await endSessions(tx, personOf(request).userId, { only: id })) === 0) throw notFound()
        return { answer: { ended: true as const }, done: 'session.ended', targets: [publicId('session', id)] }
      }),
  })
  app.delete('/me/sessions', {
    config: { scope: 'me:write' },
    schema: { response: answers(z.object({ ended: z.int() })) },
    handler: (request) =>
      acting(deps, request, async (tx) => {
        const { userId, sessionId } = personOf(request)
        const ended = await endSessions(tx, userId, { but: sessionId })
        return { answer: { ended }, done: 'session.others_ended', targets: [] }
      }),
  })
}

/** Oneself: who one is, where one belongs, where one is signed in. */
export function meRoutes(app: Api, deps: AccountDeps): void {
  meRoute(app, deps)
  sessionRoutes(app, deps)
}
