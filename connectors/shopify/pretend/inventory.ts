import { type Level, now, type Product, type Shop } from './state.ts'

export interface StockChange {
  readonly product: Product
  /** How `available` moves. */
  readonly available?: number
  readonly committed?: number
}

export function levelOf(shop: Shop, product: Product): Level {
  const level = shop.levels.get(product.itemId)
  if (!level) throw new Error(`pretend: no level for ${product.sku}`)
  return level
}

/** Moves numbers and returns the products whose level changed, for `inventory_levels/update`. */
export function moveStock(shop: Shop, changes: readonly StockChange[]): Product[] {
  const touched = new Set<Product>()
  for (const { product, available = 0, committed = 0 } of changes) {
    const level = levelOf(shop, product)
    level.available += available
    level.committed += committed
    level.updatedAt = now()
    // Shipping moves only committed and on_hand: subscribers of the level's `available` are told of nothing new.
    if (available !== 0) touched.add(product)
  }
  return [...touched]
}

/** Units of an item in orders that the API's client has not been shown yet: sales it cannot know of. */
export function unseenUnits(shop: Shop, product: Product): number {
  let units = 0
  for (const order of shop.untold) {
    if (order.cancelledAt !== null) continue
    for (const line of order.lines) if (line.product === product) units += line.quantity - line.removed
  }
  return units
}
