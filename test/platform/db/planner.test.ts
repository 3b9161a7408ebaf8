import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PartnerFact, UnifiedOrder } from '../../../src/connector-kit/index.ts'
import { dueEffects } from '../../../src/effects/due.ts'
import { claimEffects, claimFound, findDue, settleEffects } from '../../../src/effects/effects.ts'
import { ordersArrived, stockCounted } from '../../../src/flows.ts'
import { partnerReported } from '../../../src/flows-partner.ts'
import { cancelRequestsFor, submitRequests } from '../../../src/fulfillment/submit-requests.ts'
import { insertDeliveries } from '../../../src/inbox/insert-deliveries.ts'
import { dueImports, endMessages, pendingMessages, putOff, storeArrivals } from '../../../src/inbox/messages.ts'
import { packBody } from '../../../src/inbox/pack-body.ts'
import { duePushes } from '../../../src/inventory/due.ts'
import { markHanded } from '../../../src/inventory/hand-off.ts'
import {
  absorbChanges,
  claimListings,
  markConfirmed,
  markPushed,
  markRefused,
  markRetry,
  markSending,
  nextLookMs,
  viewListings,
} from '../../../src/inventory/push-rows.ts'
import { finalVersions } from '../../../src/orders/known-versions.ts'
import { analyzeYoung } from '../../../src/platform/db/analyze-young.ts'
import { dueLanes, fence, takeLane } from '../../../src/platform/db/lane.ts'
import { type DoorTx, type Tx, withClaimTx, withIngestTx, withTenantTx } from '../../../src/platform/db/tx.ts'
import { ids } from '../../support/world.ts'
import { type BusyWorld, busyOrder, itemIdOf, numbersOf, openBusyWorld, requestOf } from './busy-world.ts'
import { cheap, type Frugal, perBatchRow, undone } from './cheap.ts'

let world: BusyWorld
beforeAll(async () => {
  world = await openBusyWorld(async (young) => {
    // Enough for whatever the connection or the server may keep of a plan.
    for (let round = 0; round < 12; round++)
      await undone((run) =>
        withTenantTx(young.oldDb, young.merchantId, (tx) => run(tx, () => liveADay(young, tx)), { plansOnce: true }),
      )
  })
})
afterAll(() => world.close())

const byTenant = (batch: number): Frugal<Tx> => ({ batch, door: (work) => world.tenant(work), reads: true })
const byIngest = (batch: number): Frugal<DoorTx> => ({
  batch,
  door: (work) => withIngestTx(world.db, work),
  reads: true,
})
/** Due work is read as far as there is any; only what is thrown away counts. */
const byJob = (batch: number): Frugal<DoorTx> => ({ batch, door: (work) => withClaimTx(world.db, work), reads: false })

const arriveIn = (at: BusyWorld, tx: Tx, orders: readonly UnifiedOrder[], fetchedAt: string | null = null) =>
  ordersArrived(
    tx,
    ids,
    at.shop,
    orders.map((order) => ({ messageId: randomUUID(), fetchedAt, order })),
  )
const arrive = (tx: Tx, orders: readonly UnifiedOrder[], fetchedAt: string | null = null) =>
  arriveIn(world, tx, orders, fetchedAt)

/** A few orders through import, edit, hand-off and departure. */
async function liveADay(at: BusyWorld, tx: Tx): Promise<void> {
  const numbers = Array.from({ length: 6 }, (_, n) => 50_001 + n)
  await arriveIn(
    at,
    tx,
    numbers.map((n) => busyOrder(n, 1_000)),
  )
  await arriveIn(
    at,
    tx,
    numbers.map((n) => busyOrder(n, 2_000, { remoteStatus: 'edited' })),
  )
  const claimed = await claimEffects(tx, at.partner, ['request'], 6)
  const sent = await submitRequests(
    tx,
    claimed.map((e) => e.subjectId),
    60,
  )
  await markHanded(
    tx,
    sent.flatMap((s) => s.units),
    1,
  )
  const rows = sent.map(({ request }, row): { row: number; fact: PartnerFact } => {
    const sku = request.lines[0]?.sku ?? ''
    const parcel = { shipment: 'P', quantity: 1, carrier: 'dhl', tracking: 'T', shippedAt: new Date().toISOString() }
    return { row, fact: { type: 'shipped', request: request.number, sku, ...parcel, final: false } }
  })
  await partnerReported(tx, ids, { connectionId: at.partner, cause }, rows)
  await absorbChanges(tx, at.shop.connectionId)
  await claimListings(tx, at.shop.connectionId, 6)
}
const cause = { kind: 'file', id: randomUUID() } as const

