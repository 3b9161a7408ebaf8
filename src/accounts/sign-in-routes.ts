import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Api } from '../api/deps.ts'
import { answers } from '../api/fields.ts'
import { openPermission } from '../api/permissions.ts'
import { acting } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import { Problem } from '../platform/http/problem.ts'
import type { AccountDeps } from './account-deps.ts'
import { personOf } from './session-auth.ts'
import { clientOf, endSessions } from './sessions.ts'
import { type Door, type SignedIn, signIn, signInWithCode } from './sign-in.ts'
import { dropToken, setToken, tokenIn } from './token-cookie.ts'
import { tokenShape } from './tokens.ts'
import { email, password } from './users.ts'

/** A code of an app, or a recovery code with or without its dashes. */
export const code = z.string().trim().min(6).max(40)
const shownStep = z.object({
  next: z.enum(['done', 'code']).describe('done: the cookie is set. code: send the challenge back with a code.'),
  challenge: z.string().optional(),
})

function doorOf(request: FastifyRequest, { publicUrl }: AccountDeps): Door {
  const client = clientOf(request.headers['user-agent'])
  return { address: request.ip, client, earlier: tokenIn(request, publicUrl) }
}

/** Whoever tried too often is told so in the same words, whether the account exists or not. */
export function refuseTry(reply: FastifyReply, seconds: number): never {
  reply.header('retry-after', String(seconds))
  throw new Problem(429, 'HUB_TRY_LATER', 'There were too many tries. Wait a little, then try again.')
}

function answer(reply: FastifyReply, { publicUrl }: AccountDeps, outcome: SignedIn): z.infer<typeof shownStep> {
  if (outcome.kind === 'wait') return refuseTry(reply, outcome.seconds)
  if (outcome.kind === 'wrong')
    throw new Problem(401, 'HUB_SIGN_IN', 'This e-mail address, password or code is not right, or it has ended.')
  if (outcome.kind === 'code') return { next: 'code', challenge: outcome.challenge.reveal() }
  setToken(reply, publicUrl, outcome.token.reveal())
  return { next: 'done' }
}

/** In and out. */
export function signInRoutes(app: Api, deps: AccountDeps): void {
  app.post('/sign-in', {
    config: { scope: openPermission },
    schema: { body: z.strictObject({ email, password }), response: answers(shownStep) },
    handler: async (request, reply) => answer(reply, deps, await signIn(deps, request.body, doorOf(request, deps))),
  })
  app.post('/sign-in/code', {
    config: { scope: openPermission },
    schema: {
      body: z.strictObject({ challenge: z.string().regex(tokenShape), code }),
      response: answers(shownStep),
    },
    handler: async (request, reply) =>
      answer(reply, deps, await signInWithCode(deps, request.body, doorOf(request, deps))),
  })
  app.post('/sign-out', {
    config: { scope: 'me:write' },
    schema: { response: answers(z.object({ signedOut: z.literal(true) })) },
    handler: async (request, reply) => {
      const { userId, sessionId } = personOf(request)
      dropToken(reply, deps.publicUrl)
      return acting(deps, request, async (tx) => {
        await endSessions(tx, userId, { only: sessionId })
        const targets = [publicId('session', sessionId)]
        return { answer: { signedOut: true as const }, done: 'user.signed_out', targets }
      })
    },
  })
}
