import { z } from 'zod'
import type { AccountTx } from '../platform/db/tx.ts'

/** In lower case, as it is kept: two spellings are one person. */
export const email = z
  .string()
  .trim()
  .max(254)
  .pipe(z.email())
  .transform((text) => text.toLowerCase())
/** What was typed, as it was typed; how good it must be is asked where one is chosen. */
export const password = z.string().min(1).max(200)

export interface UserRow {
  readonly userId: string
  readonly email: string
  readonly passwordHash: string
  /** Sealed; null where there is none, or it still waits for its first code. */
  readonly totpSecret: string | null
  readonly totpStep: bigint | null
  /** Where they belonged first; null: nowhere. */
  readonly merchantId: string | null
}

const columns = `u.user_id as "userId", u.email, u.password_hash as "passwordHash", case when u.totp_since is not null then u.totp_secret end as "totpSecret",
  u.totp_step as "totpStep",
  (select m.merchant_id from membership m where m.user_id = u.user_id order by m.created_at, m.merchant_id limit 1) as "merchantId"`

export async function findUser(
  tx: AccountTx,
  who: { readonly email: string } | { readonly userId: string },
): Promise<UserRow | null> {
  const [column, value] = 'email' in who ? ['email', who.email] : ['user_id', who.userId]
  const [row] = await tx.rows<UserRow & object>(`select ${columns} from user_account u where u.${column} = $1`, [value])
  return row ?? null
}

/** False: somebody has this address already. */
export async function insertUser(
  tx: AccountTx,
  user: { readonly userId: string; readonly email: string; readonly passwordHash: string },
): Promise<boolean> {
  const rows = await tx.rows(
    'insert into user_account (user_id, email, password_hash) values ($1, $2, $3) on conflict (email) do nothing returning 1',
    [user.userId, user.email, user.passwordHash],
  )
  return rows.length > 0
}

export async function setPassword(tx: AccountTx, userId: string, passwordHash: string): Promise<void> {
  await tx.rows('update user_account set password_hash = $2 where user_id = $1', [userId, passwordHash])
}
