/**
 * A Shopify that only holds stock: enough of the Admin API for connecting, listings, levels and writes, at almost no
 * cost, and a clock at the moment a request arrives. Its shops do not take their own sales off, so the hub writes to
 * the shop that sold, too: more work than a real shop would make.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from './children.ts'
import { skuOf, variantGid } from './order-body.ts'
import { domainOf, tokenOf } from './sink-shops.ts'

export type Ask =
  | { readonly kind: 'open'; readonly shops: number; readonly skus: number }
  | { readonly kind: 'written'; readonly shop: number }
  | { readonly kind: 'look' }
export interface Write {
  readonly sku: number
  readonly quantity: number
  /** When the request that carries it arrived, in ms of the machine's monotonic clock. */
  readonly atMs: number
  /** When the hub had last asked for this number before. */
  readonly readAtMs: number
}
export interface Answer {
  readonly port: number
  /** Writes since the last question, in the order of arrival. */
  readonly writes: readonly Write[]
  /** What each shop shows of each SKU. */
  readonly shown: readonly (readonly number[])[]
  /** Where each shop's webhooks are to go; empty while the hub has not subscribed. */
  readonly webhooks: readonly (readonly string[])[]
}

interface Shop {
  readonly shown: number[]
  readonly writes: Write[]
  readonly readAtMs: number[]
  readonly webhooks: { readonly id: string; readonly topic: string; readonly uri: string; readonly name: string }[]
}
interface Question {
  readonly query: string
  readonly variables?: Record<string, unknown>
}

const itemGid = (sku: number) => `gid://shopify/InventoryItem/${sku}`
const location = { id: 'gid://shopify/Location/1' }
const pageSize = 100
const lastPage = { hasNextPage: false, endCursor: null }
const scopes = [
  'write_orders',
  'read_products',
  'write_inventory',
  'read_locations',
  'write_merchant_managed_fulfillment_orders',
]
const skuIn = (gid: unknown) => Number(String(gid).split('/').at(-1))
const itemOf = (shop: Shop, sku: number) => ({
  id: itemGid(sku),
  tracked: true,
  inventoryLevel: { quantities: [{ quantity: shop.shown[sku] ?? 0 }] },
})

type Answerer = (shop: Shop, variables: Record<string, unknown>, atMs: number, n: number) => object
const answers: Record<string, Answerer> = {
  ShopInfo: (_shop, _variables, _at, n) => ({
    shop: {
      id: `gid://shopify/Shop/${n}`,
      name: `Bench ${n}`,
      myshopifyDomain: domainOf(n),
      currencyCode: 'EUR',
      ianaTimezone: 'UTC',
    },
    currentAppInstallation: { accessScopes: scopes.map((handle) => ({ handle })) },
  }),
  PrimaryLocation: () => ({ location }),
  Variants: (shop, { after }) => {
    const from = Number(after ?? 0)
    const until = Math.min(shop.shown.length, from + pageSize)
    const nodes = Array.from({ length: until - from }, (_, n) => ({
      id: variantGid(from + n),
      sku: skuOf(from + n),
      displayName: `Example article ${from + n}`,
      inventoryItem: itemOf(shop, from + n),
    }))
    return {
      productVariants: { nodes, pageInfo: { hasNextPage: until < shop.shown.length, endCursor: String(until) } },
    }
  },
  Levels: (shop, { ids }, atMs) => ({
    nodes: (ids as string[]).map((id) => {
      const sku = skuIn(id)
      shop.readAtMs[sku] = atMs
      return itemOf(shop, sku)
    }),
  }),
  SetQuantities: (shop, { input }, atMs) => ({
    inventorySetQuantities: { inventoryAdjustmentGroup: null, userErrors: setQuantities(shop, input, atMs) },
  }),
  Subscriptions: (shop) => ({
    webhookSubscriptions: {
      nodes: shop.webhooks.map((one) => ({ ...one, format: 'JSON', filter: null, includeFields: [] })),
      pageInfo: lastPage,
    },
  }),
  Subscribe: (shop, { topic, input }) => {
    const id = `gid://shopify/WebhookSubscription/${shop.webhooks.length + 1}`
    const { uri, name } = input as { uri: string; name: string }
    shop.webhooks.push({ id, topic: String(topic), uri, name })
    return { webhookSubscriptionCreate: { webhookSubscription: { id }, userErrors: [] } }
  },
  Unsubscribe: (shop, { id }) => {
    const at = shop.webhooks.findIndex((one) => one.id === id)
    if (at !== -1) shop.webhooks.splice(at, 1)
    return { webhookSubscriptionDelete: { deletedWebhookSubscriptionId: id, userErrors: [] } }
  },
  OrdersChanged: () => ({ orders: { nodes: [], pageInfo: lastPage } }),
  OrdersById: (_shop, { ids }) => ({ nodes: (ids as string[]).map(() => null) }),
}

interface Row {
  readonly inventoryItemId: string
  readonly quantity: number
  readonly changeFromQuantity: number
}

/** All rows, or none: as Shopify does. */
function setQuantities(shop: Shop, input: unknown, atMs: number): object[] {
  const { quantities } = input as { quantities: Row[] }
  const errors = quantities.flatMap((row, n) =>
    shop.shown[skuIn(row.inventoryItemId)] === row.changeFromQuantity
      ? []
      : [{ code: 'CHANGE_FROM_QUANTITY_STALE', field: ['input', 'quantities', String(n)], message: 'stale' }],
  )
  if (errors.length > 0) return errors
  for (const { inventoryItemId, quantity } of quantities) {
    const sku = skuIn(inventoryItemId)
    shop.shown[sku] = quantity
    shop.writes.push({ sku, quantity, atMs, readAtMs: shop.readAtMs[sku] ?? atMs })
  }
  return []
}

const shops: Shop[] = []

function answer(text: string, token: unknown, atMs: number): object {
  const n = shops.findIndex((_, index) => tokenOf(index) === token)
  const shop = shops[n]
  const { query, variables = {} }: Question = JSON.parse(text)
  const operation = /^\s*(?:query|mutation)\s+(\w+)/.exec(query)?.[1] ?? ''
  const answerer = answers[operation]
  if (!shop || !answerer) return { errors: [{ message: `the sink does not know ${operation || 'this'}` }] }
  return { data: answerer(shop, variables, atMs, n) }
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const atMs = Number(process.hrtime.bigint()) / 1e6
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.stringify(
      answer(Buffer.concat(chunks).toString(), request.headers['x-shopify-access-token'], atMs),
    )
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
}

const server = createServer({ keepAliveTimeout: 60_000 }, serve)

answerParent<Ask, Answer>(async (ask) => {
  if (ask.kind === 'open') {
    for (let n = 0; n < ask.shops; n++) {
      shops.push({ shown: Array.from({ length: ask.skus }, () => 0), writes: [], readAtMs: [], webhooks: [] })
    }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  return {
    port: (server.address() as AddressInfo).port,
    writes: ask.kind === 'written' ? (shops[ask.shop]?.writes.splice(0) ?? []) : [],
    shown: ask.kind === 'look' ? shops.map((shop) => shop.shown) : [],
    webhooks: ask.kind === 'look' ? shops.map((shop) => shop.webhooks.map((one) => one.uri)) : [],
  }
})
