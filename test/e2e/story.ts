import { expect } from 'vitest'
import type { PretendShop } from '../../src/connector-kit/pretend.ts'
import type { Order } from './api.ts'
import type { Merchant, Stage } from './harness.ts'

export const done = (order: Order, kind: string): boolean => order.timeline.some((event) => event.kind === kind)
export const count = (order: Order, kind: string): number =>
  order.timeline.filter((event) => event.kind === kind).length
export const open = (order: Order, kind: string) =>
  order.exceptions.find((e) => e.kind === kind && e.resolvedAt === null)
export const requestsFor = ({ dock }: Merchant, order: Order) => {
  const numbers = new Set(order.fulfillmentOrders.map((f) => f.requestNumber))
  return dock.requests().filter((r) => numbers.has(r.number))
}

/** From the shopper's click to the tracking number on the same shop. The SKU must be untouched: 20 of it everywhere. */
export async function tellStory(
  stage: Pick<Stage<string>, 'shown'>,
  merchant: Merchant,
  shop: PretendShop,
  sku: string,
): Promise<Order> {
  const bought = merchant.buy(shop, { sku, quantity: 2 })
  const order = await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
  const [request, ...more] = requestsFor(merchant, order)
  const truth = shop.orders().find((o) => o.id === bought.id)

  expect(more).toEqual([])
  expect(request?.lines).toEqual([{ sku, requested: 2, shipped: 2 }])
  expect(truth?.shipments).toEqual([{ tracking: request?.shipments[0]?.tracking, lines: [{ sku, quantity: 2 }] }])
  expect(order.shipments.map((s) => s.tracking)).toEqual([request?.shipments[0]?.tracking])
  expect(order).toMatchObject({ stage: 'shipped', exceptions: [] })
  await stage.shown(merchant, sku, 18)
  expect(await merchant.api.level(sku)).toMatchObject({ onHand: 18, reserved: 0 })
  return order
}
