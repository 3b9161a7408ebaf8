import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ChannelError } from '../../src/connector-kit/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { storeArrivals } from '../../src/inbox/messages.ts'
import { runPush } from '../../src/lanes/push-lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'
import { aManifest, aShift, fakeShelf, firstLook, pollPassed } from './shift.ts'

let world: World
afterEach(() => world.close())

const inTx = <T extends object>(text: string, params: readonly unknown[] = []) =>
  withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(text, params))
const lookAgain = () => inTx(`update listing_push set due_at = now(), recheck_at = now()`)
const pushRow = async () => {
  const [row] = await inTx<{ unseen: number; recheckInMs: number; dueInMs: number }>(
    `select unseen, (extract(epoch from recheck_at - now()) * 1000)::float8 as "recheckInMs", (extract(epoch from due_at - now()) * 1000)::float8 as "dueInMs"
     from listing_push p join listing l using (merchant_id, listing_id) where l.external_id = 'V0'`,
  )
  return row ?? { unseen: -1, recheckInMs: 0, dueInMs: 0 }
}
const sold = (ref: string, quantity: number) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    ordersArrived(tx, ids, world.shop, [
      {
        messageId: randomUUID(),
        fetchedAt: null,
        order: anOrder(ref, 1_800_000_000_000, [{ listing: 'V0', quantity }]),
      },
    ]),
  )

/** A shop that shows what the ledger says, confirmed. */
async function calm(stock: number) {
  world = await openWorld(1)
  const shelf = fakeShelf((command) =>
    shelf.shown.get(command.target) === command.changeFrom
      ? null
      : { key: command.key, outcome: 'failed', error: new ChannelError('conflict', 'the number moved') },
  )
  shelf.shown.set('V0', stock)
  const shift = aShift(world, { inventory: shelf.port })
  await setStock(world, 0, 0, stock)
  await firstLook(world, shift)
  await runPush(shift)
  return { shelf, shift }
}

test('a raise whose answer was lost does not put back on sale what the shop sold after it landed', async () => {
  const { shelf, shift } = await calm(10)
  await setStock(world, 0, 0, 50)
  shelf.after = () => {
    shelf.shown.set('V0', 47)
    throw new ChannelError('outcome_unknown', 'no answer')
  }
  await runPush(shift)
  shelf.after = () => undefined
  await lookAgain()
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBeLessThanOrEqual(47)
  await pollPassed(world)
  await sold('o1', 3)
  await lookAgain()
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBe(47)
})

test('a refused compare-and-set never counts as landed, so the unit sold in between stays off sale', async () => {
  const { shelf, shift } = await calm(2)
  await setStock(world, 0, 0, 1)
  shelf.before = () => {
    shelf.shown.set('V0', 1)
    shelf.before = () => undefined
  }
  await runPush(shift)
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBe(0)
})

test('a poll that began before a unit went missing does not explain it, though an older one was missing before', async () => {
  const { shelf, shift } = await calm(10)
  shelf.shown.set('V0', 9)
  await lookAgain()
  await runPush(shift)
  expect(await pushRow()).toMatchObject({ unseen: 1 })
  await pollPassed(world)
  shelf.shown.set('V0', 8)
  await sold('o1', 1)
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBe(8)
  await lookAgain()
  await pollPassed(world)
  await runPush(shift)
  expect(shelf.shown.get('V0'), 'with a poll after it, the gap is drift').toBe(9)
})

test('after a holder was lost, its late write is looked for within a call deadline though the number was right at first', async () => {
  const { shelf, shift } = await calm(10)
  await setStock(world, 0, 0, 12)
  shelf.before = () => {
    throw new ChannelError('outcome_unknown', 'frozen')
  }
  await runPush(shift)
  shelf.before = () => undefined
  await setStock(world, 0, 0, 10)
  await runPush(aShift(world, { inventory: shelf.port }, { tookOver: true }))
  const { recheckInMs } = await pushRow()
  expect(recheckInMs).toBeGreaterThan(0)
  expect(recheckInMs).toBeLessThan(30_000)
})

