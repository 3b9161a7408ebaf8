import { inSlices } from '../platform/base/in-slices.ts'
import type { Ids } from '../platform/base/ports.ts'
import type { LaneKey } from '../platform/db/lane.ts'
import type { DoorTx, Tx } from '../platform/db/tx.ts'
import { packBody, unpackBody } from './pack-body.ts'

export interface Message {
  readonly messageId: string
  readonly source: 'webhook' | 'poll' | 'file' | 'fetch'
  readonly topic: string
  readonly subjectRef: string | null
  readonly receivedAt: Date
  /** To the microsecond, which a Date does not hold: with the id the message's place in line. */
  readonly dueAt: string
  readonly attempts: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly sha256: Buffer
  /** Null when the body was erased. */
  readonly raw: Uint8Array | null
}

export const batchMax = 200
const batchBytesMax = 16 * 1024 * 1024
const firstId = '00000000-0000-0000-0000-000000000000'

/** The oldest pending messages of a connection (after one of them), with their bodies, as far as they fit in memory together. */
export async function pendingMessages(
  tx: Tx,
  connectionId: string,
  after: Pick<Message, 'dueAt' | 'messageId'> | null = null,
): Promise<Message[]> {
  const rows = await tx.rows<Omit<Message, 'raw'> & { bytes: Buffer | null }>(
    `with due as (
       select message_id, due_at, (received_at at time zone 'utc')::date as received_on from inbox_message
       where merchant_id = $1 and connection_id = $2 and state = 'pending' and due_at <= now()
         and (due_at, message_id) > ($3::timestamptz, $4::uuid) order by due_at, message_id limit ${batchMax}
     ), sized as (
       select due.*, sum(coalesce(octet_length(b.bytes), 0)) over (order by due.due_at, due.message_id) as upto, row_number() over (order by due.due_at, due.message_id) as n
       from due left join lateral (select bytes from inbox_body b where b.merchant_id = $1 and b.received_on = due.received_on and b.message_id = due.message_id) b on true
     )
     select m.message_id as "messageId", m.source, m.topic, m.subject_ref as "subjectRef", m.received_at as "receivedAt", sized.due_at::text as "dueAt", m.attempts,
       coalesce(b.headers, '{}') as headers, coalesce(b.sha256, '') as sha256, b.bytes
     from sized
     cross join lateral (select * from inbox_message m where m.merchant_id = $1 and m.message_id = sized.message_id offset 0) m
     left join lateral (select * from inbox_body b where b.merchant_id = $1 and b.received_on = sized.received_on and b.message_id = sized.message_id) b on true
     where sized.upto <= ${batchBytesMax} or sized.n = 1 order by sized.n`,
    [tx.merchantId, connectionId, after?.dueAt ?? '-infinity', after?.messageId ?? firstId],
  )
  const messages: Message[] = []
  await inSlices(rows, ({ bytes, ...row }) => {
    messages.push({ ...row, raw: bytes === null ? null : unpackBody(row.headers['encoding'], bytes) })
  })
  return messages
}

/** These messages with their bodies, in this order; those that were let go of are left out. */
export async function messagesById(tx: Tx, messageIds: readonly string[]): Promise<Message[]> {
  const rows = await tx.rows<Omit<Message, 'raw'> & { bytes: Buffer | null }>(
    `select m.message_id as "messageId", m.source, m.topic, m.subject_ref as "subjectRef", m.received_at as "receivedAt", m.due_at::text as "dueAt", m.attempts,
       coalesce(b.headers, '{}') as headers, coalesce(b.sha256, '') as sha256, b.bytes
     from unnest($2::uuid[]) with ordinality as d(id, n)
     cross join lateral (select * from inbox_message m where m.merchant_id = $1 and m.message_id = d.id offset 0) m
     left join lateral (select * from inbox_body b where b.merchant_id = $1 and b.received_on = (m.received_at at time zone 'utc')::date
       and b.message_id = m.message_id) b on true
     order by d.n`,
    [tx.merchantId, messageIds],
  )
  return rows.map(({ bytes, ...row }) => ({
    ...row,
    raw: bytes === null ? null : unpackBody(row.headers.encoding, bytes),
  }))
}

export interface MessageEnd {
  readonly messageId: string
  readonly state: 'applied' | 'superseded' | 'ignored' | 'dead'
  readonly reason?: string | null
  readonly subjectRef?: string | null
}

