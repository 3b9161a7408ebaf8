import type { TruthEntry } from '#kit/pretend'
import type { WorldTruth } from './world-protocol.ts'

/** The value that 99 of 100 do not exceed; 0 when there is none. */
export function p99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0
}

/** From a webhook leaving its shop to the 2xx that it got. */
export function ackTimes(truth: WorldTruth): number[] {
  return truth.entries
    .filter(({ what, data }) => what === 'webhook.answered' && Number(data.status) >= 200 && Number(data.status) < 300)
    .map(({ data }) => Number(data.ms))
}

interface Waiting {
  readonly sku: string
  readonly at: number
  /** What was free right after the sale: a number that is not above it knows of the sale. */
  readonly free: number
  readonly shops: Set<string>
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/**
 * From an order at one shop to the first number on each other shop that knows of it. A shop that showed as little
 * anyway, or a SKU of which units come free meanwhile, gives no sample: there the numbers cannot tell.
 */
export function fanoutTimes(truth: WorldTruth): number[] {
  const free = new Map(Object.entries(truth.warehouse.initial))
  const shown = new Map(truth.shops.map((shop) => [shop.name, new Map(Object.entries(truth.warehouse.initial))]))
  let waiting: Waiting[] = []
  const times: number[] = []
  const place = (entry: TruthEntry, sku: string, quantity: number) => {
    const left = (free.get(sku) ?? 0) - quantity
    free.set(sku, left)
    const floor = Math.max(0, left)
    const behind = [...shown].filter(([name, shows]) => name !== entry.who && (shows.get(sku) ?? 0) > floor)
    waiting.push({ sku, at: entry.at, free: floor, shops: new Set(behind.map(([name]) => name)) })
  }
  for (const entry of truth.entries) {
    const { who, what, at, data } = entry
    const sku = text(data.sku)
    if (what === 'order.placed' && Array.isArray(data.lines))
      for (const line of data.lines) place(entry, String(line.sku), Number(line.quantity))
    else if (what === 'stock.sold') shown.get(who)?.set(sku, Number(data.after))
    else if (what === 'stock.restocked' || what === 'stock.returned' || what === 'order.refunded') {
      shown.get(who)?.set(sku, Number(data.after ?? shown.get(who)?.get(sku)))
      waiting = waiting.filter((one) => sku !== '' && one.sku !== sku)
    } else if (what === 'stock.written' && data.applied !== false) {
      shown.get(who)?.set(sku, Number(data.to))
      for (const one of waiting)
        if (one.sku === sku && Number(data.to) <= one.free && one.shops.delete(who)) times.push(at - one.at)
      waiting = waiting.filter((one) => one.shops.size > 0)
    }
  }
  return times
}
