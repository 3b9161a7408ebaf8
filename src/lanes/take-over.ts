import { z } from 'zod'
import { readCursor, saveCursor } from '../connections/cursor.ts'
import { handoverStream } from '../connections/modes.ts'
import { after } from '../flows.ts'
import { ordersTakenOver } from '../flows-watch.ts'
import { watchedPage } from '../orders/take-over.ts'
import type { Shift } from './deps.ts'

/** Orders of one transaction: each may open a request, under the merchant's stock clock. */
const pageMax = 100
const pagesMax = 50
const Place = z.object({ from: z.string(), after: z.object({ placedAt: z.string(), orderId: z.string() }).nullable() })

/**
 * After a shop was switched on: hands over the orders that were read while it was watched, from the date that a person
 * chose. The place is kept with each page, so a killed holder's work goes on. True: there is more.
 */
export async function takeOverWatched(shift: Shift): Promise<boolean> {
  for (let n = 0; n < pagesMax; n++) {
    const page = await shift.tenant(async (tx) => {
      const { connectionId } = shift.lease
      const kept = await readCursor(tx, connectionId, handoverStream)
      if (kept === null || !shift.connection.writes) return null
      const { from, after: place } = Place.parse(JSON.parse(kept))
      const { orderIds, next } = await watchedPage(tx, connectionId, { from, after: place, limit: pageMax })
      const taken = await ordersTakenOver(tx, shift.ports.ids, { kind: 'connection', id: connectionId }, orderIds)
      const value = next === null ? null : JSON.stringify({ from, after: next })
      await saveCursor(tx, connectionId, handoverStream, { value, completedFrom: null })
      return { taken, more: next !== null }
    })
    if (page === null) return false
    if (page.taken > 0) shift.wakeAll(shift.lease.merchantId, after.ordersArrived)
    if (!page.more) return false
  }
  return true
}
