import { listed, type PageArgs } from './connection.ts'
import { apiError, type Info, type RequestContext } from './context.ts'
import { fulfillmentOrderView, fulfillmentView } from './fulfillment-views.ts'
import { discountView, lineView, shippingView, taxLineViews } from './line-views.ts'
import { type Bag, moneyBag, nothing, plus, share, total } from './money.ts'
import { outstanding } from './order-body.ts'
import { addressView } from './person.ts'
import { refundView, transactionView } from './refund-views.ts'
import { gid, idOf, type Order, type Shop } from './state.ts'
import {
  current,
  currentQuantity,
  discounted,
  financialStatus,
  fulfillmentStatus,
  goods,
  netPayment,
  placed,
  received,
  refunded,
  taxTotals,
  unfulfilled,
} from './totals.ts'
import { apiTime } from './wire.ts'

interface First {
  readonly first?: number | null
}

function moneyViews(order: Order) {
  const before = placed(order)
  const after = current(order)
  const set = (bag: Bag) => moneyBag(bag, order.currencies)
  return {
    subtotalPriceSet: () => set(before.subtotal),
    totalPriceSet: () => set(before.total),
    totalTaxSet: () => set(before.tax),
    totalDiscountsSet: () => set(before.discounts),
    totalShippingPriceSet: () => set(before.shipping),
    totalTipReceivedSet: () => set(order.tip),
    originalTotalPriceSet: () => set(order.originalTotal),
    originalTotalDutiesSet: null,
    originalTotalAdditionalFeesSet: null,
    currentSubtotalPriceSet: () => set(after.subtotal),
    currentTotalPriceSet: () => set(after.total),
    currentTotalTaxSet: () => set(after.tax),
    currentTotalDiscountsSet: () => set(after.discounts),
    currentShippingPriceSet: () => set(after.shipping),
    currentTotalDutiesSet: null,
    currentTotalAdditionalFeesSet: null,
    currentCartDiscountAmountSet: () => set(order.discount?.level === 'order' ? after.discounts : nothing),
    cartDiscountAmountSet: () => set(order.discount?.level === 'order' ? before.discounts : nothing),
    totalRefundedSet: () => set(refunded(order)),
    totalRefundedShippingSet: () => set(order.shippingRefunded.amount),
    totalReceivedSet: () => set(received(order)),
    totalCapturableSet: () => set(nothing),
    netPaymentSet: () => set(netPayment(order)),
    totalOutstandingSet: () => set(outstanding(order)),
    refundDiscrepancySet: () => set(nothing),
    totalCashRoundingAdjustment: () => ({ paymentSet: set(nothing), refundSet: set(nothing) }),
    additionalFees: [],
    taxLines: () => taxLineViews(order, taxTotals(order)),
  }
}

function stateViews(order: Order) {
  const time = (at: number | null) => (at === null ? null : apiTime(at))
  const lines = goods(order)
  return {
    createdAt: apiTime(order.placedAt),
    processedAt: apiTime(order.placedAt),
    updatedAt: apiTime(order.updatedAt),
    cancelledAt: time(order.cancelledAt),
    cancelReason: order.cancelledAt === null ? null : 'CUSTOMER',
    closedAt: time(order.closedAt),
    closed: order.closedAt !== null,
    confirmed: true,
    edited: order.edited,
    test: false,
    displayFinancialStatus: () => financialStatus(order),
    displayFulfillmentStatus: () => fulfillmentStatus(order),
    returnStatus: 'NO_RETURN',
    fullyPaid: true,
    unpaid: false,
    fulfillable: lines.some((line) => unfulfilled(line) > 0),
    refundable: lines.some((line) => currentQuantity(line) > 0),
    subtotalLineItemsQuantity: lines.reduce((sum, line) => sum + line.quantity, 0),
    currentSubtotalLineItemsQuantity: lines.reduce((sum, line) => sum + currentQuantity(line), 0),
  }
}

function personViews(order: Order) {
  const address = () => addressView(order.person)
  return {
    email: order.person.email,
    phone: null,
    customer: () => ({ __typename: 'Customer', id: gid('Customer', order.person.customerId) }),
    shippingAddress: address,
    billingAddress: address,
    displayAddress: address,
    billingAddressMatchesShippingAddress: true,
    customerLocale: 'en',
  }
}

