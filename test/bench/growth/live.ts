/** A few hundred orders of one shop, lived by the hub's own code: what the other millions are copies of. */
import { randomUUID } from 'node:crypto'
import type { PartnerFact } from '../../../src/connector-kit/index.ts'
import { claimEffects, settleEffects } from '../../../src/effects/effects.ts'
import { stockCounted } from '../../../src/flows.ts'
import { partnerReported } from '../../../src/flows-partner.ts'
import { submitRequests } from '../../../src/fulfillment/submit-requests.ts'
import { markHanded } from '../../../src/inventory/hand-off.ts'
import {
  absorbChanges,
  claimListings,
  markConfirmed,
  markSending,
  viewListings,
} from '../../../src/inventory/push-rows.ts'
import { systemIds } from '../../../src/platform/base/ids.ts'
import type { Db } from '../../../src/platform/db/pool.ts'
import { type Tx, withTenantTx } from '../../../src/platform/db/tx.ts'
import { deliver, importAll } from '../import-shelf.ts'
import { type Assortment, type MadeOrder, makeOrder, skuOf } from '../order-body.ts'
import type { Shop } from '../shop.ts'

/** As the first day of a shop leaves it: nine of ten orders are over, the others wait for something. */
export interface Life {
  readonly shop: Shop
  readonly assortment: Assortment
  readonly onHand: number
  readonly orders: number
  /** Number of the first. */
  readonly from: number
}

const batch = 200
const openShare = 0.1
const recheckMs = 3_600_000
const pushMsMax = 60_000
const cancelEvery = 40
const editEvery = 7
/** SKUs of this many lack stock when the orders arrive, and get it afterwards. */
const shortSkus = 3
const later = (made: MadeOrder, seconds: number, change: object): MadeOrder => {
  const order = JSON.parse(made.body) as { updated_at: string }
  const at = new Date(Date.parse(order.updated_at) + seconds * 1_000).toISOString()
  return { ...made, body: JSON.stringify({ ...order, updated_at: at, ...change }) }
}

/**
 * Import, shortage and its end, edits, cancellations, hand-off, departure, what the shop is told of it, and its stock.
 * Returns what was ordered.
 */
export async function live(db: Db, life: Life): Promise<readonly MadeOrder[]> {
  const { shop } = life
  const past = new Date(Date.now() - 3_600_000)
  const made = Array.from({ length: life.orders }, (_, n) => makeOrder(life.from + n, life.assortment, past))
  const inTx = <T>(work: (tx: Tx) => Promise<T>) => withTenantTx(db, shop.merchantId, work)
  await inTx((tx) => count(tx, 0))
  await deliver(db, shop, made)
  await importAll(db, shop)
  await inTx((tx) => count(tx, life.onHand))
  const edits = made.filter((_, n) => n % editEvery === 0).map((order) => later(order, 60, { tags: 'edited' }))
  await deliver(db, shop, edits, 'updated')
  await importAll(db, shop)
  const over = made
    .filter((_, n) => n % cancelEvery === 1)
    .map((order) => later(order, 120, { cancelled_at: past.toISOString(), cancel_reason: 'customer' }))
  await deliver(db, shop, over, 'cancelled')
  await importAll(db, shop)
  for (let left = Math.floor(made.length * (1 - openShare)); left > 0; left -= batch) await inTx((tx) => ship(tx, left))
  await inTx((tx) => tell(tx, shop))
  for (const from = performance.now(); await inTx((tx) => push(tx, shop)); ) {
    if (performance.now() - from > pushMsMax) throw new Error('the shop was not brought up to date')
  }
  return made
}

async function count(tx: Tx, onHand: number): Promise<void> {
  const rows = await tx.rows<{ itemId: string; locationId: string }>(
    `select l.item_id as "itemId", l.location_id as "locationId" from inventory_level l
     join item i on i.merchant_id = l.merchant_id and i.item_id = l.item_id where l.merchant_id = $1 and i.sku = any($2::text[])`,
    [tx.merchantId, Array.from({ length: shortSkus }, (_, n) => skuOf(n))],
  )
  const counts = rows.map((row) => ({ ...row, onHand, asOf: null, kind: 'count' as const }))
  await stockCounted(tx, systemIds, { kind: 'api', id: randomUUID() }, counts)
}

/** A partner takes the oldest requests and ships them whole. */
async function ship(tx: Tx, most: number): Promise<void> {
  const [place] = await tx.rows<{ id: string }>(
    'select connection_id as id from location where merchant_id = $1 and connection_id is not null',
    [tx.merchantId],
  )
  const connectionId = place?.id ?? ''
  const claimed = await claimEffects(tx, connectionId, ['request'], Math.min(most, batch))
  const sent = await submitRequests(
    tx,
    claimed.map((effect) => effect.subjectId),
    3_600,
  )
  await markHanded(
    tx,
    sent.flatMap((one) => one.units),
    1,
  )
  await settleEffects(
    tx,
    claimed.map(({ effectId }) => ({ effectId, state: 'accepted' as const, dueInMs: 3_600_000 })),
  )
  const shippedAt = new Date().toISOString()
  const rows = sent.flatMap(({ request }): PartnerFact[] => [
    { type: 'accepted', request: request.number },
    ...request.lines.map((line): PartnerFact => {
      const tracking = `TRACK${request.number}`
      const parcel = { shipment: `P${request.number}`, carrier: 'dhl', tracking, shippedAt, final: true }
      return { type: 'shipped', request: request.number, sku: line.sku, quantity: line.quantity, ...parcel }
    }),
  ])
  const report = { connectionId, cause: { kind: 'file' as const, id: randomUUID() } }
  const misfits = await partnerReported(
    tx,
    systemIds,
    report,
    rows.map((fact, row) => ({ row, fact })),
  )
  if (misfits.length > 0) throw new Error(`a shipment did not fit: ${misfits[0]?.message}`)
}

/** The shop is shown the ledger's numbers, some listings at a time. False: nothing was left to show. */
async function push(tx: Tx, { connectionId }: Shop): Promise<boolean> {
  const more = await absorbChanges(tx, connectionId)
  const due = await claimListings(tx, connectionId, batch)
  const views = await viewListings(
    tx,
    connectionId,
    due.map((one) => one.listingId),
  )
  const rows = views.map((view) => ({
    listingId: view.listingId,
    version: view.version.toString(),
    qty: view.quantity,
    unseen: 0,
    newlyMissing: false,
    believed: null,
  }))
  await markSending(tx, connectionId, rows)
  await markConfirmed(tx, connectionId, rows, recheckMs)
  return more || due.length > 0
}

async function tell(tx: Tx, shop: Shop): Promise<void> {
  for (;;) {
    const claimed = await claimEffects(tx, shop.connectionId, ['shipped'], batch)
    if (claimed.length === 0) return
    const told = claimed.map((effect) => ({
      effectId: effect.effectId,
      state: 'confirmed' as const,
      externalRef: `gid://shopify/Fulfillment/${effect.subjectId}`,
    }))
    await settleEffects(tx, told)
  }
}
