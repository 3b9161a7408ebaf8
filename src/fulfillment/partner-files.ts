import { cleanText } from '../model/text.ts'
import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface FileIssue {
  /** Line in the file as an editor shows it; 0 = the file as a whole. */
  readonly row: number
  readonly severity: 'warning' | 'error'
  readonly field: string
  readonly code: string
  readonly message: string
}

/** An incoming file, known by its bytes: the same bytes again, under whatever name, are the same file. */
export async function recordIncoming(
  tx: Tx,
  ids: Ids,
  file: { readonly connectionId: string; readonly name: string; readonly size: number; readonly sha256: Buffer },
): Promise<{ readonly fileId: string; readonly isNew: boolean }> {
  const [known] = await tx.rows<{ file_id: string }>(
    `select file_id from partner_file where merchant_id = $1 and connection_id = $2 and direction = 'in' and sha256 = $3 and state <> 'duplicate' limit 1`,
    [tx.merchantId, file.connectionId, file.sha256],
  )
  const fileId = ids.uuid()
  await tx.rows(
    `insert into partner_file (merchant_id, file_id, connection_id, direction, name, size, sha256, state) values ($1, $2, $3, 'in', $4, $5, $6, $7)`,
    [
      tx.merchantId,
      fileId,
      file.connectionId,
      cleanText(file.name, 200),
      file.size,
      file.sha256,
      known ? 'duplicate' : 'stored',
    ],
  )
  return { fileId, isNew: !known }
}

/**
 * What became of an incoming file; for one that came before, of that. Null: it waits to be read. Its message has the last
 * word, since a reader may have died between the two.
 */
export async function verdictOf(tx: Tx, fileId: string): Promise<'applied' | 'refused' | null> {
  const [row] = await tx.rows<{ file: string; message: string | null }>(
    `select coalesce(known.state, f.state) as file, m.state as message from partner_file f
     left join lateral (select k.state from partner_file k where f.state = 'duplicate' and k.merchant_id = $1 and k.connection_id = f.connection_id
       and k.direction = 'in' and k.sha256 = f.sha256 and k.state <> 'duplicate' limit 1) known on true
     left join lateral (select m.state from inbox_message m where m.merchant_id = $1 and m.connection_id = f.connection_id
       and m.dedupe_key = 'file.' || encode(f.sha256, 'hex')) m on true
     where f.merchant_id = $1 and f.file_id = $2`,
    [tx.merchantId, fileId],
  )
  if (row?.file !== 'stored') return row?.file === 'refused' ? 'refused' : 'applied'
  if (row.message === 'pending') return null
  return row.message === 'applied' ? 'applied' : 'refused'
}

/** A file held as a whole: nothing of it is applied before a person has it read again. */
export const heldForMissing = 'HELD_MISSING_SKUS'

export interface FilePast {
  /** Another file of this connection had the name before, with other bytes. */
  readonly nameReused: boolean
  /** It was held and a person had it read again, or it was applied before: what it says is wanted. */
  readonly released: boolean
}

/** What is known of an incoming file when it is read. */
export async function pastOf(tx: Tx, fileId: string): Promise<FilePast> {
  const [row] = await tx.rows<FilePast & object>(
    `select exists (select 1 from partner_file k where k.merchant_id = $1 and k.connection_id = f.connection_id and k.direction = 'in'
         and k.name = f.name and k.sha256 <> f.sha256 and k.created_at < f.created_at) as "nameReused",
       f.state = 'applied' or exists (select 1 from partner_file_issue i where i.merchant_id = $1 and i.file_id = f.file_id
         and i.row = 0 and i.code = '${heldForMissing}') as released
     from partner_file f where f.merchant_id = $1 and f.file_id = $2`,
    [tx.merchantId, fileId],
  )
  return row ?? { nameReused: false, released: false }
}

export interface Missing {
  /** Items that this place counted before and has units of, as far as we know. */
  readonly known: number
  readonly missing: number
}