test('a shop that answers and never changes is asked less and less often', async () => {
  const { shelf, shift } = await calm(10)
  await setStock(world, 0, 0, 4)
  let writes = 0
  shelf.after = () => {
    writes++
    shelf.shown.set('V0', 10)
  }
  for (let n = 0; n < 20; n++) await runPush(shift)
  expect(writes).toBeLessThan(6)
  expect((await runPush(shift)).dueInMs, 'it says itself when to look again').toBeGreaterThan(0)
})

test('a sale on a listing that is on sale does not wait behind a first fill of thousands', async () => {
  const { shelf, shift } = await calm(10)
  await inTx(
    `insert into listing (merchant_id, listing_id, connection_id, external_id, publish_target)
     select $1, gen_random_uuid(), $2, 'N' || n, 'N' || n from generate_series(1, 400) n`,
    [world.merchantId, world.shop.connectionId],
  )
  await inTx(
    `insert into listing_component (merchant_id, listing_id, item_id, qty_per) select $1, listing_id, $2, 1 from listing where external_id like 'N%'`,
    [world.merchantId, world.items[0]],
  )
  for (let n = 1; n <= 400; n++) shelf.shown.set(`N${n}`, 0)
  await setStock(world, 0, 0, 9)
  await inTx(
    `insert into listing_push (merchant_id, connection_id, listing_id, desired_version, due_at)
     select $1, $2, listing_id, 1, now() - interval '1 minute' from listing where external_id like 'N%'`,
    [world.merchantId, world.shop.connectionId],
  )
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBe(9)
})

test('while an acknowledged delivery waits to be imported numbers go down and not up; once it is imported they go up', async () => {
  const { shelf, shift } = await calm(10)
  await withTenantTx(world.db, world.merchantId, (tx) =>
    storeArrivals(tx, ids, randomUUID(), [
      { source: 'poll', topic: 'order', subjectRef: 'o9', dedupeKey: 'o9', headers: {}, raw: Buffer.from('{}') },
    ]),
  )
  await inTx(`update inbox_message set received_at = now() - interval '3 seconds', due_at = now()`)
  await setStock(world, 0, 0, 12)
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBe(10)
  await setStock(world, 0, 0, 7)
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBe(7)
  await setStock(world, 0, 0, 12)
  await inTx(`update inbox_message set state = 'applied'`)
  await lookAgain()
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBe(12)
})

test('a poll has passed once what was stored by its end is imported, whatever arrives after it', async () => {
  const { shelf, shift } = await calm(10)
  const arrives = () =>
    withTenantTx(world.db, world.merchantId, (tx) =>
      storeArrivals(tx, ids, world.shop.connectionId, [
        { source: 'poll', topic: 'order', subjectRef: 'o9', dedupeKey: null, headers: {}, raw: Buffer.from('{}') },
      ]),
    )
  shelf.shown.set('V0', 9)
  await lookAgain()
  await runPush(shift)
  await arrives()
  await pollPassed(world)
  await lookAgain()
  await runPush(shift)
  expect(shelf.shown.get('V0'), 'what it brought may be the sale').toBe(9)
  await inTx(`update inbox_message set state = 'applied'`)
  await arrives()
  await lookAgain()
  await runPush(shift)
  expect(shelf.shown.get('V0'), 'a newer arrival says nothing about the poll').toBe(10)
})

test('where a channel lists a change late, a poll explains a missing unit only when it began after that time', async () => {
  const { shelf } = await calm(10)
  const orders = { pageMax: 10, getMax: 10, pollEveryS: 60, overlapS: 60, indexLagS: 30 }
  const shift = aShift(world, { inventory: shelf.port }, { manifest: aManifest({ orders }) })
  shelf.shown.set('V0', 9)
  await lookAgain()
  await runPush(shift)
  await pollPassed(world)
  await lookAgain()
  await runPush(shift)
  expect(shelf.shown.get('V0'), 'its sale may not be listed yet').toBe(9)
  await inTx(`update listing_push set unseen_since = unseen_since - interval '31 seconds'`)
  await lookAgain()
  await runPush(shift)
  expect(shelf.shown.get('V0'), 'no sale came, so it is drift').toBe(10)
})
