import { defineConnector } from '#kit'
import { auth } from './auth.ts'
import { cancellations } from './cancellations.ts'
import { inbound } from './inbound.ts'
import { inventory } from './inventory.ts'
import { listings } from './listings.ts'
import { manifest } from './manifest.ts'
import { orders } from './orders.ts'
import { credentials, settings } from './settings.ts'
import { shipments } from './shipments.ts'
import { subscriptions } from './subscriptions.ts'

export const connector = defineConnector({
  manifest,
  credentials,
  settings,
  auth,
  inbound,
  subscriptions,
  orders,
  listings,
  inventory,
  shipments,
  cancellations,
})
