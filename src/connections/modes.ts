import { z } from 'zod'
import { text, when } from '../api/fields.ts'
import type { Tx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import { type Changeable, lockConnection, lockLanes } from './change-connection.ts'
import { saveCursor } from './cursor.ts'

/** How far the hub may go at a shop, in the order in which a merchant usually takes the steps. */
export const writeModes = ['off', 'shadow', 'canary', 'on'] as const
export type WriteMode = (typeof writeModes)[number]
const writingModes: readonly WriteMode[] = ['canary', 'on']

const skusMax = 500
export const modeChange = z.strictObject({
  mode: z
    .enum(writeModes)
    .describe(
      'off: only reads. shadow: also works out what would be written. canary: writes stock of `skus`. on: writes all.',
    ),
  skus: z.array(text(255)).min(1).max(skusMax).optional().describe('With canary, and only there: the shop’s own SKUs.'),
  handOverFrom: when
    .nullable()
    .optional()
    .describe(
      'Orders placed from then on go to warehouses; those read before it stay with whoever ships them now. Null: none go. To be said when "on" is switched on after watching.',
    ),
  version: z.string().max(1_000).optional(),
})
export type ModeChange = z.output<typeof modeChange>

/** Where the handing over of what was watched stands; it begins with the change of mode. */
export const handoverStream = 'orders.handover'

const wrong = (field: string, message: string, mend: string) =>
  new Problem(400, 'HUB_VALIDATION', 'The way of writing was not changed.', [{ field, message, mend }])

interface Watched extends Changeable {
  readonly connector: string
  readonly handsOver: boolean
  readonly reading: boolean
}

function check({ mode, skus, handOverFrom }: ModeChange, now: Watched): void {
  const writes = writingModes.includes(mode)
  if ((mode === 'canary') !== (skus !== undefined)) {
    throw mode === 'canary'
      ? wrong('skus', 'are missing', 'Name the SKUs to begin with.')
      : wrong('skus', `mean nothing with "${mode}"`, 'Leave them out, or send mode "canary".')
  }
  if (!writes && typeof handOverFrom === 'string') {
    throw wrong('handOverFrom', `means nothing with "${mode}": nothing is handed over`, 'Leave it out.')
  }
  if (mode === 'on' && !now.handsOver && handOverFrom === undefined) {
    const mend = 'Send the instant from which orders go to your warehouses: now for new ones only, or null for none.'
    throw wrong('handOverFrom', 'is missing: this shop was only watched until now', mend)
  }
  if (writes && now.status !== 'active') {
    throw new Problem(409, 'HUB_CONFLICT', `The connection is ${now.status}, so nothing can be written to it.`)
  }
  if (writes && now.reading) {
    throw new Problem(
      409,
      'HUB_BACKFILL_RUNS',
      'The shop’s orders and listings are still being read; wait until "backfill" is done.',
    )
  }
}

/**
 * Changes how far the hub may go. Its lanes lose their leases: what they began under the old mode is settled under the
 * new one. Going back to watching hands no further order over; what warehouses were told stays with them.
 */
export async function changeWriteMode(tx: Tx, connectionId: string, change: ModeChange): Promise<void> {
  await lockLanes(tx, connectionId)
  const row = await lockConnection(tx, connectionId, change.version)
  const [more] = await tx.rows<{ connector: string; handsOver: boolean; reading: boolean }>(
    `select c.connector, c.hands_over_from is not null as "handsOver",
       coalesce((select b.orders_done_at is null or b.listings_done_at is null from backfill b where b.merchant_id = $1 and b.connection_id = $2), false) as reading
     from connection c where c.merchant_id = $1 and c.connection_id = $2`,
    [tx.merchantId, connectionId],
  )
  if (!more) return
  check(change, { ...row, ...more })
  const writes = writingModes.includes(change.mode)
  await tx.rows(
    `update connection set write_mode = $3, canary_skus = $4,
       hands_over_from = case when not $5 then null when $6 then date_trunc('second', $7::timestamptz) else hands_over_from end
     where merchant_id = $1 and connection_id = $2`,
    [
      ...[tx.merchantId, connectionId, change.mode, [...new Set(change.skus ?? [])], writes],
      ...[change.handOverFrom !== undefined, change.handOverFrom ?? null],
    ],
  )
  const from = change.handOverFrom ?? null
  const value = from === null ? null : JSON.stringify({ from: `${from.slice(0, 19)}Z`, after: null })
  if (from !== null || !writes) await saveCursor(tx, connectionId, handoverStream, { value, completedFrom: null })
}
