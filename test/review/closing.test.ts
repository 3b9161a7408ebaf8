import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { saveCursor } from '../../src/connections/cursor.ts'
import { ChannelError } from '../../src/connector-kit/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { runPoll } from '../../src/lanes/poll-lane.ts'
import { runPush } from '../../src/lanes/push-lane.ts'
import { runRequests } from '../../src/lanes/request-lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'
import { aPartnerShift, aShift, fakeShelf, firstLook } from './shift.ts'

let world: World
afterEach(async () => {
  expect(await withTenantTx(world.db, world.merchantId, brokenPromises)).toEqual({})
  await world.close()
})

const inTx = <T extends object>(text: string, params: readonly unknown[] = []) =>
  withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(text, params))
const open = async () =>
  (await inTx<{ kind: string }>('select kind from exception where resolved_at is null order by kind')).map(
    (r) => r.kind,
  )
const everRaised = async () =>
  (await inTx<{ kind: string }>('select kind from exception order by raised_at')).map((r) => r.kind)

let version = 0
const bring = (ref: string, quantity: number, more = {}) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    ordersArrived(tx, ids, world.shop, [
      {
        messageId: randomUUID(),
        fetchedAt: null,
        order: anOrder(ref, 1_800_000_000_000 + 1_000 * version++, [{ listing: 'V0', quantity }], more),
      },
    ]),
  )

async function handOff(): Promise<void> {
  await runRequests(aPartnerShift(world))
}

async function ship(quantity: number, shipment: string): Promise<void> {
  const [request] = await inTx<{ number: string }>(
    `select request_number as number from fulfillment_order where request_status <> 'unsubmitted' order by created_at limit 1`,
  )
  const fact = {
    type: 'shipped' as const,
    request: request?.number ?? '',
    shipment,
    sku: 'SKU-0',
    quantity,
    carrier: 'Example Post',
    tracking: null,
    shippedAt: new Date().toISOString(),
    final: false,
  }
  const report = { connectionId: world.partner, cause: { kind: 'file' as const, id: randomUUID() } }
  await withTenantTx(world.db, world.merchantId, (tx) => partnerReported(tx, ids, report, [{ row: 2, fact }]))
}

test('an edit after hand-off stands before a person until the partner has shipped, and is not told again', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('1', 3)
  await handOff()
  await bring('1', 1)
  expect(await open()).toEqual(['edit_after_handoff'])
  await ship(1, 'P1')
  expect(await open(), 'two are still there').toEqual(['edit_after_handoff'])
  await ship(2, 'P2')
  expect(await open()).toEqual([])
  await bring('1', 1, { remoteStatus: 'fulfilled' })
  expect([await open(), await everRaised()]).toEqual([[], ['edit_after_handoff']])
})

test('an edit that is taken back after hand-off is over', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('1', 3)
  await handOff()
  await bring('1', 1)
  await bring('1', 2)
  expect(await open()).toEqual(['edit_after_handoff'])
  await bring('1', 3)
  expect(await open()).toEqual([])
})

test('a count that denies promised units stands before a person until one counts them', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 5)
  await bring('1', 4)
  await handOff()
  await setStock(world, 0, 0, 2)
  await setStock(world, 0, 1, 9)
  expect(await open(), 'another place says nothing about it').toEqual(['count_denied'])
  await setStock(world, 0, 0, 3)
  expect(await open()).toEqual(['count_denied'])
  await setStock(world, 0, 0, 4)
  expect([await open(), await everRaised()]).toEqual([[], ['count_denied']])
})

test('stock that somebody changed in the shop stands before a person until a later look finds the number that we left', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 5)
  const shelf = fakeShelf()
  shelf.shown.set('V0', 0)
  const shift = aShift(world, { inventory: shelf.port })
  const look = async () => {
    await inTx('update listing_push set recheck_at = now()')
    for (let turn = 0; turn < 3; turn++) await runPush(shift)
  }
  await firstLook(world, shift)
  await look()
  shelf.shown.set('V0', 3)
  await look()
  await inTx('select pg_sleep(0.01)')
  await withTenantTx(world.db, world.merchantId, async (tx) => {
    const [row] = await tx.rows<{ now: Date }>('select now()')
    const completedFrom = (row?.now ?? new Date()).toISOString()
    await saveCursor(tx, world.shop.connectionId, 'orders', { value: 'x', completedFrom })
  })
  await inTx('update listing_push set recheck_at = now()')
  for (let turn = 0; turn < 3; turn++) await runPush(shift)
  expect([shelf.shown.get('V0'), await open()], 'put right, and told').toEqual([5, ['stock_drift']])
  await look()
  expect([await open(), await everRaised()]).toEqual([[], ['stock_drift']])
})

test('a shop that refuses the login stops its lanes, and says so once', async () => {
  world = await openWorld(1)
  await inTx(
    `insert into connection (merchant_id, connection_id, account_id, connector, label, credentials) values ($1, $2, $3, 'example', 'x', '')`,
    [world.merchantId, world.shop.connectionId, world.shop.accountId],
  )
  const orders = { list: () => Promise.reject(new ChannelError('auth_revoked', 'the token was withdrawn')) }
  const shift = aShift(world, { orders: orders as never })
  await runPoll(shift)
  await runPoll(shift)
  expect(await everRaised()).toEqual(['connection_stopped'])
  const [row] = await inTx<object>(
    `select subject_kind as about, subject_id as id, detail ->> 'reason' as reason, (select status from connection) from exception`,
  )
  const reason = 'the token was withdrawn'
  expect(row).toEqual({ about: 'connection', id: world.shop.connectionId, reason, status: 'reauth_required' })
})
