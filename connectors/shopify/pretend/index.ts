import { calm, type PretendAnswer, type PretendCall, type PretendOptions, type PretendShop, serve } from '#kit/pretend'
import { type Announce, announceTo } from './announce.ts'
import { adminPage } from './consent-page.ts'
import { type Api, answerGraphql } from './graphql.ts'
import { moveStock } from './inventory.ts'
import { authorize, endAccess, exchange, type Keys, mintToken, openKeys, type PretendApp } from './oauth.ts'
import { openShop } from './open-shop.ts'
import { cancelOrder, editOrder, refundAmount, refundSku } from './order-changes.ts'
import { placeOrder } from './orders.ts'
import { adminSchema, apiVersion } from './schema.ts'
import { gid, now, type Order, type Product, type Shop, strikes } from './state.ts'
import { openBucket } from './throttle.ts'
import { truthOf } from './truth.ts'
import { openOutbox } from './webhooks.ts'

export interface PretendShopifyOptions extends PretendOptions {
  /** EUR (tax included) or USD (tax on top). Unset: USD where the name says so ("us", "usd"), else EUR. */
  readonly currency?: 'EUR' | 'USD'
  /** Points of the API's bucket. A standard plan unless said; Plus restores 1000 a second. */
  readonly bucket?: { readonly maximum: number; readonly restorePerSecond: number }
  /** Points that one query may ask for; Shopify's limit unless said. */
  readonly queryCostMax?: number
  /** Hands out a token that ends after an hour of world time, with its refresh token. */
  readonly expiringToken?: boolean
  /** Or after so many seconds of real time. */
  readonly tokenSeconds?: number
  /** The app that may ask for consent here, as it is registered. One of the shop's own making unless said. */
  readonly app?: PretendApp
  /** Scopes that its merchant grants; all that the hub needs unless said. */
  readonly granted?: readonly string[]
}
export interface PretendShopify extends PretendShop {
  /** The merchant removes the app: its tokens die at once, then it is told. */
  uninstall(): void
  /** Every access token ends now; refresh tokens live on. */
  expireTokens(): void
}

function newProduct(shop: Shop, product: { sku: string; title: string; priceMinor: bigint }): Product {
  const ids = { id: shop.newId(), variantId: shop.newId(), itemId: shop.newId(), levelId: shop.newId() }
  return { ...ids, ...product, createdAt: now() }
}

function stockShelf(shop: Shop, announce: Announce): PretendShop['addProduct'] {
  return ({ sku, title, priceMinor, stock }) => {
    const product = newProduct(shop, { sku, title, priceMinor })
    // Shopify lets two variants have one SKU. Shoppers know the first of them.
    shop.products.set(shop.products.has(sku) ? `${sku} ${product.id}` : sku, product)
    shop.items.set(product.itemId, product)
    shop.levels.set(product.itemId, { available: 0, committed: 0, updatedAt: now() })
    announce.levels(moveStock(shop, [{ product, available: stock }]))
  }
}

function credentialsOf(shop: Shop, keys: Keys, expiring: boolean): Record<string, unknown> {
  const token = mintToken(keys, expiring, null)
  const app = {
    shop: shop.domain,
    clientId: keys.clientId ?? 'pretend-app',
    accessToken: token.access_token,
    apiSecret: keys.apiSecret,
    apiSecrets: [keys.apiSecret],
  }
  if (!token.refresh_token || token.expires_in === undefined) return app
  const expiresAt = new Date(Date.now() + token.expires_in * 1000).toISOString()
  return { ...app, refreshToken: token.refresh_token, expiresAt }
}

function routes(api: Api): (call: PretendCall) => Promise<PretendAnswer | 'hang' | 'reset'> {
  return async (call) => {
    const path = `${call.method} ${call.url.pathname}`
    if (path === `POST /admin/api/${apiVersion}/graphql.json`) return answerGraphql(api, call)
    if (path === 'GET /admin/oauth/authorize') return authorize(api.keys, call)
    if (path === 'GET /admin/apps') return adminPage(api.shop, 'Apps', '<p>Nothing was installed.</p>')
    if (path !== 'POST /admin/oauth/access_token') return { status: 404, body: '{"errors":"Not Found"}' }
    const answer = exchange(api.keys, call)
    // The new pair exists, and its answer is lost: the app must ask again with the token that it has.
    return strikes(api.shop, api.shop.faults.failAfterEffect) ? 'reset' : answer
  }
}

/** What shoppers and the shop's own staff do. */
function commands(shop: Shop, announce: Announce) {
  const change = (orderId: string, act: (order: Order) => boolean) => {
    const order = shop.orders.get(orderId)
    return order ? act(order) : false
  }
  return {
    addProduct: stockShelf(shop, announce),
    buy: (lines) => {
      const order = placeOrder(shop, announce, lines)
      return order ? { id: order.id } : null
    },
    cancel: (orderId) => change(orderId, (order) => cancelOrder(shop, announce, order, true)),
    edit: (orderId, sku, quantity) => change(orderId, (order) => editOrder(shop, announce, order, { sku, quantity })),
    refund: (orderId, line) =>
      change(orderId, (order) => (line ? refundSku(shop, announce, order, line) : refundAmount(shop, announce, order))),
    shows: (sku) => {
      const product = shop.products.get(sku)
      return product ? (shop.levels.get(product.itemId)?.available ?? 0) : 0
    },
    orders: () => [...shop.orders.values()].map(truthOf),
  } satisfies Partial<PretendShop>
}

/** A Shopify shop of its own: Shopify's wire rules, and the truth of what happened in it. */
export async function startPretend(options: PretendShopifyOptions): Promise<PretendShopify> {
  adminSchema()
  const shop = openShop(options, { ...calm, ...options.faults })
  const keys = openKeys(shop, options)
  const outbox = openOutbox(shop, keys.apiSecret, options.timeScale)
  const announce = announceTo(shop, outbox)
  const bucket = openBucket(options.bucket ?? { maximum: 2000, restorePerSecond: 100 })
  const queryCostMax = options.queryCostMax ?? 1000
  const api: Api = { shop, announce, keys, bucket, idempotency: new Map(), queryCostMax }
  const server = await serve(options.port ?? 0, routes(api))
  return {
    name: options.name,
    kind: 'shopify',
    compareAndSet: true,
    connect: {
      connector: 'shopify',
      label: options.name,
      credentials: credentialsOf(shop, keys, options.expiringToken ?? false),
      settings: { shop: shop.domain, baseUrl: server.url, locationId: gid('Location', shop.location.id) },
    },
    hosts: [server.host],
    ...commands(shop, announce),
    setFaults: (faults) => {
      shop.faults = { ...shop.faults, ...faults }
    },
    uninstall: () => endAccess(keys, announce),
    expireTokens: () => keys.access.clear(),
    quiet: outbox.quiet,
    close: async () => {
      outbox.close()
      await server.close()
    },
  }
}
