import type { DoorTx } from '../platform/db/tx.ts'
import type { PackedBody } from './pack-body.ts'

/** One authenticated delivery, as it is to be kept. */
export interface Delivery {
  readonly merchantId: string
  readonly messageId: string
  readonly connectionId: string
  readonly source: 'webhook'
  readonly topic: string
  /** Null unless the manifest declares the delivery id stable. */
  readonly dedupeKey: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly raw: Uint8Array
}
export type PackedDelivery = Delivery & { readonly packed: PackedBody }

/*
 * Sorted by key, because two commits in flight may hold each other's keys. Bodies travel as one binary
 * parameter and are cut here: an array of bytea would travel as hexadecimal text, twice the size.
 * An id that does not come back was a duplicate whose original is committed (the insert waited for it).
 */
const insertSql = `
with d as (
  select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[])
    with ordinality as t(merchant_id, message_id, connection_id, source, topic, dedupe_key, headers, start, size, n)
), kept as (
  insert into inbox_message (merchant_id, message_id, connection_id, source, topic, dedupe_key)
  select merchant_id, message_id, connection_id, source, topic, dedupe_key from d
  order by merchant_id, connection_id, dedupe_key, message_id
  on conflict (merchant_id, connection_id, dedupe_key) where dedupe_key is not null do nothing
  returning merchant_id, message_id
)
insert into inbox_body (merchant_id, received_on, message_id, headers, sha256, bytes)
select merchant_id, (now() at time zone 'utc')::date, message_id, headers::jsonb,
  substring($10::bytea from n::int * 32 - 31 for 32), substring($11::bytea from start for size)
from kept join d using (merchant_id, message_id)
returning message_id`

/** Writes a batch of any merchants in one statement; returns the ids that were new. */
export async function insertDeliveries(tx: DoorTx, batch: readonly PackedDelivery[]): Promise<ReadonlySet<string>> {
  const starts: number[] = []
  let end = 1 // substring counts from 1
  for (const { packed } of batch) {
    starts.push(end)
    end += packed.bytes.length
  }
  const rows = await tx.rows<{ message_id: string }>(insertSql, [
    batch.map((d) => d.merchantId),
    batch.map((d) => d.messageId),
    batch.map((d) => d.connectionId),
    batch.map((d) => d.source),
    batch.map((d) => d.topic),
    batch.map((d) => d.dedupeKey),
    batch.map((d) => JSON.stringify({ ...d.headers, encoding: d.packed.encoding })),
    starts,
    batch.map((d) => d.packed.bytes.length),
    Buffer.concat(batch.map((d) => d.packed.sha256)),
    Buffer.concat(batch.map((d) => d.packed.bytes)),
  ])
  return new Set(rows.map((row) => row.message_id))
}
