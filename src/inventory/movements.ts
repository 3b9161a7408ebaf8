import { z } from 'zod'
import { shownId, shownTime, showTime } from '../api/fields.ts'
import { type Noun, publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'

interface MovementRow {
  readonly version: bigint
  readonly seq: number
  readonly locationId: string
  readonly locationCode: string
  readonly kind: string
  readonly onHand: number
  readonly reserved: number
  readonly causeKind: string
  readonly causeId: string
  readonly reason: string | null
  readonly actor: string | null
  readonly at: Date
}

export const shownMovement = z.object({
  version: z.string(),
  location: shownId,
  locationCode: z.string(),
  kind: z.string(),
  onHand: z.int().describe('By how much the units on hand changed.'),
  reserved: z.int().describe('By how much the reserved units changed.'),
  cause: z.object({ kind: z.string(), id: z.string() }),
  reason: z.string().nullable().describe('What the person wrote who changed it by hand.'),
  actor: z.string().nullable(),
  at: shownTime,
})

const nouns: Readonly<Record<string, Noun>> = {
  message: 'message',
  file: 'file',
  order: 'order',
  connection: 'connection',
}

function show(row: MovementRow): z.infer<typeof shownMovement> {
  const noun = nouns[row.causeKind]
  return {
    version: `${row.version}.${row.seq}`,
    location: publicId('location', row.locationId),
    locationCode: row.locationCode,
    kind: row.kind,
    onHand: row.onHand,
    reserved: row.reserved,
    cause: { kind: row.causeKind, id: noun === undefined ? row.causeId : publicId(noun, row.causeId) },
    reason: row.reason,
    actor: row.actor,
    at: showTime(row.at),
  }
}

export interface MovementsAsked {
  readonly limit: number
  /** `version.seq` of the last one seen. */
  readonly after: string | undefined
}

/** The ledger of one item, newest first, with what caused each movement. */
export async function movementsOfItem(
  tx: Tx,
  itemId: string,
  { limit, after }: MovementsAsked,
): Promise<{ items: z.infer<typeof shownMovement>[]; next: string | null }> {
  const [version = null, seq = null] = after?.split('.') ?? []
  const rows = await tx.rows<MovementRow & object>(
    `select t.version, t.seq, t.location_id as "locationId", p.code as "locationCode", t.kind, t.on_hand_delta as "onHand",
       t.reserved_delta as reserved, t.cause_kind as "causeKind", t.cause_id as "causeId", r.reason, r.actor, t.at
     from (select * from inventory_movement t where t.merchant_id = $1 and t.item_id = $2
             and ($3::bigint is null or (t.version, t.seq) < ($3::bigint, $4::int))
           order by t.version desc, t.seq desc limit $5) t
     cross join lateral (select code from location p where p.merchant_id = $1 and p.location_id = t.location_id offset 0) p
     left join lateral (select reason, actor from api_request r where r.merchant_id = $1 and r.request_id = t.cause_id and t.cause_kind = 'api' offset 0) r on true
     order by t.version desc, t.seq desc`,
    [tx.merchantId, itemId, version, seq, limit + 1],
  )
  const items = rows.slice(0, limit).map(show)
  return { items, next: rows.length > limit ? (items.at(-1)?.version ?? null) : null }
}
