import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ChannelError, type Connector, type Outcome, type PartnerFact } from '../../src/connector-kit/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { cancelWanted, orderHeld, orderKept, orderReleased } from '../../src/flows-orders.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import type { Cause } from '../../src/journal/record.ts'
import { runEffects } from '../../src/lanes/effect-lane.ts'
import { runImport } from '../../src/lanes/import-lane.ts'
import { runRequests } from '../../src/lanes/request-lane.ts'
import { lockOrders } from '../../src/orders/lock-orders.ts'
import { readOrder } from '../../src/orders/read.ts'
import { type Tx, withTenantTx } from '../../src/platform/db/tx.ts'
import { aPartnerShift, aShift } from '../review/shift.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'

let world: World
let shop: ReturnType<typeof aShop>
beforeEach(async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  shop = aShop()
})
afterEach(async () => {
  expect(await inTx(brokenPromises)).toEqual({})
  await world.close()
})

const placedMs = 1_800_000_000_000
const inTx = <T>(work: (tx: Tx) => Promise<T>) => withTenantTx(world.db, world.merchantId, work)
const rows = <T extends object>(sql: string, params: readonly unknown[] = []) => inTx((tx) => tx.rows<T>(sql, params))

/** A shop that knows which of its orders are cancelled, and how often it was asked. */
function aShop() {
  const gone = new Set<string>()
  const asked: { order: string; reason: string; restock: boolean }[] = []
  const answers: (Outcome | ChannelError)[] = []
  const ports: Partial<Connector> = {
    cancellations: {
      cancel: async (_, { order, reason, restock }) => {
        if (gone.has(order)) return { outcome: 'already_applied' }
        asked.push({ order, reason, restock })
        const answer = answers.shift() ?? { outcome: 'applied' }
        if (!(answer instanceof ChannelError) && answer.outcome === 'failed') return answer
        gone.add(order)
        if (answer instanceof ChannelError) throw answer
        return answer
      },
    },
    orders: {
      list: () => Promise.reject(new Error('nobody polls here')),
      get: async (_, refs) => refs.map((ref) => ({ ref, changedAt: null, raw: ref })),
      translate: (ref) => {
        const cancelledAt = gone.has(ref) ? new Date(placedMs + 60_000).toISOString() : null
        return anOrder(ref, placedMs + 60_000, [{ listing: 'V0', quantity: 2 }], { cancelledAt })
      },
    },
  }
  return { asked, answers, ports }
}

/** Everything that is due is done: the warehouse is told, the shop is told, and what it answers is read. */
async function turn(): Promise<void> {
  await rows(`update effect set due_at = now() where state in ('pending', 'sending', 'unknown') and kind <> 'release'`)
  await runRequests(aPartnerShift(world))
  const shift = aShift(world, shop.ports)
  await runEffects(shift)
  await runImport(shift)
}

async function place(ref: string): Promise<string> {
  const fact = {
    messageId: randomUUID(),
    fetchedAt: null,
    order: anOrder(ref, placedMs, [{ listing: 'V0', quantity: 2 }]),
  }
  const [arrival] = await inTx((tx) => ordersArrived(tx, ids, world.shop, [fact]))
  if (arrival?.kind !== 'applied') throw new Error('not imported')
  return arrival.orderId
}

const someone = (): Cause => ({ kind: 'api', id: randomUUID() })
/** As a route does: under the order's lock. */
const decide = <T>(orderId: string, work: (tx: Tx) => Promise<T>) =>
  inTx(async (tx) => {
    await lockOrders(tx, [orderId])
    return work(tx)
  })
const cancel = (orderId: string, tell: 'agreed' | 'now' = 'agreed') =>
  decide(orderId, (tx) => cancelWanted(tx, ids, someone(), { orderId, actor: 'user:x', reason: 'buyer_request', tell }))
const hold = (orderId: string, until: string | null = null) =>
  decide(orderId, (tx) => orderHeld(tx, ids, someone(), { orderId, actor: 'user:x', reason: 'to check', until }))
const release = (orderId: string) =>
  decide(orderId, (tx) => orderReleased(tx, ids, someone(), { orderId, actor: 'user:x' }))

const tell = async (orderId: string, fact: (request: string) => PartnerFact, at = 0): Promise<void> => {
  const found = await rows<{ number: string }>(
    `select request_number as number from fulfillment_order where order_id = $1 and request_status <> 'unsubmitted' order by created_at, fulfillment_order_id`,
    [orderId],
  )
  const report = { connectionId: world.partner, cause: { kind: 'file', id: randomUUID() } } as const
  await inTx((tx) => partnerReported(tx, ids, report, [{ row: 2, fact: fact(found[at]?.number ?? '') }]))
}
const shipped = (request: string): PartnerFact => ({
  ...{ type: 'shipped', request, shipment: 'S1', sku: 'SKU-0', quantity: 2, carrier: 'dhl', tracking: 'T1' },
  ...{ shippedAt: new Date().toISOString(), final: false },
})

