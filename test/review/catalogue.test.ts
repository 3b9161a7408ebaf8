import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { itemsCreated, listingsSeen, mappingChanged } from '../../src/flows.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { ids, openWorld, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

const cause = { kind: 'api', id: randomUUID() } as const
const components = () =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    tx.rows<{ ref: string; source: string }>(
      `select l.external_id as ref, k.source from listing_component k join listing l using (merchant_id, listing_id) where l.external_id = 'HAT'`,
    ),
  )
const seen = { ref: 'HAT', target: 'HAT', sku: 'SKU-0', title: 'Hat', available: null, tracked: true }
const look = () =>
  withTenantTx(world.db, world.merchantId, (tx) => listingsSeen(tx, ids, world.shop.connectionId, [seen]))

test('a listing that a person took off its item stays off, whatever is read of the shop or created afterwards', async () => {
  world = await openWorld(1)
  await look()
  expect(await components()).toEqual([{ ref: 'HAT', source: 'sku' }])
  await withTenantTx(world.db, world.merchantId, async (tx) => {
    const [hat] = await tx.rows<{ id: string }>(`select listing_id as id from listing where external_id = 'HAT'`)
    await mappingChanged(tx, ids, cause, { listingId: hat?.id ?? '', components: [] })
  })
  await look()
  await withTenantTx(world.db, world.merchantId, (tx) => itemsCreated(tx, ids, cause, [{ sku: 'SKU-0', title: 'Hat' }]))
  expect(await components()).toEqual([])
})
