import type { Tx } from '../platform/db/tx.ts'
import { unpackBody } from './pack-body.ts'

export interface MessageRow {
  readonly messageId: string
  readonly connectionId: string
  readonly source: string
  readonly topic: string
  readonly subjectRef: string | null
  readonly receivedAt: Date
  readonly state: 'pending' | 'applied' | 'superseded' | 'ignored' | 'dead'
  readonly reason: string | null
  readonly attempts: number
  readonly dueAt: Date
}

export const messageColumns = `t.message_id as "messageId", t.connection_id as "connectionId", t.source, t.topic, t.subject_ref as "subjectRef",
  t.received_at as "receivedAt", t.state, t.reason, t.attempts, t.due_at as "dueAt"`

export async function readMessage(tx: Tx, messageId: string): Promise<MessageRow | null> {
  const [row] = await tx.rows<MessageRow & object>(
    `select ${messageColumns} from inbox_message t where t.merchant_id = $1 and t.message_id = $2`,
    [tx.merchantId, messageId],
  )
  return row ?? null
}

/** The bytes as they came. `erased`: they were deleted on request or by age. */
export async function readRaw(tx: Tx, message: MessageRow): Promise<Uint8Array | 'erased'> {
  const [body] = await tx.rows<{ encoding: string | null; bytes: Buffer | null }>(
    `select headers ->> 'encoding' as encoding, bytes from inbox_body
     where merchant_id = $1 and received_on = ($3::timestamptz at time zone 'utc')::date and message_id = $2`,
    [tx.merchantId, message.messageId, message.receivedAt],
  )
  return body?.bytes ? unpackBody(body.encoding ?? undefined, body.bytes) : 'erased'
}

/** The bytes of what came to a connection under this key; null: nothing did, or they are gone. */
export async function readByKey(tx: Tx, connectionId: string, dedupeKey: string): Promise<Uint8Array | null> {
  const [row] = await tx.rows<MessageRow & object>(
    `select ${messageColumns} from inbox_message t where t.merchant_id = $1 and t.connection_id = $2 and t.dedupe_key = $3`,
    [tx.merchantId, connectionId, dedupeKey],
  )
  const raw = row ? await readRaw(tx, row) : 'erased'
  return raw === 'erased' ? null : raw
}
