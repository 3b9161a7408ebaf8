import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'

export type EffectKind = 'request' | 'request_cancel' | 'shipped' | 'cancel' | 'release'
export type EffectState =
  | 'pending'
  | 'sending'
  | 'unknown'
  | 'accepted'
  | 'confirmed'
  | 'unverifiable'
  | 'refused'
  | 'dead'

export interface NewEffect {
  readonly kind: EffectKind
  readonly connectionId: string
  /** The key that makes it happen once: a second intent with the same key is the same effect. */
  readonly dedupeKey: string
  readonly subjectId: string
  readonly orderId: string
  readonly intent: Readonly<Record<string, unknown>>
  /** Not before then; now unless said. */
  readonly dueAt?: string | null
}
export interface Effect extends NewEffect {
  readonly effectId: string
  readonly state: EffectState
  readonly attempts: number
  readonly fileId: string | null
  readonly externalRef: string | null
}

/** Writes intents, in the transaction of their cause. */
export async function intend(tx: Tx, ids: Ids, effects: readonly NewEffect[]): Promise<void> {
  if (effects.length === 0) return
  await tx.rows(
    `insert into effect (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id, intent, due_at)
     select $1, "effectId", "connectionId", kind, "dedupeKey", "subjectId", "orderId", intent, coalesce("dueAt", now())
     from json_to_recordset($2::json) as t("effectId" uuid, "connectionId" uuid, kind text, "dedupeKey" text, "subjectId" uuid, "orderId" uuid, intent jsonb, "dueAt" timestamptz)
     on conflict (merchant_id, kind, dedupe_key) do nothing`,
    [tx.merchantId, JSON.stringify(effects.map((e) => ({ ...e, effectId: ids.uuid() })))],
  )
}

/**
 * Finds effects by subject, and changes each under its whole key (house rule of hot statements): an UPDATE by subject,
 * kind and state may walk all effects of the merchant by another index while statistics are young.
 */
const changeOfSubjects = (states: string, change: string) => `
  with due as materialized (
    select x.* from unnest($2::uuid[]) as d(id)
    cross join lateral (select * from effect x where x.merchant_id = $1 and x.subject_id = d.id offset 0) x
    where x.kind = $3 and x.state in (${states})
  )
  insert into effect as e (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id)
  select $1, effect_id, connection_id, kind, dedupe_key, subject_id, order_id from due order by effect_id
  on conflict (merchant_id, effect_id) do update set settled_at = now(), ${change} where e.state in (${states})`

/** Takes back intents of these subjects that nobody has begun to carry out. */
export async function withdraw(tx: Tx, kind: EffectKind, subjectIds: readonly string[], reason: string): Promise<void> {
  if (subjectIds.length === 0) return
  await tx.rows(changeOfSubjects(`'pending'`, `state = 'refused', reason = $4`), [
    tx.merchantId,
    [...new Set(subjectIds)],
    kind,
    reason,
  ])
}

/** Marks effects of these subjects as proven by the far side (an acknowledgement, a shipment), whatever we last knew. */
export async function confirmEffects(tx: Tx, kind: EffectKind, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length === 0) return
  await tx.rows(
    // `pending` too: what was sent, and not found where the far side had taken it away, waits to be sent again.
    changeOfSubjects(
      `'pending', 'sending', 'unknown', 'accepted', 'unverifiable'`,
      `state = 'confirmed', reason = null`,
    ),
    [tx.merchantId, [...new Set(subjectIds)], kind],
  )
}

const columns = `e.effect_id as "effectId", e.kind, e.connection_id as "connectionId", e.dedupe_key as "dedupeKey", e.subject_id as "subjectId",
  e.order_id as "orderId", e.intent, e.state, e.attempts, e.file_id as "fileId", e.external_ref as "externalRef"`

/**
 * What a lost holder had in its hands comes due now, not when its claim would have ended. A request that a partner has
 * keeps its ack clock.
 */
export async function recallEffects(tx: Tx, connectionId: string): Promise<void> {
  await tx.rows(
    `update effect set due_at = now() where merchant_id = $1 and connection_id = $2 and due_at > now()
       and (state in ('sending', 'unknown') or (state = 'accepted' and kind = 'shipped'))`,
    [tx.merchantId, connectionId],
  )
}

const open = `('pending', 'sending', 'unknown', 'accepted')`

/**
 * What was `sending` when its holder was lost comes back as `unknown`: the far side is asked before anything is sent
 * again. The caller has fenced.
 */
const takeOf = (due: string) => `
  with due as materialized (${due})
  update effect e set state = case e.state when 'pending' then 'sending' when 'sending' then 'unknown' else e.state end,
    attempts = e.attempts + case e.state when 'pending' then 1 else 0 end, due_at = now() + interval '25 seconds'
  from due where e.merchant_id = $1 and e.effect_id = due.effect_id and e.effect_id = any(array(select effect_id from due))
  returning ${columns}`

