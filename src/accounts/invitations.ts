import type { Role } from '../api/permissions.ts'
import type { Ports } from '../platform/base/ports.ts'
import type { Secret } from '../platform/base/secret.ts'
import type { AccountTx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import { makeToken, tokenHash } from './tokens.ts'

const daysOpen = 7
const openMax = 200

export interface Invitation {
  readonly invitationId: string
  readonly merchantId: string
  readonly merchant: string
  readonly email: string
  readonly role: Role
  readonly seesPersons: boolean
  readonly endsAt: Date
}

const columns = `i.invitation_id as "invitationId", i.merchant_id as "merchantId", i.email, i.role, i.sees_persons as "seesPersons", i.ends_at as "endsAt"`

/** Asks somebody in. A second one for the same address takes the place of the first. */
export async function invite(
  tx: AccountTx,
  { ids, rng, clock }: Pick<Ports, 'ids' | 'rng' | 'clock'>,
  guest: Pick<Invitation, 'email' | 'role' | 'seesPersons'>,
): Promise<{ readonly invitationId: string; readonly token: Secret<string>; readonly endsAt: Date }> {
  const now = clock.now()
  const member = await tx.rows(
    `select 1 from user_account u join membership m on m.user_id = u.user_id where u.email = $1 and m.merchant_id = $2`,
    [guest.email, tx.merchantId],
  )
  if (member.length > 0) throw new Problem(409, 'HUB_CONFLICT', 'They belong to this merchant already.')
  await tx.rows('delete from invitation where merchant_id = $1 and (email = $2 or ends_at < $3)', [
    tx.merchantId,
    guest.email,
    now,
  ])
  const [open] = await tx.rows<{ n: number }>('select count(*)::int as n from invitation where merchant_id = $1', [
    tx.merchantId,
  ])
  if ((open?.n ?? 0) >= openMax) throw new Problem(409, 'HUB_CONFLICT', `More than ${openMax} invitations are open.`)
  const { text: token, hash } = makeToken(rng)
  const invitationId = ids.uuid()
  const endsAt = new Date(now.getTime() + daysOpen * 86_400_000)
  await tx.rows(
    `insert into invitation (merchant_id, invitation_id, token_sha256, email, role, sees_persons, created_at, ends_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tx.merchantId, invitationId, hash, guest.email, guest.role, guest.seesPersons, now, endsAt],
  )
  return { invitationId, token, endsAt }
}

/** What a token asks its holder to; null: it never was one, was used, withdrawn, or is over. */
export async function findInvitation(tx: AccountTx, now: Date, token: string): Promise<Invitation | null> {
  const [row] = await tx.rows<Invitation & object>(
    `select ${columns}, m.name as merchant from invitation i join merchant m on m.merchant_id = i.merchant_id
     where i.token_sha256 = $1 and i.ends_at > $2`,
    [tokenHash(token), now],
  )
  return row ?? null
}

/** Makes somebody a member, by an invitation that thereby ends; false: another request was faster with it. */
export async function join(tx: AccountTx, invitation: Invitation, userId: string): Promise<boolean> {
  const mine = await tx.rows('delete from invitation where merchant_id = $1 and invitation_id = $2 returning 1', [
    tx.merchantId,
    invitation.invitationId,
  ])
  if (mine.length === 0) return false
  await tx.rows(
    `insert into membership (merchant_id, user_id, role, sees_persons) values ($1, $2, $3, $4) on conflict do nothing`,
    [tx.merchantId, userId, invitation.role, invitation.seesPersons],
  )
  return true
}

export function listInvitations(tx: AccountTx, now: Date): Promise<Omit<Invitation, 'merchant'>[]> {
  return tx.rows<Omit<Invitation, 'merchant'> & object>(
    `select ${columns} from invitation i where i.merchant_id = $1 and i.ends_at > $2 order by i.created_at desc limit ${openMax}`,
    [tx.merchantId, now],
  )
}

export async function withdraw(tx: AccountTx, invitationId: string): Promise<boolean> {
  const rows = await tx.rows('delete from invitation where merchant_id = $1 and invitation_id = $2 returning 1', [
    tx.merchantId,
    invitationId,
  ])
  return rows.length > 0
}
