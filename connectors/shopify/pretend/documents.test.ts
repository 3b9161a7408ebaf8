import { afterAll, beforeAll, expect, test } from 'vitest'
import { adminSchema, prepare } from './schema.ts'
import { buyOne, openTrial, reach, type Trial } from './trial.ts'

let trial: Trial
const known: Record<string, string> = {}
beforeAll(async () => {
  trial = await openTrial({ queryCostMax: 100_000, bucket: { maximum: 100_000, restorePerSecond: 1000 } })
  const id = buyOne(trial, 'MUG-01', 3)
  trial.shop.refund(id, { sku: 'MUG-01', quantity: 1 })
  trial.shop.refund(id, null)
  known.order = `gid://shopify/Order/${id}`
  const reply = await trial.ask(
    `query ($id: ID!) { order(id: $id) { lineItems(first: 1) { nodes { id variant { inventoryItem { id } } } } fulfillmentOrders(first: 1) { nodes { id } } refunds { id } } }`,
    { id: known.order },
  )
  known.line = String(reply.at('data.order.lineItems.nodes.0.id'))
  known.item = String(reply.at('data.order.lineItems.nodes.0.variant.inventoryItem.id'))
  known.fo = String(reply.at('data.order.fulfillmentOrders.nodes.0.id'))
  known.refund = String(reply.at('data.order.refunds.0.id'))
})
afterAll(() => trial.close())

const bag = 'fragment Bag on MoneyBag { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }'
const person = 'firstName lastName name company address1 address2 city provinceCode zip countryCodeV2 phone'

