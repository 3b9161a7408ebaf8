/**
 * What causes what. Read this file first.
 *
 * Each flow is one story inside one transaction of one merchant: batch verbs in order, each of the one slice that owns
 * the tables. Slices never call one another; they meet here. Locks are taken in one order everywhere:
 * lane → orders (by external id) → clock → levels → own push rows. What follows a commit is a lane to wake (`after`),
 * never a job that carries work: the rows say whether there is any. What partners report: flows-partner.ts.
 */
import { ensureListings, listingsOfLines } from './catalog/ensure-listings.ts'
import { createItems, itemsOfListings, replaceComponents } from './catalog/items.ts'
import type { ListedListing, UnifiedOrder } from './connector-kit/index.ts'
import { intend, withdraw } from './effects/effects.ts'
import { type FreshOrder, reopenRequests, requestCancels } from './fulfillment/open-requests.ts'
import { moveLines, orderOfIncomplete, releaseIncomplete } from './fulfillment/request-state.ts'
import { recordChange, tickClock } from './inventory/clock.ts'
import { type Count, type CountOutcome, countStock } from './inventory/count-stock.ts'
import { type Fit, fitArrived, fitStock } from './inventory/fit-stock.ts'
import { loseStock } from './inventory/hand-off.ts'
import { onHandOf } from './inventory/locate.ts'
import { forgetListing, neverPushed } from './inventory/push-rows.ts'
import { recordSales, setNeeds } from './inventory/set-needs.ts'
import { type Cause, raiseExceptions, resolveExceptions } from './journal/record.ts'
import { noteExcess, noteFit, noteImport, noteRequests, noteUnmapped } from './notes.ts'
import type { Arrival, OrderFact } from './orders/facts.ts'
import { addSearchNumbers, type ImportSource, importOrders, isWatched } from './orders/import-orders.ts'
import { linesWithoutNeeds, lockFreeOrders, lockOrders } from './orders/lock-orders.ts'
import { lineListingRef, writeLines, writePersons } from './orders/write-lines.ts'
import type { Ids } from './platform/base/ports.ts'
import type { Tx } from './platform/db/tx.ts'

const none: ReadonlySet<string> = new Set()

/** Orders arrived (webhook, poll or fetch): import → needs → reserve → ask the 3PL, or let go of what is not wanted. */
export async function ordersArrived(
  tx: Tx,
  ids: Ids,
  source: ImportSource,
  facts: readonly OrderFact[],
): Promise<Arrival[]> {
  const named = facts.flatMap(({ order }) =>
    order.lines.map((l) => ({ ref: lineListingRef(l), sku: l.sku ?? null, title: l.title })),
  )
  const listings = await listingsOfLines(
    tx,
    ids,
    source.connectionId,
    named.flatMap((l) => (l.ref === null ? [] : [{ ...l, ref: l.ref }])),
  )
  const arrivals = await importOrders(tx, ids, source, facts)
  // A message may hold several orders.
  const byName = new Map(facts.map((fact) => [`${fact.messageId} ${fact.order.ref}`, fact]))
  const applied = arrivals.flatMap((a) => {
    const fact = a.kind === 'applied' ? byName.get(`${a.messageId} ${a.ref}`) : undefined
    return a.kind === 'applied' && fact ? [{ orderId: a.orderId, isNew: a.isNew, order: fact.order, fact }] : []
  })
  if (applied.length === 0) return arrivals
  const lines = await writeLines(tx, ids, applied, listings)
  await writePersons(tx, applied)
  await noteImport(tx, applied)

  const placed = new Map(applied.map((a) => [a.orderId, a.order.placedAt]))
  // Needs belong under the clock: whoever maps a listing meanwhile either sees these lines or is seen by them.
  const version = await tickClock(tx)
  const fresh = new Set(applied.filter((a) => a.isNew).map((a) => a.orderId))
  const physical = lines.filter((l) => l.physical)
  const mapped = await setNeeds(
    tx,
    physical.map((l) => ({ ...l, placedAt: placed.get(l.orderId) ?? '', fresh: fresh.has(l.orderId) })),
  )
  await recordSales(
    tx,
    version,
    lines.flatMap((l) => (l.listingId === null ? [] : [{ listingId: l.listingId, qty: l.tookDelta }])),
  )
  // What the shop put back by itself it shows as on sale, whatever the ledger holds: its listings are looked at again.
  const putBack = lines.flatMap((l) => (l.listingId !== null && l.tookDelta < 0 ? [l.listingId] : []))
  if (putBack.length > 0) await recordChange(tx, version, await itemsOfListings(tx, putBack))
  const orderIds = applied.map((a) => a.orderId)
  const fit = await fitArrived(tx, version, orderIds, fresh)

  const cause: Cause = { kind: 'message', id: applied[0]?.fact.messageId ?? '' }
  const unmapped = physical.filter((l) => !mapped.has(l.lineId))
  await noteUnmapped(
    tx,
    [...new Set(unmapped.map((l) => l.orderId))],
    orderIds.filter((id) => !fresh.has(id)),
  )
  await noteFit(tx, fit, cause, fresh)
  const cancelled = new Set(applied.filter((a) => a.order.cancelledAt !== null).map((a) => a.orderId))
  const incomplete = new Set(unmapped.filter((l) => l.open > 0).map((l) => l.orderId))
  const askable = applied.filter((a) => a.isNew && !incomplete.has(a.orderId) && isWanted(source, a.order))
  const heldBy = Map.groupBy(fit.freshHeld, (held) => held.orderId)
  const asked = askable.map(({ orderId, order }) => ({
    orderId,
    accountId: source.accountId,
    externalId: order.ref,
    isShort: (fit.shortByOrder.get(orderId) ?? 0) > 0,
    held: heldBy.get(orderId) ?? [],
  }))
  await askPartners(tx, ids, fit, { cause, cancelled, fresh: asked })
  return arrivals
}