async function see(orderId: string) {
  const order = await inTx((tx) => readOrder(tx, orderId))
  const requests = await rows<{ state: string }>(
    `select request_status || '/' || status as state from fulfillment_order where order_id = $1 order by created_at, fulfillment_order_id`,
    [orderId],
  )
  const effects = await rows<{ state: string }>(
    `select kind || ' ' || state as state from effect where order_id = $1 and kind <> 'shipped' order by created_at, effect_id`,
    [orderId],
  )
  const told = await rows<{ kind: string }>(`select kind from timeline_event where order_id = $1 order by at`, [
    orderId,
  ])
  const open = await rows<{ kind: string }>(`select kind from exception where resolved_at is null order by kind`)
  const [level] = await rows<{ reserved: number }>('select reserved from inventory_level where item_id = $1', [
    world.items[0],
  ])
  return {
    order: order && { standing: order.standing, cancel: order.cancelState, held: order.heldReason },
    requests: requests.map(({ state }) => state),
    effects: effects.map(({ state }) => state).sort(),
    told: told.map(({ kind }) => kind),
    open: open.map(({ kind }) => kind),
    reserved: level?.reserved,
  }
}

describe('an order that a person wants cancelled', () => {
  test('before hand-off: the warehouse is never asked, and stock comes back when the shop shows it as cancelled', async () => {
    const orderId = await place('1')
    await cancel(orderId)
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'waiting', cancel: 'telling' },
      requests: ['unsubmitted/cancelled'],
      effects: ['cancel pending', 'request refused'],
      reserved: 2,
    })
    await turn()
    expect(shop.asked).toEqual([{ order: '1', reason: 'buyer_request', restock: true }])
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'cancelled' },
      effects: ['cancel confirmed', 'request refused'],
      told: ['order.imported', 'request.opened', 'order.cancel_wanted', 'order.cancel_told', 'order.cancelled'],
      open: [],
      reserved: 0,
    })
  })

  test('after hand-off: the warehouse is asked; it agrees, the shop is told, and nothing is asked of the warehouse again', async () => {
    const orderId = await place('1')
    await turn()
    await cancel(orderId)
    await turn()
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'at_warehouse', cancel: 'asked' },
      requests: ['cancellation_requested/in_progress'],
      effects: ['request accepted', 'request_cancel accepted'],
    })
    expect(shop.asked).toEqual([])
    await tell(orderId, (request) => ({ type: 'cancel_accepted', request }))
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'waiting', cancel: 'telling' },
      requests: ['cancellation_accepted/cancelled'],
      reserved: 2, // the shop still sells it to this buyer
    })
    await turn()
    const end = await see(orderId)
    expect(end).toMatchObject({ order: { standing: 'cancelled' }, requests: ['cancellation_accepted/cancelled'] })
    expect(end.reserved).toBe(0)
    expect(end.told).toContain('order.cancel_agreed')
  })

  test('a warehouse that refuses the request itself lets go of it as well', async () => {
    const orderId = await place('1')
    await turn()
    await cancel(orderId)
    await tell(orderId, (request) => ({ type: 'rejected', request, reason: 'closed today' }))
    expect(await see(orderId)).toMatchObject({ order: { cancel: 'telling' }, open: [] })
    await turn()
    expect(await see(orderId)).toMatchObject({ order: { standing: 'cancelled' }, reserved: 0 })
  })

  test.each([
    ['says so', (request: string): PartnerFact => ({ type: 'cancel_rejected', request, reason: 'on the truck' })],
    ['has shipped it', shipped],
  ])('too late: the warehouse %s, and the shop is told of no cancellation', async (_, fact) => {
    const orderId = await place('1')
    await turn()
    await cancel(orderId)
    await tell(orderId, fact)
    await turn()
    const { order, told } = await see(orderId)
    expect(order).toMatchObject({ cancel: 'too_late', held: null })
    expect(told).toContain('order.cancel_late')
    expect(shop.asked).toEqual([])
  })

  test('of two warehouses one stops and one does not: the rest is held for a person, and not asked for again', async () => {
    await setStock(world, 0, 0, 1)
    await setStock(world, 0, 1, 1)
    const orderId = await place('1')
    await turn()
    await cancel(orderId)
    await tell(orderId, (request) => ({ type: 'cancel_accepted', request }), 0)
    expect((await see(orderId)).order).toMatchObject({ cancel: 'asked' })
    await tell(orderId, (request) => ({ type: 'cancel_rejected', request }), 1)
    await turn()
    const { order, requests } = await see(orderId)
    expect(order).toMatchObject({ cancel: 'too_late', held: 'part of it could not be stopped: decide about the rest' })
    expect(requests).toHaveLength(2)
    await release(orderId)
    expect((await see(orderId)).requests).toHaveLength(3)
  })

  test('told at once: the shop cancels while the warehouse has it, and the units stay held until it answers', async () => {
    const orderId = await place('1')
    await turn()
    await cancel(orderId, 'now')
    await turn()
    expect(shop.asked).toEqual([{ order: '1', reason: 'buyer_request', restock: false }])
    expect(await see(orderId)).toMatchObject({ order: { standing: 'cancelled' }, reserved: 2 })
    await tell(orderId, (request) => ({ type: 'cancel_accepted', request }))
    await turn()
    expect(await see(orderId)).toMatchObject({ order: { standing: 'cancelled' }, reserved: 0, open: [] })
    expect(shop.asked).toHaveLength(1)
  })

  test('a shop that refuses: a person is told, the order waits; kept, it goes to the warehouse after all', async () => {
    const orderId = await place('1')
    shop.answers.push({ outcome: 'failed', error: new ChannelError('conflict', 'the order is completed in the shop') })
    await cancel(orderId)
    await turn()
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'needs_you', cancel: 'refused' },
      requests: ['unsubmitted/cancelled'],
      open: ['effect_failed'],
    })
    const kept = () => decide(orderId, (tx) => orderKept(tx, ids, someone(), { orderId, actor: 'user:x' }))
    expect(await kept()).toBe(true)
    expect(await kept()).toBe(false)
    await turn()
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'at_warehouse', cancel: null },
      requests: ['unsubmitted/cancelled', 'submitted/in_progress'],
      open: [],
    })
  })

  test('a shop that refused is asked again when the person says so again', async () => {
    const orderId = await place('1')
    shop.answers.push({ outcome: 'failed', error: new ChannelError('forbidden', 'no refund permission') })
    await cancel(orderId)
    await turn()
    await cancel(orderId)
    expect((await see(orderId)).open).toEqual([])
    await turn()
    expect(await see(orderId)).toMatchObject({ order: { standing: 'cancelled' }, open: [], reserved: 0 })
  })

  test('an answer that was lost is looked for: the shop cancels once', async () => {
    const orderId = await place('1')
    shop.answers.push(new ChannelError('outcome_unknown', 'no answer'))
    await cancel(orderId)
    await turn()
    expect((await see(orderId)).order).toMatchObject({ standing: 'waiting', cancel: 'telling' })
    await turn()
    expect(await see(orderId)).toMatchObject({ order: { standing: 'cancelled' }, reserved: 0 })
    expect(shop.asked).toHaveLength(1)
  })
})

