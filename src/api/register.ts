import { accountRoutes } from '../accounts/routes.ts'
import { auditRoutes } from '../audit/routes.ts'
import { catalogRoutes } from '../catalog/routes.ts'
import { connectorRoutes } from '../connections/connector-routes.ts'
import { consentPages } from '../connections/consent-pages.ts'
import { consentRoutes } from '../connections/consent-routes.ts'
import { connectionRoutes } from '../connections/routes.ts'
import { fulfillmentRoutes } from '../fulfillment/routes.ts'
import { inboxRoutes } from '../inbox/routes.ts'
import { inventoryRoutes } from '../inventory/routes.ts'
import { journalRoutes } from '../journal/routes.ts'
import { merchantRoutes } from '../merchants/routes.ts'
import { orderRoutes } from '../orders/routes.ts'
import type { HttpApp } from '../platform/http/build-http.ts'
import { platformAsks } from '../privacy/platform-asks.ts'
import { privacyRoutes } from '../privacy/routes.ts'
import type { ApiDeps } from './deps.ts'
import { eventRoutes } from './event-routes.ts'
import { statusRoutes } from './status-routes.ts'

/** The whole HTTP API, slice by slice. */
export async function registerApi(app: HttpApp, deps: ApiDeps): Promise<void> {
  const slices = [
    accountRoutes(deps),
    merchantRoutes(deps),
    connectionRoutes(deps),
    consentRoutes(deps),
    connectorRoutes(deps),
    catalogRoutes(deps),
    inventoryRoutes(deps),
    orderRoutes(deps),
    fulfillmentRoutes(deps),
    journalRoutes(deps),
    inboxRoutes(deps),
    auditRoutes(deps),
    privacyRoutes(deps),
    eventRoutes(deps),
    statusRoutes(deps),
  ]
  for (const slice of slices) await app.register(slice, { prefix: '/api/v1' })
  await app.register(consentPages(deps))
  await app.register(platformAsks(deps))
}