const isWanted = (source: ImportSource, { cancelledAt, hold, isTest, placedAt }: UnifiedOrder) =>
  cancelledAt === null && hold === null && !isTest && !isWatched(source, placedAt)

/** After any change of reservations: ask for what is reserved and complete, stop what is no longer wanted. */
export async function askPartners(
  tx: Tx,
  ids: Ids,
  fit: Fit,
  {
    cause,
    cancelled,
    fresh = [],
  }: { readonly cause: Cause; readonly cancelled: ReadonlySet<string>; readonly fresh?: readonly FreshOrder[] },
): Promise<void> {
  const known = fit.orderIds.filter((id) => !fit.fresh.has(id))
  const { opened, withdrawn } = await reopenRequests(tx, ids, known, fresh)
  await withdraw(tx, 'request', withdrawn, 'the order changed before it was sent')
  const stopped = cancelled.size === 0 ? [] : await requestCancels(tx, [...cancelled])
  const toPartner = (kind: 'request' | 'request_cancel') => (r: (typeof opened)[number]) =>
    r.connectionId === null
      ? []
      : [
          {
            kind,
            connectionId: r.connectionId,
            dedupeKey: r.fulfillmentOrderId,
            subjectId: r.fulfillmentOrderId,
            orderId: r.orderId,
            intent: { request: r.requestNumber },
          },
        ]
  await intend(tx, ids, [...opened.flatMap(toPartner('request')), ...stopped.flatMap(toPartner('request_cancel'))])
  await addSearchNumbers(
    tx,
    opened.map((r) => ({ orderId: r.orderId, number: r.requestNumber, kind: 'request' })),
  )
  await noteRequests(tx, 'request.opened', opened, cause)
  await noteRequests(tx, 'request.cancel_asked', stopped, cause)
  await noteExcess(tx, fit, cancelled)
}

/** A new truth about stock (a count, an adjustment, a partner's snapshot): shorts heal, or the newest become short. */
export async function stockCounted(
  tx: Tx,
  ids: Ids,
  cause: Cause,
  counts: readonly Omit<Count, 'causeKind' | 'causeId'>[],
): Promise<CountOutcome & { readonly short: number }> {
  const version = await tickClock(tx)
  const outcome = await countStock(
    tx,
    version,
    counts.map((c) => ({ ...c, causeKind: cause.kind, causeId: cause.id })),
  )
  const fit = await fitStock(tx, version, outcome.unreservedOrderIds, outcome.raisedItemIds)
  await raiseExceptions(
    tx,
    outcome.counted
      .filter((c) => c.denied > 0)
      .map((c) => ({
        kind: 'count_denied',
        dedupeKey: `count.${c.itemId}.${c.locationId}`,
        subjectKind: 'level',
        subjectId: c.itemId,
        detail: { locationId: c.locationId, denied: c.denied, kept: c.after },
      })),
  )
  await resolveExceptions(
    tx,
    outcome.counted.filter((c) => c.denied === 0).map((c) => `count.${c.itemId}.${c.locationId}`),
  )
  await noteFit(tx, fit, cause, new Set())
  await askPartners(tx, ids, fit, { cause, cancelled: none })
  return { ...outcome, short: [...fit.shortByOrder.values()].reduce((a, b) => a + b, 0) }
}

/** A change by hand: absolute or relative, computed under the clock so that two at once add up. */
export async function stockAdjusted(
  tx: Tx,
  ids: Ids,
  cause: Cause,
  changes: readonly {
    readonly itemId: string
    readonly locationId: string
    readonly set?: number
    readonly delta?: number
  }[],
): Promise<CountOutcome & { readonly short: number }> {
  await tickClock(tx)
  const now = await onHandOf(tx, changes)
  const counts = changes.map(({ itemId, locationId, set, delta }) => {
    const onHand = set ?? (now.get(`${itemId} ${locationId}`) ?? 0) + (delta ?? 0)
    return { itemId, locationId, onHand, asOf: null, kind: 'adjust' as const }
  })
  return stockCounted(tx, ids, cause, counts)
}

