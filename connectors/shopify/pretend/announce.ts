import { editBody, fulfillmentBody, levelBody, refundBody } from './change-bodies.ts'
import { levelOf } from './inventory.ts'
import { lineBody, orderBody } from './order-body.ts'
import { shopBody } from './shop-body.ts'
import type { Fulfillment, Line, Order, Product, Refund, Shop } from './state.ts'
import type { Outbox } from './webhooks.ts'
import { exactJson } from './wire.ts'

/** Tells subscribers what happened. Bodies are frozen here, so a retry carries what was true then. */
export interface Announce {
  order(topics: readonly string[], order: Order): void
  edited(order: Order, line: Line, delta: number): void
  refund(order: Order, refund: Refund): void
  fulfillment(topic: string, order: Order, fulfillment: Fulfillment): void
  levels(products: readonly Product[]): void
  uninstalled(): void
}

function frozen(fields: Record<string, unknown>) {
  return { fields, text: exactJson(fields) }
}

export function announceTo(shop: Shop, outbox: Outbox): Announce {
  const send = (topic: string, build: () => Record<string, unknown>, order: Order | null) => {
    if (outbox.wants(topic)) outbox.post(topic, frozen(build()), order)
  }
  return {
    order: (topics, order) => {
      const wanted = topics.filter((topic) => outbox.wants(topic))
      if (wanted.length === 0) return
      const body = frozen(orderBody(shop, order))
      for (const topic of wanted) outbox.post(topic, body, order)
    },
    edited: (order, line, delta) => send('orders/edited', () => editBody(shop, order, line, delta), null),
    refund: (order, refund) => send('refunds/create', () => refundBody(shop, order, refund, lineBody), null),
    fulfillment: (topic, order, fulfillment) =>
      send(topic, () => fulfillmentBody(shop, order, fulfillment, lineBody), null),
    levels: (products) => {
      for (const product of products) {
        send('inventory_levels/update', () => levelBody(shop, product, levelOf(shop, product)), null)
      }
    },
    uninstalled: () => send('app/uninstalled', () => shopBody(shop), null),
  }
}
