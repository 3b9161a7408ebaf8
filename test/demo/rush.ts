import type { PretendShop } from '#kit/pretend'
import type { Shelf } from './world-protocol.ts'

const skusOfRush = 6
const unitsThere = 4
/** Enough that whoever puts back what was sold here would still promise nothing that is not there: only the write is judged. */
const unitsShown = 3 * unitsThere

/**
 * Some SKUs are bought in quantity at one shop, and at the same moment one of each at every other. Each shop's rush is
 * for SKUs of its own: for those of the rush before, a write may still be on its way, and a shop without
 * compare-and-set rightly loses what is sold under it. Returns how many SKUs that were.
 */
export function rush(shops: readonly PretendShop[], shelves: readonly Shelf[], name: string): number {
  const place = shops.findIndex((shop) => shop.name === name)
  const ofShop = shelves.filter((_, n) => n % shops.length === place)
  const everywhere = ofShop.filter(({ sku }) => shops.every((shop) => shop.shows(sku) >= unitsShown))
  const chosen = everywhere.slice(0, skusOfRush)
  for (const { sku } of chosen)
    for (const shop of shops) shop.buy([{ sku, quantity: shop.name === name ? unitsThere : 1 }])
  return chosen.length
}
