import { noteBackfillError, noteOrders, type OpenBackfill, openedBackfill } from '../connections/backfill.ts'
import { ChannelError } from '../connector-kit/index.ts'
import type { Shift } from './deps.ts'
import { storeOrders } from './store-orders.ts'

/** Pages of one turn: between turns the news of the day is read. */
const pagesMax = 10

/** Reads orders of before the connection began, oldest changes first, beside the news. True: there is more. @throws ChannelError */
export async function readBackfill(shift: Shift): Promise<boolean> {
  const { orders } = shift.connection.connector
  const { connectionId } = shift.lease
  let open = await shift.tenant((tx) => openedBackfill(tx, connectionId))
  if (!orders || open === null || open.ordersDone) return false
  try {
    for (let n = 0; n < pagesMax; n++) {
      const fetchedAt = shift.ports.clock.now().toISOString()
      const { from, page }: OpenBackfill = open
      const got = await orders.list(shift.call(), { since: null, from, page })
      if (got.next !== null && got.next === page)
        throw new ChannelError('invalid', 'the channel answered the same page twice')
      const { startedAt } = open
      const stored = await shift.tenant(async (tx) => {
        const ids = await storeOrders(tx, shift, got.items, fetchedAt)
        // A person may have asked for another one meanwhile.
        const upTo = got.items.at(-1)?.changedAt ?? null
        const read = { orders: got.items.length, page: got.next, upTo }
        return { ids, goesOn: await noteOrders(tx, connectionId, startedAt, read) }
      })
      if (stored.ids.length > 0) shift.wake({ ...shift.lease, kind: 'import' })
      if (got.next === null || !stored.goesOn) return !stored.goesOn
      open = { ...open, page: got.next }
    }
    return true
  } catch (error) {
    if (error instanceof ChannelError) await shift.tenant((tx) => noteBackfillError(tx, connectionId, error))
    throw error
  }
}
