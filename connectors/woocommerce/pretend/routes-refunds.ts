import { minorFrom } from './amount.ts'
import type { Order } from './model.ts'
import { refundJson } from './order-json.ts'
import { createRefund, type RefundedUnits } from './refunds.ts'
import { isBody, parameter, type Reply, type RestCall, RestError, readerOf } from './rest.ts'
import { decimals, findOrder } from './routes-orders.ts'

export function listRefunds(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const read = readerOf(call)
  const perPage = read.number('per_page', { least: 1, most: 100, or: 10 })
  const page = read.number('page', { least: 1, most: 1_000_000, or: 1 })
  const dp = decimals(read)
  read.done()
  const newestFirst = [...order.refunds].reverse()
  const rows = newestFirst.slice((page - 1) * perPage, page * perPage)
  return {
    status: 200,
    data: rows.map((refund) => refundJson(call.store, order, refund, dp)),
    headers: {
      'x-wp-total': String(newestFirst.length),
      'x-wp-totalpages': String(Math.ceil(newestFirst.length / perPage)),
    },
  }
}

export function getRefund(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const refund = order.refunds.find((one) => one.id === call.ids[1])
  if (!refund) throw new RestError(404, 'woocommerce_rest_shop_order_refund_invalid_id', 'Invalid order refund ID.')
  return { status: 200, data: refundJson(call.store, order, refund) }
}

function taxOf(line: { readonly [name: string]: unknown }): bigint {
  const taxes: unknown = line.refund_tax
  if (!Array.isArray(taxes)) return 0n
  return taxes.reduce((sum: bigint, tax: unknown) => sum + ((isBody(tax) && minorFrom(tax.refund_total)) || 0n), 0n)
}

function unitsAsked(call: RestCall, order: Order): readonly RefundedUnits[] {
  const lines: unknown = call.body.line_items
  if (!Array.isArray(lines)) return []
  return lines.flatMap((asked: unknown) => {
    const line = isBody(asked) ? order.lines.find((one) => one.id === Number(asked.id)) : undefined
    if (!line || !isBody(asked)) return []
    const netMinor = minorFrom(asked.refund_total) ?? 0n
    return [{ line, quantity: Number(asked.quantity ?? 0), netMinor, taxMinor: taxOf(asked) }]
  })
}

/** In these refusals `data` is the bare number 500, and the 500 is for ever (observed on WooCommerce 11.0.1, 2026-11-23). */
function refused(message: string): RestError {
  return new RestError(500, 'woocommerce_rest_cannot_create_order_refund', message, 500)
}

export function postRefund(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const lines = unitsAsked(call, order)
  const ofLines = lines.reduce((sum, one) => sum + one.netMinor + one.taxMinor, 0n)
  const given = parameter(call, 'amount')
  const amountMinor = given === undefined ? ofLines : minorFrom(given)
  const paidBack = parameter(call, 'api_refund') !== false
  if (paidBack && !order.payment.refunds) {
    throw refused('The payment gateway for this order does not support automatic refunds.')
  }
  const reason = parameter(call, 'reason')
  const refund =
    amountMinor === null
      ? null
      : createRefund(call.store, order, {
          amountMinor,
          reason: typeof reason === 'string' ? reason : '',
          paidBack,
          restock: parameter(call, 'api_restock') !== false,
          lines,
          by: 'api',
        })
  if (!refund) throw refused('Invalid refund amount.')
  return { status: 201, data: refundJson(call.store, order, refund) }
}

/** Works without `force`; the order stays as it is and nothing is sent (observed on WooCommerce 11.0.1, 2026-11-23). */
export function deleteRefund(call: RestCall): Reply {
  const order = findOrder(call.store, call.ids[0])
  const gone = getRefund(call).data
  order.refunds = order.refunds.filter((one) => one.id !== call.ids[1])
  return { status: 200, data: gone }
}
