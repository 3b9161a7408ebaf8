import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Api } from '../api/deps.ts'
import { answers } from '../api/fields.ts'
import { acting } from '../api/transactions.ts'
import { type AccountTx, withAccountTx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import type { AccountDeps } from './account-deps.ts'
import { confirmTotp, dropTotp, offerTotp, renewRecoveryCodes, showsSecondFactor } from './second-factor.ts'
import { personOf } from './session-auth.ts'
import { endSessions, rotateToken } from './sessions.ts'
import { tryPassword } from './sign-in.ts'
import { code, refuseTry } from './sign-in-routes.ts'
import { refuseWeak } from './sign-up-routes.ts'
import { setToken } from './token-cookie.ts'
import { base32, totpUri } from './totp.ts'
import { countersOf, countTry, forgiveTries } from './tries.ts'
import { findUser, password, setPassword, type UserRow } from './users.ts'

const wrong = () => new Problem(403, 'HUB_NOT_SHOWN', 'This password or code is not right, or it was used before.')

async function ownRow(deps: AccountDeps, request: FastifyRequest): Promise<UserRow> {
  const user = await withAccountTx(deps.db, null, (tx) => findUser(tx, personOf(request)))
  if (user === null) throw wrong()
  return user
}

/** Tries count here as they do at the door: an open session must not be a place to guess from. */
async function refuseWrongPassword(
  deps: AccountDeps,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  given: { readonly email: string; readonly password: string },
): Promise<void> {
  const tried = await tryPassword(deps, given, request.ip)
  if (tried.kind === 'wait') return refuseTry(reply, tried.seconds)
  if (tried.kind === 'wrong') throw wrong()
  await withAccountTx(deps.db, null, (tx) => forgiveTries(tx, tried.counters))
}

async function refuseWrongCode(
  deps: AccountDeps,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  given: string,
): Promise<void> {
  const user = await ownRow(deps, request)
  const counters = countersOf(deps.keys, user.email, request.ip)
  const seconds = await withAccountTx(deps.db, null, (tx) => countTry(tx, counters, deps.ports.clock.now()))
  if (seconds > 0) return refuseTry(reply, seconds)
  await withAccountTx(deps.db, null, async (tx) => {
    if (!(await showsSecondFactor(tx, deps, user, given))) throw wrong()
    await forgiveTries(tx, counters)
  })
}

const done = z.object({ done: z.literal(true) })

/** What somebody is known by changed: this browser goes on with a new token, all others must sign in again. */
async function startAnew(tx: AccountTx, deps: AccountDeps, request: FastifyRequest): Promise<string> {
  const { userId, sessionId } = personOf(request)
  await endSessions(tx, userId, { but: sessionId })
  await tx.rows('delete from sign_in_step where user_id = $1', [userId])
  return (await rotateToken(tx, deps.ports, sessionId, { verified: true })).reveal()
}

function passwordRoutes(app: Api, deps: AccountDeps): void {
  app.post('/me/verify', {
    config: { scope: 'me:write' },
    schema: {
      body: z.union([z.strictObject({ password }), z.strictObject({ code })]),
      response: answers(done),
    },
    handler: async (request, reply) => {
      const { body } = request
      if ('password' in body) {
        const { email } = await ownRow(deps, request)
        await refuseWrongPassword(deps, { request, reply }, { email, password: body.password })
      } else await refuseWrongCode(deps, { request, reply }, body.code)
      const { sessionId } = personOf(request)
      const token = await withAccountTx(deps.db, null, (tx) =>
        rotateToken(tx, deps.ports, sessionId, { verified: true }),
      )
      setToken(reply, deps.publicUrl, token.reveal())
      return { done: true as const }
    },
  })
  app.put('/me/password', {
    config: { scope: 'me:write' },
    schema: { body: z.strictObject({ current: password, password }), response: answers(done) },
    handler: async (request, reply) => {
      const { userId, email } = await ownRow(deps, request)
      await refuseWrongPassword(deps, { request, reply }, { email, password: request.body.current })
      refuseWeak('password', request.body.password, email)
      const hash = await deps.passwords.hash(request.body.password)
      const token = await acting(deps, request, async (tx) => {
        await setPassword(tx, userId, hash)
        return { answer: await startAnew(tx, deps, request), done: 'user.password_changed', targets: [] }
      })
      setToken(reply, deps.publicUrl, token)
      return { done: true as const }
    },
  })
}

const shownCodes = z.object({
  recoveryCodes: z.array(z.string()).describe('Shown once. Each signs in once when the app is lost.'),
})

function totpRoutes(app: Api, deps: AccountDeps): void {
  app.post('/me/totp', {
    config: { scope: 'me:write', stepUp: true },
    schema: { response: answers(z.object({ key: z.string(), uri: z.string() })) },
    handler: async (request) => {
      const { userId, email } = await ownRow(deps, request)
      const key = await withAccountTx(deps.db, null, (tx) => offerTotp(tx, deps, userId))
      if (key === null) throw new Problem(409, 'HUB_CONFLICT', 'There is a second factor already. Remove it first.')
      return { key: base32(key), uri: totpUri(key, email) }
    },
  })
  app.post('/me/totp/confirm', {
    config: { scope: 'me:write', stepUp: true },
    schema: { body: z.strictObject({ code }), response: answers(shownCodes) },
    handler: async (request, reply) => {
      const { userId } = personOf(request)
      const { recoveryCodes, token } = await acting(deps, request, async (tx) => {
        if (!(await confirmTotp(tx, deps, userId, request.body.code))) throw wrong()
        const codes = await renewRecoveryCodes(tx, deps, userId)
        const answer = { recoveryCodes: codes, token: await startAnew(tx, deps, request) }
        return { answer, done: 'user.second_factor_added', targets: [] }
      })
      setToken(reply, deps.publicUrl, token)
      return { recoveryCodes }
    },
  })
  app.delete('/me/totp', {
    config: { scope: 'me:write', stepUp: true },
    schema: { response: answers(done) },
    handler: async (request, reply) => {
      const token = await acting(deps, request, async (tx) => {
        await dropTotp(tx, personOf(request).userId)
        return { answer: await startAnew(tx, deps, request), done: 'user.second_factor_removed', targets: [] }
      })
      setToken(reply, deps.publicUrl, token)
      return { done: true as const }
    },
  })
  app.post('/me/recovery-codes', {
    config: { scope: 'me:write', stepUp: true },
    schema: { response: answers(shownCodes) },
    handler: async (request) => {
      const { userId, totpSecret } = await ownRow(deps, request)
      if (totpSecret === null) throw new Problem(409, 'HUB_CONFLICT', 'There is no second factor yet. Add one first.')
      return acting(deps, request, async (tx) => {
        const recoveryCodes = await renewRecoveryCodes(tx, deps, userId)
        return { answer: { recoveryCodes }, done: 'user.recovery_codes_renewed', targets: [] }
      })
    },
  })
}

/** What somebody shows to be let in: password, second factor, recovery codes. */
export function credentialRoutes(app: Api, deps: AccountDeps): void {
  passwordRoutes(app, deps)
  totpRoutes(app, deps)
}
