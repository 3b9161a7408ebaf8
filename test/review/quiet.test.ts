import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ChannelError, type PartnerFact } from '../../src/connector-kit/index.ts'
import { listingsSeen, mappingChanged, ordersArrived } from '../../src/flows.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { storeArrivals } from '../../src/inbox/messages.ts'
import { runImport } from '../../src/lanes/import-lane.ts'
import { runPush } from '../../src/lanes/push-lane.ts'
import { runRequests } from '../../src/lanes/request-lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'
import { aManifest, aShift, fakeShelf, firstLook } from './shift.ts'

let world: World
afterEach(() => world.close())

const inTx = <T extends object>(text: string, params: readonly unknown[] = []) =>
  withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(text, params))
const tell = (facts: readonly PartnerFact[]) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    partnerReported(
      tx,
      ids,
      { connectionId: world.partner, cause: { kind: 'file', id: randomUUID() } },
      facts.map((fact, row) => ({ row, fact })),
    ),
  )

test('when goods leave before a cancel was answered, nobody waits for the answer any more', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  const bring = (more: object, at: number) =>
    withTenantTx(world.db, world.merchantId, (tx) =>
      ordersArrived(tx, ids, world.shop, [
        { messageId: randomUUID(), fetchedAt: null, order: anOrder('o1', at, [{ listing: 'V0', quantity: 1 }], more) },
      ]),
    )
  const files = {
    encode: () => ({ name: randomUUID(), bytes: Buffer.from('x') }),
    find: async () => 'absent',
    put: async () => undefined,
  }
  const manifest = aManifest({
    role: 'partner',
    requests: { batchMax: 5, ackWithinS: 0 },
    files: { pollEveryS: 1, stableForS: 0, fileBytesMax: 1 },
  })
  const shift = aShift(world, { files: files as never }, { connectionId: world.partner, manifest })
  await bring({}, 1_800_000_000_000)
  await runRequests(shift)
  await bring({ cancelledAt: new Date(1_800_000_001_000).toISOString() }, 1_800_000_001_000)
  await runRequests(shift)
  await runRequests(shift)
  const open = () =>
    inTx<{ kind: string }>(`select kind from exception where kind = 'ack_overdue' and resolved_at is null`)
  expect(await open()).toHaveLength(1)
  const [request] = await inTx<{ number: string }>('select request_number as number from fulfillment_order')
  await tell([
    {
      type: 'shipped',
      request: request?.number ?? '',
      shipment: 'S1',
      sku: 'SKU-0',
      quantity: 1,
      carrier: 'dhl',
      tracking: null,
      shippedAt: new Date().toISOString(),
      final: false,
    },
  ])
  expect(
    await inTx(`select kind, state from effect where state not in ('confirmed', 'refused') and connection_id = $1`, [
      world.partner,
    ]),
  ).toEqual([])
  expect(await open()).toEqual([])
})

test('reading known listings again is no change of the stock', async () => {
  world = await openWorld(2)
  const shelf = fakeShelf()
  shelf.shown.set('V0', 5).set('V1', 5).set('KIT', 0)
  await setStock(world, 0, 0, 5)
  await setStock(world, 1, 0, 5)
  await runPush(aShift(world, { inventory: shelf.port }))
  const seen = ['V0', 'V1', 'NEW'].map((ref) => ({
    ref,
    target: ref,
    sku: ref === 'NEW' ? 'SKU-0' : null,
    title: ref,
    available: 1,
    tracked: true,
  }))
  const read = () =>
    withTenantTx(world.db, world.merchantId, (tx) => listingsSeen(tx, ids, world.shop.connectionId, seen))
  const behind = async () => {
    shelf.shown.set('NEW', shelf.shown.get('NEW') ?? 0)
    const shift = aShift(world, { inventory: shelf.port })
    await firstLook(world, shift)
    for (let n = 0; n < 4; n++) await runPush(shift)
    return shelf.shown.get('NEW')
  }
  await read()
  expect(await behind(), 'a new one is pushed').toBe(5)
  const changes = async () => (await inTx<{ n: number }>('select count(*)::int as n from stock_change'))[0]?.n
  const before = await changes()
  await read()
  expect(await changes()).toBe(before)
})

test('a listing that a person unmapped is left alone', async () => {
  world = await openWorld(1)
  const shelf = fakeShelf()
  shelf.shown.set('V0', 5)
  await setStock(world, 0, 0, 5)
  const shift = aShift(world, { inventory: shelf.port })
  await runPush(shift)
  const [listing] = await inTx<{ id: string }>(`select listing_id as id from listing where external_id = 'V0'`)
  await withTenantTx(world.db, world.merchantId, (tx) =>
    mappingChanged(tx, ids, { kind: 'api', id: randomUUID() }, { listingId: listing?.id ?? '', components: [] }),
  )
  await inTx(`update listing_push set recheck_at = now()`)
  await runPush(shift)
  expect(shelf.shown.get('V0')).toBe(5)
})

async function hints(refs: readonly string[]) {
  await withTenantTx(world.db, world.merchantId, (tx) =>
    storeArrivals(
      tx,
      ids,
      world.shop.connectionId,
      refs.map((ref) => ({
        source: 'poll',
        topic: ref,
        subjectRef: null,
        dedupeKey: null,
        headers: {},
        raw: Buffer.from(ref),
      })),
    ),
  )
  await inTx(`update inbox_message set source = 'webhook'`)
}
const hinting = (get: () => Promise<never[]>) =>
  aShift(world, {
    inbound: {
      verify: () => ({ ok: false, reason: 'signature' }),
      decode: ({ raw }) => [{ type: 'order', ref: Buffer.from(raw).toString() }],
    },
    orders: {
      list: async () => ({ items: [], next: null, watermark: '' }),
      get,
      translate: () => anOrder('o1', 0, []),
    },
  })

test('hints that the channel never answers end, visibly', async () => {
  world = await openWorld(1)
  await hints(['o1'])
  const shift = hinting(async () => [])
  for (let n = 0; n < 12; n++) {
    await inTx('update inbox_message set due_at = now()')
    await runImport(shift)
  }
  expect(await inTx('select state from inbox_message')).toEqual([{ state: 'dead' }])
})

test('a channel that cannot be asked is asked once for all that waits, not once for each batch', async () => {
  world = await openWorld(1)
  await hints(Array.from({ length: 60 }, (_, n) => `o${n}`))
  let calls = 0
  const shift = hinting(async () => {
    calls++
    throw new ChannelError('rate_limited', 'wait', { retryAfterMs: 5_000 })
  })
  for (let n = 0; n < 5; n++) await runImport(shift)
  expect(calls).toBe(1)
})