/** A small batch finds what reads a whole table, a large one what compares all rows of a batch with all others. */
describe.each([10, 200])('on statistics from when the tables were empty, at 10,000 orders, a batch of %i', (batch) => {
  test('imports new orders', () =>
    cheap(byTenant(batch), (tx) =>
      arrive(
        tx,
        Array.from({ length: batch }, (_, n) => busyOrder(20_000 + n, 2_000)),
      ),
    ))

  test('imports edits that take more, and lines that are gone', () =>
    cheap(byTenant(batch), (tx) =>
      arrive(
        tx,
        numbersOf([0, 1, 2, 3, 4], batch).map((n) => {
          const order = busyOrder(n, 2_000)
          return { ...order, lines: order.lines.slice(n % 2).map((l) => ({ ...l, ordered: 3, channelTook: 3 })) }
        }),
      ),
    ))

  test('imports cancellations, before and after hand-off', () =>
    cheap(byTenant(batch), (tx) =>
      arrive(
        tx,
        numbersOf([2, 3, 4, 5, 6], batch).map((n) =>
          busyOrder(n, 2_000, { cancelledAt: new Date(2_000).toISOString() }),
        ),
      ),
    ))

  test('refuses what it already knows', () =>
    cheap(byTenant(batch), async (tx) => {
      const known = numbersOf([0, 1, 2, 3], batch).map((n) => busyOrder(n, 1_000))
      await arrive(tx, known, new Date(9_000).toISOString())
      await arrive(tx, known, new Date(9_000).toISOString())
      await finalVersions(
        tx,
        world.shop.accountId,
        known.map(({ ref, changedAt }) => ({ ref, changedAt })),
      )
    }))

  test.each(['below what is reserved', 'so that shorts heal'])('counts stock %s', (how) =>
    cheap(byTenant(batch), async (tx) => {
      const numbers = Array.from({ length: batch }, (_, n) =>
        how === 'so that shorts heal' ? (n % 25) * 40 : n + Math.floor(n / 39) + 1,
      )
      const found = await tx.rows<{ id: string }>(itemIdOf, [[...new Set(numbers)]])
      const [place] = await tx.rows<{ id: string }>(`select md5('place0')::uuid::text as id`)
      const counts = found.map(({ id }) => ({
        itemId: id,
        locationId: place?.id ?? '',
        onHand: 5,
        asOf: null,
        kind: 'count' as const,
      }))
      await stockCounted(tx, ids, cause, counts)
    }),
  )

  test('hands requests to the partner', () =>
    cheap(byTenant(batch), async (tx) => {
      const claimed = await claimFound(tx, await findDue(tx, world.partner, ['request', 'request_cancel'], batch))
      expect(claimed).toHaveLength(batch)
      const sent = await submitRequests(
        tx,
        claimed.map((e) => e.subjectId),
        60,
      )
      expect(sent).toHaveLength(batch)
      await markHanded(
        tx,
        sent.flatMap((s) => s.units),
        1,
      )
      await cancelRequestsFor(
        tx,
        claimed.map((e) => e.subjectId),
      )
      await settleEffects(
        tx,
        claimed.map((e) => ({ effectId: e.effectId, state: 'accepted', dueInMs: 60_000 })),
      )
    }))

  test('books what the partner reports', () =>
    cheap(byTenant(batch), async (tx) => {
      const rows = numbersOf([4, 5, 6], batch).map((n, at): { row: number; fact: PartnerFact } => {
        const { number: request, sku } = requestOf(n)
        if (n % 10 === 4) return { row: at, fact: { type: 'accepted', request } }
        if (n % 10 === 5) return { row: at, fact: { type: 'rejected', request, reason: 'address' } }
        const fact = {
          request,
          shipment: `P${n}`,
          sku,
          quantity: 1,
          carrier: 'dhl',
          tracking: `T${n}`,
          shippedAt: new Date().toISOString(),
        }
        return { row: at, fact: { type: 'shipped', ...fact, final: n % 20 > 9 } }
      })
      expect(await partnerReported(tx, ids, { connectionId: world.partner, cause }, rows)).toEqual([])
    }))

  test('books a stock snapshot of the partner', () =>
    cheap(byTenant(batch), (tx) =>
      partnerReported(
        tx,
        ids,
        { connectionId: world.partner, cause },
        Array.from({ length: batch }, (_, n) => ({
          row: n,
          fact: {
            type: 'stock',
            sku: `SKU-${n + 1}`,
            onHand: 14,
            asOf: new Date().toISOString(),
          } satisfies PartnerFact,
        })),
      ),
    ))

  test('pushes stock', () =>
    cheap(byTenant(batch), async (tx) => {
      const { connectionId } = world.shop
      await absorbChanges(tx, connectionId)
      const due = await claimListings(tx, connectionId, batch)
      expect(due.length).toBeGreaterThan(batch / 10)
      const views = await viewListings(
        tx,
        connectionId,
        due.map((d) => d.listingId),
      )
      expect(views).toHaveLength(due.length)
      const rows = views.map((v) => ({
        listingId: v.listingId,
        version: v.version.toString(),
        qty: v.quantity,
        unseen: 0,
        newlyMissing: false,
        believed: null,
      }))
      const listingIds = rows.map((row) => row.listingId)
      await markSending(tx, connectionId, rows)
      await markPushed(tx, connectionId, listingIds, 0)
      await markRefused(tx, connectionId, listingIds)
      await markConfirmed(tx, connectionId, rows, 60_000)
      await markRetry(
        tx,
        connectionId,
        rows.map(({ listingId }) => ({ listingId, dueInMs: 1, error: 'x', lateMs: 9 })),
      )
    }))

  test('tells the channel what was shipped', () =>
    cheap(byTenant(batch), async (tx) => {
      const claimed = await claimEffects(tx, world.shop.connectionId, ['shipped'], batch)
      expect(claimed.length).toBeGreaterThan(9)
      await settleEffects(
        tx,
        claimed.map((e) => ({ effectId: e.effectId, state: 'confirmed' })),
      )
    }))

  test('reads the inbox and ends its messages', () =>
    cheap(byTenant(batch), async (tx) => {
      const messages = (await pendingMessages(tx, world.shop.connectionId)).slice(0, batch)
      expect(messages).toHaveLength(batch)
      const messageIds = messages.map((m) => m.messageId)
      await putOff(tx, messageIds, 0, true)
      await endMessages(
        tx,
        messageIds.map((messageId) => ({ messageId, state: 'applied', subjectRef: 'o' })),
      )
      const arrival = { source: 'poll', topic: 't', subjectRef: null, headers: {}, raw: Buffer.from('{}') } as const
      await storeArrivals(
        tx,
        ids,
        world.shop.connectionId,
        messageIds.map((id, n) => ({ ...arrival, dedupeKey: n % 2 ? `k${n}` : id })),
      )
    }))

  test('stores deliveries, half of which are there already', () =>
    cheap(byIngest(batch), async (tx) => {
      const raw = Buffer.from('{}')
      const packed = await packBody(raw)
      const { merchantId } = world
      const kept = await insertDeliveries(
        tx,
        Array.from({ length: batch }, (_, n) => ({
          merchantId,
          messageId: randomUUID(),
          connectionId: world.shop.connectionId,
          source: 'webhook',
          topic: 't',
          dedupeKey: n % 2 ? `k${n}` : `new${n}`,
          headers: {},
          raw,
          packed,
        })),
      )
      expect(kept.size).toBe(batch / 2)
    }))
})