/** What an order hub asks of the Admin API, by what it is for. Values starting with "$" are taken from the trial shop. */
const documents: Record<string, readonly [query: string, variables?: Record<string, unknown>]> = {
  'orders changed since': [
    `query ($first: Int!, $after: String, $query: String!) { orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id legacyResourceId name number confirmationNumber test createdAt processedAt updatedAt cancelledAt cancelReason closedAt closed confirmed edited
        displayFinancialStatus displayFulfillmentStatus returnStatus sourceName sourceIdentifier app { id name }
        currencyCode presentmentCurrencyCode taxesIncluded dutiesIncluded email phone note tags poNumber customAttributes { key value } customer { id }
        risk { recommendation assessments { riskLevel provider { id title } } }
        currentTotalPriceSet { ...Bag } currentSubtotalPriceSet { ...Bag } currentTotalTaxSet { ...Bag } currentTotalDiscountsSet { ...Bag } currentShippingPriceSet { ...Bag }
        originalTotalPriceSet { ...Bag } totalPriceSet { ...Bag } totalTipReceivedSet { ...Bag } totalRefundedSet { ...Bag } netPaymentSet { ...Bag } totalOutstandingSet { ...Bag }
        taxLines { title rate channelLiable priceSet { ...Bag } } shippingAddress { ${person} } billingAddress { ${person} } paymentGatewayNames
        shippingLines(first: 10, includeRemovals: false) { nodes { id title code source carrierIdentifier isRemoved originalPriceSet { ...Bag } discountedPriceSet { ...Bag } currentDiscountedPriceSet { ...Bag } taxLines { title rate priceSet { ...Bag } } } }
        lineItems(first: 50) { pageInfo { hasNextPage endCursor } nodes {
          id sku name title variantTitle vendor isGiftCard requiresShipping taxable quantity currentQuantity refundableQuantity unfulfilledQuantity nonFulfillableQuantity
          variant { id legacyResourceId inventoryItem { id } } product { id }
          originalUnitPriceSet { ...Bag } originalTotalSet { ...Bag } discountedTotalSet(withCodeDiscounts: true) { ...Bag } discountedUnitPriceAfterAllDiscountsSet { ...Bag }
          discountAllocations { allocatedAmountSet { ...Bag } discountApplication { index targetType allocationMethod } }
          taxLines { title rate ratePercentage channelLiable priceSet { ...Bag } } customAttributes { key value } lineItemGroup { id title quantity }
        } }
      } } } ${bag}`,
    { first: 10, query: "updated_at:>='2026-01-01T00:00:00Z' updated_at:<'2099-01-01T00:00:00Z'" },
  ],
  'the fulfilment of an order': [
    `query ($id: ID!) { order(id: $id) { id displayFulfillmentStatus
      fulfillmentOrders(first: 20) { nodes { id status requestStatus fulfillAt fulfillBy updatedAt assignedLocation { name location { id isFulfillmentService } } deliveryMethod { methodType serviceCode }
        supportedActions { action externalUrl } fulfillmentHolds { id reason reasonNotes handle heldByRequestingApp } merchantRequests(first: 5) { nodes { kind message sentAt } }
        lineItems(first: 50) { pageInfo { hasNextPage endCursor } nodes { id sku totalQuantity remainingQuantity inventoryItemId lineItem { id } } } } }
      fulfillments(first: 20) { id status displayStatus createdAt updatedAt trackingInfo(first: 10) { company number url } fulfillmentLineItems(first: 50) { nodes { id quantity lineItem { id } } } } } }`,
    { id: '$order' },
  ],
  'fulfilment requests of a service': [
    'query { assignedFulfillmentOrders(first: 50, assignmentStatus: FULFILLMENT_REQUESTED) { pageInfo { hasNextPage } nodes { id status orderId } } }',
  ],
  'accepting a request': [
    'mutation ($id: ID!) { fulfillmentOrderAcceptFulfillmentRequest(id: $id) { fulfillmentOrder { id status } userErrors { field message } } }',
    { id: '$fo' },
  ],
  'rejecting a request': [
    'mutation ($id: ID!) { fulfillmentOrderRejectFulfillmentRequest(id: $id, reason: OTHER) { fulfillmentOrder { id status } userErrors { field message } } }',
    { id: '$fo' },
  ],
  'answering a cancellation request': [
    'mutation ($id: ID!) { fulfillmentOrderAcceptCancellationRequest(id: $id) { fulfillmentOrder { id } userErrors { field message } } }',
    { id: '$fo' },
  ],
  'refusing a cancellation request': [
    'mutation ($id: ID!) { fulfillmentOrderRejectCancellationRequest(id: $id) { fulfillmentOrder { id } userErrors { field message } } }',
    { id: '$fo' },
  ],
  'creating a fulfilment service': [
    'mutation { fulfillmentServiceCreate(name: "Hub", callbackUrl: "https://example.com", trackingSupport: true, inventoryManagement: true) { fulfillmentService { id handle serviceName location { id } } userErrors { field message } } }',
  ],
  'levels of items': [
    `query ($ids: [ID!]!, $location: ID!) { nodes(ids: $ids) { ... on InventoryItem { id sku tracked inventoryLevel(locationId: $location) { id updatedAt
      quantities(names: ["available", "on_hand", "committed", "incoming", "reserved", "damaged", "safety_stock", "quality_control"]) { name quantity updatedAt } } } } }`,
    { ids: ['$item'], location: '$location' },
  ],
  'variants by SKU': [
    'query ($query: String!) { productVariants(first: 100, query: $query) { pageInfo { hasNextPage endCursor } nodes { id legacyResourceId sku barcode price inventoryPolicy inventoryQuantity product { id status title } inventoryItem { id tracked requiresShipping } } } }',
    { query: 'sku:MUG-01' },
  ],
  locations: [
    '{ locations(first: 50, includeInactive: false, includeLegacy: true) { pageInfo { hasNextPage endCursor } nodes { id legacyResourceId name isActive isFulfillmentService fulfillsOnlineOrders shipsInventory fulfillmentService { id handle serviceName } address { countryCode zip city } } } }',
  ],
  refunds: [
    `query ($id: ID!) { order(id: $id) { id totalRefundedSet { ...Bag } refunds(first: 50) { id legacyResourceId createdAt processedAt note return { id } totalRefundedSet { ...Bag }
      refundLineItems(first: 50) { nodes { quantity restockType restocked location { id } lineItem { id sku } subtotalSet { ...Bag } totalTaxSet { ...Bag } } }
      refundShippingLines(first: 10) { nodes { id subtotalAmountSet { ...Bag } taxAmountSet { ...Bag } } } orderAdjustments(first: 10) { nodes { reason amountSet { ...Bag } taxAmountSet { ...Bag } } }
      transactions(first: 20) { nodes { id kind status gateway processedAt amountSet { ...Bag } } } } } } ${bag}`,
    { id: '$order' },
  ],
  'one refund': [
    'query ($id: ID!) { node(id: $id) { ... on Refund { id refundLineItems(first: 5) { nodes { quantity } } } } }',
    { id: '$refund' },
  ],
  'a suggested refund': [
    'query ($id: ID!, $lines: [RefundLineItemInput!]) { order(id: $id) { suggestedRefund(refundLineItems: $lines, suggestFullRefund: false, refundShipping: false) { amountSet { shopMoney { amount currencyCode } } suggestedTransactions { kind gateway parentTransaction { id } amountSet { shopMoney { amount currencyCode } } } } } }',
    { id: '$order', lines: [{ lineItemId: '$line', quantity: 1 }] },
  ],
  'creating a refund': [
    'mutation ($input: RefundInput!, $key: String!) { refundCreate(input: $input) @idempotent(key: $key) { refund { id totalRefundedSet { shopMoney { amount currencyCode } } } order { id displayFinancialStatus } userErrors { field message } } }',
    {
      key: 'r1',
      input: { orderId: '$order', refundLineItems: [{ lineItemId: '$line', quantity: 1, restockType: 'NO_RESTOCK' }] },
    },
  ],
  'returns of an order': [
    'query ($id: ID!) { order(id: $id) { returnStatus currentSubtotalLineItemsQuantity returns(first: 20) { nodes { id name status } } } returnableFulfillments(orderId: $id, first: 20) { nodes { id } } returnReasonDefinitions(first: 50) { nodes { id handle } } }',
    { id: '$order' },
  ],
  'closing a return': [
    'mutation { returnClose(id: "gid://shopify/Return/1") { return { id status } userErrors { field message code } } }',
  ],
  'creating a return': [
    'mutation ($order: ID!) { returnCreate(returnInput: { orderId: $order, returnLineItems: [{ fulfillmentLineItemId: "gid://shopify/FulfillmentLineItem/1", quantity: 1 }] }) { return { id } userErrors { field message code } } }',
    { order: '$order' },
  ],
  subscriptions: [
    '{ webhookSubscriptions(first: 100) { pageInfo { hasNextPage endCursor } nodes { id topic uri format filter name includeFields apiVersion { handle } updatedAt } } }',
  ],
  'a bulk operation': ['{ bulkOperation(id: "gid://shopify/BulkOperation/1") { id status url } }'],
  'the shop and the app in it': [
    '{ shop { id name myshopifyDomain primaryDomain { host } currencyCode enabledPresentmentCurrencies ianaTimezone taxesIncluded plan { publicDisplayName partnerDevelopment shopifyPlus } } currentAppInstallation { id accessScopes { handle } app { id handle } } location { id } }',
  ],
}

