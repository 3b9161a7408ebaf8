/** A connection's own story: it is switched on after watching, connected again, or let go. */
import { askPartners } from './flows.ts'
import { tickClock } from './inventory/clock.ts'
import { fitStock } from './inventory/fit-stock.ts'
import { lookAgain } from './inventory/push-rows.ts'
import { type Cause, recordEvents, resolveExceptions } from './journal/record.ts'
import { noteFit } from './notes.ts'
import { lockOrders } from './orders/lock-orders.ts'
import { takeOver } from './orders/take-over.ts'
import type { Ids } from './platform/base/ports.ts'
import type { Tx } from './platform/db/tx.ts'

const none: ReadonlySet<string> = new Set()

/** A person connected it again or let it go: what was told of its standing still is over. */
export const connectionMended = (tx: Tx, connectionId: string): Promise<void> =>
  resolveExceptions(
    tx,
    ['connection', 'webhooks', 'silent'].map((kind) => `${kind}.${connectionId}`),
  )

/** A person said how far the hub may go at a shop: what it shows is looked at under the new rule, listing by listing. */
export const modeChanged = (tx: Tx, connectionId: string): Promise<void> => lookAgain(tx, connectionId)

/** Watched orders go to warehouses from now on, as if they had arrived this moment. Returns how many did. */
export async function ordersTakenOver(tx: Tx, ids: Ids, cause: Cause, orderIds: readonly string[]): Promise<number> {
  if (orderIds.length === 0) return 0
  await lockOrders(tx, orderIds)
  const taken = await takeOver(tx, orderIds)
  const version = await tickClock(tx)
  const fit = await fitStock(tx, version, taken)
  await recordEvents(
    tx,
    'hub',
    taken.map((orderId) => ({ orderId, kind: 'order.taken_over', cause })),
  )
  await noteFit(tx, fit, cause, none)
  await askPartners(tx, ids, fit, { cause, cancelled: none })
  return taken.length
}
