import { z } from 'zod'
import { changesBetween, type Change as LoggedChange } from '../api/audit-log.ts'
import type { Api } from '../api/deps.ts'
import { answers, idOf, shownId, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { type Role, roles, type Standing } from '../api/permissions.ts'
import { acting } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import { type AccountTx, withAccountTx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import type { AccountDeps } from './account-deps.ts'
import { endSessions } from './sessions.ts'

interface MemberRow {
  readonly userId: string
  readonly email: string
  readonly role: Role
  readonly seesPersons: boolean
  readonly secondFactor: boolean
  readonly joinedAt: Date
  readonly seenAt: Date | null
}

const shownMember = z.object({
  id: shownId,
  email: z.string(),
  role: z.enum(roles),
  seesPersons: z.boolean(),
  secondFactor: z.boolean(),
  joinedAt: shownTime,
  seenAt: shownTime.nullable().describe('When they last looked at this merchant, to a minute. Null: never.'),
})
const show = (row: MemberRow): z.infer<typeof shownMember> => ({
  id: publicId('user', row.userId),
  email: row.email,
  role: row.role,
  seesPersons: row.seesPersons,
  secondFactor: row.secondFactor,
  joinedAt: showTime(row.joinedAt),
  seenAt: showTimeOrNull(row.seenAt),
})

const list: List = { name: 'members', from: 'membership', keys: [['user_id', 'uuid']], direction: 'asc' }
const select = `t.user_id as "userId", u.email, t.role, t.sees_persons as "seesPersons", u.totp_since is not null as "secondFactor",
  t.created_at as "joinedAt", greatest(t.seen_at, s.used_at) as "seenAt"`
const joins = `cross join lateral (select email, totp_since from user_account where user_id = t.user_id offset 0) u
  cross join lateral (select max(used_at) as used_at from session where user_id = t.user_id and merchant_id = t.merchant_id) s`

/** The owners' rows are locked first: of two who leave at once, one sees that the other has. */
async function refuseLastOwner(tx: AccountTx, userId: string): Promise<void> {
  const owners = await tx.rows<{ userId: string }>(
    `select user_id as "userId" from membership where merchant_id = $1 and role = 'owner' order by user_id for update`,
    [tx.merchantId],
  )
  if (owners.length > 1 || owners[0]?.userId !== userId) return
  throw new Problem(409, 'HUB_LAST_OWNER', 'A merchant has at least one owner. Make somebody else an owner first.')
}

export interface Change {
  readonly role?: Role | undefined
  readonly seesPersons?: boolean | undefined
}

interface Changed {
  readonly role: Role
  readonly changes: readonly LoggedChange[]
}

/** What somebody may do from now on. They sign in again: what was open before was opened with other rights. */
async function changeMember(tx: AccountTx, userId: string, change: Change): Promise<Changed> {
  if (change.role !== undefined && change.role !== 'owner') await refuseLastOwner(tx, userId)
  const [before] = await tx.rows<Standing & object>(
    `select role, sees_persons as "seesPersons" from membership where merchant_id = $1 and user_id = $2 for update`,
    [tx.merchantId, userId],
  )
  if (!before) throw notFound()
  const after = { role: change.role ?? before.role, seesPersons: change.seesPersons ?? before.seesPersons }
  await tx.rows('update membership set role = $3, sees_persons = $4 where merchant_id = $1 and user_id = $2', [
    tx.merchantId,
    userId,
    after.role,
    after.seesPersons,
  ])
  await endSessions(tx, userId, { merchantId: tx.merchantId })
  return { role: after.role, changes: changesBetween(before, after, { fixed: ['role', 'seesPersons'] }) }
}

async function removeMember(tx: AccountTx, userId: string): Promise<void> {
  await refuseLastOwner(tx, userId)
  const gone = await tx.rows('delete from membership where merchant_id = $1 and user_id = $2 returning 1', [
    tx.merchantId,
    userId,
  ])
  if (gone.length === 0) throw notFound()
  await endSessions(tx, userId, { merchantId: tx.merchantId })
}

const params = z.strictObject({ id: idOf('user') })
const gone = z.object({ removed: z.literal(true) })

function changeRoutes(app: Api, deps: AccountDeps): void {
  app.patch('/members/:id', {
    config: { scope: 'team:write', stepUp: true },
    schema: {
      params,
      body: z.strictObject({ role: z.enum(roles).optional(), seesPersons: z.boolean().optional() }),
      response: answers(z.object({ id: shownId, role: z.enum(roles) })),
    },
    handler: (request) =>
      acting(deps, request, async (tx) => {
        const { role, changes } = await changeMember(tx, request.params.id, request.body)
        const id = publicId('user', request.params.id)
        return { answer: { id, role }, done: 'member.role_changed', targets: [id, role], changes }
      }),
  })
  app.delete('/members/:id', {
    config: { scope: 'team:write', stepUp: true },
    schema: { params, response: answers(gone) },
    handler: (request) =>
      acting(deps, request, async (tx) => {
        await removeMember(tx, request.params.id)
        const targets = [publicId('user', request.params.id)]
        return { answer: { removed: true as const }, done: 'member.removed', targets }
      }),
  })
  app.post('/members/:id/sign-out', {
    config: { scope: 'team:write' },
    schema: { params, response: answers(z.object({ ended: z.int() })) },
    handler: (request) =>
      acting(deps, request, async (tx) => {
        const { id } = request.params
        const here = await tx.rows('select 1 from membership where merchant_id = $1 and user_id = $2', [
          tx.merchantId,
          id,
        ])
        if (here.length === 0) throw notFound()
        const ended = await endSessions(tx, id, { merchantId: tx.merchantId })
        return { answer: { ended }, done: 'member.signed_out', targets: [publicId('user', id)] }
      }),
  })
}

/** Who belongs to a merchant, and as what. */
export function memberRoutes(app: Api, deps: AccountDeps): void {
  app.get('/members', {
    config: { scope: 'team:read' },
    schema: { querystring: z.strictObject(pageFields), response: answers(pageOf(shownMember)) },
    handler: (request) => {
      const { merchantId } = principalOf(request)
      return withAccountTx(deps.db, merchantId, (tx) => {
        const asked = { ...conditions(tx.merchantId), select, joins }
        return readPage<MemberRow, z.infer<typeof shownMember>>(tx, list, { reading: asked, page: request.query }, show)
      })
    },
  })
  changeRoutes(app, deps)
}
