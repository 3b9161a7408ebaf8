/**
 * Every GraphQL document of the connector. documents.test.ts validates each against the published 2026-10 schema and
 * computes its cost: one query may cost 1,000 points at most, a connection costs `first` times its node, an object 1.
 */
const page = 'pageInfo { hasNextPage endCursor }'
const paid = '{ presentmentMoney { amount currencyCode } }'
const both = '{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }'
const address = '{ name company address1 address2 city provinceCode zip countryCodeV2 phone }'

const line = `id sku name quantity currentQuantity unfulfilledQuantity requiresShipping isGiftCard
  variant { id } originalUnitPriceSet ${paid} discountAllocations { allocatedAmountSet ${paid} }`
const shippingLine = `title isRemoved originalPriceSet ${paid} discountedPriceSet ${paid}`
const refundedLine = 'quantity restockType lineItem { id }'
const fulfilledLine = 'quantity lineItem { id }'

/** How much of each list the first look brings; a longer one is read to its end by `completeOrder`. */
export const firstLook = { lines: 6, shipping: 2, refunds: 2, refundLines: 2, fulfillments: 3, fulfillmentLines: 4 }

const order = `fragment OrderBody on Order {
  id name test createdAt updatedAt cancelledAt email phone note
  displayFinancialStatus displayFulfillmentStatus risk { recommendation }
  currencyCode presentmentCurrencyCode taxesIncluded dutiesIncluded
  totalPriceSet ${both} totalTaxSet ${paid} totalDiscountsSet ${paid} totalTipReceivedSet ${paid}
  originalTotalDutiesSet ${paid} originalTotalAdditionalFeesSet ${paid} totalRefundedSet ${paid}
  totalCashRoundingAdjustment { paymentSet ${both} }
  shippingAddress ${address} billingAddress ${address}
  shippingLines(first: ${firstLook.shipping}, includeRemovals: true) { ${page} nodes { ${shippingLine} } }
  lineItems(first: ${firstLook.lines}) { ${page} nodes { ${line} } }
  refunds(first: ${firstLook.refunds}) {
    refundLineItems(first: ${firstLook.refundLines}) { ${page} nodes { ${refundedLine} } }
  }
  fulfillments(first: ${firstLook.fulfillments}) {
    status fulfillmentLineItems(first: ${firstLook.fulfillmentLines}) { ${page} nodes { ${fulfilledLine} } }
  }
}`

export const listOrders = `query OrdersChanged($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) { ${page} nodes { ...OrderBody } }
}
${order}`

export const getOrders = `query OrdersById($ids: [ID!]!) { nodes(ids: $ids) { ...OrderBody } }
${order}`

export const moreLines = `query OrderLines($id: ID!, $after: String) {
  order(id: $id) { lineItems(first: 50, after: $after) { ${page} nodes { ${line} } } }
}`
export const moreShipping = `query OrderShipping($id: ID!, $after: String) {
  order(id: $id) { shippingLines(first: 50, after: $after, includeRemovals: true) { ${page} nodes { ${shippingLine} } } }
}`
export const allRefunds = 'query OrderRefunds($id: ID!) { order(id: $id) { refunds(first: 250) { id } } }'
export const refundLines = `query RefundLines($id: ID!, $after: String) {
  node(id: $id) { ... on Refund { refundLineItems(first: 100, after: $after) { ${page} nodes { ${refundedLine} } } } }
}`
export const allFulfillments =
  'query OrderFulfillments($id: ID!) { order(id: $id) { fulfillments(first: 250) { id status } } }'
export const trackedFulfillments = `query OrderTracking($id: ID!) {
  order(id: $id) { fulfillments(first: 80) { id status trackingInfo(first: 10) { number } } }
}`
export const fulfillmentLines = `query FulfillmentLines($id: ID!, $after: String) {
  node(id: $id) {
    ... on Fulfillment { fulfillmentLineItems(first: 100, after: $after) { ${page} nodes { ${fulfilledLine} } } }
  }
}`

export const shopInfo = `query ShopInfo {
  shop { id name myshopifyDomain currencyCode ianaTimezone }
  currentAppInstallation { accessScopes { handle } }
}`
export const primaryLocation = 'query PrimaryLocation { location { id } }'

export const listVariants = `query Variants($after: String, $locationId: ID!) {
  productVariants(first: 100, after: $after) {
    ${page}
    nodes {
      id sku displayName
      inventoryItem { id tracked inventoryLevel(locationId: $locationId) { quantities(names: ["available"]) { quantity } } }
    }
  }
}`
export const readLevels = `query Levels($ids: [ID!]!, $locationId: ID!) {
  nodes(ids: $ids) {
    ... on InventoryItem {
      id tracked inventoryLevel(locationId: $locationId) { quantities(names: ["available"]) { quantity } }
    }
  }
}`
// https://shopify.dev: @idempotent and changeFromQuantity are demanded from 2026-04 on (schema diff, read 2026-11-23).
export const setQuantities = `mutation SetQuantities($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}`

export const fulfillmentState = `query FulfillmentState($id: ID!, $after: String) {
  order(id: $id) {
    id
    fulfillmentOrders(first: 6, after: $after) {
      ${page}
      nodes {
        id status assignedLocation { location { id } } deliveryMethod { methodType } supportedActions { action }
        lineItems(first: 50) { ${page} nodes { id remainingQuantity lineItem { id } } }
      }
    }
  }
}`
export const fulfillmentOrderLines = `query FulfillmentOrderLines($id: ID!, $after: String) {
  fulfillmentOrder(id: $id) {
    lineItems(first: 100, after: $after) { ${page} nodes { id remainingQuantity lineItem { id } } }
  }
}`
export const createFulfillment = `mutation Ship($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id status } userErrors { field message } }
}`

export const orderCancelled = 'query OrderCancelled($id: ID!) { order(id: $id) { id cancelledAt } }'
export const cancelOrder = `mutation CancelOrder($orderId: ID!, $reason: OrderCancelReason!, $restock: Boolean!,
  $notifyCustomer: Boolean, $refundMethod: OrderCancelRefundMethodInput, $staffNote: String) {
  orderCancel(orderId: $orderId, reason: $reason, restock: $restock, notifyCustomer: $notifyCustomer,
    refundMethod: $refundMethod, staffNote: $staffNote) {
    job { id done }
    orderCancelUserErrors { code field message }
  }
}`
export const cancelJob = `query CancelJob($job: ID!, $order: ID!) {
  job(id: $job) { id done }
  order(id: $order) { id cancelledAt }
}`

export const listSubscriptions = `query Subscriptions($after: String) {
  webhookSubscriptions(first: 100, after: $after) { ${page} nodes { id topic uri format filter name includeFields } }
}`
export const createSubscription = `mutation Subscribe($topic: WebhookSubscriptionTopic!, $input: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $input) {
    webhookSubscription { id }
    userErrors { field message }
  }
}`
export const deleteSubscription = `mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}`
/** The app takes itself out of the shop: its tokens end, and its webhooks go with it. */
export const uninstallApp = 'mutation Uninstall { appUninstall { userErrors { code message } } }'
