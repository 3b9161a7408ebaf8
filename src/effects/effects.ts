import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'

export type EffectKind = 'request' | 'request_cancel' | 'shipped' | 'cancel'
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
    `insert into effect (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id, intent)
     select $1, "effectId", "connectionId", kind, "dedupeKey", "subjectId", "orderId", intent
     from jsonb_to_recordset($2::jsonb) as t("effectId" uuid, "connectionId" uuid, kind text, "dedupeKey" text, "subjectId" uuid, "orderId" uuid, intent jsonb)
     on conflict (merchant_id, kind, dedupe_key) do nothing`,
    [tx.merchantId, JSON.stringify(effects.map((e) => ({ ...e, effectId: ids.uuid() })))],
  )
}

/** Takes back intents of these subjects that nobody has begun to carry out. */
export async function withdraw(tx: Tx, kind: EffectKind, subjectIds: readonly string[], reason: string): Promise<void> {
  if (subjectIds.length === 0) return
  await tx.rows(
    `update effect set state = 'refused', reason = $4, settled_at = now()
     where merchant_id = $1 and subject_id = any($2::uuid[]) and kind = $3 and state = 'pending'`,
    [tx.merchantId, subjectIds, kind, reason],
  )
}

/** Marks effects of these subjects as proven by the far side (an acknowledgement, a shipment), whatever we last knew. */
export async function confirmEffects(tx: Tx, kind: EffectKind, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length === 0) return
  await tx.rows(
    `update effect set state = 'confirmed', settled_at = now(), reason = null
     where merchant_id = $1 and subject_id = any($2::uuid[]) and kind = $3 and state in ('sending', 'unknown', 'accepted', 'unverifiable')`,
    [tx.merchantId, subjectIds, kind],
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

/**
 * Takes due effects for one lane's holder. What was `sending` when its holder was lost comes back as `unknown`: the far
 * side is asked before anything is sent again. The caller has fenced.
 */
export async function claimEffects(
  tx: Tx,
  connectionId: string,
  kinds: readonly EffectKind[],
  limit: number,
): Promise<Effect[]> {
  return tx.rows<Effect & object>(
    `with due as materialized (
       select effect_id, state from effect where merchant_id = $1 and connection_id = $2 and due_at <= now()
         and state in ('pending', 'sending', 'unknown', 'accepted') and kind = any($3::text[]) order by due_at, effect_id limit $4
     )
     update effect e set state = case e.state when 'pending' then 'sending' when 'sending' then 'unknown' else e.state end,
       attempts = e.attempts + case e.state when 'pending' then 1 else 0 end, due_at = now() + interval '60 seconds'
     from due where e.merchant_id = $1 and e.effect_id = due.effect_id and e.effect_id = any(array(select effect_id from due))
     returning ${columns}`,
    [tx.merchantId, connectionId, kinds, limit],
  )
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
    `update effect e set state = d.state, external_ref = coalesce(d."externalRef", e.external_ref), reason = d.reason,
       due_at = now() + coalesce(d."dueInMs", 0) * interval '1 ms', attempts = e.attempts - case when d.uncounted then 1 else 0 end,
       settled_at = case when d.state in ('confirmed', 'unverifiable', 'refused', 'dead') then now() end
     from jsonb_to_recordset($2::jsonb) as d("effectId" uuid, state text, "externalRef" text, reason text, "dueInMs" bigint, uncounted boolean)
     where e.merchant_id = $1 and e.effect_id = d."effectId" and e.state not in ('confirmed', 'refused', 'dead')`,
    [tx.merchantId, JSON.stringify(settlements)],
  )
}
