import { afterEach, expect, test } from 'vitest'
import { ChannelError, type ItemResult } from '../../src/connector-kit/index.ts'
import { runPush } from '../../src/lanes/push-lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { openWorld, setStock, type World } from '../support/world.ts'
import { aShift, fakeShelf, firstLook } from './shift.ts'

let world: World
afterEach(() => world.close())

const rows = () =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    tx.rows<{ ref: string; confirmed: number | null; error: string | null; waits: boolean }>(
      `select l.external_id as ref, p.confirmed_qty as confirmed, p.error, p.due_at > now() + interval '5 minutes' as waits
       from listing_push p join listing l using (merchant_id, listing_id) where l.external_id <> 'KIT' order by 1`,
    ),
  )

async function shopRefusing(bad: (target: string) => boolean) {
  world = await openWorld(8)
  for (let item = 0; item < 8; item++) await setStock(world, item, 0, 5)
  const shelf = fakeShelf()
  for (const ref of world.listings) shelf.shown.set(ref, 1)
  let calls = 0
  const push: typeof shelf.port.push = async (ctx, commands): Promise<readonly ItemResult[]> => {
    calls++
    if (commands.some(({ target }) => bad(target))) throw new ChannelError('invalid', 'the batch cannot be read')
    return shelf.port.push(ctx, commands)
  }
  return { shift: aShift(world, { inventory: { ...shelf.port, push } }), calls: () => calls }
}

test('one listing that a channel cannot take does not keep the others of its batch from their number', async () => {
  const { shift } = await shopRefusing((target) => target === 'V3')
  await firstLook(world, shift)
  for (let turn = 0; turn < 3; turn++) await runPush(shift)
  const found = await rows()
  expect(found.filter((row) => row.confirmed === 5).map((row) => row.ref)).toEqual([
    'V0',
    'V1',
    'V2',
    'V4',
    'V5',
    'V6',
    'V7',
  ])
  expect(found.find((row) => row.ref === 'V3')).toEqual({
    ref: 'V3',
    confirmed: null,
    error: 'invalid: the batch cannot be read',
    waits: true,
  })
})

test('a shop that refuses everything is left alone, not asked listing by listing without end', async () => {
  const { shift, calls } = await shopRefusing(() => true)
  await firstLook(world, shift)
  for (let turn = 0; turn < 5; turn++) await runPush(shift)
  expect(calls()).toBeLessThan(40)
  expect((await rows()).every((row) => row.error !== null)).toBe(true)
})
