import { batched } from './batch.ts'
import { removeFromCatalog } from './catalog.ts'
import { pageOf } from './listing.ts'
import type { Product, Store } from './model.ts'
import { productJson, variationJson } from './product-json.ts'
import { createProduct, updateProduct } from './product-write.ts'
import { parameter, type Reader, type Reply, type RestCall, RestError, readerOf, truthy } from './rest.ts'
import { stockWasRead } from './stock.ts'

const productStatuses = ['any', 'draft', 'publish', 'trash']

function findProduct(store: Store, id: number | undefined): Product {
  const product = id === undefined ? undefined : store.products.get(id)
  if (!product) throw new RestError(404, 'woocommerce_rest_product_invalid_id', 'Invalid ID.')
  return product
}

function findVariation(call: RestCall): Product {
  const product = call.store.products.get(call.ids[1] ?? 0)
  if (product?.kind === 'variation' && product.parentId === call.ids[0]) return product
  throw new RestError(404, 'woocommerce_rest_product_variation_invalid_id', 'Invalid ID.')
}

/** `sku` names exact ones, `search_sku` a part; both also find variations, which plain listings of products never show. */
function bySku(items: readonly Product[], read: Reader): readonly Product[] | null {
  const exact = read.list('sku')
  const part = read.text('search_sku')?.toLowerCase()
  if (!exact && part === undefined) return null
  return items.filter(
    (item) => (!exact || exact.includes(item.sku)) && (part === undefined || item.sku.toLowerCase().includes(part)),
  )
}

function list(
  call: RestCall,
  items: readonly Product[],
  json: (store: Store, product: Product) => Reply['data'] & object,
) {
  const read = readerOf(call)
  const status = read.choice('status', productStatuses, 'any')
  const inStatus = items.filter((p) => (status === 'any' ? p.status !== 'trash' : p.status === status))
  return pageOf(call, read, {
    items: bySku(inStatus, read) ?? inStatus.filter((p) => json === variationJson || p.kind !== 'variation'),
    json: (product) => ({ ...json(call.store, product) }),
    seen: (product) => stockWasRead(call.store, product),
  })
}

export function listProducts(call: RestCall): Reply {
  return list(call, [...call.store.products.values()], productJson)
}

/** Every variation of the shop in one collection. */
export function listAllVariations(call: RestCall): Reply {
  const all = [...call.store.products.values()].filter((product) => product.kind === 'variation')
  return list(call, all, variationJson)
}

export function listVariations(call: RestCall): Reply {
  const parent = findProduct(call.store, call.ids[0])
  return list(
    call,
    [...call.store.products.values()].filter((p) => p.parentId === parent.id),
    variationJson,
  )
}

function shown(call: RestCall, product: Product, json: typeof productJson): Reply {
  call.onSeen(() => stockWasRead(call.store, product))
  return { status: 200, data: json(call.store, product) }
}

/** Also answers for a variation's id; writing there is what `ownProduct` refuses. */
export function getProduct(call: RestCall): Reply {
  return shown(call, findProduct(call.store, call.ids[0]), productJson)
}

export function getVariation(call: RestCall): Reply {
  return shown(call, findVariation(call), variationJson)
}

function ownProduct(call: RestCall): Product {
  const product = findProduct(call.store, call.ids[0])
  if (product.kind !== 'variation') return product
  const message = 'To manipulate product variations you should use the /products/<product_id>/variations/<id> endpoint.'
  throw new RestError(404, 'woocommerce_rest_invalid_product_id', message)
}

export function putProduct(call: RestCall): Reply {
  return updateProduct(call, ownProduct(call), (product) => productJson(call.store, product))
}

export function putVariation(call: RestCall): Reply {
  return updateProduct(call, findVariation(call), (product) => variationJson(call.store, product))
}

export function postProduct(call: RestCall): Reply {
  const kind = call.body.type === 'variable' ? 'variable' : 'simple'
  return createProduct(call, { kind, parentId: 0, json: (product) => productJson(call.store, product) })
}

export function postVariation(call: RestCall): Reply {
  const parentId = findProduct(call.store, call.ids[0]).id
  return createProduct(call, { kind: 'variation', parentId, json: (product) => variationJson(call.store, product) })
}

export function deleteProduct(call: RestCall): Reply {
  const product = ownProduct(call)
  const gone = productJson(call.store, product)
  if (truthy(parameter(call, 'force'))) removeFromCatalog(call.store, product)
  else if (product.status === 'trash') {
    throw new RestError(410, 'woocommerce_rest_already_trashed', 'The product has already been deleted.')
  } else {
    product.status = 'trash'
    product.modified = call.store.now()
    call.store.announce('product.deleted', product.id)
  }
  return { status: 200, data: gone }
}

export function deleteVariation(call: RestCall): Reply {
  const product = findVariation(call)
  const gone = variationJson(call.store, product)
  if (!truthy(parameter(call, 'force'))) {
    throw new RestError(501, 'woocommerce_rest_trash_not_supported', 'The variation does not support trashing.')
  }
  removeFromCatalog(call.store, product)
  return { status: 200, data: gone }
}

export function batchProducts(call: RestCall): Promise<Reply> {
  return batched(call, { create: postProduct, update: putProduct, remove: deleteProduct })
}

export function batchVariations(call: RestCall): Promise<Reply> {
  findProduct(call.store, call.ids[0])
  return batched(call, { create: postVariation, update: putVariation, remove: deleteVariation })
}
