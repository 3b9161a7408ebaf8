import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ordersArrived } from '../../src/flows.ts'
import { shippedByHand } from '../../src/flows-partner.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'

let world: World
afterEach(async () => {
  expect(await withTenantTx(world.db, world.merchantId, (tx) => brokenPromises(tx, 'verbs'))).toEqual({})
  await world.close()
})

const inTx = <T extends object>(text: string, params: readonly unknown[] = []) =>
  withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(text, params))
const bring = (changedAt: number, more = {}) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    ordersArrived(tx, ids, world.shop, [
      {
        messageId: randomUUID(),
        fetchedAt: null,
        order: anOrder('o1', changedAt, [{ listing: 'V0', quantity: 3 }], more),
      },
    ]),
  )
const parcel = (id: string, ref: string, quantity: number) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    shippedByHand(
      tx,
      ids,
      { kind: 'api', id: randomUUID() },
      {
        fulfillmentOrderId: id,
        ref,
        carrier: 'Example Post',
        tracking: null,
        shippedAt: new Date().toISOString(),
        lines: [{ sku: 'SKU-0', quantity }],
      },
    ),
  )
const requests = () =>
  inTx<{ id: string; status: string; requested: number; shipped: number }>(
    `select f.fulfillment_order_id as id, f.status, l.requested, l.shipped from fulfillment_order f
     join fulfillment_order_line l using (merchant_id, fulfillment_order_id) order by f.created_at`,
  )

async function openByHand(): Promise<string> {
  world = await openWorld(1)
  await inTx('update location set connection_id = null')
  await setStock(world, 0, 0, 10)
  await bring(1_800_000_000_000)
  const [first] = await requests()
  return first?.id ?? ''
}

test('what a person ships in several parcels is asked of them once, whatever the shop says in between', async () => {
  const id = await openByHand()
  expect(await parcel(id, 'box-1', 1)).toMatchObject({ kind: 'recorded' })
  await bring(1_800_000_001_000, { remoteStatus: 'partially shipped' })
  expect(await requests()).toMatchObject([{ status: 'in_progress', requested: 3, shipped: 1 }])
  expect(await parcel(id, 'box-2', 2)).toMatchObject({ kind: 'recorded' })
  expect(await requests()).toMatchObject([{ status: 'closed', requested: 3, shipped: 3 }])
})

test('a cancelled order lets go of what a person has not shipped, and asks nobody', async () => {
  const id = await openByHand()
  await parcel(id, 'box-1', 1)
  const at = 1_800_000_001_000
  await bring(at, { cancelledAt: new Date(at).toISOString() })
  expect(await inTx('select on_hand, reserved from inventory_level where on_hand > 0')).toEqual([
    { on_hand: 9, reserved: 0 },
  ])
  expect(await requests()).toMatchObject([{ status: 'cancelled', requested: 3, shipped: 1 }])
  expect(await parcel(id, 'box-2', 1)).toMatchObject({ kind: 'not_open', status: 'cancelled' })
})
