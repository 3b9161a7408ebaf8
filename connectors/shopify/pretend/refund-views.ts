import { locationView } from './catalog-views.ts'
import { listed, type PageArgs } from './connection.ts'
import { lineView, shippingView } from './line-views.ts'
import { moneyBag, nothing } from './money.ts'
import { gid, type Order, type Refund, type Shop, type Transaction } from './state.ts'
import { apiTime } from './wire.ts'

export function transactionView(order: Order, transaction: Transaction) {
  return {
    __typename: 'OrderTransaction',
    id: gid('OrderTransaction', transaction.id),
    kind: transaction.kind,
    status: 'SUCCESS',
    gateway: 'shopify_payments',
    test: false,
    createdAt: apiTime(transaction.at),
    processedAt: apiTime(transaction.at),
    amountSet: moneyBag(transaction.amount, order.currencies),
  }
}

function refundLines(shop: Shop, order: Order, refund: Refund, args: PageArgs) {
  return listed(refund.lines, args, (entry) => ({
    id: gid('RefundLineItem', entry.id),
    quantity: entry.quantity,
    restockType: entry.restock.toUpperCase(),
    restocked: entry.restock !== 'no_restock',
    location: () => (entry.restock === 'no_restock' ? null : locationView(shop)),
    lineItem: () => lineView(shop, order, entry.line),
    subtotalSet: moneyBag(entry.subtotal, order.currencies),
    totalTaxSet: moneyBag(entry.tax, order.currencies),
  }))
}

export function refundView(shop: Shop, order: Order, refund: Refund) {
  return {
    __typename: 'Refund',
    id: gid('Refund', refund.id),
    legacyResourceId: refund.id,
    createdAt: apiTime(refund.at),
    processedAt: apiTime(refund.at),
    updatedAt: apiTime(refund.at),
    note: refund.note,
    return: null,
    duties: [],
    totalRefundedSet: moneyBag(refund.transaction.amount, order.currencies),
    refundLineItems: (args: PageArgs) => refundLines(shop, order, refund, args),
    refundShippingLines: (args: PageArgs) =>
      listed(refund.shipping ? [refund.shipping] : [], args, ({ id, amount, tax }) => ({
        id: gid('RefundShippingLine', id),
        shippingLine: () => shippingView(order),
        subtotalAmountSet: moneyBag(amount, order.currencies),
        taxAmountSet: moneyBag(tax, order.currencies),
      })),
    orderAdjustments: (args: PageArgs) =>
      listed(refund.adjustment ? [refund.adjustment] : [], args, ({ id, amount }) => ({
        id: gid('OrderAdjustment', id),
        reason: 'REFUND_DISCREPANCY',
        amountSet: moneyBag(amount, order.currencies),
        taxAmountSet: moneyBag(nothing, order.currencies),
      })),
    transactions: (args: PageArgs) =>
      listed([refund.transaction], args, (transaction) => transactionView(order, transaction)),
  }
}
