import { locationView } from './catalog-views.ts'
import { listed, type PageArgs } from './connection.ts'
import { canFulfill } from './fulfillment.ts'
import { lineView, orderLink } from './line-views.ts'
import { type Fulfillment, type FulfillmentOrder, gid, type Order, type Shop } from './state.ts'
import { apiTime } from './wire.ts'

interface First {
  readonly first?: number | null
}

export function fulfillmentView(shop: Shop, order: Order, fulfillment: Fulfillment) {
  const { id } = fulfillment
  return {
    __typename: 'Fulfillment',
    id: gid('Fulfillment', id),
    legacyResourceId: id,
    name: fulfillment.name,
    status: fulfillment.status,
    displayStatus: fulfillment.status === 'SUCCESS' ? 'FULFILLED' : 'CANCELED',
    createdAt: apiTime(fulfillment.createdAt),
    updatedAt: apiTime(fulfillment.updatedAt),
    deliveredAt: null,
    inTransitAt: null,
    estimatedDeliveryAt: null,
    requiresShipping: true,
    totalQuantity: fulfillment.lines.reduce((sum, { quantity }) => sum + quantity, 0),
    order: () => orderLink(order),
    location: () => locationView(shop),
    trackingInfo: ({ first }: First) => fulfillment.tracking.slice(0, first ?? undefined),
    fulfillmentLineItems: (args: PageArgs) =>
      listed(fulfillment.lines, args, (entry) => ({
        __typename: 'FulfillmentLineItem',
        id: gid('FulfillmentLineItem', entry.id),
        quantity: entry.quantity,
        lineItem: () => lineView(shop, order, entry.line),
      })),
  }
}

function supportedActions(fo: FulfillmentOrder): { action: string; externalUrl: null }[] {
  const actions = canFulfill(fo)
    ? ['CREATE_FULFILLMENT', 'REPORT_PROGRESS', 'MOVE', 'HOLD', 'SPLIT']
    : fo.status === 'ON_HOLD'
      ? ['RELEASE_HOLD', 'HOLD', 'MOVE']
      : []
  return actions.map((action) => ({ action, externalUrl: null }))
}

function holdViews(fo: FulfillmentOrder) {
  return fo.holds.map((hold) => ({
    __typename: 'FulfillmentHold',
    id: gid('FulfillmentHold', hold.id),
    reason: hold.reason,
    reasonNotes: hold.notes,
    handle: hold.handle,
    heldByRequestingApp: true,
  }))
}

export function fulfillmentOrderView(shop: Shop, order: Order, fo: FulfillmentOrder) {
  return {
    __typename: 'FulfillmentOrder',
    id: gid('FulfillmentOrder', fo.id),
    status: fo.status,
    requestStatus: 'UNSUBMITTED',
    orderId: gid('Order', order.id),
    orderName: `#${order.number}`,
    orderProcessedAt: apiTime(order.placedAt),
    createdAt: apiTime(fo.createdAt),
    updatedAt: apiTime(fo.updatedAt),
    fulfillAt: apiTime(fo.createdAt),
    fulfillBy: null,
    order: () => orderLink(order),
    assignedLocation: () => ({
      name: shop.location.name,
      address1: 'Example Street 1',
      address2: null,
      city: null,
      countryCode: shop.currency === 'EUR' ? 'DE' : 'US',
      phone: null,
      province: null,
      zip: '00000',
      location: () => locationView(shop),
    }),
    deliveryMethod: () => ({
      __typename: 'DeliveryMethod',
      id: gid('DeliveryMethod', fo.id),
      methodType: 'SHIPPING',
      serviceCode: order.shipping.title,
      presentedName: order.shipping.title,
    }),
    supportedActions: () => supportedActions(fo),
    fulfillmentHolds: () => holdViews(fo),
    merchantRequests: (args: PageArgs) => listed([], args, () => null),
    fulfillments: (args: PageArgs) => listed(order.fulfillments, args, (one) => fulfillmentView(shop, order, one)),
    lineItems: (args: PageArgs) =>
      listed(fo.lines, args, (routed) => ({
        __typename: 'FulfillmentOrderLineItem',
        id: gid('FulfillmentOrderLineItem', routed.id),
        sku: routed.line.product?.sku ?? null,
        productTitle: routed.line.title,
        variantTitle: null,
        requiresShipping: true,
        totalQuantity: routed.total,
        remainingQuantity: routed.remaining,
        inventoryItemId: routed.line.product ? gid('InventoryItem', routed.line.product.itemId) : null,
        lineItem: () => lineView(shop, order, routed.line),
      })),
  }
}
