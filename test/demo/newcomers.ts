import { z } from 'zod'
import { orderKey } from './book.ts'
import type { HubAnswers } from './hub-answers.ts'
import type { Scene } from './scene.ts'
import type { Newcomer, ShopTruth, WorldTruth } from './world-protocol.ts'

/** Shops of the demo that nobody has connected: a person does, in the console, by their consent pages. */

/** Bought at once, so that there is something to watch, and again when the hub writes there. */
const ordersWhen = { connected: 6, live: 20 }
const ordersPerSecond = 0.5
const connectionShape = z.object({
  id: z.string(),
  writeMode: z.string(),
  settings: z.record(z.string(), z.unknown()),
})

/** What a person types to connect one. */
export function invitation({ name, connector, settings }: Newcomer): string {
  const typed = [settings.shop, settings.baseUrl, settings.storeUrl].filter((text) => text !== undefined)
  return `Not connected yet: ${name}, a ${connector} shop at ${typed.join(', ')}`
}

const addressOf = (settings: Readonly<Record<string, unknown>>) => settings.baseUrl ?? settings.storeUrl

/**
 * Looks for newcomers that were connected or switched on since the last look. From then on shoppers buy there too, and
 * the verdict counts them. Returns what to tell the person at the terminal.
 */
export async function greetNewcomers({ merchant, opened, world }: Scene, greeted: Set<string>): Promise<string[]> {
  const said: string[] = []
  for (const { id, writeMode, settings } of await merchant.api.all('/connections', connectionShape)) {
    const shop = opened.newcomers.find((one) => addressOf(one.settings) === addressOf(settings))?.name
    if (shop === undefined) continue
    merchant.connections.set(id, shop)
    merchant.newcomers.add(id)
    for (const event of ['connected', 'live'] as const) {
      if (greeted.has(`${shop} ${event}`) || (event === 'live' && writeMode !== 'on')) continue
      greeted.add(`${shop} ${event}`)
      await world.ask({ kind: 'visit', shop, orders: ordersWhen[event], ordersPerSecond })
      said.push(event === 'live' ? `the hub writes to ${shop} now` : `${shop} was connected; shoppers buy there too`)
    }
  }
  return said
}

type Links = HubAnswers['newcomers'][number]['links']
const inItems = (links: Links, sku: string, units: number) =>
  (links[sku] ?? []).map((part) => ({ sku: part.sku, units: units * part.quantity }))

/** The order in the merchant's items; what is linked to none waits for a person and is no promise yet. */
function translated(order: ShopTruth['orders'][number], links: Links): ShopTruth['orders'][number] {
  return {
    ...order,
    lines: order.lines.flatMap((line) =>
      inItems(links, line.sku, 1).map(({ sku, units }) => ({
        ...{ sku, ordered: line.ordered * units, wanted: line.wanted * units, shipped: line.shipped * units },
      })),
    ),
    shipments: order.shipments.map((shipment) => ({
      ...shipment,
      lines: shipment.lines.flatMap(({ sku, quantity }) =>
        inItems(links, sku, quantity).map((part) => ({ sku: part.sku, quantity: part.units })),
      ),
    })),
  }
}

/**
 * The truth as it can be held against the hub: of a newcomer, the orders that the hub took in or should have, in the
 * merchant's items; and its numbers once the hub writes them all.
 */
export function judgedTruth(truth: WorldTruth, hub: HubAnswers): WorldTruth {
  const known = new Set(hub.orders.map((order) => orderKey(order.shop, order.externalId)))
  const judged = (shop: ShopTruth): ShopTruth => {
    const { name, since } = shop
    const seen = hub.newcomers.find((one) => one.shop === name)
    if (since === null) return shop
    const due = shop.orders.filter((o) => known.has(orderKey(name, o.id)) || Date.parse(o.placedAt) >= since)
    const orders = due.map((order) => translated(order, seen?.links ?? {}))
    return { ...shop, orders, shows: seen?.live === true ? shop.shows : {} }
  }
  return { ...truth, shops: truth.shops.map(judged) }
}
