import type { Tx } from '../platform/db/tx.ts'

export interface Act {
  readonly at: Date
  readonly actor: string
  /** What was done: a route, or past tense and dotted, `member.removed`. */
  readonly act: string
  /** Ids as the API writes them. No name, no address, nothing that a person wrote. */
  readonly targets: readonly string[]
  readonly changes?: readonly Change[]
}
/** One field before and after; what a person wrote is only said to have changed. */
export interface Change {
  readonly field: string
  readonly before?: Word
  readonly after?: Word
}
type Word = string | number | boolean | null | readonly string[]

/** What differs: with its values where they are words of ours (`fixed`), else by its name alone (`named`). */
export function changesBetween<T extends object>(
  before: T,
  after: T,
  {
    fixed,
    named = [],
  }: { readonly fixed: readonly (keyof T & string)[]; readonly named?: readonly (keyof T & string)[] },
): Change[] {
  const differs = (field: keyof T) => JSON.stringify(before[field]) !== JSON.stringify(after[field])
  return [
    ...fixed
      .filter(differs)
      .map((field): Change => ({ field, before: wordOf(before[field]), after: wordOf(after[field]) })),
    ...named.filter(differs).map((field): Change => ({ field })),
  ]
}

function wordOf(value: unknown): Word {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return Array.isArray(value) ? value.map(String) : null
}

/** Any number; with it and the merchant, one who appends waits for the other's commit. */
const lockClass = 0x61756474

/**
 * SQL: the hash of the entry `row`, over all that it says and the hash before it. Worked out by the database both when it
 * is written and when it is checked, so that two programs need not agree on how to write a time or a list.
 */
export const entryHash = (row: string): string =>
  `sha256(convert_to((jsonb_build_array(${row}.merchant_id, ${row}.entry_id, ${row}.seq, (extract(epoch from ${row}.at) * 1000000)::bigint,
     ${row}.actor, ${row}.client, ${row}.act, ${row}.targets, encode(${row}.prev_hash, 'hex'))
     || case when ${row}.changes is null then '[]'::jsonb else jsonb_build_array(${row}.changes) end)::text, 'UTF8'))`

const append = `insert into audit_entry (merchant_id, entry_id, seq, at, actor, client, act, targets, prev_hash, changes, hash)
  select a.*, ${entryHash('a')} from (
    select $1::uuid as merchant_id, gen_random_uuid() as entry_id, coalesce(p.seq, 0) + 1 as seq, $2::timestamptz as at, $3::text as actor, $4::text as client,
      $5::text as act, $6::text[] as targets, coalesce(p.hash, ''::bytea) as prev_hash, $7::jsonb as changes
    from (select) one left join lateral (
      select seq, hash from audit_entry where merchant_id = $1 order by seq desc limit 1) p on true) a`

/** The kind of client that somebody used. */
function clientOf(actor: string): string {
  if (actor.startsWith('key:')) return 'key'
  return actor === 'install' ? 'install' : 'browser'
}

/**
 * Adds to the merchant's chain, in the transaction of the act: both are there or neither. Appends of a merchant wait for
 * one another until the commit, so this comes last, when all other locks are taken.
 */
export async function appendAct(
  tx: Pick<Tx, 'rows' | 'merchantId'>,
  { at, actor, act, targets, changes = [] }: Act,
): Promise<void> {
  await tx.rows('select pg_advisory_xact_lock($1, hashtext($2))', [lockClass, tx.merchantId])
  await tx.rows(append, [
    tx.merchantId,
    at,
    actor,
    clientOf(actor),
    act,
    targets,
    changes.length === 0 ? null : JSON.stringify(changes),
  ])
}
