import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import type { PartnerFact } from '../../src/connector-kit/index.ts'
import { ordersArrived, requestRetried } from '../../src/flows.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { submitRequests } from '../../src/fulfillment/submit-requests.ts'
import { markHanded } from '../../src/inventory/hand-off.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, type LineDraft, openWorld, setStock, type World } from '../support/world.ts'

let world: World
afterEach(async () => {
  expect(await withTenantTx(world.db, world.merchantId, brokenPromises)).toEqual({})
  await world.close()
})

const inTx = <T extends object>(text: string, params: readonly unknown[] = []) =>
  withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(text, params))
const bring = (ref: string, lines: readonly LineDraft[], more = {}, changedAt = 1_800_000_000_000) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    ordersArrived(tx, ids, world.shop, [
      { messageId: randomUUID(), fetchedAt: null, order: anOrder(ref, changedAt, lines, more) },
    ]),
  )
const tell = (facts: readonly PartnerFact[]) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    partnerReported(
      tx,
      ids,
      { connectionId: world.partner, cause: { kind: 'file', id: randomUUID() } },
      facts.map((fact, n) => ({ row: n + 2, fact })),
    ),
  )
async function submitAll(): Promise<string[]> {
  return withTenantTx(world.db, world.merchantId, async (tx) => {
    const due = await tx.rows<{ id: string; number: string }>(
      `select fulfillment_order_id as id, request_number as number from fulfillment_order where request_status = 'unsubmitted' and status = 'open'`,
    )
    const sent = await submitRequests(
      tx,
      due.map((d) => d.id),
      60,
    )
    await markHanded(
      tx,
      sent.flatMap((s) => s.units),
      1,
    )
    return due.map((d) => d.number)
  })
}
const shipped = (request: string, more: Partial<Extract<PartnerFact, { type: 'shipped' }>> = {}): PartnerFact => ({
  type: 'shipped',
  request,
  shipment: 'S1',
  sku: 'SKU-0',
  quantity: 2,
  carrier: 'dhl',
  tracking: 'T1',
  shippedAt: '2026-11-23T10:00:00.000Z',
  final: false,
  ...more,
})
const onHand = async () => {
  const [row] = await inTx<{ n: number }>('select sum(on_hand)::int as n from inventory_level where item_id = $1', [
    world.items[0],
  ])
  return row?.n
}
const openExceptions = async () =>
  (await inTx<{ kind: string }>('select kind from exception where resolved_at is null order by kind')).map(
    (row) => row.kind,
  )
const levels = () => inTx('select on_hand, reserved, denied from inventory_level where on_hand > 0')
const requests = async () =>
  (await inTx<{ status: string }>('select status from fulfillment_order order by created_at')).map((row) => row.status)
const count = (asOf: string, quantity: number): PartnerFact => ({ type: 'stock', sku: 'SKU-0', onHand: quantity, asOf })

test('a parcel reported again in a later file leaves the building once, though two lines of the request have its SKU', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [
    { listing: 'V0', quantity: 2 },
    { listing: 'V0', quantity: 2 },
  ])
  const [request = ''] = await submitAll()
  await tell([shipped(request)])
  await tell([shipped(request)])
  expect(await onHand()).toBe(8)
  expect(await openExceptions()).toEqual([])
})

test('a parcel reported again after all has left is not called over-shipped', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'V0', quantity: 2 }])
  const [request = ''] = await submitAll()
  await tell([shipped(request)])
  await tell([shipped(request)])
  expect(await openExceptions()).toEqual([])
})

test('the same parcel with another quantity is refused by row, not silently dropped', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'V0', quantity: 4 }])
  const [request = ''] = await submitAll()
  await tell([shipped(request)])
  expect(await tell([shipped(request, { quantity: 3 })])).toMatchObject([{ row: 2, field: 'quantity' }])
  expect(await onHand()).toBe(8)
})

test('a count that was taken before a booked departure does not put the departed units back', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'V0', quantity: 2 }])
  const [request = ''] = await submitAll()
  await tell([shipped(request)])
  await tell([count('2026-11-23T09:00:00.000Z', 10)])
  expect(await onHand()).toBe(8)
  await tell([count('2026-11-23T09:00:00.000Z', 10)])
  expect(await onHand()).toBe(8)
  await tell([count('2026-11-23T10:00:00.000Z', 8)])
  expect(await onHand()).toBe(8)
})

