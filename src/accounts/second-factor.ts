import { createHash } from 'node:crypto'
import type { Ports } from '../platform/base/ports.ts'
import type { AccountTx } from '../platform/db/tx.ts'
import { open, seal } from '../platform/secrets/envelope.ts'
import type { AccountDeps } from './account-deps.ts'
import { base32, findStep } from './totp.ts'
import type { UserRow } from './users.ts'

const keyBytes = 20
const recoveryCodes = 10
/** 128 bits, so that no slow hash is needed (ASVS 5.0 6.5.2: from 112 on; 11.5.1: 128). */
const recoveryBytes = 16

/** A person is of no merchant, so the envelope is bound to the person alone. */
const place = (userId: string) => ({ merchantId: '', table: 'user_account', rowId: userId, column: 'totp_secret' })

type Machine = Pick<AccountDeps, 'keys'> & { readonly ports: Pick<Ports, 'clock' | 'rng'> }

/** Makes a key that counts once its first code has come. */
export async function offerTotp(tx: AccountTx, { keys, ports }: Machine, userId: string): Promise<Buffer | null> {
  const key = ports.rng.bytes(keyBytes)
  const rows = await tx.rows(
    'update user_account set totp_secret = $2 where user_id = $1 and totp_since is null returning 1',
    [userId, seal(keys, key.toString('base64'), place(userId))],
  )
  return rows.length > 0 ? key : null
}

function keyIn({ keys }: Machine, userId: string, envelope: string): Buffer {
  const text = open(keys, envelope, place(userId))
  if (typeof text !== 'string') throw new Error('what was sealed is no key')
  return Buffer.from(text, 'base64')
}

/** Marks the step of a right code as used; false: it is wrong, old, or another request was faster with the same. */
async function takeCode(
  tx: AccountTx,
  machine: Machine,
  sealed: { readonly userId: string; readonly envelope: string; readonly used: bigint | null },
  code: string,
): Promise<boolean> {
  const key = keyIn(machine, sealed.userId, sealed.envelope)
  const step = findStep(key, code, machine.ports.clock.now(), Number(sealed.used ?? -1))
  if (step === null) return false
  const rows = await tx.rows(
    'update user_account set totp_step = $2 where user_id = $1 and coalesce(totp_step, -1) < $2 returning 1',
    [sealed.userId, step],
  )
  return rows.length > 0
}

/** The first code of an offered key: from now on signing in needs one. */
export async function confirmTotp(tx: AccountTx, machine: Machine, userId: string, code: string): Promise<boolean> {
  const [offered] = await tx.rows<{ envelope: string }>(
    'select totp_secret as envelope from user_account where user_id = $1 and totp_since is null and totp_secret is not null for update',
    [userId],
  )
  if (!offered || !(await takeCode(tx, machine, { userId, envelope: offered.envelope, used: null }, code))) return false
  await tx.rows('update user_account set totp_since = $2 where user_id = $1', [userId, machine.ports.clock.now()])
  return true
}

export async function dropTotp(tx: AccountTx, userId: string): Promise<void> {
  await tx.rows('update user_account set totp_secret = null, totp_since = null where user_id = $1', [userId])
  await tx.rows('delete from recovery_code where user_id = $1', [userId])
}

const plain = (code: string) => code.toUpperCase().replaceAll(/[^A-Z2-7]/g, '')
const codeHash = (code: string) => createHash('sha256').update(plain(code)).digest()

/** New ones; the old ones end. Shown once. */
export async function renewRecoveryCodes(tx: AccountTx, { ports }: Machine, userId: string): Promise<string[]> {
  const codes = Array.from({ length: recoveryCodes }, () => base32(ports.rng.bytes(recoveryBytes)))
  await tx.rows('delete from recovery_code where user_id = $1', [userId])
  await tx.rows('insert into recovery_code (user_id, code_sha256) select $1, unnest($2::bytea[])', [
    userId,
    codes.map(codeHash),
  ])
  return codes.map((code) => code.match(/.{1,4}/g)?.join('-') ?? code)
}

/** A code of the app, or one of the ten for the day when it is lost: each counts once. */
export async function showsSecondFactor(
  tx: AccountTx,
  machine: Machine,
  user: UserRow,
  code: string,
): Promise<boolean> {
  if (user.totpSecret === null) return false
  const { userId, totpSecret: envelope, totpStep: used } = user
  if (/^\d{6}$/.test(code)) return takeCode(tx, machine, { userId, envelope, used }, code)
  const rows = await tx.rows('delete from recovery_code where user_id = $1 and code_sha256 = $2 returning 1', [
    userId,
    codeHash(code),
  ])
  return rows.length > 0
}
