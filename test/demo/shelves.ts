import type { Rng } from '#kit/pretend'
import type { Shelf } from './world-protocol.ts'

const skuCount = 40
const hotCount = 6

const goods = ['Kettle', 'Lamp', 'Blanket', 'Teapot', 'Vase', 'Notebook', 'Basket', 'Candle', 'Apron', 'Clock'] as const
const colours = ['moss', 'chalk', 'rust', 'slate'] as const

const sameCount = 12

/**
 * What a newcomer sells: some of what everybody sells, one SKU that only looks like one of them, and one that nobody
 * else has. The last two are for a person to link.
 */
export function newcomerShelves(shelves: readonly Shelf[], from: number): Shelf[] {
  const same = shelves.slice(from, from + sameCount)
  const alike = shelves.slice(from + sameCount, from + sameCount + 1)
  const own = { sku: 'GIFT-BOX', title: 'Gift box with ribbon', onHand: 0, hot: false }
  return [...same, ...alike.map((shelf) => ({ ...shelf, sku: shelf.sku.toLowerCase() })), own]
}

/**
 * What the warehouse truly has. The hot SKUs run out when about two thirds of the orders are placed, so that the rest of the
 * run is a fight for units that come free; a few are tight; of the rest there is plenty.
 */
export function stockShelves(orders: number, rng: Rng): Shelf[] {
  const hot = Math.max(3, Math.round(orders * 0.04))
  const tight = Math.max(3, Math.round(orders * 0.03))
  const plenty = Math.round(orders * 0.4) + 20
  return Array.from({ length: skuCount }, (_, index) => {
    const isHot = index < hotCount
    const base = isHot ? hot : index < 2 * hotCount ? tight : plenty
    return {
      sku: `SKU-${String(index + 1).padStart(3, '0')}`,
      title: `${goods[index % goods.length]}, ${colours[Math.floor(index / goods.length) % colours.length]}`,
      onHand: base + Math.floor(rng() * (1 + base / 4)),
      hot: isHot,
    }
  })
}
