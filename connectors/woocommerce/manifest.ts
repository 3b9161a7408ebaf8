import type { Manifest } from '#kit'

/** Re-read this much behind the newest change seen: web heads of one shop may have clocks that differ. */
export const overlapS = 120

export const manifest: Manifest = {
  kind: 'woocommerce',
  title: 'WooCommerce',
  role: 'channel',
  auth: { flow: 'key-pair', accessTtlS: null, refresh: 'none' },
  asks: [
    {
      setting: 'storeUrl',
      label: 'Address of the shop',
      example: 'https://shop.example.com',
      help: 'As you open it in a browser. WordPress must use permalinks other than Plain.',
    },
  ],
  push: {
    // A delivery can show a state older than the change that caused it and never be corrected
    // (seen 4 of 4 times on 11.0.1, 2026-11-23), so every webhook is only a hint.
    carriesOrder: false,
    freshForS: 0,
    // The delivery id is a hash of webhook id and second: two orders in one second share it (same observation).
    stableDeliveryId: false,
    // WooCommerce waits 60 s, but delivers one after another: a slow answer delays everybody at that shop.
    answerWithinMs: 1_000,
    bodyBytesMax: 5_000_000,
  },
  orders: { pageMax: 100, getMax: 100, pollEveryS: 60, overlapS },
  inventory: { batchMax: 100, compareAndSet: false, quantityMax: 999_999 },
  // Where a shop has no fulfilment records, a part shipment degrades to a note with the tracking number.
  shipment: { granularity: 'line-quantity' },
  requests: null,
  files: null,
  // Core has no rate limit; hosts and firewalls do, mostly by concurrency.
  budgets: [{ id: 'rest', scope: 'connection', perSecond: 25, burst: 50, concurrentMax: 4 }],
}
