import type { Store } from './model.ts'
import { RestError, type Route } from './rest.ts'
import * as fulfillments from './routes-fulfillments.ts'
import * as orders from './routes-orders.ts'
import * as products from './routes-products.ts'
import * as refunds from './routes-refunds.ts'
import * as site from './routes-site.ts'
import * as webhooks from './routes-webhooks.ts'

/** WordPress calls these three `EDITABLE` and treats them alike. */
const edit = 'POST PUT PATCH'
type Row = readonly [methods: string, path: string, route: Route]

/** `#` is a number. Fulfilment routes exist only where the shop's option is on. */
const table: readonly Row[] = [
  ['GET', 'orders', orders.listOrders],
  ['POST', 'orders', orders.postOrder],
  [edit, 'orders/batch', orders.batchOrders],
  ['GET', 'orders/#', orders.getOrder],
  [edit, 'orders/#', orders.putOrder],
  ['DELETE', 'orders/#', orders.deleteOrder],
  ['GET', 'orders/#/refunds', refunds.listRefunds],
  ['POST', 'orders/#/refunds', refunds.postRefund],
  ['GET', 'orders/#/refunds/#', refunds.getRefund],
  ['DELETE', 'orders/#/refunds/#', refunds.deleteRefund],
  ['GET', 'orders/#/notes', fulfillments.listNotes],
  ['POST', 'orders/#/notes', fulfillments.postNote],
  ['GET', 'orders/#/fulfillments', fulfillments.listFulfillments],
  ['POST', 'orders/#/fulfillments', fulfillments.postFulfillment],
  ['GET', 'orders/#/fulfillments/lookup', fulfillments.lookUpFulfillment],
  ['GET', 'orders/#/fulfillments/#', fulfillments.getFulfillment],
  [edit, 'orders/#/fulfillments/#', fulfillments.putFulfillment],
  ['DELETE', 'orders/#/fulfillments/#', fulfillments.deleteFulfillment],
  ['GET', 'products', products.listProducts],
  ['POST', 'products', products.postProduct],
  [edit, 'products/batch', products.batchProducts],
  ['GET', 'products/#', products.getProduct],
  [edit, 'products/#', products.putProduct],
  ['DELETE', 'products/#', products.deleteProduct],
  ['GET', 'products/#/variations', products.listVariations],
  ['POST', 'products/#/variations', products.postVariation],
  [edit, 'products/#/variations/batch', products.batchVariations],
  ['GET', 'products/#/variations/#', products.getVariation],
  [edit, 'products/#/variations/#', products.putVariation],
  ['DELETE', 'products/#/variations/#', products.deleteVariation],
  ['GET', 'variations', products.listAllVariations],
  ['GET', 'webhooks', webhooks.listWebhooks],
  ['POST', 'webhooks', webhooks.postWebhook],
  [edit, 'webhooks/batch', webhooks.batchWebhooks],
  ['GET', 'webhooks/#', webhooks.getWebhook],
  [edit, 'webhooks/#', webhooks.putWebhook],
  ['DELETE', 'webhooks/#', webhooks.deleteWebhook],
  ['GET', 'settings/general', site.listGeneralSettings],
  ['GET', 'data/currencies/current', site.currentCurrency],
  ['GET', 'system_status', site.systemStatus],
  ...site.generalSettingRoutes.map(({ path, route }): Row => ['GET', path, route]),
]

const rows = table.map(([methods, path, route]) => ({
  methods: methods.split(' '),
  path,
  pattern: new RegExp(`^${path.replaceAll('#', '(\\d{1,15})')}$`),
  route,
}))

/** @throws RestError 404 rest_no_route */
export function findRoute(store: Store, method: string, path: string): { route: Route; ids: readonly number[] } {
  for (const row of rows) {
    const match = row.methods.includes(method) ? row.pattern.exec(path) : null
    if (!match || (!store.fulfillmentsOn && row.path.includes('fulfillments'))) continue
    return { route: row.route, ids: match.slice(1).map(Number) }
  }
  throw new RestError(404, 'rest_no_route', 'No route was found matching the URL and request method.')
}
