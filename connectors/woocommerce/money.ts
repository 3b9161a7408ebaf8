import { type Money, type MoneyParts, sumMoney } from '#kit'
import { type Fine, fineOf, rounded, sumFine } from './amounts.ts'
import type { Order } from './order-shape.ts'

const absolute = (fine: Fine) => (fine < 0n ? -fine : fine)

/**
 * What the shop's own rounding adds to the parts as shown, or null when no rule of its yields the total.
 *
 * WooCommerce computes `total = round(Σ lines + Σ fees + shipping + taxes)`, lines rounded one by one, or not at all
 * with "round tax at subtotal level" (WC_Abstract_Order::calculate_totals, read 2026-11-23); fees and a checkout's
 * shipping stay unrounded. So the parts, each to the cent, can miss the total by a few cents that are not lost but
 * rounded. They are told apart from an order that does not add up by computing the shop's sum.
 */
function roundingOf(order: Order, lines: readonly Money[], shown: Money): bigint | null {
  const total = rounded(order.total, order.currency)
  const rest = sumFine(order.fee_lines.map((fee) => fee.total)) + shippingOf(order)
  const lineSums = [fineOf(sumMoney(lines, order.currency)), sumFine(order.line_items.map((line) => line.total))]
  const taxes = [order.total_tax, order.cart_tax + order.shipping_tax]
  const explained = lineSums.some((line) =>
    taxes.some((tax) => rounded(line + rest + tax, order.currency).minor === total.minor),
  )
  return explained ? total.minor - shown.minor : null
}

function shippingOf(order: Order): Fine {
  return order.shipping_total === 0n ? sumFine(order.shipping_lines.map((line) => line.total)) : order.shipping_total
}

/** Parts of the total. Lines are after coupons and everything is net of tax, also where shop prices include it. */
export function partsOf(order: Order, lines: readonly Money[]): MoneyParts {
  const { currency } = order
  const shipping = rounded(shippingOf(order), currency)
  const tax = rounded(order.total_tax, currency)
  const fees = sumMoney(
    order.fee_lines.map((fee) => rounded(fee.total, currency)),
    currency,
  )
  const shown = sumMoney([...lines, shipping, tax, fees], currency)
  const rounding = roundingOf(order, lines, shown) ?? 0n
  return { shipping, tax, other: { minor: fees.minor + rounding, currency }, discount: { minor: 0n, currency } }
}

export function refundedOf(order: Order): Money {
  return rounded(sumFine(order.refunds.map((refund) => absolute(refund.total))), order.currency)
}
