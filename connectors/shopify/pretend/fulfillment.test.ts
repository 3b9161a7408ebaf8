import { afterEach, beforeEach, expect, test } from 'vitest'
import { buyOne, openTrial, reach, type Trial } from './trial.ts'

let trial: Trial
beforeEach(async () => {
  trial = await openTrial()
})
afterEach(() => trial.close())

const orderFulfilment = `query ($id: ID!) {
  order(id: $id) {
    displayFulfillmentStatus closed
    fulfillmentOrders(first: 10) { nodes { id status supportedActions { action } lineItems(first: 10) { nodes { id remainingQuantity totalQuantity lineItem { id } } } } }
    fulfillments(first: 10) { id trackingInfo(first: 5) { number company url } fulfillmentLineItems(first: 10) { nodes { quantity } } }
  }
}`
const ship = `mutation Ship($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id legacyResourceId status displayStatus trackingInfo(first: 5) { number } } userErrors { field message } }
}`

async function open(id: string) {
  const reply = await trial.ask(orderFulfilment, { id: `gid://shopify/Order/${id}` })
  const order = reply.at('data.order')
  return {
    order,
    fo: String(reach(order, 'fulfillmentOrders.nodes.0.id')),
    line: String(reach(order, 'fulfillmentOrders.nodes.0.lineItems.nodes.0.id')),
  }
}

function parcel(fo: string, line: string, quantity: number, number = 'EX123') {
  return {
    fulfillment: {
      lineItemsByFulfillmentOrder: [{ fulfillmentOrderId: fo, fulfillmentOrderLineItems: [{ id: line, quantity }] }],
      trackingInfo: { company: 'DHL Express', number, url: 'https://example.com/t/EX123' },
      notifyCustomer: false,
    },
  }
}

test('a parcel takes units off the fulfilment order, off committed, and is in the truth', async () => {
  const id = buyOne(trial, 'MUG-01', 3)
  const { fo, line } = await open(id)
  const reply = await trial.ask(ship, parcel(fo, line, 2))
  expect(reply.at('data.fulfillmentCreate.userErrors')).toEqual([])
  const { order } = await open(id)
  expect(reach(order, 'displayFulfillmentStatus')).toBe('PARTIALLY_FULFILLED')
  expect(reach(order, 'fulfillmentOrders.nodes.0.status')).toBe('IN_PROGRESS')
  expect(reach(order, 'fulfillmentOrders.nodes.0.lineItems.nodes.0.remainingQuantity')).toBe(1)
  expect(trial.shop.orders()[0]).toMatchObject({
    lines: [{ sku: 'MUG-01', ordered: 3, wanted: 3, shipped: 2 }],
    shipments: [{ tracking: 'EX123', lines: [{ sku: 'MUG-01', quantity: 2 }] }],
  })
  expect(trial.truth.at(-1)).toMatchObject({ what: 'fulfillment.created', data: { tracking: 'EX123', byApi: true } })
})

test('there is no idempotency: the same call ships again while units remain, then is refused', async () => {
  const id = buyOne(trial, 'MUG-01', 4)
  const { fo, line } = await open(id)
  await trial.ask(ship, parcel(fo, line, 2))
  await trial.ask(ship, parcel(fo, line, 2))
  expect(trial.shop.orders()[0]?.shipments).toHaveLength(2)
  const third = await trial.ask(ship, parcel(fo, line, 2))
  expect(third.at('data.fulfillmentCreate.fulfillment')).toBeNull()
  expect(third.at('data.fulfillmentCreate.userErrors.0.message')).toContain('unfulfillable status= closed')
  expect(reach((await open(id)).order, 'displayFulfillmentStatus')).toBe('FULFILLED')
  expect(reach((await open(id)).order, 'closed')).toBe(true)
})

test('more units than remain, and a cancelled order, are refused with user errors', async () => {
  const id = buyOne(trial, 'MUG-01', 2)
  const { fo, line } = await open(id)
  const over = await trial.ask(ship, parcel(fo, line, 3))
  expect(over.at('data.fulfillmentCreate.userErrors.0.message')).toContain(
    'Invalid fulfillment order line item quantity',
  )
  trial.shop.cancel(id)
  const gone = await trial.ask(ship, parcel(fo, line, 1))
  expect(gone.at('data.fulfillmentCreate.userErrors.0.field')).toEqual(['fulfillment'])
  expect(trial.shop.orders()[0]?.shipments).toEqual([])
})

