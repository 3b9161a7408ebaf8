import { ChannelError, type Ctx, type Outcome, type RawOrder } from '../connector-kit/index.ts'
import { claimFound, type Effect, findDue, type Settlement, settleEffects } from '../effects/effects.ts'
import { holdsEnded } from '../flows-orders.ts'
import { storeArrivals } from '../inbox/messages.ts'
import { lockOrders } from '../orders/lock-orders.ts'
import { moveWishes } from '../orders/order-halts.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Shift } from './deps.ts'

const holdsPerTurn = 25

/** Holds whose time is over let their orders go. It asks nothing of the channel, so it waits for no leave to write there. */
export async function endDueHolds(shift: Shift): Promise<void> {
  const ended = await shift.tenant(async (tx) => {
    const found = await findDue(tx, shift.lease.connectionId, ['release'], holdsPerTurn)
    if (found.length === 0) return 0
    await lockOrders(
      tx,
      found.map((due) => due.orderId),
    )
    const claimed = await claimFound(tx, found)
    await holdsEnded(tx, shift.ports.ids, claimed)
    await settleEffects(
      tx,
      claimed.map(({ effectId }): Settlement => ({ effectId, state: 'confirmed' })),
    )
    return claimed.length
  })
  if (ended > 0) shift.wakeAll(shift.lease.merchantId, ['request'])
}

/**
 * Asks the channel to cancel. Whether it did so already is looked at first, by the connector itself and before every
 * try: so a try whose answer was lost is simply made again. Null: this channel takes no cancellations.
 */
export async function cancelThere(shift: Shift, ctx: Ctx, effect: Effect): Promise<Outcome | null> {
  const { cancellations } = shift.connection.connector
  if (!cancellations) return null
  const intent = effect.intent as unknown as Omit<Parameters<typeof cancellations.cancel>[1], 'key'>
  return cancellations.cancel(ctx, { ...intent, key: effect.dedupeKey })
}

/** What became of it, for the order: refused, it waits for the person who wanted it; else the channel's own word follows. */
export async function noteCancel(tx: Tx, effect: Effect, { state }: Settlement): Promise<void> {
  if (state !== 'dead' && state !== 'unverifiable') return
  await moveWishes(tx, [effect.orderId], { from: 'telling', to: 'refused' })
}

/** Reads the order that was cancelled, so that the hub knows within seconds what the next webhook or poll would tell. */
export async function fetchCancelled(shift: Shift, effect: Effect): Promise<void> {
  const ref = String(effect.intent.order)
  const fetchedAt = shift.ports.clock.now().toISOString()
  try {
    const got = (await shift.connection.connector.orders?.get(shift.call(), [ref])) ?? []
    const found = got.filter((order): order is RawOrder => !('missing' in order))
    const arrivals = found.map(({ raw }) => ({
      source: 'fetch' as const,
      topic: 'order',
      subjectRef: ref,
      dedupeKey: null,
      headers: { 'fetched-at': fetchedAt },
      raw: Buffer.from(raw),
    }))
    await shift.tenant((tx) => storeArrivals(tx, shift.ports.ids, shift.lease.connectionId, arrivals))
    shift.wake({ ...shift.lease, kind: 'import' })
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    shift.log.warn({ kind: error.kind, connectionId: shift.lease.connectionId }, 'order.fetch-failed')
  }
}
