import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { itemsCreated, listingsSeen, mappingChanged, requestRetried } from '../../../src/flows.ts'
import { partnerReported, shippedByHand } from '../../../src/flows-partner.ts'
import type { Tx } from '../../../src/platform/db/tx.ts'
import { ids } from '../../support/world.ts'
import { type BusyWorld, itemIdOf, numbersOf, openBusyWorld, requestOf } from './busy-world.ts'
import { cheap, type Frugal } from './cheap.ts'

let world: BusyWorld
beforeAll(async () => {
  world = await openBusyWorld()
})
afterAll(() => world.close())

const byTenant = (batch: number): Frugal<Tx> => ({ batch, door: (work) => world.tenant(work), reads: true })
const cause = { kind: 'file', id: randomUUID() } as const

describe.each([10, 200])('on statistics from when the tables were empty, at 10,000 orders, a batch of %i', (batch) => {
  test('reads the listings of a shop, half of which are new', () =>
    cheap(byTenant(batch), (tx) =>
      listingsSeen(
        tx,
        ids,
        world.shop.connectionId,
        Array.from({ length: batch }, (_, n) => {
          const ref = n % 2 ? `V${n}` : `NEW${n}`
          return { ref, target: ref, sku: `SKU-${n}`, title: ref, available: 1, tracked: true }
        }),
      ),
    ))

  test('creates items, half of which are there already', () =>
    cheap(byTenant(batch), async (tx) => {
      const items = Array.from({ length: batch }, (_, n) => ({ sku: n % 2 ? `SKU-${n}` : `NEW-${n}`, title: 'Thing' }))
      expect(await itemsCreated(tx, ids, cause, items)).toHaveLength(batch)
    }))

  test('maps listings to other items by hand, and asks again for what a partner refused', () =>
    cheap(byTenant(10), async (tx) => {
      const [other] = await tx.rows<{ id: string }>(itemIdOf, [[7]])
      for (const n of Array.from({ length: batch / 10 }, (_, at) => at + 1)) {
        const [listing] = await tx.rows<{ id: string }>(`select md5('listing' || $1::int)::uuid::text as id`, [n])
        await mappingChanged(tx, ids, cause, {
          listingId: listing?.id ?? '',
          components: n % 2 ? [{ itemId: other?.id ?? '', qtyPer: 2 }] : [],
        })
      }
      const refused = numbersOf([5], batch / 10)
      await partnerReported(
        tx,
        ids,
        { connectionId: world.partner, cause },
        refused.map((n, row) => ({
          row,
          fact: { type: 'rejected', request: requestOf(n).number, reason: 'address' } as const,
        })),
      )
      for (const n of refused) {
        const [request] = await tx.rows<{ id: string }>(`select md5('request' || $1::int)::uuid::text as id`, [n])
        expect(await requestRetried(tx, ids, cause, request?.id ?? '')).toBe(true)
      }
    }))

  test('books what was shipped by hand', () =>
    cheap(byTenant(10), async (tx) => {
      for (const n of numbersOf([0, 1, 2, 3], batch / 10)) {
        // Only a request without a partner is shipped by hand.
        const [request] = await tx.rows<{ id: string }>(
          `update fulfillment_order set connection_id = null where merchant_id = $1 and fulfillment_order_id = md5('request' || $2::int)::uuid returning fulfillment_order_id as id`,
          [tx.merchantId, n],
        )
        const parcel = { ref: `H${n}`, carrier: 'dhl', tracking: `HT${n}`, shippedAt: new Date().toISOString() }
        const lines = [{ sku: requestOf(n).sku, quantity: 1 }]
        const outcome = await shippedByHand(tx, ids, cause, { ...parcel, fulfillmentOrderId: request?.id ?? '', lines })
        expect(outcome.kind).toBe('recorded')
      }
    }))
})
