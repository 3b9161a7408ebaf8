import { nextId, type Product, type Rate, type Store } from './model.ts'

export interface NewProduct {
  readonly kind: Product['kind']
  readonly parentId?: number
  readonly sku: string
  readonly name: string
  readonly priceMinor: bigint
  readonly rate: Rate
  readonly option?: string
  /** Null: the shop keeps no stock for it. */
  readonly stock: number | null
}

export function addToCatalog(store: Store, fresh: NewProduct): Product {
  const at = store.now()
  const product: Product = {
    id: nextId(store, 'post'),
    parentId: fresh.parentId ?? 0,
    kind: fresh.kind,
    sku: fresh.sku,
    name: fresh.name,
    priceMinor: fresh.priceMinor,
    rate: fresh.rate,
    option: fresh.option ?? '',
    status: 'publish',
    managesStock: fresh.stock !== null,
    stock: fresh.stock ?? 0,
    created: at,
    modified: at,
    sales: [],
    readSequence: 0,
    readAt: null,
  }
  store.products.set(product.id, product)
  store.announce('product.created', product.id)
  return product
}

/** Deleting for good sends nothing, whether the product was in the bin or not (observed on WooCommerce 11.0.1, 2026-11-23). */
export function removeFromCatalog(store: Store, product: Product): void {
  for (const child of [...store.products.values()]) if (child.parentId === product.id) store.products.delete(child.id)
  store.products.delete(product.id)
}

export function productBySku(store: Store, sku: string): Product | undefined {
  return [...store.products.values()].find((product) => product.sku === sku && product.status !== 'trash')
}
