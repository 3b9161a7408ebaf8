import { minorFrom } from './amount.ts'
import { addToCatalog } from './catalog.ts'
import type { Product } from './model.ts'
import { invalidParameters, type Reply, type RestCall, truthy } from './rest.ts'
import { stockWasRead, touchProduct, writeStock } from './stock.ts'

type Json = (product: Product) => Record<string, unknown>

/**
 * The number asked for; undefined when the call says none. `null` means 0, `"41"` is taken, a fraction is 400, negative
 * numbers pass (observed on WooCommerce 11.0.1, 2026-11-23).
 * @throws RestError
 */
function quantityAsked(call: RestCall): number | undefined {
  const value: unknown = call.body.stock_quantity
  if (value === undefined) return undefined
  if (value === null) return 0
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number)) return number
  throw invalidParameters({ stock_quantity: 'stock_quantity is not of type integer,null.' })
}

/** An update of a product or variation. Stock of one that keeps none is ignored, with a 200 all the same. */
export function updateProduct(call: RestCall, product: Product, json: Json): Reply {
  const quantity = quantityAsked(call)
  const manages: unknown = call.body.manage_stock
  const managesStock = manages === undefined ? product.managesStock : manages !== 'parent' && truthy(manages)
  const writesStock = quantity !== undefined && managesStock
  if (writesStock && call.writeIsDropped()) {
    return { status: 200, data: json({ ...product, managesStock, stock: quantity, modified: call.store.now() }) }
  }
  product.managesStock = managesStock
  if (!managesStock) product.stock = 0
  product.priceMinor = minorFrom(call.body.regular_price) ?? product.priceMinor
  if (typeof call.body.name === 'string') product.name = call.body.name
  if (typeof call.body.sku === 'string') product.sku = call.body.sku
  if (call.body.status === 'draft' || call.body.status === 'publish') product.status = call.body.status
  if (writesStock) writeStock(call.store, product, quantity)
  touchProduct(call.store, product)
  call.onSeen(() => stockWasRead(call.store, product))
  return { status: 200, data: json(product) }
}

export function createProduct(
  call: RestCall,
  as: { readonly kind: Product['kind']; readonly parentId: number; readonly json: Json },
): Reply {
  const quantity = quantityAsked(call)
  const text = (name: string) => (typeof call.body[name] === 'string' ? call.body[name] : '')
  const product = addToCatalog(call.store, {
    kind: as.kind,
    parentId: as.parentId,
    sku: text('sku'),
    name: text('name') || 'Product',
    priceMinor: minorFrom(call.body.regular_price) ?? 0n,
    rate: 19n,
    stock: truthy(call.body.manage_stock) ? (quantity ?? 0) : null,
  })
  return { status: 201, data: as.json(product) }
}
