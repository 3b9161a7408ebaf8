import type { Write } from './sink.ts'

export interface FanOut {
  /** Orders as they were to be sent. */
  readonly orders: readonly {
    readonly dueMs: number
    readonly lines: readonly { readonly sku: number; readonly quantity: number }[]
  }[]
  /** What the shop showed of each SKU before the first of them. */
  readonly before: readonly number[]
  /** What was written to the shop since, in the order of arrival. */
  readonly writes: readonly Write[]
}

/** The write that told the shop of an order's last line. `n`: which of the orders. */
export interface Told {
  readonly n: number
  readonly dueMs: number
  readonly write: Pick<Write, 'atMs' | 'readAtMs'>
}

/** For each order, how long until the shop was told of all its lines. @throws Error when a sale never reached the shop */
export const arrivalsOf = (seen: FanOut): number[] => toldOf(seen).map(({ write, dueMs }) => write.atMs - dueMs)

/**
 * For each order, what told the shop of the last of its lines. A write names a number, not an order: it carries
 * the first k sales of the SKU, where k sales leave that number. Two orders that overtook each other by a millisecond
 * may be taken for one another; none is left out.
 * @throws Error when a sale never reached the shop
 */
export function toldOf({ orders, before, writes }: FanOut): Told[] {
  const told = new Map<number, Write[]>()
  for (const write of writes) told.set(write.sku, [...(told.get(write.sku) ?? []), write])
  const left = [...before]
  const at = new Map<number, number>()
  const inOrder = orders.map((order, n) => ({ ...order, n })).sort((a, b) => a.dueMs - b.dueMs)
  return inOrder.map(({ lines, dueMs, n }) => {
    let last: Told['write'] = { atMs: dueMs, readAtMs: dueMs }
    for (const { sku, quantity } of lines) {
      const now = (left[sku] ?? 0) - quantity
      left[sku] = now
      const numbers = told.get(sku) ?? []
      let from = at.get(sku) ?? 0
      while (from < numbers.length && (numbers[from]?.quantity ?? 0) > now) from++
      at.set(sku, from)
      const write = numbers[from]
      if (!write) throw new Error(`order ${n}: the other shop was never told of SKU ${sku} at ${now}`)
      if (write.atMs > last.atMs) last = write
    }
    return { n, dueMs, write: last }
  })
}
