import type { UnifiedOrder } from '../../src/connector-kit/index.ts'

/** Units of the two items. */
export interface Numbers {
  readonly A: number
  readonly B: number
}

/** One purchase: what is true of it at its shop, and what the hub has been told and has committed. */
export interface Sale {
  readonly shop: string
  readonly listing: string
  readonly quantity: number
  /** As the shop would tell it now. */
  order: UnifiedOrder
  isSold: boolean
  /** A blind write put its units back before anybody could see them missing. */
  isMasked: boolean
  hub: 'unknown' | 'sold' | 'cancelled'
}

/** The kit takes two of A and one of B, from the same shelf as both. */
export const listings = ['A', 'B', 'KIT'] as const
export const partsOf: Readonly<Record<string, Numbers>> = { A: { A: 1, B: 0 }, B: { A: 0, B: 1 }, KIT: { A: 2, B: 1 } }

export function unitsOf(listing: string, quantity: number): Numbers {
  const { A = 0, B = 0 } = partsOf[listing] ?? {}
  return { A: A * quantity, B: B * quantity }
}

/** How often a listing can be sold from what is free. */
export function roomFor(listing: string, free: Numbers): number {
  const { A = 0, B = 0 } = partsOf[listing] ?? {}
  const rooms = [...(A > 0 ? [Math.floor(free.A / A)] : []), ...(B > 0 ? [Math.floor(free.B / B)] : [])]
  return Math.max(0, Math.min(...rooms))
}

/** Units that buyers wait for. */
export function wantedOf(sales: readonly Sale[]): Numbers {
  const wanted = { A: 0, B: 0 }
  for (const sale of sales) {
    if (!sale.isSold) continue
    const units = unitsOf(sale.listing, sale.quantity)
    wanted.A += units.A
    wanted.B += units.B
  }
  return wanted
}
