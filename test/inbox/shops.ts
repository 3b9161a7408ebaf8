import { createHmac } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'

const shopDomain = 'example.myshopify.com'
const clientSecret = 'client-secret-for-tests'
export const shopifyGiven = {
  connector: 'shopify',
  account: 'gid://shopify/Shop/1',
  credentials: { shop: shopDomain, accessToken: 'access-token-for-tests', apiSecrets: [clientSecret] },
  // Nobody listens there: what must be fetched waits.
  settings: { shop: shopDomain, locationId: 'gid://shopify/Location/1', baseUrl: 'http://127.0.0.1:9' },
}
export const hmac = (body: string | Uint8Array, secret: string) =>
  createHmac('sha256', secret).update(body).digest('base64')

let events = 0
/** Headers as Shopify sends them, rightly signed unless told otherwise. Undefined leaves one out. */
export function shopifyHeaders(
  body: string | Uint8Array,
  more: OutgoingHttpHeaders = {},
  { domain, secret } = { domain: shopDomain, secret: clientSecret },
): OutgoingHttpHeaders {
  events += 1
  return {
    'x-shopify-topic': 'orders/create',
    'x-shopify-shop-domain': domain,
    'x-shopify-event-id': `event-${events}`,
    'x-shopify-triggered-at': new Date().toISOString(),
    'x-shopify-hmac-sha256': hmac(body, secret),
    ...more,
  }
}
export function wooHeaders(
  body: string | Uint8Array,
  { source, secret }: { readonly source: string; readonly secret: string },
  more: OutgoingHttpHeaders = {},
): OutgoingHttpHeaders {
  return {
    'x-wc-webhook-topic': 'order.updated',
    'x-wc-webhook-source': `${source}/`,
    'x-wc-webhook-delivery-id': 'same-second',
    'x-wc-webhook-signature': hmac(body, secret),
    ...more,
  }
}

interface OrderDraft {
  readonly id: number
  readonly sku?: string
  readonly quantity?: number
  /** Anything laid over the body. */
  readonly more?: object
  /** Anything laid over its one line. */
  readonly line?: object
}
const bag = (amount: string, currency_code = 'EUR') => ({
  shop_money: { amount, currency_code },
  presentment_money: { amount, currency_code },
})

/** An order of one line as Shopify's webhook tells it; ten euros a unit. */
export function shopifyOrder({ id, sku = 'EX-1', quantity = 1, more = {}, line = {} }: OrderDraft): object {
  const total = `${quantity * 10}.00`
  return {
    id,
    admin_graphql_api_id: `gid://shopify/Order/${id}`,
    name: `#${id}`,
    created_at: '2026-11-23T11:00:00+01:00',
    updated_at: '2026-11-23T11:05:00+01:00',
    financial_status: 'paid',
    currency: 'EUR',
    presentment_currency: 'EUR',
    taxes_included: true,
    total_price_set: bag(total),
    total_tax_set: bag('0.00'),
    total_discounts_set: bag('0.00'),
    shipping_address: { name: 'Ann Example', address1: 'Example Street 1', city: 'Example', country_code: 'DE' },
    line_items: [
      {
        id: id * 10,
        admin_graphql_api_id: `gid://shopify/LineItem/${id}0`,
        variant_id: 31,
        sku,
        name: 'Example mug',
        quantity,
        current_quantity: quantity,
        fulfillable_quantity: quantity,
        requires_shipping: true,
        price_set: bag('10.00'),
        ...line,
      },
    ],
    ...more,
  }
}
