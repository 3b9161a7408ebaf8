import { minorText } from './amount.ts'
import type { Product, Store } from './model.ts'
import { dates } from './order-json.ts'
import { stockHolder } from './stock.ts'

function stockFields(store: Store, product: Product) {
  const holder = stockHolder(store, product)
  const quantity = holder ? holder.stock : null
  return {
    manage_stock: product.kind === 'variation' && holder && holder !== product ? 'parent' : product.managesStock,
    stock_quantity: quantity,
    stock_status: quantity === null || quantity > 0 ? 'instock' : 'outofstock',
    backorders: 'no',
    backorders_allowed: false,
    backordered: false,
    low_stock_amount: null,
  }
}

function priceFields(product: Product) {
  const price = minorText(product.priceMinor)
  return {
    price,
    regular_price: product.kind === 'variable' ? '' : price,
    sale_price: '',
    date_on_sale_from: null,
    date_on_sale_from_gmt: null,
    date_on_sale_to: null,
    date_on_sale_to_gmt: null,
    on_sale: false,
    purchasable: product.status === 'publish',
  }
}

const download = { downloadable: false, downloads: [], download_limit: -1, download_expiry: -1 }
const parcel = {
  weight: '',
  dimensions: { length: '', width: '', height: '' },
  shipping_class: '',
  shipping_class_id: 0,
}

function attributes(product: Product, options: readonly string[]) {
  if (product.kind === 'variation') return [{ id: 1, name: 'Größe', slug: 'pa_groesse', option: product.option }]
  if (product.kind === 'simple') return []
  return [{ id: 1, name: 'Größe', slug: 'pa_groesse', position: 0, visible: true, variation: true, options }]
}

function common(store: Store, product: Product) {
  const slug = `produkt-${product.id}`
  return {
    id: product.id,
    name: product.name,
    ...dates(store, 'date_created', product.created),
    ...dates(store, 'date_modified', product.modified),
    type: product.kind,
    status: product.status,
    description: '',
    permalink: `${store.url}/produkt/${slug}/`,
    sku: product.sku,
    global_unique_id: '',
    ...priceFields(product),
    virtual: false,
    ...download,
    tax_status: 'taxable',
    tax_class: product.rate === 7n ? 'reduced-rate' : '',
    ...stockFields(store, product),
    ...parcel,
    parent_id: product.parentId,
    menu_order: 0,
    meta_data: [],
  }
}

/** A row of `products`; also what `products/{variation id}` and product webhooks show for a variation. */
export function productJson(store: Store, product: Product): Record<string, unknown> {
  const children = [...store.products.values()].filter((one) => one.parentId === product.id && one.status !== 'trash')
  const self = `${store.url}/wp-json/wc/v3/products`
  return {
    ...common(store, product),
    slug: `produkt-${product.id}`,
    featured: false,
    catalog_visibility: 'visible',
    short_description: '',
    total_sales: 0,
    external_url: '',
    button_text: '',
    sold_individually: false,
    shipping_required: true,
    shipping_taxable: true,
    reviews_allowed: true,
    average_rating: '0.00',
    rating_count: 0,
    upsell_ids: [],
    cross_sell_ids: [],
    purchase_note: '',
    categories: product.kind === 'variation' ? [] : [{ id: 15, name: 'Allgemein', slug: 'allgemein' }],
    brands: [],
    tags: [],
    images: [],
    attributes: attributes(
      product,
      children.map((child) => child.option),
    ),
    default_attributes: [],
    variations: children.map((child) => child.id),
    grouped_products: [],
    price_html: '',
    related_ids: [],
    has_options: product.kind === 'variable',
    post_password: '',
    _links: { self: [{ href: `${self}/${product.id}` }], collection: [{ href: self }] },
  }
}

/** A row of `products/{parent}/variations` and of `variations`. */
export function variationJson(store: Store, product: Product): Record<string, unknown> {
  const up = `${store.url}/wp-json/wc/v3/products/${product.parentId}`
  const self = `${up}/variations`
  return {
    ...common(store, product),
    image: null,
    attributes: attributes(product, []),
    _links: {
      self: [{ href: `${self}/${product.id}` }],
      collection: [{ href: self }],
      up: [{ href: up }],
    },
  }
}
