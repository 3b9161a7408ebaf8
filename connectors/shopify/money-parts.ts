import { type Money, type MoneyParts, moneyFromDecimal, sumMoney, UnreadableError } from '#kit'
import type { Amount, Bag, ShopLine, ShopOrder } from './order-shape.ts'

/** @throws UnreadableError naming the field */
export function money(amount: Amount, field: string): Money {
  try {
    return moneyFromDecimal(amount.amount, amount.currency)
  } catch (cause) {
    throw new UnreadableError(`${field}: ${cause instanceof Error ? cause.message : 'no amount'}`, { cause })
  }
}

/** The buyer's side of a bag; zero when Shopify states none. @throws UnreadableError */
function paid(bag: Bag | null, currency: string, field: string): Money {
  if (bag === null) return { minor: 0n, currency }
  if (bag.presentment.currency !== currency) {
    throw new UnreadableError(`${field}: in ${bag.presentment.currency}, but the order is in ${currency}`)
  }
  return money(bag.presentment, field)
}

function times(amount: Money, count: number): Money {
  return { minor: amount.minor * BigInt(count), currency: amount.currency }
}
function minus(a: Money, b: Money): Money {
  return sumMoney([a, { minor: -b.minor, currency: b.currency }], a.currency)
}
const atLeastZero = (amount: Money): Money => (amount.minor < 0n ? { ...amount, minor: 0n } : amount)

/** What is charged for the ordered units of a line: price x quantity - the discounts allocated to it. */
export function lineTotal(line: ShopLine, currency: string): Money {
  const gross = times(paid(line.unitPrice, currency, `line ${line.ref} price`), line.quantity)
  const discounts = line.discounts.map((bag) => paid(bag, currency, `line ${line.ref} discount`))
  return minus(gross, sumMoney(discounts, currency))
}

/**
 * The tip that no line contains. Shopify keeps tips as lines without a variant and sums them up beside; a webhook
 * gives that sum in the shop's currency only, so a tip is found among the lines by its amount in either currency.
 */
function looseTip(order: ShopOrder): Money {
  const none: Money = { minor: 0n, currency: order.currency }
  if (order.tip === null) return none
  const tip = money(order.tip.presentment, 'tip')
  if (tip.minor === 0n) return none
  const candidates = order.lines
    .filter((line) => line.listing === null && !line.requiresShipping && !line.giftCard)
    .map((line) => {
      const bag = line.unitPrice
      const amount = bag.presentment.currency === tip.currency ? bag.presentment : (bag.shop ?? bag.presentment)
      return times(money(amount, `line ${line.ref} price`), line.quantity)
    })
    .filter((amount) => amount.currency === tip.currency)
  const isOne = candidates.some((amount) => amount.minor === tip.minor)
  if (isOne || sumMoney(candidates, tip.currency).minor === tip.minor) return none
  if (tip.currency === order.currency) return tip
  throw new UnreadableError(`tip: only stated in ${tip.currency}, but the order is in ${order.currency}`)
}

export interface Sums {
  readonly total: Money
  readonly shopTotal: Money
  readonly parts: MoneyParts
}

/**
 * As charged, before returns: total_price = lines x ordered quantity - allocations + shipping + tax + other - discount.
 * The `current_*` twins shrink with refunds and removals, but no field states a line's share of them exactly
 * ("approximate unit price", schema 2026-10), and an amount-only refund has no line at all.
 */
export function sumsOf(order: ShopOrder): Sums {
  const { currency } = order
  const lines = order.shipping.filter((line) => !line.removed)
  const shipping = lines.map((line) => paid(line.discounted, currency, 'shipping'))
  const shippingFull = lines.map((line) => paid(line.price, currency, 'shipping price'))
  const rounding = paid(order.rounding, currency, 'cash rounding')
  const allocated = order.lines.flatMap((line) => line.discounts.map((bag) => paid(bag, currency, 'discount')))
  const shippingSum = sumMoney(shipping, currency)
  const inLines = sumMoney([...allocated, minus(sumMoney(shippingFull, currency), shippingSum)], currency)
  const other = [
    looseTip(order),
    order.dutiesIncluded ? { minor: 0n, currency } : paid(order.duties, currency, 'duties'),
    paid(order.fees, currency, 'additional fees'),
    rounding,
  ]
  const shop = order.total.shop ?? order.total.presentment
  const shopRounding = order.rounding?.shop ?? { amount: '0', currency: shop.currency }
  return {
    // The rounding of a cash payment is kept beside total_price: it is what the buyer pays more or less.
    total: sumMoney([paid(order.total, currency, 'total'), rounding], currency),
    shopTotal: sumMoney([money(shop, 'shop total'), money(shopRounding, 'cash rounding')], shop.currency),
    parts: {
      shipping: shippingSum,
      tax: order.taxesIncluded ? { minor: 0n, currency } : paid(order.tax, currency, 'tax'),
      other: sumMoney(other, currency),
      discount: atLeastZero(minus(paid(order.discounts, currency, 'discounts'), inLines)),
    },
  }
}
