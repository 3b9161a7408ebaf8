import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UnifiedOrder } from '../../src/connector-kit/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { ordersTakenOver } from '../../src/flows-watch.ts'
import { watchedPage } from '../../src/orders/take-over.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'

let world: World
beforeEach(async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
})
afterEach(() => world.close())

const tenant: <T>(work: Parameters<typeof withTenantTx<T>>[2]) => Promise<T> = (work) =>
  withTenantTx(world.db, world.merchantId, work)
const order = (ref: string, more: Partial<UnifiedOrder> = {}) =>
  anOrder(ref, 1_800_000_000_000, [{ listing: 'V0', quantity: 2 }], more)
const arrive = (facts: readonly UnifiedOrder[], handsOver = false) =>
  tenant((tx) =>
    ordersArrived(
      tx,
      ids,
      { ...world.shop, handsOver: () => handsOver },
      facts.map((fact) => ({ messageId: randomUUID(), fetchedAt: null, order: fact })),
    ),
  )
const asked = () =>
  tenant(async (tx) => {
    const rows = await tx.rows<{ ref: string }>(
      `select o.external_id as ref from fulfillment_order f join orders o using (merchant_id, order_id) where f.status <> 'cancelled' order by 1`,
    )
    return rows.map(({ ref }) => ref)
  })
const takeOver = (from: string, limit = 10) =>
  tenant(async (tx) => {
    const page = await watchedPage(tx, world.shop.connectionId, { from, after: null, limit })
    const taken = await ordersTakenOver(tx, ids, { kind: 'connection', id: world.shop.connectionId }, page.orderIds)
    return { taken, more: page.next !== null }
  })

const shipped = (fact: UnifiedOrder): UnifiedOrder => ({
  ...fact,
  lines: fact.lines.map((line) => ({ ...line, shipped: line.ordered })),
})

test('a watched order holds its stock and asks nobody, whatever happens to it in the shop', async () => {
  await arrive([order('o1')])
  await arrive([{ ...order('o1'), changedAt: '2030-01-01T00:00:00.000Z', remoteStatus: 'edited' }], true)
  expect(await asked()).toEqual([])
  expect(await tenant((tx) => tx.rows('select reserved from inventory_level where on_hand = 10'))).toEqual([
    { reserved: 2 },
  ])
  expect(await tenant((tx) => brokenPromises(tx))).toEqual({})
})

test('taken over is what was placed since then and is open: not what is shipped, cancelled, a test or the channel’s own', async () => {
  const over = { cancelledAt: '2026-01-01T00:00:00.000Z' }
  await arrive([order('o1'), order('o2'), shipped(order('o3')), order('o4', over), order('o5', { isTest: true })])
  await arrive([order('o6', { hold: 'channel_fulfilled' }), order('o7', { hold: 'awaiting_payment' })])
  expect(await takeOver(order('o2').placedAt)).toEqual({ taken: 2, more: false })
  expect(await asked()).toEqual(['o2'])
  // Paid afterwards; and one that was shipped elsewhere is opened again in the shop.
  await arrive([{ ...order('o7'), changedAt: '2030-01-01T00:00:00.000Z' }])
  await arrive([{ ...order('o3'), changedAt: '2030-01-01T00:00:00.000Z' }])
  expect(await asked()).toEqual(['o2', 'o7'])
  expect(await takeOver(order('o1').placedAt)).toMatchObject({ taken: 1 })
  expect(await asked()).toEqual(['o1', 'o2', 'o7'])
  expect(await tenant((tx) => brokenPromises(tx))).toEqual({})
})

test('page by page: each goes on where the one before ended', async () => {
  await arrive([order('o1'), order('o2'), order('o3')])
  expect(await takeOver('2000-01-01T00:00:00Z', 2)).toEqual({ taken: 2, more: true })
  expect(await asked()).toEqual(['o1', 'o2'])
  expect(await takeOver('2000-01-01T00:00:00Z', 2)).toEqual({ taken: 1, more: false })
  expect(await asked()).toEqual(['o1', 'o2', 'o3'])
})
