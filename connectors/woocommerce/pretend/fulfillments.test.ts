import { afterEach, beforeEach, expect, test } from 'vitest'
import { at, buyOne, openReceiver, openShop, rows, type Shop, stockItem, subscribe, truthOf } from './test-bench.ts'

let shop: Shop
let order: string
let line: unknown
beforeEach(async () => {
  shop = await openShop()
  stockItem(shop, 'A', 50)
  order = buyOne(shop, 'A', 2)
  line = at((await shop.call('GET', `orders/${order}`)).json, 'line_items', 0, 'id')
})
afterEach(() => shop.close())

const fulfil = (quantity: number, tracking = 'DHL-0001') =>
  shop.call('POST', `orders/${order}/fulfillments`, {
    status: 'fulfilled',
    is_fulfilled: true,
    meta_data: [
      { key: '_items', value: [{ item_id: line, qty: quantity }] },
      { key: '_tracking_number', value: tracking },
      { key: '_shipment_provider', value: 'dhl' },
    ],
  })
const truth = () => shop.shop.orders().find((one) => one.id === order)

test('a fulfilment is answered bare, the order stays processing and only its meta tells', async () => {
  shop.clock.now += 3000
  const made = await fulfil(1)
  expect(made.status).toBe(201)
  expect(made.json).toMatchObject({ id: 1, entity_type: 'WC_Order', entity_id: order, is_fulfilled: true })
  const partly = await shop.call('GET', `orders/${order}`)
  expect(partly.json).toMatchObject({ status: 'processing', date_modified_gmt: '2026-11-23T12:00:03' })
  expect(at(partly.json, 'meta_data', 1)).toMatchObject({ key: '_fulfillment_status', value: 'partially_fulfilled' })
  await fulfil(1, 'DHL-0002')
  const whole = await shop.call('GET', `orders/${order}`)
  expect(whole.json).toMatchObject({ status: 'processing' })
  expect(at(whole.json, 'meta_data', 1)).toMatchObject({ value: 'fulfilled' })
})

test('a known tracking number and more units than ordered are accepted', async () => {
  expect([(await fulfil(5)).status, (await fulfil(5)).status]).toEqual([201, 201])
  expect(rows(await shop.call('GET', `orders/${order}/fulfillments`))).toHaveLength(2)
  expect(truth()?.lines).toEqual([{ sku: 'A', ordered: 2, wanted: 2, shipped: 10 }])
})

test('without items it is 400, of a strange order 404, and with the option off there is no such route', async () => {
  expect((await shop.call('POST', `orders/${order}/fulfillments`, { meta_data: [] })).status).toBe(400)
  expect((await shop.call('GET', 'orders/999999/fulfillments')).status).toBe(404)
  shop.store.fulfillmentsOn = false
  expect(await fulfil(1)).toMatchObject({ status: 404, json: { code: 'rest_no_route' } })
})

test('an update replaces the meta, a deletion hides the fulfilment and the truth forgets it', async () => {
  await fulfil(2)
  const meta_data = [{ key: '_items', value: [{ item_id: line, qty: 1 }] }]
  const changed = await shop.call('PUT', `orders/${order}/fulfillments/1`, { meta_data })
  expect(at(changed.json, 'meta_data')).toMatchObject([{ key: '_items' }])
  expect(truth()?.shipments).toEqual([{ tracking: null, lines: [{ sku: 'A', quantity: 1 }] }])
  await shop.call('DELETE', `orders/${order}/fulfillments/1`)
  expect(truth()?.shipments).toEqual([])
  expect(rows(await shop.call('GET', `orders/${order}/fulfillments`))).toEqual([])
})

test('the shop tells what it was told: fulfilments first, the rest when the order is completed', async () => {
  await fulfil(1)
  expect(truth()).toMatchObject({
    lines: [{ ordered: 2, wanted: 2, shipped: 1 }],
    shipments: [{ tracking: 'DHL-0001', lines: [{ sku: 'A', quantity: 1 }] }],
  })
  const note = { note: 'Unterwegs mit DHL: 00340434161094', customer_note: true }
  await shop.call('POST', `orders/${order}/notes`, note)
  await shop.call('PUT', `orders/${order}`, { status: 'completed' })
  expect(truth()?.shipments).toEqual([
    { tracking: 'DHL-0001', lines: [{ sku: 'A', quantity: 1 }] },
    { tracking: '00340434161094', lines: [{ sku: 'A', quantity: 1 }] },
  ])
  expect(truthOf(shop, 'fulfillment.created')).toMatchObject([
    { order, tracking: 'DHL-0001', lines: [{ sku: 'A', quantity: 1 }] },
  ])
})

test('fulfilments send order.updated, notes neither send nor move the modified date', async () => {
  const hub = await openReceiver()
  await subscribe(shop, hub, 'order.updated')
  await fulfil(1)
  await shop.cron.run()
  expect(hub.calls).toHaveLength(1)
  shop.clock.now += 3000
  expect((await shop.call('POST', `orders/${order}/notes`, { note: 'hallo' })).status).toBe(201)
  await shop.cron.run()
  expect(hub.calls).toHaveLength(1)
  expect((await shop.call('GET', `orders/${order}`)).json).toMatchObject({ date_modified_gmt: '2026-11-23T12:00:00' })
  expect(rows(await shop.call('GET', `orders/${order}/notes`))).toMatchObject([{ note: 'hallo', customer_note: false }])
  await hub.close()
})

test('nothing that was shipped can be cancelled or edited away by the shop', async () => {
  await fulfil(1)
  expect(shop.shop.cancel(order)).toBe(false)
  expect(shop.shop.edit(order, 'A', 0)).toBe(false)
  expect(shop.shop.edit(order, 'A', 1)).toBe(true)
})
