import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ordersArrived } from '../../src/flows.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, openWorld, setStock, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

test('an order that is edited again and again within a minute, before a partner heard of it, keeps its number', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 9)
  for (const [n, quantity] of [1, 2, 3, 1].entries()) {
    const order = anOrder('o1', 1_800_000_000_000 + n * 1_000, [{ listing: 'V0', quantity }])
    // The ids of production, which begin with the time: those of tests are random.
    await withTenantTx(world.db, world.merchantId, (tx) =>
      ordersArrived(tx, systemIds, world.shop, [{ messageId: randomUUID(), fetchedAt: null, order }]),
    )
  }
  await withTenantTx(world.db, world.merchantId, async (tx) => {
    const rows = await tx.rows<{ status: string; number: string }>(
      'select status, left(request_number, 20) as number from fulfillment_order order by status',
    )
    expect(rows.map((row) => row.status)).toEqual(['cancelled', 'cancelled', 'cancelled', 'open'])
    expect(new Set(rows.map((row) => row.number)).size).toBe(1)
    expect(await brokenPromises(tx)).toEqual({})
  })
})
