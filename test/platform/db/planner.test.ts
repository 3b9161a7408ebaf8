import { afterAll, beforeAll, expect, test } from 'vitest'
import { brokenPromises } from '../../support/audits.ts'
import { ordersArrived } from '../../../src/flows.ts'
import { ids } from '../../support/world.ts'
import { type BusyWorld, busyOrder, openBusyWorld } from './busy-world.ts'
import { type Cost, explaining } from './explain.ts'
let world: BusyWorld
beforeAll(async () => {
  const t = performance.now()
  world = await openBusyWorld()
  console.log('load', performance.now() - t)
})
afterAll(() => world.close())
test('x', async () => {
  await world.database.asAdmin(async (a) => {
    console.log((await a.query(`select merchant_id, count(*), sum(reserved) from inventory_level group by 1`)).rows)
  })
  const r = await world.tenant(brokenPromises)
  console.log(r)
})
