import type { RawOrder } from '../connector-kit/index.ts'
import { storeArrivals } from '../inbox/messages.ts'
import { finalVersions } from '../orders/known-versions.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Shift } from './deps.ts'

/** Puts orders that were read from the channel into the inbox, raw; those that are here in this very version are left out. */
export async function storeOrders(
  tx: Tx,
  shift: Shift,
  items: readonly RawOrder[],
  fetchedAt: string,
): Promise<readonly string[]> {
  const final = await finalVersions(tx, shift.connection.accountId, items)
  const arrivals = items
    .filter((o) => !final.has(o.ref))
    .map((o) => ({
      source: 'poll' as const,
      topic: 'order',
      subjectRef: o.ref,
      dedupeKey: null,
      headers: { 'fetched-at': fetchedAt },
      raw: Buffer.from(o.raw),
    }))
  return storeArrivals(tx, shift.ports.ids, shift.lease.connectionId, arrivals)
}
