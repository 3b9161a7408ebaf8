import { productView, variantView } from './catalog-views.ts'
import { type Bag, minus, moneyBag, nothing, share, times, total } from './money.ts'
import { gid, type Line, type Order, type Shop } from './state.ts'
import { currentQuantity, discounted, orderedTotal, unfulfilled } from './totals.ts'

/** An order as seen from its parts: enough to find it. */
export function orderLink(order: Order) {
  return { __typename: 'Order', id: gid('Order', order.id), legacyResourceId: order.id, name: `#${order.number}` }
}

export function taxLineViews(order: Order, amounts: readonly Bag[]) {
  return order.taxes.map((tax, index) => ({
    title: tax.title,
    rate: tax.ratePpm / 1_000_000,
    ratePercentage: tax.ratePpm / 10_000,
    channelLiable: false,
    source: 'shopify',
    priceSet: moneyBag(amounts[index] ?? nothing, order.currencies),
  }))
}

export function discountView(order: Order) {
  const { discount } = order
  if (!discount) return null
  const spread = discount.level === 'order'
  return {
    __typename: 'DiscountCodeApplication',
    index: 0,
    code: discount.code,
    allocationMethod: spread ? 'ACROSS' : 'EACH',
    targetSelection: spread ? 'ALL' : 'ENTITLED',
    targetType: 'LINE_ITEM',
    value: { __typename: 'PricingPercentageValue', percentage: discount.percent },
  }
}

function allocationViews(order: Order, line: Line) {
  if (line.discount.shop === 0n) return []
  const set = moneyBag(line.discount, order.currencies)
  return [{ allocatedAmount: set.shopMoney, allocatedAmountSet: set, discountApplication: () => discountView(order) }]
}

function lineMoney(order: Order, line: Line) {
  const set = (bag: Bag) => moneyBag(bag, order.currencies)
  const ordered = orderedTotal(line)
  const onTop = order.taxesIncluded ? total(line.tax) : nothing
  return {
    originalUnitPriceSet: () => set(line.unit),
    originalTotalSet: () => set(ordered),
    totalDiscountSet: () => set(nothing),
    // Only discounts of the line itself; of these, a code's only when asked for. The rest is in discountAllocations.
    discountedTotalSet: ({ withCodeDiscounts }: { withCodeDiscounts?: boolean | null }) =>
      set(withCodeDiscounts && order.discount?.level === 'product' ? minus(ordered, line.discount) : ordered),
    discountedUnitPriceSet: () => set(line.unit),
    discountedUnitPriceAfterAllDiscountsSet: () => set(share(discounted(line), 1, line.quantity)),
    priceAfterAllDiscountsBeforeTaxesSet: () => set(minus(discounted(line), onTop)),
    unfulfilledOriginalTotalSet: () => set(times(line.unit, unfulfilled(line))),
  }
}

export function lineView(shop: Shop, order: Order, line: Line) {
  const { product } = line
  const left = currentQuantity(line)
  return {
    __typename: 'LineItem',
    id: gid('LineItem', line.id),
    sku: product?.sku ?? null,
    name: line.title,
    title: line.title,
    variantTitle: null,
    vendor: product ? 'Example Goods' : null,
    isGiftCard: false,
    requiresShipping: product !== null,
    taxable: product !== null,
    restockable: product !== null && left > 0,
    merchantEditable: product !== null && unfulfilled(line) > 0,
    quantity: line.quantity,
    currentQuantity: left,
    refundableQuantity: left,
    unfulfilledQuantity: unfulfilled(line),
    nonFulfillableQuantity: product ? line.removed + line.refundedUnshipped : line.quantity,
    variant: () => (product ? variantView(shop, product) : null),
    product: () => (product ? productView(shop, product) : null),
    ...lineMoney(order, line),
    discountAllocations: () => allocationViews(order, line),
    taxLines: () => (product ? taxLineViews(order, line.tax) : []),
    customAttributes: [],
    duties: [],
    lineItemGroup: null,
    sellingPlan: null,
  }
}

export function shippingView(order: Order) {
  const { id, title, price, tax } = order.shipping
  return {
    id: gid('ShippingLine', id),
    title,
    code: title,
    source: 'shopify',
    carrierIdentifier: null,
    custom: false,
    deliveryCategory: null,
    phone: null,
    isRemoved: false,
    originalPriceSet: moneyBag(price, order.currencies),
    discountedPriceSet: moneyBag(price, order.currencies),
    currentDiscountedPriceSet: moneyBag(minus(price, order.shippingRefunded.amount), order.currencies),
    discountAllocations: [],
    taxLines: () => (price.shop > 0n ? taxLineViews(order, tax) : []),
  }
}