test('with dropWrite the parcel is answered for and does not exist', async () => {
  const id = buyOne(trial, 'MUG-01', 2)
  const { fo, line } = await open(id)
  trial.shop.setFaults({ dropWrite: 1 })
  const reply = await trial.ask(ship, parcel(fo, line, 2))
  expect(reply.at('data.fulfillmentCreate.fulfillment.status')).toBe('SUCCESS')
  expect(trial.shop.orders()[0]?.shipments).toEqual([])
  expect(reach((await open(id)).order, 'fulfillments')).toEqual([])
})

test('tracking can be replaced, and a shipment taken back opens a new fulfilment order', async () => {
  const id = buyOne(trial, 'MUG-01', 2)
  const { fo, line } = await open(id)
  const made = await trial.ask(ship, parcel(fo, line, 2))
  const fulfillment = made.at('data.fulfillmentCreate.fulfillment.id')
  await trial.ask(
    `mutation ($id: ID!, $info: FulfillmentTrackingInput!) { fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $info) { fulfillment { id } userErrors { message } } }`,
    { id: fulfillment, info: { company: 'UPS', number: 'NEW' } },
  )
  expect(trial.shop.orders()[0]?.shipments[0]?.tracking).toBe('NEW')
  await trial.ask(
    'mutation ($id: ID!) { fulfillmentCancel(id: $id) { fulfillment { status } userErrors { message } } }',
    {
      id: fulfillment,
    },
  )
  const { order } = await open(id)
  expect(reach(order, 'fulfillmentOrders.nodes.1.status')).toBe('OPEN')
  expect(trial.shop.orders()[0]).toMatchObject({ shipments: [], lines: [{ shipped: 0 }] })
})

test('a hold stops shipping until it is released', async () => {
  const id = buyOne(trial, 'MUG-01', 1)
  const { fo, line } = await open(id)
  const held = await trial.ask(
    `mutation ($id: ID!) { fulfillmentOrderHold(id: $id, fulfillmentHold: { reason: OTHER, reasonNotes: "check" }) { fulfillmentHold { id reason } fulfillmentOrder { status } userErrors { field message code } } }`,
    { id: fo },
  )
  expect(held.at('data.fulfillmentOrderHold.fulfillmentOrder.status')).toBe('ON_HOLD')
  const refused = await trial.ask(ship, parcel(fo, line, 1))
  expect(refused.at('data.fulfillmentCreate.fulfillment')).toBeNull()
  await trial.ask(
    'mutation ($id: ID!) { fulfillmentOrderReleaseHold(id: $id) { fulfillmentOrder { status } userErrors { field message code } } }',
    { id: fo },
  )
  const shipped = await trial.ask(ship, parcel(fo, line, 1))
  expect(shipped.at('data.fulfillmentCreate.userErrors')).toEqual([])
})

test('the API can cancel an unshipped order by a job, and only once', async () => {
  const id = buyOne(trial, 'MUG-01', 2)
  const cancel = `mutation ($id: ID!) { orderCancel(orderId: $id, reason: INVENTORY, restock: true, notifyCustomer: false, refundMethod: { originalPaymentMethodsRefund: true }) { job { id done } orderCancelUserErrors { code field message } } }`
  const reply = await trial.ask(cancel, { id: `gid://shopify/Order/${id}` })
  const job = await trial.ask('query ($id: ID!) { job(id: $id) { id done } }', {
    id: reply.at('data.orderCancel.job.id'),
  })
  expect(job.at('data.job.done')).toBe(true)
  expect(trial.shop.orders()[0]).toMatchObject({ cancelled: true, lines: [{ wanted: 0 }] })
  expect(trial.shop.shows('MUG-01')).toBe(10)
  const again = await trial.ask(cancel, { id: `gid://shopify/Order/${id}` })
  expect(again.at('data.orderCancel.orderCancelUserErrors.0.code')).toBe('INVALID')
})
