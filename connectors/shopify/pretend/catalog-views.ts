import { connection, listed, type PageArgs, type Place } from './connection.ts'
import { levelOf } from './inventory.ts'
import { decimal } from './money.ts'
import { gid, idOf, type Product, type Shop } from './state.ts'
import { apiTime } from './wire.ts'

const quantityNames: Readonly<Record<string, 'available' | 'on_hand' | 'committed' | 'none'>> = {
  available: 'available',
  on_hand: 'on_hand',
  committed: 'committed',
  incoming: 'none',
  reserved: 'none',
  damaged: 'none',
  safety_stock: 'none',
  quality_control: 'none',
}

export function placeById(entry: { readonly id: string }): Place {
  return { value: entry.id.padStart(20, '0'), id: entry.id }
}

function quantityOf(shop: Shop, product: Product, name: 'available' | 'on_hand' | 'committed' | 'none'): number {
  const level = levelOf(shop, product)
  if (name === 'available') return level.available
  if (name === 'committed') return level.committed
  return name === 'on_hand' ? level.available + level.committed : 0
}

export function locationView(shop: Shop) {
  const { location } = shop
  const euro = shop.currency === 'EUR'
  return {
    __typename: 'Location',
    id: gid('Location', location.id),
    legacyResourceId: location.id,
    name: location.name,
    isActive: true,
    isFulfillmentService: false,
    fulfillsOnlineOrders: true,
    shipsInventory: true,
    hasActiveInventory: shop.products.size > 0,
    fulfillmentService: null,
    createdAt: apiTime(location.createdAt),
    updatedAt: apiTime(location.createdAt),
    deactivatedAt: null,
    address: () => ({
      address1: 'Example Street 1',
      address2: null,
      city: euro ? 'Musterstadt' : 'Exampleton',
      country: euro ? 'Germany' : 'United States',
      countryCode: euro ? 'DE' : 'US',
      province: null,
      provinceCode: null,
      zip: '00000',
      phone: null,
    }),
  }
}

export function levelView(shop: Shop, product: Product) {
  const level = levelOf(shop, product)
  const id = `${gid('InventoryLevel', product.levelId)}?inventory_item_id=${product.itemId}`
  return {
    __typename: 'InventoryLevel',
    id,
    isActive: true,
    createdAt: apiTime(product.createdAt),
    updatedAt: apiTime(level.updatedAt),
    item: () => itemView(shop, product),
    location: () => locationView(shop),
    quantities: ({ names }: { names: readonly string[] }) =>
      names.flatMap((name) => {
        const kind = quantityNames[name]
        if (kind === undefined) return []
        const quantity = quantityOf(shop, product, kind)
        return [{ id: `${id}&name=${name}`, name, quantity, updatedAt: apiTime(level.updatedAt) }]
      }),
  }
}

export function itemView(shop: Shop, product: Product) {
  return {
    __typename: 'InventoryItem',
    id: gid('InventoryItem', product.itemId),
    legacyResourceId: product.itemId,
    sku: product.sku,
    tracked: true,
    requiresShipping: true,
    duplicateSkuCount: 0,
    createdAt: apiTime(product.createdAt),
    updatedAt: apiTime(product.createdAt),
    inventoryLevel: ({ locationId }: { locationId: string }) =>
      idOf('Location', locationId) === shop.location.id ? levelView(shop, product) : null,
    inventoryLevels: (args: PageArgs) => listed([product], args, (one) => levelView(shop, one)),
    variants: (args: PageArgs) => listed([product], args, (one) => variantView(shop, one)),
  }
}

export function variantView(shop: Shop, product: Product) {
  const { available } = levelOf(shop, product)
  return {
    __typename: 'ProductVariant',
    id: gid('ProductVariant', product.variantId),
    legacyResourceId: product.variantId,
    sku: product.sku,
    barcode: null,
    title: 'Default Title',
    displayName: `${product.title} - Default Title`,
    price: decimal(product.priceMinor, shop.currency),
    compareAtPrice: null,
    position: 1,
    taxable: true,
    availableForSale: available > 0,
    inventoryPolicy: 'DENY',
    inventoryQuantity: available,
    sellableOnlineQuantity: Math.max(0, available),
    createdAt: apiTime(product.createdAt),
    updatedAt: apiTime(levelOf(shop, product).updatedAt),
    product: () => productView(shop, product),
    inventoryItem: () => itemView(shop, product),
  }
}

export function productView(shop: Shop, product: Product) {
  return {
    __typename: 'Product',
    id: gid('Product', product.id),
    legacyResourceId: product.id,
    title: product.title,
    handle: product.sku.toLowerCase(),
    status: 'ACTIVE',
    vendor: 'Example Goods',
    productType: '',
    tags: [],
    isGiftCard: false,
    hasOnlyDefaultVariant: true,
    totalInventory: levelOf(shop, product).available,
    tracksInventory: true,
    createdAt: apiTime(product.createdAt),
    updatedAt: apiTime(levelOf(shop, product).updatedAt),
    variants: (args: PageArgs) => connection([product], args, placeById, (one) => variantView(shop, one)),
  }
}
