import { type Command, json, must, page, text } from './command.ts'

export const orders: readonly Command[] = [
  {
    noun: 'orders',
    verb: 'list',
    what: 'Newest first',
    method: 'GET',
    path: '/orders',
    options: [
      ...page,
      text('stage', 'received, on_hold, unmapped, short, ready, in_fulfillment, partially_shipped, shipped, cancelled'),
      text('connection', 'of this shop'),
      text('placed-from', 'like 2026-11-01T00:00:00Z'),
      text('placed-before', 'like 2026-12-01T00:00:00Z'),
    ],
    columns: ['id', 'number', 'account', 'stage', 'placedAt', 'total', 'remoteStatus'],
  },
  { noun: 'orders', verb: 'show', what: 'One with everything about it', method: 'GET', path: '/orders/:id' },
  {
    noun: 'orders',
    verb: 'search',
    what: 'By any of its numbers, or how one begins',
    method: 'GET',
    path: '/orders/search?q=:number',
    options: page,
    columns: ['id', 'number', 'account', 'stage', 'placedAt', 'matched', 'matchedKind'],
  },
]

export const fulfillment: readonly Command[] = [
  {
    noun: 'fulfillment-orders',
    verb: 'list',
    what: 'What is asked of partners and of you',
    method: 'GET',
    path: '/fulfillment-orders',
    options: [
      ...page,
      text('order', 'of this order'),
      text('partner', 'of this connection'),
      text('status', 'open, in_progress, incomplete, closed, cancelled'),
    ],
    columns: ['id', 'requestNumber', 'orderNumber', 'status', 'requestStatus', 'createdAt', 'reason'],
  },
  { noun: 'fulfillment-orders', verb: 'show', what: 'One of them', method: 'GET', path: '/fulfillment-orders/:id' },
  {
    noun: 'fulfillment-orders',
    verb: 'retry',
    what: 'Asks again for what a partner refused',
    method: 'POST',
    path: '/fulfillment-orders/:id/retry',
  },
  {
    noun: 'fulfillment-orders',
    verb: 'ship',
    what: 'Records what you shipped by hand',
    method: 'POST',
    path: '/fulfillment-orders/:id/shipments',
    options: [
      must(text('carrier', 'who carries it')),
      text('tracking', 'its number'),
      text('ref', 'your name of the parcel: the same one twice is one shipment'),
      text('shipped-at', 'now unless said'),
      must(json('lines', '[{"sku", "quantity"}]')),
    ],
  },
  {
    noun: 'shipments',
    verb: 'list',
    what: 'What left, and what the shop was told',
    method: 'GET',
    path: '/shipments',
    options: [...page, text('order', 'of this order')],
    columns: ['id', 'order', 'carrier', 'tracking', 'shippedAt', 'channel'],
  },
  { noun: 'shipments', verb: 'show', what: 'One of them', method: 'GET', path: '/shipments/:id' },
  {
    noun: 'files',
    verb: 'list',
    what: 'Files exchanged with partners',
    method: 'GET',
    path: '/files',
    options: [
      ...page,
      text('partner', 'of this connection'),
      text('direction', 'in or out'),
      text('state', 'frozen, delivered, unverifiable, stored, applied, refused, duplicate'),
    ],
    columns: ['id', 'direction', 'name', 'state', 'errors', 'warnings', 'createdAt'],
  },
  { noun: 'files', verb: 'show', what: 'One, with what was wrong row by row', method: 'GET', path: '/files/:id' },
]
