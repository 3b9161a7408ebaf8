import { listed, type PageArgs } from './connection.ts'
import { apiError, userError } from './context.ts'

// This shop takes no returns, has no fulfilment service and runs no bulk operation. What asks for one that exists is
// told, as Shopify would tell it, that there is none.

function notFound(field: string, what: string, empty: readonly string[]) {
  return () => ({
    ...Object.fromEntries(empty.map((name) => [name, null])),
    userErrors: [userError([field], `${what} does not exist.`, 'NOT_FOUND')],
  })
}

export const absentQueries = {
  returnableFulfillments: (args: PageArgs) => listed([], args, () => null),
  returnReasonDefinitions: (args: PageArgs) => listed([], args, () => null),
  bulkOperation: () => null,
}

function bulkRefused(): never {
  throw apiError('the pretend Shopify runs no bulk operation', 'PRETEND_UNKNOWN_FIELD')
}

const noRequest = notFound('id', 'Fulfillment order request', ['fulfillmentOrder'])

export const absentMutations = {
  returnCreate: notFound('returnInput', 'Returnable fulfillment', ['return']),
  returnApproveRequest: notFound('input', 'Return', ['return']),
  returnDeclineRequest: notFound('input', 'Return', ['return']),
  returnProcess: notFound('input', 'Return', ['return']),
  returnClose: notFound('id', 'Return', ['return']),
  reverseFulfillmentOrderDispose: notFound('dispositionInputs', 'Reverse fulfillment order', [
    'reverseFulfillmentOrderLineItems',
  ]),
  fulfillmentOrderAcceptFulfillmentRequest: noRequest,
  fulfillmentOrderRejectFulfillmentRequest: noRequest,
  fulfillmentOrderAcceptCancellationRequest: noRequest,
  fulfillmentOrderRejectCancellationRequest: noRequest,
  fulfillmentServiceCreate: notFound('callbackUrl', 'Fulfillment service', ['fulfillmentService']),
  bulkOperationRunQuery: bulkRefused,
  bulkOperationCancel: notFound('id', 'Bulk operation', ['bulkOperation']),
}
