import { readCursor, saveCursor } from '../connections/cursor.ts'
import { ChannelError, type OrderPage } from '../connector-kit/index.ts'
import { storeArrivals } from '../inbox/messages.ts'
import { finalVersions } from '../orders/known-versions.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'

const pagesMax = 400
const done: Turn = { again: false, dueInMs: null }
const stream = 'orders'

/**
 * Reads what changed at the channel since the cursor. Webhooks may be late, lost or stale; this is what makes every
 * order arrive. Pages land in the inbox raw; the cursor moves with the commit of the last page.
 */
export async function runPoll(shift: Shift): Promise<Turn> {
  const { orders } = shift.connection.connector
  if (!orders) return done
  const startedAt = shift.ports.clock.now().toISOString()
  const since = await shift.tenant((tx) => readCursor(tx, shift.lease.connectionId, stream))
  let page: string | null = null
  try {
    for (let n = 0; n < pagesMax; n++) {
      const got: OrderPage = await orders.list(shift.call(), { since, from: shift.connection.ordersFrom, page })
      await storePage(shift, got, startedAt)
      if (got.next === null) break
      if (got.next === page) throw new ChannelError('transient', 'the channel answered the same page twice')
      page = got.next
    }
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    await noteContactOf(shift, error)
    shift.log.warn(
      { kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId },
      'orders.poll-failed',
    )
    return error.kind === 'auth_revoked' ? done : waitOf(error, 1_000)
  }
  await noteContactOf(shift, null)
  return done
}

async function storePage(shift: Shift, page: OrderPage, startedAt: string): Promise<void> {
  const { connectionId } = shift.lease
  const stored = await shift.tenant(async (tx) => {
    const final = await finalVersions(tx, shift.connection.accountId, page.items)
    const arrivals = page.items
      .filter((o) => !final.has(o.ref))
      .map((o) => ({
        source: 'poll' as const,
        topic: 'order',
        subjectRef: o.ref,
        dedupeKey: null,
        headers: { 'fetched-at': startedAt },
        raw: Buffer.from(o.raw),
      }))
    const ids = await storeArrivals(tx, shift.ports.ids, connectionId, arrivals)
    if (page.next === null)
      await saveCursor(tx, connectionId, stream, { value: page.watermark, completedFrom: startedAt })
    return ids
  })
  if (stored.length > 0) shift.wake({ ...shift.lease, kind: 'import' })
  else if (page.next === null) shift.wake({ ...shift.lease, kind: 'push.stock' }) // a poll that brought nothing also settles what was missing
}
