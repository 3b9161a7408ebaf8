import { gid, type Shop } from './state.ts'
import { apiTime } from './wire.ts'

/** Write implies read, as Shopify reports it: only the writes are listed. */
export const grantedScopes = [
  'write_orders',
  'read_all_orders',
  'read_products',
  'write_inventory',
  'read_locations',
  'write_merchant_managed_fulfillment_orders',
  'read_fulfillments',
  'write_returns',
] as const

export function shopView(shop: Shop) {
  return {
    __typename: 'Shop',
    id: gid('Shop', shop.id),
    name: shop.name,
    email: 'owner@example.com',
    contactEmail: 'hello@example.com',
    myshopifyDomain: shop.domain,
    url: `https://${shop.domain}`,
    primaryDomain: () => ({
      id: gid('Domain', shop.id),
      host: shop.domain,
      url: `https://${shop.domain}`,
      sslEnabled: true,
    }),
    currencyCode: shop.currency,
    enabledPresentmentCurrencies: [...new Set([shop.currency, 'EUR', 'USD', 'GBP', 'JPY'])],
    ianaTimezone: shop.timeZone,
    timezoneOffset: shop.offset.replace(':', ''),
    timezoneAbbreviation: shop.currency === 'EUR' ? 'CET' : 'EST',
    taxesIncluded: shop.taxesIncluded,
    taxShipping: true,
    weightUnit: 'KILOGRAMS',
    unitSystem: 'METRIC_SYSTEM',
    setupRequired: false,
    createdAt: apiTime(shop.createdAt),
    updatedAt: apiTime(shop.createdAt),
    plan: () => ({ publicDisplayName: 'Basic', partnerDevelopment: false, shopifyPlus: false }),
  }
}

export function installationView(shop: Shop) {
  return {
    __typename: 'AppInstallation',
    id: gid('AppInstallation', '1000000001'),
    accessScopes: () => shop.granted.map((handle) => ({ handle, description: handle.replaceAll('_', ' ') })),
    app: () => ({ __typename: 'App', id: gid('App', '1000000002'), handle: 'crossdock', title: 'Crossdock' }),
  }
}
