import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'

export type PrivacyKind = 'export' | 'erase' | 'erase_account'
export interface PrivacyRow {
  readonly requestId: string
  readonly accountId: string
  readonly platform: string
  readonly accountName: string
  readonly kind: PrivacyKind
  readonly source: 'platform' | 'merchant'
  readonly orderRefs: readonly string[]
  readonly receivedAt: Date
  readonly dueAt: Date
  readonly phase: 'persons' | 'bodies' | 'person_decides' | 'done'
  readonly cursor: string
  readonly persons: number
  readonly bodies: number
  readonly doneAt: Date | null
  readonly reason: string | null
}
export interface NewRequest {
  readonly accountId: string
  readonly kind: PrivacyKind
  readonly source: 'platform' | 'merchant'
  readonly orderRefs: readonly string[]
  readonly sha256: Buffer
}

/** The law gives a month (GDPR Art. 12(3)), and so does Shopify (docs "privacy law compliance", read 2026-11-23). */
const dueDays = 30

export const requestColumns = `t.request_id as "requestId", t.account_id as "accountId", a.platform, a.name as "accountName", t.kind, t.source, t.order_refs as "orderRefs",
  t.received_at as "receivedAt", t.due_at as "dueAt", t.phase, t.cursor, t.persons, t.bodies, t.done_at as "doneAt", t.reason`
export const requestJoins =
  'cross join lateral (select platform, name from channel_account a where a.merchant_id = $1 and a.account_id = t.account_id offset 0) a'

/** Writes down what was asked. Null: it was asked before, in the same words. */
export async function noteRequest(
  tx: Tx,
  ids: Ids,
  asked: NewRequest,
): Promise<{ requestId: string; dueAt: Date } | null> {
  const [row] = await tx.rows<{ requestId: string; dueAt: Date }>(
    `insert into privacy_request (merchant_id, request_id, account_id, kind, source, order_refs, sha256, due_at, phase)
     values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 day', $9)
     on conflict (merchant_id, account_id, sha256) do nothing returning request_id as "requestId", due_at as "dueAt"`,
    [
      tx.merchantId,
      ids.uuid(),
      asked.accountId,
      asked.kind,
      asked.source,
      asked.orderRefs,
      asked.sha256,
      dueDays,
      asked.kind === 'export' ? 'person_decides' : 'persons',
    ],
  )
  return row ?? null
}

export async function readRequest(tx: Tx, requestId: string): Promise<PrivacyRow | null> {
  const [row] = await tx.rows<PrivacyRow & object>(
    `select ${requestColumns} from privacy_request t ${requestJoins} where t.merchant_id = $1 and t.request_id = $2`,
    [tx.merchantId, requestId],
  )
  return row ?? null
}

/** The one that has waited longest to be carried out, locked; null when there is none that nobody else is at. */
export async function takeErasure(tx: Tx): Promise<PrivacyRow | null> {
  const [row] = await tx.rows<PrivacyRow & object>(
    `select ${requestColumns} from (
       select * from privacy_request where merchant_id = $1 and done_at is null and phase in ('persons','bodies') and look_at <= now()
       order by look_at limit 1 for no key update skip locked) t ${requestJoins}`,
    [tx.merchantId],
  )
  return row ?? null
}

/** Saves how far a request has come. */
export async function moveRequest(
  tx: Tx,
  {
    requestId,
    phase,
    cursor,
    persons = 0,
    bodies = 0,
    reason = null,
    inSeconds = 0,
  }: {
    readonly requestId: string
    readonly phase: PrivacyRow['phase']
    readonly cursor: string
    readonly persons?: number
    readonly bodies?: number
    readonly reason?: string | null
    /** When to go on. */
    readonly inSeconds?: number
  },
): Promise<void> {
  await tx.rows(
    `update privacy_request set phase = $3, cursor = $4, persons = persons + $5, bodies = bodies + $6, reason = $7, look_at = now() + $8 * interval '1 second',
       done_at = case when $3 = 'done' then now() end where merchant_id = $1 and request_id = $2`,
    [tx.merchantId, requestId, phase, cursor, persons, bodies, reason, inSeconds],
  )
}
