import type { Tx } from '../platform/db/tx.ts'
import { recordChange } from './clock.ts'
import { releaseStock } from './release-stock.ts'
import { itemsWithFreeStock, ordersShortOf, type Reserved, reserveStock } from './reserve-stock.ts'

/** What became of some orders' stock. `short` 0 means that nothing is missing any more. */
export interface Fit {
  /** Every order whose reservations may have changed, the asked ones and those whose shorts were filled. */
  readonly orderIds: readonly string[]
  readonly shortByOrder: ReadonlyMap<string, number>
  readonly excess: readonly { readonly orderId: string; readonly lineId: string; readonly units: number }[]
  readonly itemIds: readonly string[]
  /** Of the orders, those that are new in this transaction. */
  readonly fresh: ReadonlySet<string>
  /** All that the fresh ones hold. */
  readonly freshHeld: readonly HeldUnits[]
}
export interface HeldUnits {
  readonly orderId: string
  readonly lineId: string
  readonly itemId: string
  readonly locationId: string
  readonly qty: number
}

const none: ReadonlySet<string> = new Set()
const healOrdersMax = 500
const healRoundsMax = 40
// Release numbers its movements from 1; a batch moves fewer than this.
const seqPerStatement = 1_000_000

/**
 * Brings what the orders hold to what they need: releases, reserves, and lets every unit that came free fill the
 * oldest shorts. Afterwards the law holds for them: need + excess = short + sum(reserved + consumed), and no short is
 * left where free stock is. `freed`: items whose stock was raised by the caller in this same transaction.
 */
export function fitStock(
  tx: Tx,
  version: bigint,
  orderIds: readonly string[],
  freed: readonly string[] = [],
): Promise<Fit> {
  return fitAsked(tx, version, { orderIds, freed, fresh: none })
}

/** The same for orders of which some are `fresh`: new in this transaction, so nothing is held of them that could be let go. */
export function fitArrived(
  tx: Tx,
  version: bigint,
  orderIds: readonly string[],
  fresh: ReadonlySet<string>,
): Promise<Fit> {
  return fitAsked(tx, version, { orderIds, freed: [], fresh })
}

/** Of orders whose reservations stay as they are, though what is asked for may change. */
export const unchangedFit = (orderIds: readonly string[]): Fit => ({
  orderIds,
  shortByOrder: new Map(),
  excess: [],
  itemIds: [],
  fresh: none,
  freshHeld: [],
})

interface Asked {
  readonly orderIds: readonly string[]
  readonly freed: readonly string[]
  readonly fresh: ReadonlySet<string>
}

async function fitAsked(tx: Tx, version: bigint, { orderIds, freed, fresh }: Asked): Promise<Fit> {
  const known = orderIds.filter((id) => !fresh.has(id))
  const released = known.length === 0 ? [] : await releaseStock(tx, known, version)
  const touched = new Set(orderIds)
  const items = new Set(released.filter((r) => r.released > 0).map((r) => r.itemId))
  const short = new Map<string, number>(orderIds.map((id) => [id, 0]))
  const held = new Map<string, HeldUnits>()
  let wanting = [...freed, ...items]
  let batch = [...new Set([...orderIds, ...(await ordersShortOf(tx, wanting, healOrdersMax))])]
  for (let round = 0; batch.length > 0 && round < healRoundsMax; round++) {
    const perOrder = new Map<string, number>(batch.map((id) => [id, 0]))
    let taken = 0
    for (const row of await reserveStock(tx, batch, {
      version,
      seqFrom: seqPerStatement * (round + 1),
      fresh: round === 0 ? fresh : none,
    })) {
      perOrder.set(row.orderId, (perOrder.get(row.orderId) ?? 0) + row.short)
      if (row.taken > 0) items.add(row.itemId)
      if (fresh.has(row.orderId)) addHeld(held, row)
      taken += row.taken
    }
    for (const [id, units] of perOrder) {
      touched.add(id)
      short.set(id, units)
    }
    if (taken === 0) break
    wanting = await itemsWithFreeStock(tx, wanting)
    batch = await ordersShortOf(tx, wanting, healOrdersMax)
  }
  await recordChange(tx, version, [...items, ...freed])
  return {
    orderIds: [...touched],
    shortByOrder: short,
    excess: released
      .filter((r) => r.excess > 0)
      .map((r) => ({ orderId: r.orderId, lineId: r.lineId, units: r.excess })),
    itemIds: [...items, ...freed],
    fresh,
    freshHeld: [...held.values()],
  }
}

function addHeld(held: Map<string, HeldUnits>, { orderId, lineId, itemId, places, units }: Reserved): void {
  for (const [n, locationId] of places.entries()) {
    const name = `${lineId} ${itemId} ${locationId}`
    held.set(name, { orderId, lineId, itemId, locationId, qty: (held.get(name)?.qty ?? 0) + (units[n] ?? 0) })
  }
}
