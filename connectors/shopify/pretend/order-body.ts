import { fulfillmentBody, refundBody } from './change-bodies.ts'
import { type Bag, decimal, minus, moneySet, nothing, total } from './money.ts'
import { addressBody, customerBody } from './person.ts'
import { gid, type Line, type Order, type Shop } from './state.ts'
import {
  current,
  currentQuantity,
  financialStatus,
  fulfillmentStatus,
  netPayment,
  placed,
  taxTotals,
  unfulfilled,
} from './totals.ts'
import { bodyTime } from './wire.ts'

function taxLines(order: Order, amounts: readonly Bag[]) {
  return order.taxes.map((tax, index) => {
    const amount = amounts[index] ?? nothing
    return {
      channel_liable: false,
      price: decimal(amount.shop, order.currencies.shop),
      price_set: moneySet(amount, order.currencies),
      rate: tax.ratePpm / 1_000_000,
      title: tax.title,
    }
  })
}

function allocations(order: Order, line: Line) {
  if (line.discount.shop === 0n) return []
  return [
    {
      amount: decimal(line.discount.shop, order.currencies.shop),
      amount_set: moneySet(line.discount, order.currencies),
      discount_application_index: 0,
    },
  ]
}

function lineStatus(line: Line): 'fulfilled' | 'partial' | null {
  if (line.fulfilled === 0) return null
  return unfulfilled(line) > 0 ? 'partial' : 'fulfilled'
}

export function lineBody(order: Order, line: Line) {
  const { product } = line
  return {
    id: BigInt(line.id),
    admin_graphql_api_id: gid('LineItem', line.id),
    attributed_staffs: [],
    current_quantity: currentQuantity(line),
    fulfillable_quantity: unfulfilled(line),
    fulfillment_service: 'manual',
    fulfillment_status: lineStatus(line),
    gift_card: false,
    grams: product ? 250 : 0,
    name: line.title,
    price: decimal(line.unit.shop, order.currencies.shop),
    price_set: moneySet(line.unit, order.currencies),
    product_exists: product !== null,
    product_id: product ? BigInt(product.id) : null,
    properties: [],
    quantity: line.quantity,
    requires_shipping: product !== null,
    sales_line_item_group_id: null,
    sku: product ? product.sku : '',
    taxable: product !== null,
    title: line.title,
    // Always zero for discounts that are spread: the money is in discount_allocations.
    total_discount: '0.00',
    total_discount_set: moneySet(nothing, order.currencies),
    variant_id: product ? BigInt(product.variantId) : null,
    variant_inventory_management: product ? 'shopify' : null,
    variant_title: null,
    vendor: product ? 'Example Goods' : null,
    tax_lines: product ? taxLines(order, line.tax) : [],
    duties: [],
    discount_allocations: allocations(order, line),
    ...(product ? {} : { tip_payment_gateway: 'shopify_payments', tip_payment_method: 'Visa' }),
  }
}

function shippingBody(order: Order) {
  const { id, title, price, tax } = order.shipping
  const now = minus(price, order.shippingRefunded.amount)
  return {
    id: BigInt(id),
    carrier_identifier: null,
    code: title,
    current_discounted_price_set: moneySet(now, order.currencies),
    discounted_price: decimal(price.shop, order.currencies.shop),
    discounted_price_set: moneySet(price, order.currencies),
    is_removed: false,
    phone: null,
    price: decimal(price.shop, order.currencies.shop),
    price_set: moneySet(price, order.currencies),
    requested_fulfillment_service_id: null,
    source: 'shopify',
    title,
    tax_lines: price.shop > 0n ? taxLines(order, tax) : [],
    discount_allocations: [],
  }
}

function discountBodies(order: Order, discounts: Bag) {
  const { discount } = order
  if (!discount) return { discount_codes: [], discount_applications: [] }
  const spread = discount.level === 'order'
  return {
    discount_codes: [
      { code: discount.code, amount: decimal(discounts.shop, order.currencies.shop), type: 'percentage' },
    ],
    discount_applications: [
      {
        target_type: 'line_item',
        type: 'discount_code',
        value: `${discount.percent}.0`,
        value_type: 'percentage',
        allocation_method: spread ? 'across' : 'each',
        target_selection: spread ? 'all' : 'entitled',
        code: discount.code,
      },
    ],
  }
}

