import { createHmac } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import type { KeyRing } from '../platform/base/key-ring.ts'
import type { AccountTx } from '../platform/db/tx.ts'

/**
 * Tries in vain that are free; from then on each makes the next wait twice as long. An account from one address has few;
 * from all addresses more, or an enemy could keep its owner out; and many people share one address.
 */
const freeTries = { pair: 10, account: 100, address: 50 }
const firstWaitS = 30
const longestWaitS = 900
const forgottenAfterS = 86_400
const purgeMax = 100

type Kind = keyof typeof freeTries
/** Whose tries are counted, by keyed hashes: the table says neither who nor from where. */
export type Counters = readonly { readonly kind: Kind; readonly key: Buffer }[]

/** A person of IPv6 has a whole /64 of addresses. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString()
}

export function countersOf(ring: KeyRing, email: string, address: string): Counters {
  const key = ring.keys.get(ring.current)?.reveal() ?? ''
  const hmac = (kind: Kind, text: string) => createHmac('sha256', key).update(`throttle:${kind}:${text}`).digest()
  const network = networkOf(address)
  return [
    { kind: 'pair', key: hmac('pair', `${network} ${email}`) },
    { kind: 'account', key: hmac('account', email) },
    { kind: 'address', key: hmac('address', network) },
  ]
}

function waitS(kind: Kind, failures: number): number {
  const over = failures - freeTries[kind]
  return over < 0 ? 0 : Math.min(firstWaitS * 2 ** Math.min(over, 20), longestWaitS)
}

/**
 * Counts a try before it is looked at, so that a hundred at once are a hundred. Returns 0, or for how many seconds
 * nothing is looked at: then this try does not count either, or an enemy could keep somebody out for ever.
 */
export async function countTry(tx: AccountTx, counters: Counters, now: Date): Promise<number> {
  const keys = counters.map(({ key }) => key)
  const oldest = new Date(now.getTime() - forgottenAfterS * 1_000)
  await tx.rows(
    `delete from sign_in_throttle where key_hmac in (
       select key_hmac from sign_in_throttle where counted_at < $1 order by counted_at limit ${purgeMax} for update skip locked)`,
    [oldest],
  )
  await tx.rows(
    `insert into sign_in_throttle (key_hmac, failures, counted_at) select k, 0, $2 from unnest($1::bytea[]) k order by k
     on conflict (key_hmac) do nothing`,
    [keys, now],
  )
  const rows = await tx.rows<{ key: Buffer; failures: number; at: Date }>(
    `select key_hmac as key, failures, counted_at as at from sign_in_throttle where key_hmac = any($1::bytea[]) order by key_hmac for update`,
    [keys],
  )
  const waits = rows.map(({ key, failures, at }) => {
    const kind = counters.find((one) => one.key.equals(key))?.kind ?? 'account'
    const wait = waitS(kind, failures)
    return wait === 0 ? 0 : Math.ceil(wait - (now.getTime() - at.getTime()) / 1_000)
  })
  const longest = Math.max(0, ...waits)
  if (longest === 0)
    await tx.rows(
      'update sign_in_throttle set failures = failures + 1, counted_at = $2 where key_hmac = any($1::bytea[])',
      [keys, now],
    )
  return longest
}

/** Somebody is in: their account's tries are over, and this one was none of the address's. */
export async function forgiveTries(tx: AccountTx, counters: Counters): Promise<void> {
  for (const { kind, key } of counters) {
    const left = kind === 'address' ? 'greatest(failures - 1, 0)' : '0'
    await tx.rows(`update sign_in_throttle set failures = ${left} where key_hmac = $1`, [key])
  }
}
