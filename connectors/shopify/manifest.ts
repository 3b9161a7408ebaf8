import type { Manifest } from '#kit'

export const ordersPerCall = 6
export const callsPerPage = 4
/** One query's cost limit is 1,000 points; the documents are sized for it (documents.test.ts). */
export const targetsPerCall = 100

export const manifest: Manifest = {
  kind: 'shopify',
  title: 'Shopify',
  role: 'channel',
  // Offline tokens live an hour and their refresh tokens rotate (changelog of 2025-12-10, read 2026-11-23).
  auth: { flow: 'oauth2', accessTtlS: 3_600, refresh: 'rotating' },
  asks: [
    {
      setting: 'shop',
      label: 'Shop',
      example: 'example.myshopify.com',
      help: 'The address that ends in .myshopify.com. In Shopify it stands under Settings, Domains.',
    },
    {
      setting: 'baseUrl',
      label: 'Address on this machine',
      example: 'http://127.0.0.1:4010',
      help: 'Only for a pretended shop. Leave it empty for a real one.',
      development: true,
    },
  ],
  push: {
    carriesOrder: true,
    freshForS: 300,
    stableDeliveryId: true,
    answerWithinMs: 5_000,
    bodyBytesMax: 2_000_000,
  },
  orders: { pageMax: ordersPerCall * callsPerPage, getMax: 25, pollEveryS: 60, overlapS: 600 },
  inventory: { batchMax: targetsPerCall, compareAndSet: true, quantityMax: 1_000_000_000 },
  shipment: { granularity: 'line-quantity' },
  requests: null,
  files: null,
  budgets: [
    // The smallest plan's allowance, in points. `cost` of a request is what Shopify is expected to charge in the end.
    { id: 'graphql', scope: 'connection', perSecond: 100, burst: 2_000, concurrentMax: 4 },
    { id: 'token', scope: 'connection', perSecond: 1, burst: 2, concurrentMax: 1 },
  ],
}
