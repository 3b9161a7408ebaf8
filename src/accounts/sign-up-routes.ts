import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { appendAct } from '../api/audit-log.ts'
import type { Api } from '../api/deps.ts'
import { answers, text, timeZone } from '../api/fields.ts'
import { openPermission } from '../api/permissions.ts'
import { publicId } from '../model/id.ts'
import { type AccountTx, withAccountTx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import type { AccountDeps } from './account-deps.ts'
import { weaknessOf } from './passwords.ts'
import { refuseTry } from './sign-in-routes.ts'
import { countersOf, countTry } from './tries.ts'
import { email, insertUser, password } from './users.ts'

/** Any number: two first persons at once are one after the other. */
const firstLock = 0x66697273

const sha256 = (given: string) => createHash('sha256').update(given).digest()

/** On this machine whoever opens the page is meant; elsewhere the first to come could be anybody, so they show the token. */
const firstNeedsToken = ({ publicUrl }: AccountDeps): boolean => publicUrl.startsWith('https:')

async function isFirst(tx: AccountTx): Promise<boolean> {
  return (await tx.rows('select 1 from user_account limit 1')).length === 0
}

function maySignUp(deps: AccountDeps, first: boolean, token: string | undefined): boolean {
  if (deps.signUp === 'open') return true
  if (!first) return false
  if (!firstNeedsToken(deps)) return true
  const { installToken } = deps
  return installToken !== null && token !== undefined && timingSafeEqual(sha256(installToken.reveal()), sha256(token))
}

/** A password that somebody chooses. @throws Problem 400 with what is wrong with it */
export function refuseWeak(field: string, chosen: string, address: string): void {
  const weakness = weaknessOf(chosen, address)
  if (weakness === null) return
  throw new Problem(400, 'HUB_VALIDATION', 'This password is too easy to guess.', [
    { field, message: weakness, mend: 'Take four or more words that do not belong together.' },
  ])
}

const newOwner = z.strictObject({
  email,
  password,
  merchant: text(200),
  timeZone: timeZone.default('UTC'),
  installToken: z.string().max(200).optional(),
})

/** False: somebody has this address already, which nobody is told here. */
async function makeOwner(
  tx: AccountTx,
  deps: AccountDeps,
  owner: z.infer<typeof newOwner>,
  passwordHash: string,
): Promise<void> {
  const userId = deps.ports.ids.uuid()
  if (!(await insertUser(tx, { userId, email: owner.email, passwordHash }))) return
  await tx.rows('insert into merchant (merchant_id, name, time_zone) values ($1, $2, $3)', [
    tx.merchantId,
    owner.merchant,
    owner.timeZone,
  ])
  await tx.rows(`insert into membership (merchant_id, user_id, role) values ($1, $2, 'owner')`, [tx.merchantId, userId])
  const actor = publicId('user', userId)
  const targets = [publicId('merchant', tx.merchantId)]
  await appendAct(tx, { at: deps.ports.clock.now(), actor, act: 'merchant.created', targets })
}

/** The first person, and others where the setting lets them: an account, and a merchant of their own. */
export function signUpRoutes(app: Api, deps: AccountDeps): void {
  app.get('/sign-up', {
    config: { scope: openPermission },
    schema: {
      response: answers(z.object({ open: z.boolean(), first: z.boolean(), needsInstallToken: z.boolean() })),
    },
    handler: async () => {
      const first = await withAccountTx(deps.db, null, isFirst)
      const needsInstallToken = deps.signUp !== 'open' && first && firstNeedsToken(deps)
      return { open: deps.signUp === 'open' || first, first, needsInstallToken }
    },
  })
  app.post('/sign-up', {
    config: { scope: openPermission },
    schema: {
      body: newOwner,
      response: answers(z.object({ next: z.literal('sign-in') })),
    },
    handler: async (request, reply) => {
      const owner = request.body
      refuseWeak('password', owner.password, owner.email)
      const ofAddress = countersOf(deps.keys, '', request.ip).filter(({ kind }) => kind === 'address')
      const seconds = await withAccountTx(deps.db, null, (tx) => countTry(tx, ofAddress, deps.ports.clock.now()))
      if (seconds > 0) return refuseTry(reply, seconds)
      const passwordHash = await deps.passwords.hash(owner.password)
      await withAccountTx(deps.db, deps.ports.ids.uuid(), async (tx) => {
        await tx.rows('select pg_advisory_xact_lock($1)', [firstLock])
        if (!maySignUp(deps, await isFirst(tx), owner.installToken))
          throw new Problem(
            403,
            'HUB_SIGN_UP_CLOSED',
            'Nobody can sign up here by themselves. Ask an owner to invite you.',
          )
        await makeOwner(tx, deps, owner, passwordHash)
      })
      // The same answer whether the address was new: who has its password can sign in now, and nobody else learns of it.
      return { next: 'sign-in' as const }
    },
  })
}
