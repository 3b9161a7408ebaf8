import { epochMs } from './real-database.ts'
import { type Shop, type ShopOrder, type StockWrite, wanted } from './shop.ts'
import type { World } from './world.ts'

/** News from elsewhere may be so old and still unknown to whoever decided this write. */
const newsMsMax = 90_000

/** Units of each SKU that an order takes, as far as they have not left for it. */
function owed(world: World, order: ShopOrder, sku: string): number {
  const units = order.lines.flatMap((line) =>
    (world.plan.listings.find(({ ref }) => ref === line.listing)?.takes ?? []).flatMap((part) =>
      part.sku === sku ? [part.per * (order.cancelled ? 0 : wanted(line))] : [],
    ),
  )
  return units.reduce((sum, n) => sum + n, 0)
}

/**
 * Where a shop compares before it sets, a sale of its own that the hub has not seen can never be put back on sale: a
 * write may raise the number to what is truly free, and beyond that only by what was sold elsewhere a moment ago.
 */
export function watchWrite(world: World, shop: Shop, { listing, from, to }: StockWrite): void {
  const { plan, shops, warehouse, loom } = world
  if (!shop.compareAndSet || to <= from || !plan.exact) return
  const takes = plan.listings.find(({ ref }) => ref === listing)?.takes ?? []
  const bounds = takes.map(({ sku, per }) => {
    let free = warehouse.onHand.get(sku) ?? 0
    let news = 0
    for (const other of shops)
      for (const order of other.orders.values()) {
        const left = warehouse.leftFor(`${other.name}-${order.id}`, sku)
        free -= Math.max(0, owed(world, order, sku) - left)
        const changedMs = order.changedAt - epochMs - other.clockAheadMs
        const isOwn = other === shop && order.lines.every((line) => line.listing === listing)
        const ageMs = loom.now() - changedMs
        if (!isOwn && ageMs < newsMsMax) news += owed(world, order, sku)
      }
    return Math.floor((Math.max(0, free) + news) / per)
  })
  const bound = Math.min(...bounds)
  if (to > bound) world.broken.push(`${shop.name} was raised from ${from} to ${to} of ${listing}, ${bound} can be sold`)
}
