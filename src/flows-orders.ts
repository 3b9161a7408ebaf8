/**
 * What a person decides about an order: that it waits here, that it goes on, that it is cancelled. Nothing is believed
 * before the far side said so: a partner gives units back, and only the channel's own word cancels the order and
 * releases its stock (flows.ts, ordersArrived). Each caller has the order's lock.
 */
import type { CancelAsked, HoldAsked } from './api/deps.ts'
import { dropEffects, failedEffects, intend } from './effects/effects.ts'
import { askPartners } from './flows.ts'
import { holdClock } from './inventory/clock.ts'
import { unchangedFit } from './inventory/fit-stock.ts'
import { type Cause, recordEvents, resolveExceptions } from './journal/record.ts'
import { originsOf } from './orders/lock-orders.ts'
import {
  endHolds,
  holdOrder,
  moveWishes,
  openWishes,
  releaseOrder,
  type Wish,
  wantCancelled,
} from './orders/order-halts.ts'
import type { Ids } from './platform/base/ports.ts'
import type { Tx } from './platform/db/tx.ts'

const none: ReadonlySet<string> = new Set()

interface Decided {
  readonly orderId: string
  readonly actor: string
}

/** Which requests there should be now. Reservations stay as they are, and must not move meanwhile. */
async function askAnew(tx: Tx, ids: Ids, cause: Cause, orderId: string): Promise<void> {
  await holdClock(tx)
  await askPartners(tx, ids, unchangedFit([orderId]), { cause, cancelled: none })
}

/** What was not handed to a partner yet stays here. */
export async function orderHeld(tx: Tx, ids: Ids, cause: Cause, hold: HoldAsked): Promise<void> {
  const { orderId, actor, reason, until } = hold
  await holdOrder(tx, orderId, { reason, until })
  await recordEvents(tx, actor, [{ orderId, kind: 'order.held', cause, data: { reason, until } }])
  await askAnew(tx, ids, cause, orderId)
  const origin = until === null ? undefined : (await originsOf(tx, [orderId])).get(orderId)
  if (!origin) return
  const { connectionId } = origin
  const ends = {
    kind: 'release',
    connectionId,
    dedupeKey: `${orderId}.${cause.id}`,
    subjectId: orderId,
    orderId,
  } as const
  await intend(tx, ids, [{ ...ends, intent: {}, dueAt: until }])
}

/** It goes on. False: it was not held. */
export async function orderReleased(tx: Tx, ids: Ids, cause: Cause, { orderId, actor }: Decided): Promise<boolean> {
  if (!(await releaseOrder(tx, orderId))) return false
  await dropEffects(tx, 'release', [orderId], 'a person let it go before')
  await recordEvents(tx, actor, [{ orderId, kind: 'order.released', cause }])
  await askAnew(tx, ids, cause, orderId)
  return true
}

/** Holds whose time is over. Whoever held one anew meanwhile said another time, which has work of its own. */
export async function holdsEnded(
  tx: Tx,
  ids: Ids,
  due: readonly { readonly orderId: string; readonly effectId: string }[],
): Promise<void> {
  const ended = new Set(
    await endHolds(
      tx,
      due.map(({ orderId }) => orderId),
    ),
  )
  for (const { orderId, effectId } of due) {
    if (!ended.delete(orderId)) continue
    const cause: Cause = { kind: 'effect', id: effectId }
    await recordEvents(tx, 'hub', [{ orderId, kind: 'order.released', cause, data: { because: 'its time was over' } }])
    await askAnew(tx, ids, cause, orderId)
  }
}

/** A person wants it cancelled: what no partner has is taken back, partners are asked to stop, and then the channel is told. */
export async function cancelWanted(tx: Tx, ids: Ids, cause: Cause, asked: CancelAsked): Promise<void> {
  const { orderId, actor, reason, tell } = asked
  await wantCancelled(tx, orderId, asked)
  await resolveExceptions(tx, await complaintsOf(tx, orderId))
  await recordEvents(tx, actor, [{ orderId, kind: 'order.cancel_wanted', cause, data: { reason, tell } }])
  await holdClock(tx)
  await askPartners(tx, ids, unchangedFit([orderId]), { cause, cancelled: new Set([orderId]) })
  const wishes = await openWishes(tx, [orderId])
  const early = tell === 'now' ? wishes.filter((wish) => wish.waiting > 0) : []
  await tellChannel(tx, ids, early, false)
  await settleWishes(tx, ids, cause, wishes)
}

/** A partner reported: of the orders that were to be stopped, those of which all is known now go on, one way or the other. */
export async function cancelsAnswered(tx: Tx, ids: Ids, cause: Cause, orderIds: readonly string[]): Promise<void> {
  await settleWishes(tx, ids, cause, await openWishes(tx, orderIds))
}

async function settleWishes(tx: Tx, ids: Ids, cause: Cause, wishes: readonly Wish[]): Promise<void> {
  const known = wishes.filter((wish) => wish.waiting === 0)
  const late = known.filter((wish) => wish.lost > 0)
  const free = known.filter((wish) => wish.lost === 0)
  const idsOf = (some: readonly Wish[]) => some.map(({ orderId }) => orderId)
  await moveWishes(tx, idsOf(late), { from: 'asked', to: 'too_late' })
  await moveWishes(tx, idsOf(free), { from: 'asked', to: 'telling' })
  await tellChannel(tx, ids, free, true)
  // A part that was stopped must not be asked for again by itself: whoever wanted none of it decides about the rest.
  const reason = 'part of it could not be stopped: decide about the rest'
  for (const { orderId, here } of late) if (here > 0) await holdOrder(tx, orderId, { reason, until: null })
  await recordEvents(tx, 'hub', [
    ...late.map(({ orderId }) => ({ orderId, kind: 'order.cancel_late', cause })),
    ...free
      .filter(({ stopped }) => stopped > 0)
      .map(({ orderId }) => ({ orderId, kind: 'order.cancel_agreed', cause })),
  ])
}

/** `restock`: nobody can ship it any more, so the shop may sell the units again. */
async function tellChannel(tx: Tx, ids: Ids, wishes: readonly Wish[], restock: boolean): Promise<void> {
  await intend(
    tx,
    ids,
    wishes.map(({ orderId, connectionId, externalId, reason, tries }) => ({
      kind: 'cancel',
      connectionId,
      dedupeKey: `${orderId}.${tries}.${restock ? 'agreed' : 'now'}`,
      subjectId: orderId,
      orderId,
      intent: { order: externalId, reason, restock },
    })),
  )
}

/** The channel would not cancel it, and the person keeps it: it goes on as if nothing had been said. False: nothing was refused. */
export async function orderKept(tx: Tx, ids: Ids, cause: Cause, { orderId, actor }: Decided): Promise<boolean> {
  const kept = await moveWishes(tx, [orderId], { from: 'refused', to: null })
  if (kept.length === 0) return false
  await resolveExceptions(tx, await complaintsOf(tx, orderId))
  await recordEvents(tx, actor, [{ orderId, kind: 'order.kept', cause }])
  await askAnew(tx, ids, cause, orderId)
  return true
}

/** Keys of what was told of cancellations that failed. */
async function complaintsOf(tx: Tx, orderId: string): Promise<string[]> {
  return (await failedEffects(tx, 'cancel', orderId)).map((id) => `effect.${id}`)
}
