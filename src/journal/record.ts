import type { Tx } from '../platform/db/tx.ts'

/** Who caused something: a message that arrived, a person, a rule. Every event names it. */
export interface Cause {
  readonly kind: 'message' | 'file' | 'api' | 'effect' | 'connection'
  readonly id: string
}
export interface OrderEvent {
  readonly orderId: string
  /** Past tense, dotted: order.imported, stock.short, request.sent. */
  readonly kind: string
  readonly cause: Cause
  /** Numbers and words for people; never personal data. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** Writes what happened to orders, in the transaction in which it happened. */
export async function recordEvents(tx: Tx, actor: string, events: readonly OrderEvent[]): Promise<void> {
  if (events.length === 0) return
  await tx.rows(
    `insert into timeline_event (merchant_id, order_id, at, event_id, kind, actor, cause_kind, cause_id, data)
     select $1, "orderId", clock_timestamp(), gen_random_uuid(), kind, $3, "causeKind", "causeId", coalesce(data, '{}')
     from json_to_recordset($2::json) as t("orderId" uuid, kind text, "causeKind" text, "causeId" uuid, data jsonb)`,
    [tx.merchantId, JSON.stringify(events.map((e) => ({ ...e, causeKind: e.cause.kind, causeId: e.cause.id }))), actor],
  )
}

export type ExceptionKind =
  | 'short'
  | 'unmapped_sku'
  | 'money_mismatch'
  | 'shipped_after_cancel'
  | 'edit_after_handoff'
  | 'request_rejected'
  | 'cancel_rejected'
  | 'ack_overdue'
  | 'over_shipped'
  | 'shipped_short'
  | 'unknown_request'
  | 'file_refused'
  | 'file_rows_rejected'
  | 'count_denied'
  | 'effect_failed'
  | 'message_dead'
  | 'stock_drift'
  | 'connection_stopped'
  | 'webhooks_broken'
  | 'channel_silent'
  | 'promise_broken'
  | 'privacy_asked'

export interface Raise {
  readonly kind: ExceptionKind
  /** One open exception per key: a second cause only refreshes the detail. */
  readonly dedupeKey: string
  readonly subjectKind: 'order' | 'listing' | 'connection' | 'file' | 'level' | 'message' | 'merchant'
  readonly subjectId: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** Puts something before a person, in the transaction of its cause. */
export async function raiseExceptions(tx: Tx, raises: readonly Raise[]): Promise<void> {
  if (raises.length === 0) return
  const byKey = new Map(raises.map((r) => [r.dedupeKey, r]))
  await tx.rows(
    `insert into exception as e (merchant_id, exception_id, kind, dedupe_key, subject_kind, subject_id, detail)
     select $1, gen_random_uuid(), kind, "dedupeKey", "subjectKind", "subjectId", detail
     from json_to_recordset($2::json) as t(kind text, "dedupeKey" text, "subjectKind" text, "subjectId" uuid, detail jsonb)
     order by "dedupeKey"
     on conflict (merchant_id, dedupe_key) where resolved_at is null do update set detail = excluded.detail`,
    [tx.merchantId, JSON.stringify([...byKey.values()])],
  )
}

/** Closes exceptions whose cause is gone. Unknown keys are fine. */
export async function resolveExceptions(tx: Tx, dedupeKeys: readonly string[]): Promise<void> {
  if (dedupeKeys.length === 0) return
  await tx.rows(
    `update exception set resolved_at = now() where merchant_id = $1 and resolved_at is null and dedupe_key = any($2::text[])`,
    [tx.merchantId, dedupeKeys],
  )
}
