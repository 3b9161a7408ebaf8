import { batched } from './batch.ts'
import { placeOrder, type Wanted } from './checkout.ts'
import { pageOf } from './listing.ts'
import { nextId, type Order, type OrderStatus, type Store } from './model.ts'
import { orderJson } from './order-json.ts'
import { setLineQuantity, setStatus, trashOrder } from './order-life.ts'
import { isBody, parameter, type Reader, type Reply, type RestCall, RestError, readerOf, truthy } from './rest.ts'

const statuses = ['pending', 'processing', 'on-hold', 'completed', 'cancelled', 'refunded', 'failed', 'trash'] as const
const dpMost = 8

export function findOrder(store: Store, id: number | undefined): Order {
  const order = id === undefined ? undefined : store.orders.get(id)
  if (!order) throw new RestError(404, 'woocommerce_rest_shop_order_invalid_id', 'Invalid ID.')
  return order
}

export function decimals(read: Reader): number {
  return read.number('dp', { least: 0, most: dpMost, or: 2 })
}

function served(store: Store, order: Order): void {
  order.servedSequence = nextId(store, 'event')
}

function shown(call: RestCall, order: Order, status = 200): Reply {
  const read = readerOf(call)
  const dp = decimals(read)
  read.done()
  call.onSeen(() => served(call.store, order))
  return { status, data: orderJson(call.store, order, dp) }
}

/** `any` leaves out the bin. `number=` and other unknown parameters are ignored without a word. */
export function listOrders(call: RestCall): Reply {
  const read = readerOf(call)
  const wanted = read.list('status') ?? ['any']
  const known: readonly string[] = [...statuses, 'any']
  wanted.forEach((status, index) => {
    if (!known.includes(status)) read.complain('status', `status[${index}] is not one of ${known.join(', ')}.`)
  })
  const dp = decimals(read)
  const items = [...call.store.orders.values()].filter((order) =>
    wanted.some((status) => (status === 'any' ? order.status !== 'trash' : order.status === status)),
  )
  return pageOf(call, read, {
    items,
    json: (order) => orderJson(call.store, order, dp),
    seen: (order) => served(call.store, order),
  })
}

export function getOrder(call: RestCall): Reply {
  return shown(call, findOrder(call.store, call.ids[0]))
}

function statusOf(value: unknown): OrderStatus | null {
  return statuses.find((status) => status === value) ?? null
}

function wantedLines(call: RestCall): readonly Wanted[] {
  const lines: unknown = call.body.line_items
  if (!Array.isArray(lines)) return []
  return lines.flatMap((line: unknown) => {
    if (!isBody(line)) return []
    const id = Number(line.variation_id ?? 0) || Number(line.product_id ?? 0)
    const product = call.store.products.get(id)
    if (!product)
      throw new RestError(400, 'woocommerce_rest_required_product_reference', 'Product ID or SKU is required.')
    return [{ product, quantity: Number(line.quantity ?? 1) }]
  })
}

/** REST checks no stock: six orders on two units all become `processing` and the number goes negative (2026-11-23). */
export function postOrder(call: RestCall): Reply {
  const status = statusOf(call.body.status) ?? (truthy(call.body.set_paid) ? 'processing' : 'pending')
  return shown(call, placeOrder(call.store, wantedLines(call), { via: 'rest-api', status }), 201)
}

function changeLines(store: Store, order: Order, lines: readonly unknown[]): void {
  for (const change of lines) {
    if (!isBody(change)) continue
    const line = order.lines.find((one) => one.id === Number(change.id) && !one.removed)
    if (!line)
      throw new RestError(
        400,
        'woocommerce_rest_invalid_item_id',
        'Order item ID provided is not associated with order.',
      )
    const quantity = Number(change.quantity ?? line.quantity)
    if (quantity !== line.quantity) setLineQuantity(store, order, { line, quantity })
  }
}

export function putOrder(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const asked = parameter(call, 'status')
  const status = asked === undefined ? null : statusOf(asked)
  if (asked !== undefined && !status) {
    throw new RestError(400, 'rest_invalid_param', 'Invalid parameter(s): status', {
      status: 400,
      params: { status: `status is not one of ${statuses.join(', ')}.` },
    })
  }
  const lines: unknown = call.body.line_items
  if (Array.isArray(lines)) changeLines(call.store, order, lines)
  if (status) setStatus(call.store, order, { status, by: 'api' })
  return shown(call, order)
}

/** Only the way into the bin is announced; deleting for good is silent (observed on WooCommerce 11.0.1, 2026-11-23). */
export function deleteOrder(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const gone = orderJson(call.store, order)
  if (truthy(parameter(call, 'force'))) call.store.orders.delete(order.id)
  else if (order.status === 'trash') {
    throw new RestError(410, 'woocommerce_rest_already_trashed', 'The order has already been deleted.')
  } else trashOrder(call.store, order)
  return { status: 200, data: gone }
}

export function batchOrders(call: RestCall): Promise<Reply> {
  return batched(call, { create: postOrder, update: putOrder, remove: deleteOrder })
}
