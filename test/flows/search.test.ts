import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ordersArrived } from '../../src/flows.ts'
import { searchOrders } from '../../src/orders/search-orders.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

test('an order is found by what its shop wraps into an address: as the API names it, as its page shows it, and bare', async () => {
  world = await openWorld(1)
  const order = { ...anOrder('1', 1_800_000_000_000, [{ listing: 'V0', quantity: 1 }]), number: '#77' }
  await withTenantTx(world.db, world.merchantId, async (tx) => {
    const wrapped = { ...order, ref: 'gid://shopify/Order/450789469' }
    await ordersArrived(tx, ids, world.shop, [{ messageId: randomUUID(), fetchedAt: null, order: wrapped }])
    const asked = [
      '450789469',
      '4507',
      ' 450789469 ',
      'gid://shopify/Order/450789469',
      'https://admin.shopify.com/store/lily/orders/450789469',
      '#77',
    ]
    for (const query of asked) {
      const found = await searchOrders(tx, query, { after: null, limit: 5 })
      expect([query, found.length, found[0]?.kind]).toEqual([query, 1, query === '#77' ? 'order' : 'external'])
    }
    expect(await searchOrders(tx, 'Order/450789469', { after: null, limit: 5 })).toEqual([])
    expect(await brokenPromises(tx, 'verbs')).toEqual({})
  })
})
