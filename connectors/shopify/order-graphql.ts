import { z } from 'zod'
import { Gid, readAs } from './json.ts'
import { type Amount, type Bag, happened, type ShopLine, type ShopOrder } from './order-shape.ts'
import { GraphqlAddress } from './persons.ts'

const Money = z
  .object({ amount: z.string(), currencyCode: z.string() })
  .transform((m): Amount => ({ amount: m.amount, currency: m.currencyCode }))
const Bagged = z
  .object({ presentmentMoney: Money, shopMoney: Money.optional() })
  .transform((b): Bag => ({ presentment: b.presentmentMoney, ...(b.shopMoney ? { shop: b.shopMoney } : {}) }))
const MaybeBag = Bagged.nullish().transform((bag) => bag ?? null)
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null)
const units = z.number().int().min(0).max(1_000_000)

const LineNode = z.object({
  id: Gid,
  sku: text,
  name: z.string(),
  quantity: units,
  currentQuantity: units,
  unfulfilledQuantity: units,
  requiresShipping: z.boolean(),
  isGiftCard: z.boolean(),
  variant: z.object({ id: Gid }).nullish(),
  originalUnitPriceSet: Bagged,
  discountAllocations: z.array(z.object({ allocatedAmountSet: Bagged })),
})
const ShippingNode = z.object({
  title: z.string(),
  isRemoved: z.boolean(),
  originalPriceSet: Bagged,
  discountedPriceSet: Bagged,
})
const RefundLineNode = z.object({
  quantity: units,
  restockType: z.string(),
  lineItem: z.object({ id: z.string() }),
})
export const FulfilledLineNode = z.object({
  // Nullable in the schema: null for a line that the app may not see.
  quantity: units.nullable(),
  lineItem: z.object({ id: z.string() }),
})

const GraphqlOrder = z.object({
  id: Gid,
  name: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  cancelledAt: text,
  test: z.boolean(),
  displayFinancialStatus: text,
  displayFulfillmentStatus: text,
  risk: z.object({ recommendation: z.string() }).nullish(),
  currencyCode: z.string(),
  presentmentCurrencyCode: z.string(),
  taxesIncluded: z.boolean(),
  dutiesIncluded: z.boolean(),
  totalPriceSet: Bagged,
  totalTaxSet: MaybeBag,
  totalDiscountsSet: MaybeBag,
  totalTipReceivedSet: MaybeBag,
  originalTotalDutiesSet: MaybeBag,
  originalTotalAdditionalFeesSet: MaybeBag,
  totalRefundedSet: Bagged,
  totalCashRoundingAdjustment: z.object({ paymentSet: MaybeBag }).nullish(),
  email: text,
  phone: text,
  note: text,
  shippingAddress: GraphqlAddress.nullish(),
  billingAddress: GraphqlAddress.nullish(),
  shippingLines: z.object({ nodes: z.array(ShippingNode) }),
  lineItems: z.object({ nodes: z.array(LineNode).max(5_000) }),
  refunds: z.array(z.object({ refundLineItems: z.object({ nodes: z.array(RefundLineNode) }) })),
  fulfillments: z.array(
    z.object({ status: z.string(), fulfillmentLineItems: z.object({ nodes: z.array(FulfilledLineNode) }) }),
  ),
})

function lineOf(line: z.output<typeof LineNode>): ShopLine {
  return {
    id: line.id,
    ref: line.id,
    listing: line.variant?.id ?? null,
    sku: line.sku,
    title: line.name,
    quantity: line.quantity,
    current: line.currentQuantity,
    fulfillable: line.unfulfilledQuantity,
    requiresShipping: line.requiresShipping,
    giftCard: line.isGiftCard,
    unitPrice: line.originalUnitPriceSet,
    discounts: line.discountAllocations.map((allocation) => allocation.allocatedAmountSet),
  }
}

/** An order as `list` and `get` of this connector store it. @throws UnreadableError naming the field */
export function fromGraphql(body: unknown): ShopOrder {
  const order = readAs(GraphqlOrder, body, 'order')
  return {
    ref: order.id,
    number: order.name,
    placedAt: order.createdAt,
    changedAt: order.updatedAt,
    cancelledAt: order.cancelledAt,
    test: order.test,
    financial: order.displayFinancialStatus,
    fulfilment: order.displayFulfillmentStatus,
    recommendation: order.risk?.recommendation ?? null,
    currency: order.presentmentCurrencyCode,
    shopCurrency: order.currencyCode,
    taxesIncluded: order.taxesIncluded,
    dutiesIncluded: order.dutiesIncluded,
    total: order.totalPriceSet,
    tax: order.totalTaxSet,
    discounts: order.totalDiscountsSet,
    tip: order.totalTipReceivedSet,
    duties: order.originalTotalDutiesSet,
    fees: order.originalTotalAdditionalFeesSet,
    rounding: order.totalCashRoundingAdjustment?.paymentSet ?? null,
    refunded: [order.totalRefundedSet.presentment],
    shipping: order.shippingLines.nodes.map((line) => ({
      title: line.title,
      removed: line.isRemoved,
      price: line.originalPriceSet,
      discounted: line.discountedPriceSet,
    })),
    lines: order.lineItems.nodes.map(lineOf),
    refundLines: order.refunds
      .flatMap((refund) => refund.refundLineItems.nodes)
      .map((line) => ({ line: line.lineItem.id, quantity: line.quantity, restock: line.restockType })),
    fulfilledLines: order.fulfillments
      .filter((fulfillment) => happened(fulfillment.status))
      .flatMap((fulfillment) => fulfillment.fulfillmentLineItems.nodes)
      .map((line) => ({ line: line.lineItem.id, quantity: line.quantity ?? 0 })),
    shipTo: order.shippingAddress ?? null,
    billTo: order.billingAddress ?? null,
    email: order.email,
    phone: order.phone,
    note: order.note,
  }
}
