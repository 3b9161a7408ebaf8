import { type Bag, decimal, moneySet, nothing } from './money.ts'
import { addressBody } from './person.ts'
import {
  type Fulfillment,
  gid,
  type Level,
  type Line,
  type Order,
  type Product,
  type Refund,
  type RefundLine,
  type Shop,
  type Transaction,
} from './state.ts'
import { bodyTime } from './wire.ts'

/** The line inside another body: given by the caller, as line and order bodies contain each other. */
type LineBody = (order: Order, line: Line) => Record<string, unknown>

function transactionBody(shop: Shop, order: Order, transaction: Transaction) {
  const parent = order.transactions.find((one) => one.kind === 'SALE')
  return {
    id: BigInt(transaction.id),
    order_id: BigInt(order.id),
    kind: transaction.kind.toLowerCase(),
    gateway: 'shopify_payments',
    status: 'success',
    message: 'Transaction approved',
    created_at: bodyTime(shop, transaction.at),
    test: false,
    authorization: null,
    location_id: null,
    user_id: null,
    parent_id: transaction.kind === 'REFUND' && parent ? BigInt(parent.id) : null,
    processed_at: bodyTime(shop, transaction.at),
    device_id: null,
    error_code: null,
    source_name: 'web',
    receipt: {},
    // A transaction's amount is in the currency that the buyer paid in.
    amount: decimal(transaction.amount.buyer, order.currencies.buyer),
    currency: order.currencies.buyer,
    payment_id: `${order.confirmation}.1`,
    total_unsettled_set: {
      presentment_money: { amount: '0.0', currency: order.currencies.buyer },
      shop_money: { amount: '0.0', currency: order.currencies.shop },
    },
    manual_payment_gateway: false,
    amount_rounding: null,
    admin_graphql_api_id: gid('OrderTransaction', transaction.id),
  }
}

function refundLineBody(shop: Shop, order: Order, entry: RefundLine, lineBody: LineBody) {
  const plain = (bag: Bag) => Number(decimal(bag.shop, order.currencies.shop))
  return {
    id: BigInt(entry.id),
    quantity: entry.quantity,
    line_item_id: BigInt(entry.line.id),
    location_id: entry.restock === 'no_restock' ? null : BigInt(shop.location.id),
    restock_type: entry.restock,
    // JSON numbers, unlike every other amount of the body: so does Shopify.
    subtotal: plain(entry.subtotal),
    total_tax: plain(entry.tax),
    subtotal_set: moneySet(entry.subtotal, order.currencies),
    total_tax_set: moneySet(entry.tax, order.currencies),
    line_item: lineBody(order, entry.line),
  }
}

function adjustmentBodies(order: Order, refund: Refund) {
  if (!refund.adjustment) return []
  const { id, amount } = refund.adjustment
  return [
    {
      id: BigInt(id),
      order_id: BigInt(order.id),
      refund_id: BigInt(refund.id),
      kind: 'refund_discrepancy',
      reason: 'Refund discrepancy',
      amount: decimal(amount.shop, order.currencies.shop),
      amount_set: moneySet(amount, order.currencies),
      tax_amount: '0.00',
      tax_amount_set: moneySet(nothing, order.currencies),
    },
  ]
}

function refundShippingBodies(order: Order, refund: Refund) {
  if (!refund.shipping) return []
  const { id, amount, tax } = refund.shipping
  return [
    {
      id: BigInt(id),
      shipping_line: { id: BigInt(order.shipping.id), title: order.shipping.title, code: order.shipping.title },
      subtotal_amount_set: moneySet(amount, order.currencies),
      tax_amount_set: moneySet(tax, order.currencies),
    },
  ]
}

export function refundBody(shop: Shop, order: Order, refund: Refund, lineBody: LineBody) {
  return {
    id: BigInt(refund.id),
    order_id: BigInt(order.id),
    created_at: bodyTime(shop, refund.at),
    note: refund.note ?? '',
    user_id: 548380009,
    processed_at: bodyTime(shop, refund.at),
    duties: [],
    total_duties_set: moneySet(nothing, order.currencies),
    return: null,
    refund_shipping_lines: refundShippingBodies(order, refund),
    restock: refund.lines.some((line) => line.restock !== 'no_restock'),
    admin_graphql_api_id: gid('Refund', refund.id),
    order_adjustments: adjustmentBodies(order, refund),
    refund_line_items: refund.lines.map((line) => refundLineBody(shop, order, line, lineBody)),
    transactions: [transactionBody(shop, order, refund.transaction)],
  }
}

export function fulfillmentBody(shop: Shop, order: Order, fulfillment: Fulfillment, lineBody: LineBody) {
  const numbers = fulfillment.tracking.flatMap(({ number }) => (number === null ? [] : [number]))
  const urls = fulfillment.tracking.flatMap(({ url }) => (url === null ? [] : [url]))
  return {
    id: BigInt(fulfillment.id),
    admin_graphql_api_id: gid('Fulfillment', fulfillment.id),
    order_id: BigInt(order.id),
    status: fulfillment.status === 'SUCCESS' ? 'success' : 'cancelled',
    created_at: bodyTime(shop, fulfillment.createdAt),
    updated_at: bodyTime(shop, fulfillment.updatedAt),
    service: 'manual',
    tracking_company: fulfillment.tracking[0]?.company ?? null,
    shipment_status: null,
    location_id: BigInt(shop.location.id),
    origin_address: {},
    receipt: {},
    name: fulfillment.name,
    email: order.person.email,
    destination: addressBody(order.person),
    tracking_number: numbers[0] ?? null,
    tracking_numbers: numbers,
    tracking_url: urls[0] ?? null,
    tracking_urls: urls,
    line_items: fulfillment.lines.map(({ line, quantity }) => ({ ...lineBody(order, line), quantity })),
  }
}

export function levelBody(shop: Shop, product: Product, level: Level) {
  return {
    inventory_item_id: BigInt(product.itemId),
    location_id: BigInt(shop.location.id),
    available: level.available,
    updated_at: bodyTime(shop, level.updatedAt),
    admin_graphql_api_id: `${gid('InventoryLevel', product.levelId)}?inventory_item_id=${product.itemId}`,
  }
}

/** `orders/edited` names only the units that moved: the order itself must be fetched. */
export function editBody(shop: Shop, order: Order, line: Line, delta: number) {
  const moved = [{ id: BigInt(line.id), delta: Math.abs(delta) }]
  return {
    order_edit: {
      id: BigInt(shop.newId()),
      app_id: null,
      created_at: bodyTime(shop, order.updatedAt),
      committed_at: bodyTime(shop, order.updatedAt),
      notify_customer: false,
      order_id: BigInt(order.id),
      staff_note: '',
      user_id: null,
      line_items: { additions: delta > 0 ? moved : [], removals: delta < 0 ? moved : [] },
      discounts: { line_item: { additions: [], removals: [] } },
      shipping_lines: { additions: [], removals: [] },
    },
  }
}
