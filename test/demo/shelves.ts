import type { Rng } from '#kit/pretend'
import type { Shelf } from './world-protocol.ts'

const skuCount = 40
const hotCount = 6

const goods = ['Kettle', 'Lamp', 'Blanket', 'Teapot', 'Vase', 'Notebook', 'Basket', 'Candle', 'Apron', 'Clock'] as const
const colours = ['moss', 'chalk', 'rust', 'slate'] as const

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