function moneyBodies(order: Order) {
  const { currencies } = order
  const before = placed(order)
  const after = current(order)
  const text = (bag: Bag) => decimal(bag.shop, currencies.shop)
  const set = (bag: Bag) => moneySet(bag, currencies)
  return {
    current_shipping_price_set: set(after.shipping),
    current_subtotal_price: text(after.subtotal),
    current_subtotal_price_set: set(after.subtotal),
    current_total_additional_fees_set: null,
    current_total_discounts: text(after.discounts),
    current_total_discounts_set: set(after.discounts),
    current_total_duties_set: null,
    current_total_price: text(after.total),
    current_total_price_set: set(after.total),
    current_total_tax: text(after.tax),
    current_total_tax_set: set(after.tax),
    original_total_additional_fees_set: null,
    original_total_duties_set: null,
    subtotal_price: text(before.subtotal),
    subtotal_price_set: set(before.subtotal),
    total_cash_rounding_payment_adjustment_set: set(nothing),
    total_cash_rounding_refund_adjustment_set: set(nothing),
    total_discounts: text(before.discounts),
    total_discounts_set: set(before.discounts),
    total_line_items_price: text(before.lines),
    total_line_items_price_set: set(before.lines),
    total_outstanding: text(outstanding(order)),
    total_price: text(before.total),
    total_price_set: set(before.total),
    total_shipping_price_set: set(before.shipping),
    total_tax: text(before.tax),
    total_tax_set: set(before.tax),
    total_tip_received: text(order.tip),
    tax_lines: taxLines(order, taxTotals(order)),
    ...discountBodies(order, before.discounts),
  }
}

/** Positive: the buyer owes. Money given back without goods is not owed again. */
export function outstanding(order: Order): Bag {
  const adjusted = total(order.refunds.map((refund) => refund.adjustment?.amount ?? nothing))
  return minus(minus(current(order).total, netPayment(order)), minus(nothing, adjusted))
}

// What every order of this world has alike.
const alike = {
  app_id: 580111,
  browser_ip: null,
  buyer_accepts_marketing: false,
  cart_token: null,
  checkout_token: null,
  client_details: null,
  customer_locale: 'en',
  device_id: null,
  duties_included: false,
  estimated_taxes: false,
  landing_site: null,
  landing_site_ref: null,
  location_id: null,
  merchant_business_entity_id: 'MTAwMDAwMDAx',
  merchant_of_record_app_id: null,
  note: null,
  note_attributes: [],
  payment_gateway_names: ['shopify_payments'],
  phone: null,
  po_number: null,
  reference: null,
  referring_site: null,
  source_identifier: null,
  source_name: 'web',
  source_url: null,
  tags: '',
  tax_exempt: false,
  test: false,
  user_id: null,
  payment_terms: null,
  returns: [],
  line_item_groups: [],
}

export function orderBody(shop: Shop, order: Order) {
  const status = fulfillmentStatus(order)
  const time = (at: number | null) => (at === null ? null : bodyTime(shop, at))
  return {
    id: BigInt(order.id),
    ...alike,
    admin_graphql_api_id: gid('Order', order.id),
    cancel_reason: order.cancelledAt === null ? null : 'customer',
    cancelled_at: time(order.cancelledAt),
    closed_at: time(order.closedAt),
    confirmation_number: order.confirmation,
    confirmed: true,
    contact_email: order.person.email,
    created_at: time(order.placedAt),
    currency: order.currencies.shop,
    email: order.person.email,
    financial_status: financialStatus(order).toLowerCase(),
    fulfillment_status: status === 'FULFILLED' ? 'fulfilled' : status === 'PARTIALLY_FULFILLED' ? 'partial' : null,
    name: `#${order.number}`,
    number: order.number - 1000,
    order_number: order.number,
    order_status_url: `https://${shop.domain}/${shop.id}/orders/${order.confirmation.toLowerCase()}/authenticate?key=example`,
    presentment_currency: order.currencies.buyer,
    processed_at: time(order.placedAt),
    taxes_included: order.taxesIncluded,
    token: order.confirmation.toLowerCase(),
    total_weight: 250 * order.lines.reduce((sum, line) => sum + (line.product ? line.quantity : 0), 0),
    updated_at: time(order.updatedAt),
    ...moneyBodies(order),
    billing_address: addressBody(order.person),
    customer: customerBody(order),
    fulfillments: order.fulfillments.map((fulfillment) => fulfillmentBody(shop, order, fulfillment, lineBody)),
    line_items: order.lines.map((line) => lineBody(order, line)),
    refunds: order.refunds.map((refund) => refundBody(shop, order, refund, lineBody)),
    shipping_address: addressBody(order.person),
    shipping_lines: [shippingBody(order)],
  }
}