/** How many of the items that a place is known to have are not among these. What was counted down to zero may be left out. */
export async function missingOf(tx: Tx, locationId: string, itemIds: readonly string[]): Promise<Missing> {
  const [row] = await tx.rows<Missing & object>(
    `select count(*)::int as known, (count(*) filter (where d.item_id is null))::int as missing
     from (select item_id from inventory_level where merchant_id = $1 and location_id = $2 and counted_at is not null and on_hand > 0 offset 0) l
     left join (select distinct item_id from unnest($3::uuid[]) as t(item_id) offset 0) d on d.item_id = l.item_id`,
    [tx.merchantId, locationId, itemIds],
  )
  return row ?? { known: 0, missing: 0 }
}

export interface FileEnd {
  readonly state: 'applied' | 'refused'
  readonly document: string | null
  readonly summary: Readonly<Record<string, number>>
  readonly issues: readonly FileIssue[]
}

/** Writes what became of an incoming file, row by row. Replay rewrites it. */
export async function settleFile(tx: Tx, fileId: string, end: FileEnd): Promise<void> {
  await tx.rows(
    `update partner_file set state = $3, document = $4, summary = $5::jsonb where merchant_id = $1 and file_id = $2`,
    [tx.merchantId, fileId, end.state, end.document, JSON.stringify(end.summary)],
  )
  await tx.rows('delete from partner_file_issue where merchant_id = $1 and file_id = $2', [tx.merchantId, fileId])
  await tx.rows(
    `insert into partner_file_issue (merchant_id, file_id, row, seq, severity, field, code, message)
     select $1, $2, row, row_number() over (), severity, field, code, message
     from jsonb_to_recordset($3::jsonb) as t(row int, severity text, field text, code text, message text)`,
    [tx.merchantId, fileId, JSON.stringify(end.issues)],
  )
}

export interface FrozenRow {
  readonly fileId: string
  readonly name: string
  readonly size: number
  readonly bytes: Buffer
}

const bytesKeptFor = '14 days'

/** Freezes the bytes of an outgoing file with its name, before anything is sent: a resend sends the same. */
export async function freezeFile(
  tx: Tx,
  ids: Ids,
  file: {
    readonly connectionId: string
    readonly name: string
    readonly bytes: Uint8Array
    readonly sha256: Buffer
    readonly sequence: number
    readonly requests: number
  },
): Promise<string> {
  const fileId = ids.uuid()
  await tx.rows(
    `insert into partner_file (merchant_id, file_id, connection_id, direction, name, size, sha256, bytes, bytes_until, sequence, state, document, summary)
     values ($1, $2, $3, 'out', $4, $5, $6, $7, now() + interval '${bytesKeptFor}', $8, 'frozen', 'requests', jsonb_build_object('requests', $9::int))`,
    [
      tx.merchantId,
      fileId,
      file.connectionId,
      file.name,
      file.bytes.length,
      file.sha256,
      Buffer.from(file.bytes),
      file.sequence,
      file.requests,
    ],
  )
  return fileId
}

/** The next file number of a connection; under the lane's lease nobody else counts. */
export async function nextSequence(tx: Tx, connectionId: string): Promise<number> {
  const [row] = await tx.rows<{ next: number }>(
    `select coalesce(max(sequence), 0)::int + 1 as next from partner_file where merchant_id = $1 and connection_id = $2 and direction = 'out'`,
    [tx.merchantId, connectionId],
  )
  return row?.next ?? 1
}

/** Their bytes are there: `purgeFiles` leaves those that may still have to be sent, however old they are. */
export async function frozenFiles(tx: Tx, fileIds: readonly string[]): Promise<FrozenRow[]> {
  return tx.rows<FrozenRow & object>(
    `select file_id as "fileId", name, size, bytes from partner_file where merchant_id = $1 and file_id = any($2::uuid[]) and bytes is not null
     order by sequence`,
    [tx.merchantId, fileIds],
  )
}

export async function markFile(tx: Tx, fileId: string, state: 'delivered' | 'unverifiable'): Promise<void> {
  await tx.rows('update partner_file set state = $3 where merchant_id = $1 and file_id = $2', [
    tx.merchantId,
    fileId,
    state,
  ])
}
