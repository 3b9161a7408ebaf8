import type { Role } from '../api/permissions.ts'
import type { Ports } from '../platform/base/ports.ts'
import type { Secret } from '../platform/base/secret.ts'
import type { AccountTx } from '../platform/db/tx.ts'
import { makeToken, tokenHash } from './tokens.ts'

/** OWASP ASVS 5.0 §7.3 asks for both limits; these are the hub's. */
const idleS = 30 * 60
const longestS = 12 * 3_600
/** How long it counts that somebody showed their password or a code. */
const freshS = 10 * 60
/** Written no more often, so that reading does not become writing. */
const touchEveryS = 60
const purgeMax = 100

type Machine = Pick<Ports, 'ids' | 'rng' | 'clock'>

export interface SessionRow {
  readonly sessionId: string
  readonly userId: string
  /** Null: they belong to no merchant now. */
  readonly merchantId: string | null
  readonly role: Role | null
  readonly seesPersons: boolean
  readonly fresh: boolean
  /** They were not seen for a minute before this. */
  readonly touched: boolean
  readonly endsAt: Date
}

const before = (now: Date, seconds: number) => new Date(now.getTime() - seconds * 1_000)

/** Signs a browser in. The text of its token goes into its cookie and nowhere else. */
export async function openSession(
  tx: AccountTx,
  { ids, rng, clock }: Machine,
  {
    userId,
    merchantId,
    client,
  }: { readonly userId: string; readonly merchantId: string | null; readonly client: string },
): Promise<{ readonly token: Secret<string>; readonly sessionId: string }> {
  const token = makeToken(rng)
  const now = clock.now()
  const sessionId = ids.uuid()
  await tx.rows(
    `delete from session where session_id in (
       select session_id from session where (ends_at < $1 or used_at < $2) and user_id = $3 limit ${purgeMax})`,
    [now, before(now, idleS), userId],
  )
  await tx.rows(
    `insert into session (session_id, token_sha256, user_id, merchant_id, client, created_at, used_at, verified_at, ends_at)
     values ($1, $2, $3, $4, $5, $6, $6, $6, $7)`,
    [sessionId, token.hash, userId, merchantId, client, now, before(now, -longestS)],
  )
  return { token: token.text, sessionId }
}

/** Whose token this is now, and what they are to their merchant. */
export async function findSession(
  tx: AccountTx,
  now: Date,
  token: string,
  /** False: only a look, which does not count as use. */
  touches = true,
): Promise<SessionRow | null> {
  const [row] = await tx.rows<Omit<SessionRow, 'fresh' | 'touched'> & { usedAt: Date; verifiedAt: Date }>(
    `select s.session_id as "sessionId", s.user_id as "userId", m.merchant_id as "merchantId", m.role, coalesce(m.sees_persons, false) as "seesPersons",
       s.used_at as "usedAt", s.verified_at as "verifiedAt", s.ends_at as "endsAt"
     from session s left join membership m on m.merchant_id = s.merchant_id and m.user_id = s.user_id
     where s.token_sha256 = $1 and s.ends_at > $2 and s.used_at > $3`,
    [tokenHash(token), now, before(now, idleS)],
  )
  if (!row) return null
  const { usedAt, verifiedAt, ...session } = row
  const touched = touches && usedAt < before(now, touchEveryS)
  if (touched) await tx.rows('update session set used_at = $2 where session_id = $1', [row.sessionId, now])
  return { ...session, touched, fresh: verifiedAt > before(now, freshS) }
}

/** They look at the merchant of this transaction. */
export async function markSeen(tx: AccountTx, now: Date, userId: string): Promise<void> {
  await tx.rows('update membership set seen_at = greatest(seen_at, $3) where merchant_id = $1 and user_id = $2', [
    tx.merchantId,
    userId,
    now,
  ])
}

/** A new token for what the session may do from now on; the old one ends. `verified`: they have just shown who they are. */
export async function rotateToken(
  tx: AccountTx,
  { rng, clock }: Pick<Machine, 'rng' | 'clock'>,
  sessionId: string,
  change: { readonly verified?: true; readonly merchantId?: string } = {},
): Promise<Secret<string>> {
  const token = makeToken(rng)
  await tx.rows(
    `update session set token_sha256 = $2, verified_at = coalesce($3, verified_at), merchant_id = coalesce($4, merchant_id)
     where session_id = $1`,
    [sessionId, token.hash, change.verified ? clock.now() : null, change.merchantId ?? null],
  )
  return token.text
}

export interface OwnSession {
  readonly sessionId: string
  readonly client: string
  readonly createdAt: Date
  readonly usedAt: Date
}

/** Where somebody is signed in, newest first. */
export function listSessions(tx: AccountTx, now: Date, userId: string): Promise<OwnSession[]> {
  return tx.rows<OwnSession & object>(
    `select session_id as "sessionId", client, created_at as "createdAt", used_at as "usedAt" from session
     where user_id = $1 and ends_at > $2 and used_at > $3 order by created_at desc limit 100`,
    [userId, now, before(now, idleS)],
  )
}

/** Ends sessions of one person: one, all but one, or those that look at one merchant. Returns how many. */
export async function endSessions(
  tx: AccountTx,
  userId: string,
  which: { readonly only?: string; readonly but?: string; readonly merchantId?: string },
): Promise<number> {
  const rows = await tx.rows(
    `delete from session where user_id = $1 and ($2::uuid is null or session_id = $2) and ($3::uuid is null or session_id <> $3)
       and ($4::uuid is null or merchant_id = $4) returning 1`,
    [userId, which.only ?? null, which.but ?? null, which.merchantId ?? null],
  )
  return rows.length
}

const browsers = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const
const systems = [
  ['Android', 'Android'],
  ['iPhone', 'iOS'],
  ['iPad', 'iOS'],
  ['Windows', 'Windows'],
  ['Mac OS', 'macOS'],
  ['Linux', 'Linux'],
] as const

/** What a person knows their browser by, in our words: what was sent is not kept. */
export function clientOf(userAgent: string | undefined): string {
  const sent = (userAgent ?? '').slice(0, 500)
  const browser = browsers.find(([mark]) => sent.includes(mark))?.[1] ?? 'Another browser'
  const system = systems.find(([mark]) => sent.includes(mark))?.[1]
  return system === undefined ? browser : `${browser} on ${system}`
}