/** Ends messages; each ends exactly once, and replay is the only way back. */
export async function endMessages(tx: Tx, ends: readonly MessageEnd[]): Promise<void> {
  if (ends.length === 0) return
  await tx.rows(
    `update inbox_message m set state = d.state, reason = case when d.state in ('ignored', 'dead') then coalesce(d.reason, 'no reason given') end,
       subject_ref = coalesce(d."subjectRef", m.subject_ref)
     from json_to_recordset($2::json) as d("messageId" uuid, state text, reason text, "subjectRef" text)
     where m.merchant_id = $1 and m.message_id = d."messageId" and m.message_id = any($3::uuid[]) and m.state = 'pending'`,
    [tx.merchantId, JSON.stringify(ends), ends.map((e) => e.messageId)],
  )
}

/** Puts messages off after a failure; they stay pending. `counts` false: the far side asked us to wait. */
export async function putOff(tx: Tx, messageIds: readonly string[], delayMs: number, counts: boolean): Promise<void> {
  if (messageIds.length === 0) return
  await tx.rows(
    `update inbox_message set due_at = now() + $3 * interval '1 ms', attempts = attempts + $4
     where merchant_id = $1 and message_id = any($2::uuid[]) and state = 'pending'`,
    [tx.merchantId, messageIds, delayMs, counts ? 1 : 0],
  )
}

export interface RawArrival {
  readonly source: 'poll' | 'fetch' | 'file'
  readonly topic: string
  readonly subjectRef: string | null
  readonly dedupeKey: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly raw: Uint8Array
}

/** What the hub itself brought in lands in the same inbox, before it is read. Returns the ids of what was new. */
export async function storeArrivals(
  tx: Tx,
  ids: Ids,
  connectionId: string,
  arrivals: readonly RawArrival[],
): Promise<string[]> {
  if (arrivals.length === 0) return []
  const packed = await Promise.all(arrivals.map((a) => packBody(a.raw)))
  const rows = arrivals.map((a, n) => ({
    id: ids.uuid(),
    source: a.source,
    topic: a.topic,
    ref: a.subjectRef,
    key: a.dedupeKey,
    headers: { ...a.headers, encoding: packed[n]?.encoding ?? 'raw' },
  }))
  const kept = await tx.rows<{ id: string }>(
    `with d as (
       select t.*, b.bytes, b.sha from json_to_recordset($3::json) as t(id uuid, source text, topic text, ref text, key text, headers jsonb, n bigint)
       join unnest($4::bytea[], $5::bytea[]) with ordinality as b(bytes, sha, n) using (n)
     ), kept as (
       insert into inbox_message (merchant_id, message_id, connection_id, source, topic, subject_ref, dedupe_key)
       select $1, id, $2, source, topic, ref, key from d order by key, id
       on conflict (merchant_id, connection_id, dedupe_key) where dedupe_key is not null do nothing returning message_id
     )
     insert into inbox_body (merchant_id, received_on, message_id, headers, sha256, bytes)
     select $1, (now() at time zone 'utc')::date, d.id, d.headers, d.sha, d.bytes from kept join d on d.id = kept.message_id
     returning message_id as id`,
    [
      tx.merchantId,
      connectionId,
      JSON.stringify(rows.map((r, n) => ({ ...r, n: n + 1 }))),
      packed.map((p) => Buffer.from(p.bytes)),
      packed.map((p) => p.sha256),
    ],
  )
  return kept.map((row) => row.id)
}

/** Connections with messages that wait for longer than `olderMs`. */
export function dueImports(tx: DoorTx, olderMs: number, limit: number, only?: LaneKey): Promise<LaneKey[]> {
  return tx.rows<LaneKey>(
    `select distinct m.merchant_id as "merchantId", m.connection_id as "connectionId", 'import' as kind
     from inbox_message m join connection c on c.merchant_id = m.merchant_id and c.connection_id = m.connection_id and c.status = 'active'
     where m.state = 'pending' and m.due_at <= now() - $1 * interval '1 ms'
     ${only ? 'and m.merchant_id = $3 and m.connection_id = $4' : ''} limit $2`,
    only ? [olderMs, limit, only.merchantId, only.connectionId] : [olderMs, limit],
  )
}
