import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ordersArrived } from '../../src/flows.ts'
import { raiseExceptions } from '../../src/journal/record.ts'
import { uuidOf } from '../../src/model/id.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { anOrder } from '../support/world.ts'
import { aShelf, type Shelf } from './shelf.ts'
import { type Api, type Json, list, openApi } from './support.ts'

let api: Api
let shelf: Shelf
beforeAll(async () => {
  api = await openApi()
  shelf = await aShelf(api, 'dawn')
})
afterAll(() => api.close())

const today = async () => (await api.call('GET /today', { key: shelf.key })).json
const groupsOf = async (kind: string): Promise<Json[]> =>
  list((await today()).groups).filter((group) => String(group.kind) === kind)
const inTx = <T>(work: Parameters<typeof withTenantTx<T>>[2]) => withTenantTx(api.db, shelf.merchantId, work)

async function arrive(ref: string, listing: string, more = {}): Promise<void> {
  const connectionId = uuidOf('connection', shelf.connection) ?? ''
  await inTx(async (tx) => {
    const [row] = await tx.rows<{ id: string }>('select account_id as id from connection where connection_id = $1', [
      connectionId,
    ])
    const order = anOrder(ref, 1_000, [{ listing, quantity: 2 }], more)
    const source = { accountId: row?.id ?? '', connectionId }
    await ordersArrived(tx, systemIds, source, [{ messageId: randomUUID(), order, fetchedAt: null }])
  })
}

test('orders that wait for one listing are one thing, with their number and what they come to', async () => {
  await arrive('2001', 'GONE')
  await arrive('2002', 'ALSO-GONE')
  const groups = await groupsOf('unmapped_sku')
  expect(groups).toMatchObject([
    { cause: { kind: 'listing', name: 'GONE' }, things: 2, orders: 2, money: [{ amount: '30.00', currency: 'EUR' }] },
    { cause: { kind: 'listing', name: 'ALSO-GONE' }, things: 1, orders: 1, sample: { orderNumber: '#2002' } },
  ])
})

test('what an order lacks is named by its item, what a warehouse or shop did by its connection', async () => {
  expect(await groupsOf('short')).toMatchObject([
    { cause: { kind: 'item', name: 'SKU-2' }, orders: 1, money: [{ amount: '90.00' }] },
  ])
  expect(await groupsOf('message_dead')).toMatchObject([
    { cause: { kind: 'connection', id: shelf.connection, name: 'dawn' }, orders: 0, money: [] },
  ])
  const [request] = list(
    (await api.call(`GET /fulfillment-orders?order=${shelf.order}`, { key: shelf.key })).json.items,
  )
  await inTx((tx) =>
    raiseExceptions(tx, [
      {
        ...{ kind: 'ack_overdue', dedupeKey: 'ack.x', subjectKind: 'order' },
        subjectId: uuidOf('order', shelf.order) ?? '',
        detail: { request: String(request?.requestNumber) },
      },
    ]),
  )
  expect(await groupsOf('ack_overdue')).toMatchObject([
    { cause: { kind: 'connection', id: shelf.partner, name: '3PL' } },
  ])
})

test('an order that several things keep back comes to its money once', async () => {
  const subject = { subjectKind: 'order', subjectId: uuidOf('order', shelf.order) ?? '' } as const
  await inTx((tx) =>
    raiseExceptions(
      tx,
      [1, 2].map((n) => ({ kind: 'effect_failed' as const, dedupeKey: `effect.${n}`, ...subject, detail: {} })),
    ),
  )
  expect(await groupsOf('effect_failed')).toMatchObject([{ things: 2, orders: 1, money: [{ amount: '30.00' }] }])
})

test('held orders that wait for a word are there: ours, and those that their channel holds for a person; timed ones are not', async () => {
  await arrive('2003', 'V1', { hold: 'fraud_review' })
  await arrive('2004', 'V1', { hold: 'awaiting_payment' })
  const idOf = async (number: string) =>
    String(list((await api.call(`GET /orders/search?q=${number}`, { key: shelf.key })).json.items)[0]?.id)
  const hold = async (number: string, body: object) =>
    api.call(`POST /orders/${await idOf(number)}/hold`, { key: shelf.key, body })
  await hold('1009', { reason: 'to be gift-wrapped' })
  await hold('1006', { reason: 'later', until: '2100-01-01T00:00:00Z' })
  expect(await groupsOf('held_by_channel')).toMatchObject([
    { cause: { kind: 'hold', name: 'fraud_review' }, orders: 1, sample: { orderNumber: '#2003' } },
  ])
  expect(await groupsOf('held_here')).toMatchObject([
    { cause: { kind: 'hold', name: 'to be gift-wrapped' }, orders: 1 },
  ])
})

test('the orders of the queue are those that need a person, and no others', async () => {
  const waiting = list((await today()).groups).reduce((sum, group) => sum + Number(group.orders), 0)
  const { counts } = (await api.call('GET /orders/standings', { key: shelf.key })).json
  // #1003 is there twice, for the warehouse that does not answer and for what could not be told.
  expect(waiting - 1).toBe(counts?.needs_you)
})

test('what is due comes first, with its day', async () => {
  const dueAt = '2026-12-24T00:00:00.000Z'
  await inTx((tx) =>
    raiseExceptions(tx, [
      {
        ...{ kind: 'privacy_asked', dedupeKey: 'privacy.x', subjectKind: 'merchant' },
        ...{ subjectId: shelf.merchantId, detail: { dueAt } },
      },
    ]),
  )
  expect(list((await today()).groups)[0]).toMatchObject({ kind: 'privacy_asked', dueAt, orders: 0 })
})

test('what was confirmed counts from the beginning of the merchant’s own day', async () => {
  expect((await today()).confirmed).toMatchObject({ count: 0, lastAt: null, more: false })
  await inTx((tx) => tx.rows(`update effect set state = 'confirmed', settled_at = now() where kind = 'shipped'`))
  expect((await today()).confirmed).toMatchObject({ count: 2 })
  await inTx((tx) => tx.rows(`update effect set settled_at = now() - interval '25 hours' where kind = 'shipped'`))
  expect((await today()).confirmed).toMatchObject({ count: 0 })
  await api.call('PATCH /merchant', { key: shelf.key, body: { timeZone: 'Pacific/Auckland' } })
  const start = new Date(String((await today()).confirmed?.dayStart))
  expect(new Intl.DateTimeFormat('en-GB', { timeZone: 'Pacific/Auckland', timeStyle: 'medium' }).format(start)).toBe(
    '00:00:00',
  )
})

test('what is settled leaves the queue', async () => {
  const before = await groupsOf('message_dead')
  expect(before).toHaveLength(1)
  const [dead] = list((await api.call('GET /exceptions?kind=message_dead', { key: shelf.key })).json.items)
  await api.call(`POST /exceptions/${String(dead?.id)}/resolve`, { key: shelf.key })
  expect(await groupsOf('message_dead')).toEqual([])
})
