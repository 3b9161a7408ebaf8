import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ordersArrived } from '../../src/flows.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

/** `o1` was placed before `o2`, and `o2` before `o3`; each wants so many of the one item. They arrive in this order. */
type Arriving = readonly (readonly [ref: 'o1' | 'o2' | 'o3', wanted: number])[]
/** On hand at the first and at the second place. */
type Counted = readonly [number, number]
type Held = Readonly<Record<string, string>>
interface Case {
  readonly rule: string
  readonly stock: Counted
  readonly orders: Arriving
  readonly recounted?: Counted
  /** Of each order: units at the first place + at the second, and how many are short. */
  readonly held: Held
}

const cases: readonly Case[] = [
  {
    rule: 'the oldest order gets it, whichever arrived first',
    stock: [2, 0],
    orders: [
      ['o3', 1],
      ['o1', 1],
      ['o2', 1],
    ],
    held: { o1: '1+0 short 0', o2: '1+0 short 0', o3: '0+0 short 1' },
  },
  {
    rule: 'the first place gives before the second',
    stock: [3, 3],
    orders: [
      ['o1', 2],
      ['o2', 2],
    ],
    held: { o1: '2+0 short 0', o2: '1+1 short 0' },
  },
  {
    rule: 'the older order is served from the first place',
    stock: [1, 1],
    orders: [
      ['o2', 1],
      ['o1', 1],
    ],
    held: { o1: '1+0 short 0', o2: '0+1 short 0' },
  },
  {
    rule: 'shorts heal oldest first',
    stock: [0, 0],
    orders: [
      ['o2', 2],
      ['o3', 2],
      ['o1', 2],
    ],
    recounted: [1, 2],
    held: { o1: '0+2 short 0', o2: '1+0 short 1', o3: '0+0 short 2' },
  },
  {
    rule: 'of what a count denies, the newest reservation turns short',
    stock: [3, 0],
    orders: [
      ['o2', 1],
      ['o1', 1],
      ['o3', 1],
    ],
    recounted: [1, 0],
    held: { o1: '1+0 short 0', o2: '0+0 short 1', o3: '0+0 short 1' },
  },
  {
    rule: 'the newest reservation moves to the second place where that has some',
    stock: [2, 1],
    orders: [
      ['o1', 1],
      ['o2', 1],
    ],
    recounted: [1, 1],
    held: { o1: '1+0 short 0', o2: '0+1 short 0' },
  },
]

test.each(cases)('$rule', async ({ stock, orders, recounted, held }) => {
  world = await openWorld(1)
  await count(stock)
  await arrive(orders)
  if (recounted) await count(recounted)
  expect(await heldBy()).toEqual(held)
  expect(await withTenantTx(world.db, world.merchantId, (tx) => brokenPromises(tx))).toEqual({})
})

test('shorts of more orders than are healed at once heal oldest first', async () => {
  world = await openWorld(1)
  const waiting = 500
  await arrive(Array.from({ length: waiting + 20 }, (_, n) => [`o${waiting + 20 - n}`, 1] as const))
  await count([5, 0])
  const healed = Object.entries(await heldBy()).flatMap(([ref, what]) => (what === '1+0 short 0' ? [ref] : []))
  expect(healed.toSorted()).toEqual(['o1', 'o2', 'o3', 'o4', 'o5'])
})

const count = async ([first, second]: Counted) => {
  await setStock(world, 0, 1, second)
  await setStock(world, 0, 0, first)
}

const arrive = (orders: readonly (readonly [string, number])[]) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    ordersArrived(
      tx,
      ids,
      world.shop,
      orders.map(([ref, quantity]) => ({
        messageId: randomUUID(),
        fetchedAt: null,
        order: anOrder(ref, 1_000, [{ listing: 'V0', quantity }]),
      })),
    ),
  )

async function heldBy(): Promise<Held> {
  const rows = await withTenantTx(world.db, world.merchantId, (tx) =>
    tx.rows<{ ref: string; what: string }>(
      `select o.external_id as ref, coalesce(sum(r.reserved) filter (where r.location_id = $1), 0) || '+' ||
         coalesce(sum(r.reserved) filter (where r.location_id = $2), 0) || ' short ' || c.short as what
       from orders o join order_line_component c using (merchant_id, order_id)
       left join reservation r using (merchant_id, order_id, line_id, item_id) group by o.external_id, c.short`,
      world.locations,
    ),
  )
  return Object.fromEntries(rows.map(({ ref, what }) => [ref, what]))
}
