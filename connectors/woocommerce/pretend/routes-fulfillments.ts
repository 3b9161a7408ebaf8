import { fulfillmentJson } from './fulfillment-json.ts'
import { type Fulfillment, type Meta, type Note, nextId, type Order, type Store } from './model.ts'
import { dates } from './order-json.ts'
import { fulfilledItems, touchOrder } from './order-life.ts'
import { isBody, parameter, type Reply, type RestCall, RestError, truthy } from './rest.ts'
import { findOrder } from './routes-orders.ts'

function findFulfillment(order: Order, id: number | undefined): Fulfillment {
  const found = order.fulfillments.find((one) => one.id === id && one.deleted === null)
  if (!found) throw new RestError(404, 'woocommerce_rest_fulfillment_invalid_id', 'Invalid fulfillment ID.')
  return found
}

function metaOf(call: RestCall): Meta[] {
  const given: unknown = call.body.meta_data
  if (!Array.isArray(given)) return []
  return given.flatMap((one: unknown) =>
    isBody(one) && typeof one.key === 'string'
      ? [{ id: nextId(call.store, 'meta'), key: one.key, value: one.value }]
      : [],
  )
}

/** Only that there are items is checked: more units than ordered and a known tracking number pass (2026-11-23). */
function mustHaveItems(meta: readonly Meta[]): void {
  const items = fulfilledItems(meta)
  if (items.length > 0 && items.every((item) => Number.isInteger(item.quantity) && item.quantity > 0)) return
  const message = 'The fulfillment should contain at least one item.'
  throw new RestError(400, 'woocommerce_rest_fulfillment_invalid_items', message)
}

function told(store: Store, order: Order, one: Fulfillment): void {
  if (!one.fulfilled) return
  const tracking = one.meta.find((meta) => meta.key === '_tracking_number')?.value ?? null
  const lines = fulfilledItems(one.meta).map((item) => ({
    sku: order.lines.find((line) => line.id === item.itemId)?.sku ?? null,
    quantity: item.quantity,
  }))
  store.record('fulfillment.created', { order: String(order.id), fulfillment: one.id, tracking, lines })
}

export function listFulfillments(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const living = order.fulfillments.filter((one) => one.deleted === null)
  return { status: 200, data: living.map((one) => fulfillmentJson(order, one)) }
}

export function getFulfillment(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  return { status: 200, data: fulfillmentJson(order, findFulfillment(order, call.ids[1])) }
}

/** The order's status stays as it is, even when all of it is fulfilled; only its meta and modified date change. */
export function postFulfillment(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const meta = metaOf(call)
  mustHaveItems(meta)
  const status = parameter(call, 'status')
  const fulfilled = truthy(parameter(call, 'is_fulfilled')) || status === 'fulfilled'
  const one: Fulfillment = {
    id: nextId(call.store, 'fulfillment'),
    status: fulfilled ? 'fulfilled' : 'unfulfilled',
    fulfilled,
    updated: call.store.now(),
    deleted: null,
    meta,
  }
  order.fulfillments.push(one)
  told(call.store, order, one)
  touchOrder(call.store, order)
  return { status: 201, data: fulfillmentJson(order, one) }
}

/** Meta that the call leaves out is deleted. */
export function putFulfillment(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const one = findFulfillment(order, call.ids[1])
  if (call.body.meta_data !== undefined) {
    const meta = metaOf(call)
    mustHaveItems(meta)
    one.meta = meta
  }
  const asked = parameter(call, 'is_fulfilled')
  if (asked !== undefined) one.fulfilled = truthy(asked)
  one.status = one.fulfilled ? 'fulfilled' : 'unfulfilled'
  one.updated = call.store.now()
  touchOrder(call.store, order)
  return { status: 200, data: fulfillmentJson(order, one) }
}

export function deleteFulfillment(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const one = findFulfillment(order, call.ids[1])
  one.deleted = call.store.now()
  touchOrder(call.store, order)
  return { status: 200, data: { message: 'Fulfillment deleted successfully.' } }
}

export function lookUpFulfillment(call: RestCall): Reply {
  const number = parameter(call, 'tracking_number')
  if (typeof number !== 'string' || number === '') {
    throw new RestError(400, 'rest_missing_callback_param', 'Missing parameter(s): tracking_number')
  }
  const details = { tracking_number: number, shipping_provider: '', tracking_url: '' }
  return { status: 200, data: { tracking_number_details: details } }
}

function noteJson(store: Store, order: Order, note: Note) {
  const self = `${store.url}/wp-json/wc/v3/orders/${order.id}`
  return {
    id: note.id,
    author: 'hub',
    ...dates(store, 'date_created', note.created),
    note: note.text,
    customer_note: note.toCustomer,
    _links: { self: [{ href: `${self}/notes/${note.id}` }], up: [{ href: self }] },
  }
}

export function listNotes(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  return { status: 200, data: [...order.notes].reverse().map((note) => noteJson(call.store, order, note)) }
}

/** Notes do not move the order's modified date (observed on WooCommerce 11.0.1, 2026-11-23). */
export function postNote(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const text = parameter(call, 'note')
  if (typeof text !== 'string' || text === '') {
    throw new RestError(400, 'rest_missing_callback_param', 'Missing parameter(s): note')
  }
  const toCustomer = truthy(parameter(call, 'customer_note'))
  const note = { id: nextId(call.store, 'post'), created: call.store.now(), text, toCustomer }
  order.notes.push(note)
  return { status: 201, data: noteJson(call.store, order, note) }
}