describe('an order that a person holds', () => {
  test('is not handed to the warehouse, keeps its stock, and goes out when it is released', async () => {
    const orderId = await place('1')
    await hold(orderId)
    await turn()
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'needs_you', held: 'to check' },
      requests: ['unsubmitted/cancelled'],
      effects: ['request refused'],
      reserved: 2,
    })
    expect(await release(orderId)).toBe(true)
    expect(await release(orderId)).toBe(false)
    await turn()
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'at_warehouse', held: null },
      requests: ['unsubmitted/cancelled', 'submitted/in_progress'],
    })
  })

  test('for a time, waits for nobody: it goes out by itself when the time is over, also where nothing may be written', async () => {
    const orderId = await place('1')
    await hold(orderId, new Date(Date.now() + 3_600_000).toISOString())
    await turn()
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'waiting' },
      effects: ['release pending', 'request refused'],
    })
    await rows(`update order_halt set held_until = now() - interval '1 second'`)
    await rows(`update effect set due_at = now() where kind = 'release'`)
    const shift = aShift(world, {})
    await runEffects({ ...shift, connection: { ...shift.connection, writes: false } })
    expect(shift.woken).toEqual(['request'])
    await turn()
    expect(await see(orderId)).toMatchObject({
      order: { standing: 'at_warehouse' },
      effects: ['release confirmed', 'request accepted', 'request refused'],
    })
  })

  test('anew and for longer, is not let go at the time that was said first', async () => {
    const orderId = await place('1')
    const later = (h: number) => new Date(Date.now() + h * 3_600_000).toISOString()
    await hold(orderId, later(1))
    await release(orderId)
    await hold(orderId, later(2))
    expect((await see(orderId)).effects).toEqual([
      'release pending',
      'release refused',
      'request refused',
      'request refused',
    ])
    await rows(`update effect set due_at = now() where kind = 'release'`)
    await turn()
    expect((await see(orderId)).order).toMatchObject({ held: 'to check' })
  })

  test('is still held after its channel changed it and after stock moved', async () => {
    const orderId = await place('1')
    await hold(orderId)
    const fact = {
      messageId: randomUUID(),
      fetchedAt: null,
      order: anOrder('1', placedMs + 5_000, [{ listing: 'V0', quantity: 1 }]),
    }
    await inTx((tx) => ordersArrived(tx, ids, world.shop, [fact]))
    await setStock(world, 0, 0, 20)
    await turn()
    expect(await see(orderId)).toMatchObject({ order: { held: 'to check' }, requests: ['unsubmitted/cancelled'] })
  })
})
