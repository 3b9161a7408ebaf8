import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { itemsCreated, listingsSeen } from '../../src/flows.ts'
import { type Tx, withTenantTx } from '../../src/platform/db/tx.ts'
import { ids, openWorld, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

const listed = { ref: 'NEW', target: 'T-NEW', sku: 'SKU-NEW', title: 'New', available: 1, tracked: true }
const seen = (tx: Tx) => listingsSeen(tx, ids, world.shop.connectionId, [listed])
const created = async (tx: Tx) => {
  await itemsCreated(tx, ids, { kind: 'api', id: randomUUID() }, [{ sku: 'SKU-NEW', title: 'New' }])
}

/** Runs `second` while `first` has done all but commit; `first` commits when the other waits for it, or is done. */
async function meet(first: (tx: Tx) => Promise<void>, second: (tx: Tx) => Promise<void>): Promise<void> {
  const [done, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const one = withTenantTx(world.db, world.merchantId, async (tx) => {
    await first(tx)
    done.resolve()
    await release.promise
  })
  await done.promise
  let over = false
  const two = withTenantTx(world.db, world.merchantId, second).finally(() => {
    over = true
  })
  const waits = `select 1 from pg_locks l join pg_database d on d.oid = l.database where d.datname = current_database() and not granted`
  while (!over && (await world.db.ingest.query(waits)).rowCount === 0) await sleep(5)
  release.resolve()
  await Promise.all([one, two])
}

test.each([
  ['items while their listings are being read', seen, created],
  ['listings while their items are being created', created, seen],
])('a SKU is mapped although both sides of it come at once: %s', async (_, first, second) => {
  world = await openWorld(1)
  await meet(first, second)
  const mapped = await withTenantTx(world.db, world.merchantId, (tx) =>
    tx.rows(
      `select 1 from listing_component k join listing l using (merchant_id, listing_id) where l.external_id = 'NEW'`,
    ),
  )
  expect(mapped).toHaveLength(1)
})