test('a count dated in the future does not outlaw the counts and departures that follow', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await tell([count('2099-01-01T00:00:00.000Z', 9)])
  await bring('o1', [{ listing: 'V0', quantity: 2 }])
  const [request = ''] = await submitAll()
  const soon = new Date(Date.now() + 60_000).toISOString()
  await tell([shipped(request, { shippedAt: soon })])
  expect(await onHand()).toBe(7)
  await tell([count(soon, 6)])
  expect(await onHand()).toBe(6)
})

test('a partner that drops a request by itself is not asked again without a person', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'V0', quantity: 2 }])
  const [request = ''] = await submitAll()
  await tell([{ type: 'cancel_accepted', request }])
  expect(await submitAll()).toEqual([])
  expect(await openExceptions()).toEqual(['request_rejected'])
})

test('an order cancelled while a listing is being mapped holds nothing afterwards', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'NEW', quantity: 2 }])
  const [listing] = await inTx<{ id: string }>(`select listing_id as id from listing where external_id = 'NEW'`)
  const { mappingChanged } = await import('../../src/flows.ts')
  const cancelling = Promise.withResolvers<void>()
  const cancel = withTenantTx(world.db, world.merchantId, async (tx) => {
    await tx.rows('select 1 from orders for no key update')
    await cancelling.promise
    const at = 1_800_000_001_000
    const order = anOrder('o1', at, [{ listing: 'NEW', quantity: 2 }], { cancelledAt: new Date(at).toISOString() })
    await ordersArrived(tx, ids, world.shop, [{ messageId: randomUUID(), fetchedAt: null, order }])
  })
  const mapping = withTenantTx(world.db, world.merchantId, (tx) =>
    mappingChanged(
      tx,
      ids,
      { kind: 'api', id: randomUUID() },
      {
        listingId: listing?.id ?? '',
        components: [{ itemId: world.items[0] ?? '', qtyPer: 1 }],
      },
    ),
  )
  await new Promise((resolve) => setTimeout(resolve, 150))
  cancelling.resolve()
  await Promise.all([cancel, mapping])
  expect(await inTx('select 1 from reservation where reserved > 0')).toEqual([])
})

test('an order imported while its listing is being mapped gets its stock', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'NEW', quantity: 2 }])
  const [listing] = await inTx<{ id: string }>(`select listing_id as id from listing where external_id = 'NEW'`)
  const { mappingChanged } = await import('../../src/flows.ts')
  const map = Promise.withResolvers<void>()
  const imported = withTenantTx(world.db, world.merchantId, async (tx) => {
    const slow = {
      ...tx,
      rows: async (text: string, params?: readonly unknown[]) => {
        if (text.includes('stock_clock')) {
          map.resolve()
          await new Promise((resolve) => setTimeout(resolve, 300))
        }
        return tx.rows(text, params)
      },
    } as typeof tx
    await ordersArrived(slow, ids, world.shop, [
      {
        messageId: randomUUID(),
        fetchedAt: null,
        order: anOrder('o2', 1_800_000_000_000, [{ listing: 'NEW', quantity: 3 }]),
      },
    ])
  })
  await map.promise
  await withTenantTx(world.db, world.merchantId, (tx) =>
    mappingChanged(
      tx,
      ids,
      { kind: 'api', id: randomUUID() },
      {
        listingId: listing?.id ?? '',
        components: [{ itemId: world.items[0] ?? '', qtyPer: 1 }],
      },
    ),
  )
  await imported
  expect(await inTx('select sum(reserved)::int as n from reservation')).toEqual([{ n: 5 }])
  expect(await openExceptions()).toEqual([])
})

test('a final row that overtakes the file of an earlier parcel loses nothing, and nothing leaves twice', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'V0', quantity: 4 }])
  const [request = ''] = await submitAll()
  await tell([shipped(request, { shipment: 'S2', final: true, short: 0 })])
  expect(await openExceptions()).toEqual([])
  expect(await submitAll()).toEqual([])
  await tell([shipped(request)])
  expect(await requests()).toEqual(['closed'])
  expect(await levels()).toEqual([{ on_hand: 6, reserved: 0, denied: 0 }])
})