function filled(value: unknown): unknown {
  if (value === '$location') return trial.location
  if (typeof value === 'string' && value.startsWith('$')) return known[value.slice(1)]
  if (Array.isArray(value)) return value.map(filled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one)]))
}

test.each(Object.entries(documents))('the shop answers: %s', async (_, [query, variables = {}]) => {
  const given = filled(variables)
  const reply = await trial.ask(query, typeof given === 'object' && given ? { ...given } : {})
  expect(reply.status).toBe(200)
  expect(reply.at('errors')).toBeUndefined()
  expect(reply.at('data')).toBeTruthy()
})

test('a query that the published schema refuses is refused', async () => {
  const reply = await trial.ask('{ orders(first: 1) { nodes { id shippedWithLove } } }')
  expect(reply.status).toBe(200)
  expect(reply.at('errors.0.message')).toContain('shippedWithLove')
  expect(reply.at('data')).toBeUndefined()
})

test('a field or filter that this world does not keep is an error, never a silent null or an unfiltered list', async () => {
  const root = await trial.ask('{ giftCards(first: 1) { nodes { id } } }')
  expect(root.at('errors.0.extensions.code')).toBe('PRETEND_UNKNOWN_FIELD')
  const filter = await trial.ask('{ orders(first: 1, query: "colour:red") { nodes { id } } }')
  expect(filter.at('errors.0.extensions.code')).toBe('PRETEND_UNKNOWN_FIELD')
  const bulk = await trial.ask(
    'mutation { bulkOperationRunQuery(query: "{ shop { id } }", groupObjects: false) { userErrors { message } } }',
  )
  expect(bulk.at('errors.0.extensions.code')).toBe('PRETEND_UNKNOWN_FIELD')
})

test('orders page by their time of change, each once, within half-open bounds of whole seconds', async () => {
  const many = await openTrial()
  const ids = Array.from({ length: 7 }, () => buyOne(many, 'MUG-01', 1))
  const query =
    'query ($after: String, $q: String) { orders(first: 3, after: $after, query: $q, sortKey: UPDATED_AT) { pageInfo { hasNextPage endCursor } nodes { legacyResourceId updatedAt } } }'
  const seen: unknown[] = []
  let after: unknown = null
  for (let page = 0; page < 3; page += 1) {
    const reply = await many.ask(query, { after, q: "updated_at:>='2020-01-01T00:00:00Z'" })
    const nodes = reply.at('data.orders.nodes')
    for (const node of Array.isArray(nodes) ? nodes : []) seen.push(reach(node, 'legacyResourceId'))
    expect(reply.at('data.orders.pageInfo.hasNextPage')).toBe(page < 2)
    after = reply.at('data.orders.pageInfo.endCursor')
  }
  expect(seen).toEqual(ids)
  const none = await many.ask(query, { q: "updated_at:<'2020-01-01T00:00:00Z'" })
  expect(none.at('data.orders.nodes')).toEqual([])
  await many.close()
})

test('money is spelled as the API does: at least one decimal, no trailing zeros', async () => {
  const reply = await trial.ask(
    '{ productVariants(first: 1, query: "sku:MUG-01") { nodes { price } } orders(first: 1) { nodes { originalTotalPriceSet { shopMoney { amount } } } } }',
  )
  expect(reply.at('data.productVariants.nodes.0.price')).toBe('12.99')
  expect(reply.at('data.orders.nodes.0.originalTotalPriceSet.shopMoney.amount')).toMatch(/^\d+\.(\d|\d[1-9])$/)
})

test('the schema is built once, and a document is checked once', () => {
  expect(adminSchema()).toBe(adminSchema())
  expect(prepare('{ shop { id } }')).toBe(prepare('{ shop { id } }'))
})