/** Takes due effects for one lane's holder. */
export async function claimEffects(
  tx: Tx,
  connectionId: string,
  kinds: readonly EffectKind[],
  limit: number,
): Promise<Effect[]> {
  return tx.rows<Effect & object>(
    takeOf(`select effect_id, state from effect where merchant_id = $1 and connection_id = $2 and due_at <= now()
      and state in ${open} and kind = any($3::text[]) order by due_at, effect_id limit $4`),
    [tx.merchantId, connectionId, kinds, limit],
  )
}

/** What is due now, in the order of claiming, so that its orders can be locked first: orders come first everywhere. */
export async function findDue(
  tx: Tx,
  connectionId: string,
  kinds: readonly EffectKind[],
  limit: number,
): Promise<{ effectId: string; orderId: string }[]> {
  return tx.rows<{ effectId: string; orderId: string }>(
    // In the index's own order: with a second key, PostgreSQL 15 was seen to read and sort all that is due.
    `select effect_id as "effectId", order_id as "orderId" from effect where merchant_id = $1 and connection_id = $2 and due_at <= now()
       and state in ${open} and kind = any($3::text[]) order by due_at limit $4`,
    [tx.merchantId, connectionId, kinds, limit],
  )
}

/**
 * Takes those of the found effects that are still due, and no others: what became due while the locks were waited for
 * belongs to orders that are not locked.
 */
export async function claimFound(tx: Tx, found: readonly { readonly effectId: string }[]): Promise<Effect[]> {
  return tx.rows<Effect & object>(
    takeOf(`select e.effect_id, e.state from unnest($2::uuid[]) as d(id)
      cross join lateral (select * from effect e where e.merchant_id = $1 and e.effect_id = d.id offset 0) e
      where e.due_at <= now() and e.state in ${open}`),
    [tx.merchantId, found.map((f) => f.effectId)],
  )
}

/** Of these subjects, those whose request may not have reached the partner yet. */
export async function requestsUnderWay(tx: Tx, subjectIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (subjectIds.length === 0) return new Set()
  const rows = await tx.rows<{ subject_id: string }>(
    `select x.subject_id from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from effect x where x.merchant_id = $1 and x.subject_id = d.id offset 0) x
     where x.kind = 'request' and x.state in ('pending', 'sending', 'unknown')`,
    [tx.merchantId, subjectIds],
  )
  return new Set(rows.map((row) => row.subject_id))
}

/** Ends effects of these subjects that have become pointless, whatever we last knew of them. */
export async function dropEffects(
  tx: Tx,
  kind: EffectKind,
  subjectIds: readonly string[],
  reason: string,
): Promise<void> {
  if (subjectIds.length === 0) return
  await tx.rows(
    changeOfSubjects(`'pending', 'sending', 'unknown', 'accepted', 'unverifiable'`, `state = 'refused', reason = $4`),
    [tx.merchantId, [...new Set(subjectIds)], kind, reason],
  )
}

/** Those of a kind about this subject that were given up or never proven. */
export async function failedEffects(tx: Tx, kind: EffectKind, subjectId: string): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select x.effect_id as id from effect x where x.merchant_id = $1 and x.subject_id = $2 and x.kind = $3 and x.state in ('dead', 'unverifiable')`,
    [tx.merchantId, subjectId, kind],
  )
  return rows.map((row) => row.id)
}

export interface Settlement {
  readonly effectId: string
  readonly state: EffectState
  readonly externalRef?: string | null
  readonly reason?: string | null
  /** For states that come due again. */
  readonly dueInMs?: number
  /** The attempt did not count (throttled, not ready). */
  readonly uncounted?: boolean
}

/** Writes what became of claimed effects. The caller has fenced, in this same transaction. */
export async function settleEffects(tx: Tx, settlements: readonly Settlement[]): Promise<void> {
  if (settlements.length === 0) return
  await tx.rows(
    `insert into effect as e (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id, state, external_ref, reason, due_at, attempts, settled_at)
     select $1, x.effect_id, x.connection_id, x.kind, x.dedupe_key, x.subject_id, x.order_id, d.state, d."externalRef", d.reason,
       now() + coalesce(d."dueInMs", 0) * interval '1 ms', case when d.uncounted then 1 else 0 end,
       case when d.state in ('confirmed', 'unverifiable', 'refused', 'dead') then now() end
     from json_to_recordset($2::json) as d("effectId" uuid, state text, "externalRef" text, reason text, "dueInMs" bigint, uncounted boolean)
     cross join lateral (select * from effect x where x.merchant_id = $1 and x.effect_id = d."effectId" offset 0) x order by 2
     on conflict (merchant_id, effect_id) do update set state = excluded.state, external_ref = coalesce(excluded.external_ref, e.external_ref),
       reason = excluded.reason, due_at = excluded.due_at, attempts = e.attempts - excluded.attempts, settled_at = excluded.settled_at
     where e.state not in ('confirmed', 'refused', 'dead')`,
    [tx.merchantId, JSON.stringify([...new Map(settlements.map((s) => [s.effectId, s])).values()])],
  )
}
