import { defineConnector } from '#kit'
import { cancellations } from './cancellations.ts'
import { auth } from './connect.ts'
import { inventory } from './inventory.ts'
import { listings } from './listings.ts'
import { manifest } from './manifest.ts'
import { orders } from './orders.ts'
import { privacy } from './privacy.ts'
import { CredentialsShape, SettingsShape } from './settings.ts'
import { shipments } from './shipments.ts'
import { subscriptions } from './subscriptions.ts'
import { inbound } from './webhooks.ts'

/** Shopify, over its Admin GraphQL API 2026-10. The limits and oddities are in README.md. */
export const connector = defineConnector({
  manifest,
  credentials: CredentialsShape,
  settings: SettingsShape,
  auth,
  inbound,
  privacy,
  subscriptions,
  orders,
  listings,
  inventory,
  shipments,
  cancellations,
})