test('units that a final row leaves open without calling them short wait for a person, or for their parcel', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'V0', quantity: 4 }])
  const [request = ''] = await submitAll()
  await tell([{ type: 'accepted', request }, shipped(request, { shipment: 'S2', final: true })])
  expect(await openExceptions()).toEqual(['shipped_short'])
  expect(await requests()).toEqual(['incomplete'])
  expect(await submitAll()).toEqual([])
  expect(await levels()).toEqual([{ on_hand: 8, reserved: 2, denied: 0 }])
  await tell([shipped(request)])
  expect(await requests()).toEqual(['closed'])
  expect(await openExceptions()).toEqual([])
})

test('a person who asks again for units that nobody told of takes them off the shelf and orders others', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'V0', quantity: 4 }])
  const [request = ''] = await submitAll()
  await tell([shipped(request, { final: true })])
  const [row] = await inTx<{ id: string }>('select fulfillment_order_id as id from fulfillment_order')
  const again = () =>
    withTenantTx(world.db, world.merchantId, (tx) =>
      requestRetried(tx, ids, { kind: 'api', id: randomUUID() }, row?.id ?? ''),
    )
  expect(await again()).toBe(true)
  expect(await again()).toBe(false)
  expect(await levels()).toEqual([{ on_hand: 6, reserved: 2, denied: 0 }])
  const [second = ''] = await submitAll()
  await tell([shipped(second, { shipment: 'S3', final: true, short: 0 })])
  expect(await requests()).toEqual(['closed', 'closed'])
  expect(await openExceptions()).toEqual([])
})

test('units called short are lost once, whatever is repeated, and asked for again', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [
    { listing: 'V0', quantity: 2 },
    { listing: 'V0', quantity: 2 },
  ])
  const [request = ''] = await submitAll()
  const last = shipped(request, { quantity: 1, final: true, short: 3 })
  await tell([last])
  await tell([last])
  expect(await levels()).toEqual([{ on_hand: 6, reserved: 3, denied: 0 }])
  expect(await submitAll()).toHaveLength(1)
})

test('units of a departure that a count saw before its row are never put on sale', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 4)
  await bring('o1', [{ listing: 'V0', quantity: 4 }])
  const [request = ''] = await submitAll()
  await tell([count('2026-11-23T11:00:00.000Z', 2)])
  expect(await levels()).toEqual([{ on_hand: 4, reserved: 4, denied: 2 }])
  await tell([shipped(request)])
  expect(await levels()).toEqual([{ on_hand: 2, reserved: 2, denied: 0 }])
  await tell([shipped(request, { shipment: 'S2', shippedAt: '2026-11-23T12:00:00.000Z' })])
  expect(await levels()).toEqual([])
})

test('a loss that a count saw before its row is taken once', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 5)
  await bring('o1', [{ listing: 'V0', quantity: 3 }])
  const [request = ''] = await submitAll()
  await tell([count('2026-11-23T11:00:00.000Z', 4)])
  await tell([shipped(request, { final: true, short: 1 })])
  const [row] = await levels()
  expect(row).toEqual({ on_hand: 4, reserved: 1, denied: 0 })
  await tell([count('2026-11-23T12:00:00.000Z', 2)])
  expect(await onHand()).toBe(2)
})

test('units that a count denies stay off sale when their request is called off', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 4)
  const line = [{ listing: 'V0', quantity: 4 }]
  await bring('o1', line)
  const [request = ''] = await submitAll()
  await tell([count('2026-11-23T11:00:00.000Z', 3)])
  const at = 1_800_000_001_000
  await bring('o1', line, { cancelledAt: new Date(at).toISOString() }, at)
  await tell([{ type: 'cancel_accepted', request }])
  await bring('o2', line)
  expect(await inTx('select sum(short)::int as short from order_line_component where short > 0')).toEqual([
    { short: 1 },
  ])
})

test('a request that waits to be sent again is proven by the partner’s answer, and not sent again', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1', [{ listing: 'V0', quantity: 2 }])
  const [request = ''] = await submitAll()
  expect(await inTx(`select state from effect where kind = 'request'`)).toEqual([{ state: 'pending' }])
  await tell([shipped(request, { final: true, short: 0 })])
  expect(await inTx(`select state from effect where kind = 'request'`)).toEqual([{ state: 'confirmed' }])
})
