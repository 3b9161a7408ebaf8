import { appendAct } from '../api/audit-log.ts'
import { publicId } from '../model/id.ts'
import type { Secret } from '../platform/base/secret.ts'
import { type AccountTx, withAccountTx } from '../platform/db/tx.ts'
import type { AccountDeps } from './account-deps.ts'
import { isOutdated } from './passwords.ts'
import { showsSecondFactor } from './second-factor.ts'
import { markSeen, openSession } from './sessions.ts'
import { makeToken, tokenHash } from './tokens.ts'
import { type Counters, countersOf, countTry, forgiveTries } from './tries.ts'
import { findUser, setPassword, type UserRow } from './users.ts'

const stepS = 300
const codeTriesMax = 5

/** Where somebody tries from. */
export interface Door {
  readonly address: string
  readonly client: string
  /** What their browser was signed in with before: it ends. */
  readonly earlier: string | null
}
export type Tried =
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'right'; readonly user: UserRow; readonly counters: Counters }
export type SignedIn =
  | Exclude<Tried, { kind: 'right' }>
  | { readonly kind: 'code'; readonly challenge: Secret<string> }
  | { readonly kind: 'in'; readonly token: Secret<string> }

/** Whether this is somebody's password. Takes the same path and the same time for an address that nobody has. */
export async function tryPassword(
  deps: AccountDeps,
  given: { readonly email: string; readonly password: string },
  address: string,
): Promise<Tried> {
  const counters = countersOf(deps.keys, given.email, address)
  const now = deps.ports.clock.now()
  const { seconds, user } = await withAccountTx(deps.db, null, async (tx) => ({
    seconds: await countTry(tx, counters, now),
    user: await findUser(tx, { email: given.email }),
  }))
  if (seconds > 0) return { kind: 'wait', seconds }
  const right = await deps.passwords.matches(given.password, user?.passwordHash ?? null)
  return right && user ? { kind: 'right', user, counters } : { kind: 'wrong' }
}

/** The first step: address and password. */
export async function signIn(
  deps: AccountDeps,
  given: { readonly email: string; readonly password: string },
  door: Door,
): Promise<SignedIn> {
  const tried = await tryPassword(deps, given, door.address)
  if (tried.kind !== 'right') return tried
  const { user } = tried
  const better = isOutdated(user.passwordHash) ? await deps.passwords.hash(given.password) : null
  return withAccountTx(deps.db, user.merchantId, async (tx): Promise<SignedIn> => {
    if (better !== null) await setPassword(tx, user.userId, better)
    if (user.totpSecret !== null) return askForCode(tx, deps, user.userId)
    return { kind: 'in', token: await letIn(tx, deps, tried, door) }
  })
}

async function askForCode(tx: AccountTx, { ports }: AccountDeps, userId: string): Promise<SignedIn> {
  const challenge = makeToken(ports.rng)
  const now = ports.clock.now()
  await tx.rows('delete from sign_in_step where user_id = $1 and ends_at < $2', [userId, now])
  await tx.rows('insert into sign_in_step (token_sha256, user_id, ends_at) values ($1, $2, $3)', [
    challenge.hash,
    userId,
    new Date(now.getTime() + stepS * 1_000),
  ])
  return { kind: 'code', challenge: challenge.text }
}

/** The second step: a code, for the challenge that the first one answered with. */
export async function signInWithCode(
  deps: AccountDeps,
  given: { readonly challenge: string; readonly code: string },
  door: Door,
): Promise<SignedIn> {
  const hash = tokenHash(given.challenge)
  const now = deps.ports.clock.now()
  const user = await withAccountTx(deps.db, null, async (tx) => {
    const [step] = await tx.rows<{ userId: string }>(
      `update sign_in_step set tries = tries + 1 where token_sha256 = $1 and ends_at > $2 and tries < ${codeTriesMax} returning user_id as "userId"`,
      [hash, now],
    )
    return step ? findUser(tx, step) : null
  })
  if (user === null) return { kind: 'wrong' }
  const counters = countersOf(deps.keys, user.email, door.address)
  const seconds = await withAccountTx(deps.db, null, (tx) => countTry(tx, counters, now))
  if (seconds > 0) return { kind: 'wait', seconds }
  return withAccountTx(deps.db, user.merchantId, async (tx): Promise<SignedIn> => {
    if (!(await showsSecondFactor(tx, deps, user, given.code))) return { kind: 'wrong' }
    const open = await tx.rows('delete from sign_in_step where token_sha256 = $1 returning 1', [hash])
    if (open.length === 0) return { kind: 'wrong' }
    return { kind: 'in', token: await letIn(tx, deps, { user, counters }, door) }
  })
}

async function letIn(
  tx: AccountTx,
  { ports }: AccountDeps,
  { user, counters }: { readonly user: UserRow; readonly counters: Counters },
  door: Door,
): Promise<Secret<string>> {
  await forgiveTries(tx, counters)
  if (door.earlier !== null) await tx.rows('delete from session where token_sha256 = $1', [tokenHash(door.earlier)])
  const { token, sessionId } = await openSession(tx, ports, { ...user, client: door.client })
  if (tx.merchantId !== '') {
    const actor = publicId('user', user.userId)
    const targets = [publicId('session', sessionId)]
    await markSeen(tx, ports.clock.now(), user.userId)
    await appendAct(tx, { at: ports.clock.now(), actor, act: 'user.signed_in', targets })
  }
  return token
}
