import type { TruthOrder } from '#kit/pretend'
import type { HubAnswers, HubOrder } from './hub-answers.ts'
import type { WarehouseRequest, WorldTruth } from './world-protocol.ts'

/** One shop order with everything that belongs to it: what the hub has of it, and what the warehouse did for it. */
export interface Case {
  readonly shop: string
  readonly order: TruthOrder
  readonly hub: readonly HubOrder[]
  readonly requests: readonly WarehouseRequest[]
}
export interface Book {
  readonly cases: readonly Case[]
  /** Requests at the warehouse that belong to no order of a shop. */
  readonly strays: readonly WarehouseRequest[]
  /** Request number to its case. */
  readonly byRequest: ReadonlyMap<string, Case>
  readonly byOrder: ReadonlyMap<string, Case>
}

/** Channels' ids come bare or inside a gid; what they end in names the order. */
export function orderKey(shop: string, id: string): string {
  return `${shop} ${/\d+$/.exec(id)?.[0] ?? id}`
}

export function openBook(truth: WorldTruth, hub: HubAnswers): Book {
  const hubOrders = Map.groupBy(hub.orders, (order) => orderKey(order.shop, order.externalId))
  const numbersOf = Map.groupBy(hub.requests, (request) => request.orderId)
  const requests = new Map(truth.warehouse.requests.map((request) => [request.number, request]))
  const cases = truth.shops.flatMap((shop) =>
    shop.orders.map((order): Case => {
      const known = hubOrders.get(orderKey(shop.name, order.id)) ?? []
      const numbers = known.flatMap(({ id }) => (numbersOf.get(id) ?? []).map(({ number }) => number))
      const taken = numbers.flatMap((number) => requests.get(number) ?? [])
      return { shop: shop.name, order, hub: known, requests: taken }
    }),
  )
  const byRequest = new Map(cases.flatMap((one) => one.requests.map(({ number }) => [number, one] as const)))
  return {
    cases,
    strays: truth.warehouse.requests.filter(({ number }) => !byRequest.has(number)),
    byRequest,
    byOrder: new Map(cases.map((one) => [orderKey(one.shop, one.order.id), one])),
  }
}

export const sum = (numbers: Iterable<number>): number => {
  let total = 0
  for (const number of numbers) total += number
  return total
}

/** Units of a SKU that truly left the building for this order. */
export function departed({ requests }: Case, sku: string): number {
  return sum(requests.flatMap(({ lines }) => lines.filter((line) => line.sku === sku).map((line) => line.shipped)))
}

/** A case's SKUs with what is wanted, what was ever ordered, what the shop was told and what left. */
export function unitsOf(one: Case) {
  const bySku = Map.groupBy(one.order.lines, (line) => line.sku)
  return [...bySku].map(([sku, lines]) => ({
    sku,
    ordered: sum(lines.map((line) => line.ordered)),
    wanted: one.order.cancelled ? 0 : sum(lines.map((line) => line.wanted)),
    told: sum(lines.map((line) => line.shipped)),
    left: departed(one, sku),
  }))
}

/** Units of each SKU that an order still waits for. */
export function owedOf(one: Case): { readonly sku: string; readonly units: number }[] {
  return unitsOf(one)
    .map(({ sku, wanted, left }) => ({ sku, units: Math.max(0, wanted - left) }))
    .filter(({ units }) => units > 0)
}

export function owedBySku(book: Book): Map<string, number> {
  const owed = new Map<string, number>()
  for (const { sku, units } of book.cases.flatMap(owedOf)) owed.set(sku, (owed.get(sku) ?? 0) + units)
  return owed
}

export const nameOf = (one: Case): string => `${one.shop} ${one.order.number}`