describe('among 200 merchants', () => {
  test.each([
    ['push.stock', duePushes],
    ['effect', dueEffects],
    ['import', dueImports],
  ] as const)('the lanes of %s that have work are found', (kind, due) =>
    cheap(byJob(11), async (tx) => {
      const found = await due(tx, 0, 200)
      expect(found.length).toBeGreaterThan(9)
      expect(found.length).toBeLessThan(14)
      const own = {
        merchantId: world.merchantId,
        connectionId: kind === 'effect' ? world.partner : world.shop.connectionId,
        kind,
      }
      expect(await due(tx, 0, 1, own)).toEqual([own])
    }),
  )

  test('one lane is asked for at the price of one', async () => {
    for (const [kind, due] of [
      ['push.stock', duePushes],
      ['effect', dueEffects],
      ['import', dueImports],
    ] as const) {
      await cheap(byJob(3), (tx) =>
        due(tx, 0, 1, { merchantId: world.merchantId, connectionId: world.shop.connectionId, kind }),
      )
    }
  })

  test('a lane is fenced, and late schedules are found', async () => {
    const key = { merchantId: world.merchantId, connectionId: world.shop.connectionId, kind: 'poll' }
    const lease = await takeLane(world.db, key, true, 60_000)
    if (!lease) throw new Error('the lane is taken')
    await cheap(byTenant(1), (tx) => fence(tx, lease))
    await cheap(byJob(200), (tx) => dueLanes(tx, ['poll'], 200))
    await cheap(byTenant(1), (tx) => nextLookMs(tx, world.shop.connectionId))
  })
})

test('a connection that planned while the tables were empty plans anew once the tables were looked at', async () => {
  const looked = await analyzeYoung(world.db)
  expect(looked).toEqual(expect.arrayContaining(['orders', 'order_line', 'reservation', 'fulfillment_order']))
  expect(await analyzeYoung(world.db)).toEqual([])
  await undone((run) =>
    withTenantTx(
      world.oldDb,
      world.merchantId,
      (tx) =>
        run(tx, async () => {
          const before = await rowsRead(tx)
          await liveADay(world, tx)
          const dear = [...(await rowsRead(tx))].filter(([table, n]) => n - (before.get(table) ?? 0) > 50 * perBatchRow)
          expect(dear).toEqual([])
        }),
      { plansOnce: true },
    ),
  )
})

/** What this transaction has read so far of each table, foreign key checks included. */
async function rowsRead(tx: Tx): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.rows<{ name: string; n: number }>(
    'select relname as name, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as n from pg_stat_xact_user_tables',
  )
  return new Map(rows.map((row) => [row.name, row.n]))
}
