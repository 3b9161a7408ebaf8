import { noteBackfillError, noteListings, openedBackfill } from '../connections/backfill.ts'
import { ChannelError } from '../connector-kit/index.ts'
import { after, listingsSeen } from '../flows.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'

const pagesMax = 1_000
const done: Turn = { again: false, dueInMs: null }

/** Reads all of the shop's listings, page by page; each page is mapped by SKU as it comes. */
export async function runListings(shift: Shift): Promise<Turn> {
  const { listings } = shift.connection.connector
  if (!listings) return done
  const { connectionId } = shift.lease
  const fill = await shift.tenant((tx) => openedBackfill(tx, connectionId))
  let page = fill?.listingsPage ?? null
  try {
    for (let n = 0; n < pagesMax; n++) {
      const got: Awaited<ReturnType<typeof listings.list>> = await listings.list(shift.call(), { page })
      const next = got.next === page ? null : got.next
      await shift.tenant(async (tx) => {
        await listingsSeen(tx, shift.ports.ids, connectionId, got.items)
        if (fill) await noteListings(tx, connectionId, fill.startedAt, { listings: got.items.length, page: next })
      })
      if (next === null) break
      page = next
    }
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    await shift.tenant((tx) => noteBackfillError(tx, connectionId, error))
    await noteContactOf(shift, error)
    shift.log.warn(
      { kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId },
      'listings.read-failed',
    )
    return error.kind === 'auth_revoked' ? done : waitOf(error, 2_000)
  }
  shift.wakeAll(shift.lease.merchantId, after.listingsSeen)
  return done
}
