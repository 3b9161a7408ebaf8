import { z } from 'zod'
import { shownId, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { type Noun, publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface ExceptionRow {
  readonly exceptionId: string
  readonly kind: string
  readonly subjectKind: 'order' | 'listing' | 'connection' | 'file' | 'level' | 'message' | 'merchant'
  readonly subjectId: string
  readonly subjectName: string | null
  readonly detail: Readonly<Record<string, unknown>>
  readonly raisedAt: Date
  readonly resolvedAt: Date | null
}
export interface EventRow {
  readonly at: Date
  readonly kind: string
  readonly actor: string
  readonly causeKind: string
  readonly causeId: string
  readonly data: Readonly<Record<string, unknown>>
}

export const exceptionColumns = `t.exception_id as "exceptionId", t.kind, t.subject_kind as "subjectKind", t.subject_id as "subjectId",
  case t.subject_kind
    when 'order' then (select o.external_number from orders o where o.merchant_id = $1 and o.order_id = t.subject_id)
    when 'level' then (select i.sku from item i where i.merchant_id = $1 and i.item_id = t.subject_id)
    when 'listing' then (select l.title from listing l where l.merchant_id = $1 and l.listing_id = t.subject_id)
    when 'connection' then (select c.label from connection c where c.merchant_id = $1 and c.connection_id = t.subject_id)
    when 'file' then (select f.name from partner_file f where f.merchant_id = $1 and f.file_id = t.subject_id) end as "subjectName",
  t.detail, t.raised_at as "raisedAt", t.resolved_at as "resolvedAt"`

const exceptionsMax = 200
const eventsMax = 1_000

/** The newest exceptions of one subject, settled ones too. */
export function exceptionsOf(tx: Tx, subjectId: string): Promise<ExceptionRow[]> {
  return tx.rows<ExceptionRow & object>(
    `select ${exceptionColumns} from exception t where t.merchant_id = $1 and t.subject_id = $2 order by t.raised_at desc, t.exception_id limit ${exceptionsMax}`,
    [tx.merchantId, subjectId],
  )
}

/** Keys of the open exceptions of a kind about these subjects. */
export async function openKeysOf(tx: Tx, kind: string, subjectIds: readonly string[]): Promise<string[]> {
  if (subjectIds.length === 0) return []
  const rows = await tx.rows<{ key: string }>(
    `select t.dedupe_key as key from unnest($2::uuid[]) as d(id)
     cross join lateral (select * from exception t where t.merchant_id = $1 and t.subject_id = d.id offset 0) t
     where t.kind = $3 and t.resolved_at is null`,
    [tx.merchantId, subjectIds, kind],
  )
  return rows.map((row) => row.key)
}

/** What happened to an order, oldest first. */
export function timelineOf(tx: Tx, orderId: string): Promise<EventRow[]> {
  return tx.rows<EventRow & object>(
    `select at, kind, actor, cause_kind as "causeKind", cause_id as "causeId", data from timeline_event
     where merchant_id = $1 and order_id = $2 order by at, event_id limit ${eventsMax}`,
    [tx.merchantId, orderId],
  )
}

const replayedMax = 20

/** The newest messages of which an order was made, oldest first. */
export async function messagesOfOrder(tx: Tx, orderId: string): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select cause_id as id, max(at) as at from timeline_event
     where merchant_id = $1 and order_id = $2 and cause_kind = 'message' and kind in ('order.imported', 'order.updated', 'order.cancelled')
     group by cause_id order by max(at) desc limit ${replayedMax}`,
    [tx.merchantId, orderId],
  )
  return rows.map((row) => row.id).toReversed()
}

const nouns: Readonly<Record<ExceptionRow['subjectKind'], Noun>> = {
  order: 'order',
  listing: 'listing',
  connection: 'connection',
  file: 'file',
  level: 'item',
  message: 'message',
  merchant: 'merchant',
}

export const shownException = z.object({
  id: shownId,
  kind: z.string(),
  subject: z.object({
    kind: z.string(),
    id: shownId,
    name: z.string().nullable().describe("What people call it: an order's number, an item's SKU."),
  }),
  detail: z.record(z.string(), z.unknown()),
  raisedAt: shownTime,
  resolvedAt: shownTime.nullable(),
})
export const showException = (row: ExceptionRow): z.infer<typeof shownException> => ({
  id: publicId('exception', row.exceptionId),
  kind: row.kind,
  subject: { kind: row.subjectKind, id: publicId(nouns[row.subjectKind], row.subjectId), name: row.subjectName },
  detail: { ...row.detail },
  raisedAt: showTime(row.raisedAt),
  resolvedAt: showTimeOrNull(row.resolvedAt),
})

const causeNouns: Readonly<Record<string, Noun>> = {
  message: 'message',
  file: 'file',
  effect: 'effect',
  connection: 'connection',
}

export const shownEvent = z.object({
  at: shownTime,
  kind: z.string(),
  actor: z.string(),
  cause: z.object({ kind: z.string(), id: z.string() }),
  data: z.record(z.string(), z.unknown()),
})
export const showEvent = (row: EventRow): z.infer<typeof shownEvent> => {
  const noun = causeNouns[row.causeKind]
  const id = noun === undefined ? row.causeId : publicId(noun, row.causeId)
  return {
    at: showTime(row.at),
    kind: row.kind,
    actor: row.actor,
    cause: { kind: row.causeKind, id },
    data: { ...row.data },
  }
}