interface Suggest {
  readonly refundLineItems?: readonly { readonly lineItemId: string; readonly quantity: number }[] | null
}

function suggestion(order: Order, args: Suggest) {
  const parts = (args.refundLineItems ?? []).map(({ lineItemId, quantity }) => {
    const line = order.lines.find((one) => one.id === idOf('LineItem', lineItemId))
    if (!line || quantity > currentQuantity(line))
      throw apiError('Quantity cannot refund more items than were purchased', 'BAD_REQUEST')
    const tax = order.taxesIncluded ? nothing : total(line.tax)
    return share(plus(discounted(line), tax), quantity, line.quantity)
  })
  const amount = moneyBag(total(parts), order.currencies)
  const parent = order.transactions.find((one) => one.kind === 'SALE')
  return {
    amountSet: amount,
    suggestedTransactions: () => [
      {
        kind: 'SUGGESTED_REFUND',
        gateway: 'shopify_payments',
        amountSet: amount,
        parentTransaction: () => (parent ? transactionView(order, parent) : null),
      },
    ],
  }
}

function partViews(shop: Shop, order: Order) {
  const { discount } = order
  return {
    discountCode: discount?.code ?? null,
    discountCodes: discount ? [discount.code] : [],
    discountApplications: (args: PageArgs) => listed(discount ? [order] : [], args, discountView),
    shippingLine: () => shippingView(order),
    shippingLines: (args: PageArgs) => listed([order], args, shippingView),
    lineItems: (args: PageArgs) => listed(order.lines, args, (line) => lineView(shop, order, line)),
    nonFulfillableLineItems: (args: PageArgs) =>
      listed(
        order.lines.filter((line) => !line.product),
        args,
        (line) => lineView(shop, order, line),
      ),
    fulfillmentOrders: (args: PageArgs) =>
      listed(order.fulfillmentOrders, args, (fo) => fulfillmentOrderView(shop, order, fo)),
    fulfillments: ({ first }: First) =>
      order.fulfillments.slice(0, first ?? undefined).map((one) => fulfillmentView(shop, order, one)),
    fulfillmentsCount: () => ({ count: order.fulfillments.length, precision: 'EXACT' }),
    refunds: ({ first }: First) =>
      order.refunds.slice(0, first ?? undefined).map((one) => refundView(shop, order, one)),
    returns: (args: PageArgs) => listed([], args, () => null),
    transactions: ({ first }: First) =>
      order.transactions.slice(0, first ?? undefined).map((one) => transactionView(order, one)),
    suggestedRefund: (args: Suggest) => suggestion(order, args),
  }
}

export function orderView(shop: Shop, order: Order) {
  return {
    __typename: 'Order',
    // Asking an order's id is being told of it.
    id: (_: unknown, ctx: RequestContext, __: Info) => {
      ctx.shown.add(order)
      return gid('Order', order.id)
    },
    legacyResourceId: order.id,
    name: `#${order.number}`,
    number: order.number,
    confirmationNumber: order.confirmation,
    statusPageUrl: `https://${shop.domain}/${shop.id}/orders/${order.confirmation.toLowerCase()}`,
    sourceName: 'web',
    sourceIdentifier: null,
    app: () => ({ id: gid('App', '580111'), name: 'Online Store' }),
    currencyCode: order.currencies.shop,
    presentmentCurrencyCode: order.currencies.buyer,
    taxesIncluded: order.taxesIncluded,
    dutiesIncluded: false,
    taxExempt: false,
    estimatedTaxes: false,
    note: null,
    tags: [],
    poNumber: null,
    customAttributes: [],
    requiresShipping: true,
    paymentGatewayNames: ['shopify_payments'],
    risk: () => ({
      recommendation: 'ACCEPT',
      assessments: [
        { riskLevel: 'LOW', facts: [], provider: { __typename: 'App', id: gid('App', '1'), title: 'Shopify' } },
      ],
    }),
    ...stateViews(order),
    ...moneyViews(order),
    ...personViews(order),
    ...partViews(shop, order),
  }
}
