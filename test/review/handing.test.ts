import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { ordersArrived } from '../../src/flows.ts'
import { runRequests } from '../../src/lanes/request-lane.ts'
import { lockOrders } from '../../src/orders/lock-orders.ts'
import { type Tx, withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'
import { aPartnerShift } from './shift.ts'

let world: World
afterEach(() => world.close())

const inTx = <T>(work: (tx: Tx) => Promise<T>) => withTenantTx(world.db, world.merchantId, work)
const bring = (ref: string) => (tx: Tx) =>
  ordersArrived(tx, ids, world.shop, [
    {
      messageId: randomUUID(),
      fetchedAt: null,
      order: anOrder(ref, 1_800_000_000_000, [{ listing: 'V0', quantity: 1 }]),
    },
  ])
const sent = () =>
  inTx((tx) =>
    tx.rows<{ ref: string }>(
      `select o.external_id as ref from effect e join orders o using (merchant_id, order_id) where e.state = 'accepted' order by 1`,
    ),
  )

/**
 * A hand-off holds the clock. Would it then wait for the order row of somebody who waits for the clock, everybody who
 * queues there would be thrown out by the deadlock detector together.
 */
test('what is asked for while a hand-off waits for its locks is left to the next turn', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  const [first] = await inTx(bring('o1'))
  const shift = aPartnerShift(world)
  // The second order's transaction begins before the hand-off's, so it is due by the hand-off's own time.
  const began = Promise.withResolvers<void>()
  const waits = Promise.withResolvers<void>()
  const second = inTx(async (tx) => {
    await tx.rows('select now()')
    began.resolve()
    await waits.promise
    return bring('o2')(tx)
  })
  await began.promise
  let turn: Promise<unknown> = Promise.resolve()
  await inTx(async (tx) => {
    await lockOrders(tx, first?.kind === 'applied' ? [first.orderId] : [])
    turn = runRequests(shift)
    await pause(200)
    waits.resolve()
    await second
  })
  await turn
  expect(await sent()).toEqual([{ ref: 'o1' }])
  await runRequests(shift)
  expect(await sent()).toEqual([{ ref: 'o1' }, { ref: 'o2' }])
  expect(await inTx((tx) => brokenPromises(tx, 'verbs'))).toEqual({})
})
