import { createHash } from 'node:crypto'
import { type Amount, microText, minorText, netMinor, taxMinor } from './amount.ts'
import { fulfillmentStatus } from './fulfillment-json.ts'
import type { Charge, Line, Order, Store } from './model.ts'
import { chargeAmount, lineAmount, lineSubtotal, presentLines, rateId, rates, taxByRate, totalsOf } from './totals.ts'
import { gmtText } from './zone.ts'

/** `name` in the shop's local time and `name_gmt`, as every WooCommerce date comes. */
export function dates(store: Store, name: string, at: number | null): Record<string, string | null> {
  return { [name]: at === null ? null : store.zone.localText(at), [`${name}_gmt`]: at === null ? null : gmtText(at) }
}

function taxes(amount: Amount, charge: { readonly rate: Line['rate']; readonly before?: Amount }) {
  const total = microText(amount.taxMicro, 6)
  const subtotal = charge.before ? microText(charge.before.taxMicro, 6) : ''
  return [{ id: rateId(charge.rate), total, subtotal }]
}

function lineJson(store: Store, line: Line, dp: number) {
  const paid = lineAmount(line)
  const before = lineSubtotal(line)
  const product = store.products.get(line.productId)
  const sold = line.variationId === 0 ? product : store.products.get(line.variationId)
  const reduced = String(line.reduced)
  const meta = { id: line.id * 10, key: '_reduced_stock', value: reduced, display_key: '_reduced_stock' }
  return {
    id: line.id,
    name: line.name,
    // A deleted product leaves id 0 and sku null behind (observed on WooCommerce 11.0.1, 2026-11-23).
    product_id: product ? line.productId : 0,
    variation_id: line.variationId !== 0 && !sold ? 0 : line.variationId,
    quantity: line.quantity,
    tax_class: line.rate === 7n ? 'reduced-rate' : '',
    subtotal: microText(before.netMicro, dp),
    subtotal_tax: minorText(taxMinor(before), dp),
    total: microText(paid.netMicro, dp),
    total_tax: minorText(taxMinor(paid), dp),
    taxes: taxes(paid, { rate: line.rate, before }),
    meta_data: line.reduced > 0 ? [{ ...meta, display_value: reduced }] : [],
    sku: sold ? sold.sku : null,
    global_unique_id: '',
    // A float of the unrounded net: 16.7983195 and the like. Never money.
    price: Number(paid.netMicro) / 1e6 / line.quantity,
    image: { id: 0, src: '' },
    parent_name: line.variationId !== 0 && product ? product.name : null,
  }
}

function shippingJson(charge: Charge, dp: number) {
  const amount = chargeAmount(charge)
  return {
    id: charge.id,
    method_title: charge.title,
    method_id: charge.netMinor === 0n ? 'free_shipping' : 'flat_rate',
    instance_id: '1',
    total: microText(amount.netMicro, dp),
    total_tax: minorText(taxMinor(amount), dp),
    taxes: taxes(amount, { rate: charge.rate }),
    tax_status: 'taxable',
    meta_data: [],
  }
}

function feeJson(charge: Charge, dp: number) {
  const amount = chargeAmount(charge)
  return {
    id: charge.id,
    name: charge.title,
    tax_class: '',
    tax_status: 'taxable',
    amount: minorText(charge.netMinor),
    total: microText(amount.netMicro, dp),
    total_tax: minorText(taxMinor(amount), dp),
    taxes: taxes(amount, { rate: charge.rate }),
    meta_data: [],
  }
}

function taxLinesJson(order: Order, dp: number) {
  return rates.flatMap(({ rate, id, label }) => {
    const tax = taxByRate(order, rate)
    if (tax.taxMinor === 0n && tax.shippingMinor === 0n) return []
    return [
      {
        id: order.id * 10 + id,
        rate_code: `DE-MWST-${id}`,
        rate_id: id,
        label,
        compound: false,
        tax_total: minorText(tax.taxMinor, dp),
        shipping_tax_total: minorText(tax.shippingMinor, dp),
        rate_percent: Number(rate),
        meta_data: [],
      },
    ]
  })
}

function couponJson(order: Order, dp: number) {
  const totals = totalsOf(order)
  if (!order.coupon) return []
  return [
    {
      id: order.coupon.id,
      code: order.coupon.code,
      discount: minorText(totals.discountMinor, dp),
      discount_tax: minorText(totals.discountTaxMinor, dp),
      meta_data: [],
      discount_type: 'percent',
      nominal_amount: Number(order.coupon.percent),
      free_shipping: false,
    },
  ]
}

function refundSummary(order: Order) {
  return order.refunds.map((refund) => {
    const tax = refund.lines.reduce((sum, line) => sum + line.taxMicro, 0n)
    return {
      id: refund.id,
      reason: refund.reason,
      total: minorText(-refund.amountMinor),
      total_tax: microText(-tax, 2),
    }
  })
}