/** The shop's products were read: known listings are refreshed, new ones mapped by SKU, and what is mapped is pushed. */
export async function listingsSeen(
  tx: Tx,
  ids: Ids,
  connectionId: string,
  listed: readonly ListedListing[],
): Promise<void> {
  const known = await ensureListings(tx, ids, connectionId, listed)
  const listingIds = [...known.values()]
  // Known ones already show the ledger's number: reading them is no news for any shop.
  const news = await neverPushed(tx, connectionId, listingIds)
  await lineUp(tx, ids, { listingIds, news, cause: { kind: 'connection', id: connectionId } })
}

/** A person said what a listing takes. */
export async function mappingChanged(
  tx: Tx,
  ids: Ids,
  cause: Cause,
  change: {
    readonly listingId: string
    readonly components: readonly { readonly itemId: string; readonly qtyPer: number }[]
  },
): Promise<void> {
  await replaceComponents(tx, change.listingId, change.components)
  await lineUp(tx, ids, { listingIds: [change.listingId], news: [change.listingId], cause })
  if (change.components.length === 0) await forgetListing(tx, change.listingId)
}

export async function itemsCreated(
  tx: Tx,
  ids: Ids,
  cause: Cause,
  items: readonly { readonly sku: string; readonly title: string }[],
): Promise<readonly { readonly itemId: string; readonly sku: string }[]> {
  const created = await createItems(
    tx,
    items.map((item) => ({ ...item, itemId: ids.uuid() })),
  )
  await lineUp(tx, ids, { listingIds: created.mappedListingIds, news: created.mappedListingIds, cause })
  return created.items
}

/** Listings met their items: waiting lines get their needs, and every shop shows the ledger's number. `news`: to be pushed. */
async function lineUp(
  tx: Tx,
  ids: Ids,
  {
    listingIds,
    news,
    cause,
  }: { readonly listingIds: readonly string[]; readonly news: readonly string[]; readonly cause: Cause },
): Promise<void> {
  if (listingIds.length === 0) return
  const named = await linesWithoutNeeds(tx, listingIds)
  await lockOrders(
    tx,
    named.map((line) => line.orderId),
  )
  const version = await tickClock(tx)
  // Read again: an order may have been cancelled before we had its lock, or imported before we had the clock. One that
  // is being imported now sets its needs after us.
  const lines = await linesWithoutNeeds(tx, listingIds)
  const ours = await lockFreeOrders(
    tx,
    lines.map((line) => line.orderId),
  )
  const waiting = lines.filter((line) => ours.has(line.orderId))
  await setNeeds(tx, waiting)
  const orderIds = [...new Set(waiting.map((line) => line.orderId))]
  const fit = await fitStock(tx, version, orderIds)
  await recordChange(tx, version, await itemsOfListings(tx, news))
  await noteUnmapped(tx, orderIds, orderIds)
  await noteFit(tx, fit, cause, new Set())
  await askPartners(tx, ids, fit, { cause, cancelled: none })
}

/** A person decided to ask a partner again for what it refused or shorted. */
export async function requestRetried(tx: Tx, ids: Ids, cause: Cause, fulfillmentOrderId: string): Promise<boolean> {
  const orderId = await orderOfIncomplete(tx, fulfillmentOrderId)
  if (orderId === null) return false
  await lockOrders(tx, [orderId])
  const lost = await releaseIncomplete(tx, fulfillmentOrderId)
  if (lost === null) return false
  await resolveExceptions(tx, [`request_rejected.${fulfillmentOrderId}`, `shipped_short.${fulfillmentOrderId}`])
  const version = await tickClock(tx)
  await loseStock(tx, version, lost)
  await moveLines(tx, lost)
  const itemIds = lost.map((line) => line.itemId)
  const fit = await fitStock(tx, version, [orderId], itemIds)
  await noteFit(tx, fit, cause, none)
  await askPartners(tx, ids, fit, { cause, cancelled: none })
  return true
}

/**
 * Which lanes each flow wakes once its transaction is on disk; the runner takes those of the merchant's connections.
 * `request` is the effect lane of partners: only what a partner reports gives a shop's effect lane something to tell.
 */
export const after = {
  ordersArrived: ['push.stock', 'request'],
  stockCounted: ['push.stock', 'request'],
  listingsSeen: ['push.stock', 'request'],
  mappingChanged: ['push.stock', 'request'],
  itemsCreated: ['push.stock', 'request'],
  partnerReported: ['push.stock', 'effect'],
  requestRetried: ['request'],
} as const satisfies Record<string, readonly ('push.stock' | 'effect' | 'request')[]>