function money(order: Order, dp: number) {
  const totals = totalsOf(order)
  return {
    discount_total: minorText(totals.discountMinor, dp),
    discount_tax: minorText(totals.discountTaxMinor, dp),
    shipping_total: minorText(totals.shippingMinor, dp),
    shipping_tax: minorText(totals.shippingTaxMinor, dp),
    cart_tax: minorText(totals.cartTaxMinor, dp),
    total: minorText(totals.totalMinor, dp),
    total_tax: minorText(totals.totalTaxMinor, dp),
  }
}

function metaJson(order: Order) {
  const status = fulfillmentStatus(order)
  const origin = [{ id: order.id * 10, key: '_wc_order_attribution_source_type', value: 'typein' }]
  return status === null ? origin : [...origin, { id: order.id * 10 + 1, key: '_fulfillment_status', value: status }]
}

/** A whole order as `wc/v3` shows it; webhooks carry the same body. Never empty of persons: all of them invented. */
export function orderJson(store: Store, order: Order, dp = 2): Record<string, unknown> {
  const self = `${store.url}/wp-json/wc/v3/orders`
  return {
    id: order.id,
    parent_id: 0,
    status: order.status,
    currency: 'EUR',
    version: '11.0.1',
    prices_include_tax: true,
    ...dates(store, 'date_created', order.created),
    ...dates(store, 'date_modified', order.modified),
    ...money(order, dp),
    customer_id: 0,
    order_key: order.key,
    billing: { ...order.buyer.billing, email: order.buyer.email, phone: order.buyer.phone },
    shipping: { ...order.buyer.shipping, phone: order.buyer.phone },
    payment_method: order.payment.id,
    payment_method_title: order.payment.title,
    transaction_id: order.payment.refunds ? `pi_${order.key}` : '',
    customer_ip_address: '192.0.2.10',
    customer_user_agent: 'Mozilla/5.0 (pretend)',
    created_via: order.via,
    customer_note: order.note,
    ...dates(store, 'date_completed', order.completedAt),
    ...dates(store, 'date_paid', order.paidAt),
    cart_hash: createHash('md5').update(order.key).digest('hex'),
    number: String(order.id),
    meta_data: metaJson(order),
    line_items: presentLines(order).map((line) => lineJson(store, line, dp)),
    tax_lines: taxLinesJson(order, dp),
    shipping_lines: order.shipping.map((charge) => shippingJson(charge, dp)),
    fee_lines: order.fees.map((charge) => feeJson(charge, dp)),
    coupon_lines: couponJson(order, dp),
    refunds: refundSummary(order),
    payment_url: `${store.url}/kasse/order-pay/${order.id}/?pay_for_order=true&key=${order.key}`,
    is_editable: order.status === 'pending' || order.status === 'on-hold',
    needs_payment: order.status === 'pending' || order.status === 'failed',
    needs_processing: true,
    currency_symbol: '€',
    _links: { self: [{ href: `${self}/${order.id}` }], collection: [{ href: self }] },
  }
}

/** One refund; its lines are negative and point back by `_refunded_item_id`. */
export function refundJson(store: Store, order: Order, refund: Order['refunds'][number], dp = 2) {
  const lines = refund.lines.map((refunded) => {
    const line = order.lines.find((one) => one.id === refunded.lineId)
    const amount = { netMicro: -refunded.netMicro, taxMicro: -refunded.taxMicro }
    const of = { id: refunded.id * 10, key: '_refunded_item_id', display_key: '_refunded_item_id' }
    const text = String(refunded.lineId)
    return {
      ...(line ? lineJson(store, line, dp) : {}),
      id: refunded.id,
      quantity: -refunded.quantity,
      subtotal: microText(amount.netMicro, dp),
      subtotal_tax: microText(amount.taxMicro, dp),
      total: microText(amount.netMicro, dp),
      total_tax: microText(amount.taxMicro, dp),
      taxes: taxes(amount, { rate: line?.rate ?? 19n, before: amount }),
      meta_data: [{ ...of, value: text, display_value: text }],
      price: refunded.quantity === 0 ? 0 : Number(netMinor(amount)) / -100 / refunded.quantity,
    }
  })
  return {
    id: refund.id,
    parent_id: order.id,
    ...dates(store, 'date_created', refund.created),
    amount: minorText(refund.amountMinor, dp),
    reason: refund.reason,
    refunded_by: 1,
    refunded_payment: refund.paidBack,
    meta_data: [],
    line_items: lines,
    shipping_lines: [],
    tax_lines: [],
    fee_lines: [],
    _links: { up: [{ href: `${store.url}/wp-json/wc/v3/orders/${order.id}` }] },
  }
}
