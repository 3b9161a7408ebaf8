import { type ExecutionResult, execute, type GraphQLError } from 'graphql'
import type { PretendAnswer, PretendCall } from '#kit/pretend'
import type { Announce } from './announce.ts'
import { type RequestContext, resolveField } from './context.ts'
import { requestedCost } from './cost.ts'
import { fulfillmentMutations } from './fulfillment-mutations.ts'
import type { IdempotencyLog } from './idempotency.ts'
import { inventoryMutations } from './inventory-mutations.ts'
import { endAccess, type Keys, knowsToken } from './oauth.ts'
import { orderMutations } from './order-mutations.ts'
import { queries } from './queries.ts'
import { absentMutations, absentQueries } from './returns.ts'
import { adminSchema, apiVersion, operationOf, prepare } from './schema.ts'
import { type Shop, strikes } from './state.ts'
import { type Bucket, costReport, giveBack, takePoints } from './throttle.ts'
import { subscriptionMutations } from './webhook-api.ts'

export interface Api {
  readonly shop: Shop
  readonly announce: Announce
  readonly keys: Keys
  readonly bucket: Bucket
  readonly idempotency: IdempotencyLog
  /** Points that one query may ask for. */
  readonly queryCostMax: number
}
type Answer = PretendAnswer | 'hang' | 'reset'

const root = {
  query: { ...absentQueries, ...queries },
  mutation: {
    ...absentMutations,
    ...orderMutations,
    appUninstall: (_args: unknown, { uninstall }: RequestContext) => {
      uninstall()
      return { app: null, userErrors: [] }
    },
    ...inventoryMutations,
    ...fulfillmentMutations,
    ...subscriptionMutations,
  },
}

interface Request {
  readonly query: string
  readonly variables: Record<string, unknown>
  readonly operationName: string | null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function requestOf(call: PretendCall): Request | null {
  try {
    const read: unknown = JSON.parse(call.body.toString('utf8'))
    if (!isRecord(read) || typeof read.query !== 'string') return null
    const operationName = typeof read.operationName === 'string' ? read.operationName : null
    return { query: read.query, variables: isRecord(read.variables) ? read.variables : {}, operationName }
  } catch {
    return null
  }
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): PretendAnswer {
  const versioned = { 'x-shopify-api-version': apiVersion, ...headers }
  return { status, headers: versioned, body: JSON.stringify(body) }
}

function throttled(api: Api, requested: number): PretendAnswer {
  const errors = [
    {
      message: 'Throttled',
      extensions: { code: 'THROTTLED', documentation: 'https://shopify.dev/api/usage/rate-limits' },
    },
  ]
  return answer(200, { errors, extensions: costReport(api.bucket, requested, null) })
}

function tell(api: Api, fault: string, request: Request): void {
  const operation = /(?:query|mutation)\s+(\w+)/.exec(request.query)?.[1] ?? null
  api.shop.tell('api.fault', { fault, operation })
}

/** Faults that come before anything happens. */
function early(api: Api, request: Request, requested: number): Answer | null {
  const { shop } = api
  if (strikes(shop, shop.faults.throttle)) {
    tell(api, 'throttle', request)
    if (shop.dice() < 0.5) return throttled(api, requested)
    return answer(
      429,
      { errors: 'Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service.' },
      { 'retry-after': '2.0' },
    )
  }
  if (strikes(shop, shop.faults.failBefore)) {
    tell(api, 'failBefore', request)
    return {
      status: 503,
      headers: { 'content-type': 'text/html' },
      body: '<html><body>Service Unavailable</body></html>',
    }
  }
  if (strikes(shop, shop.faults.hang / 2)) {
    tell(api, 'hangBefore', request)
    return 'hang'
  }
  return null
}

/** Faults that come once everything happened: the client cannot know. */
function late(api: Api, request: Request): Answer | null {
  const { shop } = api
  if (strikes(shop, shop.faults.failAfterEffect)) {
    tell(api, 'failAfterEffect', request)
    if (shop.dice() < 0.5) return 'reset'
    return { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><body>Bad Gateway</body></html>' }
  }
  if (strikes(shop, shop.faults.hang / 2)) {
    tell(api, 'hangAfter', request)
    return 'hang'
  }
  return null
}

function errorBodies(errors: readonly GraphQLError[]) {
  return errors.map((error) => {
    const plain = error.toJSON()
    return plain.extensions ? plain : { ...plain, extensions: { code: 'undefinedField' } }
  })
}

function run(api: Api, request: Request, ctx: RequestContext): Answer {
  const prepared = prepare(request.query)
  if (prepared.errors) return answer(200, { errors: errorBodies(prepared.errors) })
  const operation = operationOf(prepared.document, request.operationName)
  if (!operation || operation.operation === 'subscription') {
    return answer(200, { errors: [{ message: 'No operation named that way', extensions: { code: 'BAD_REQUEST' } }] })
  }
  const schema = adminSchema()
  const requested = requestedCost(schema, prepared.document, operation, request.variables)
  if (requested > api.queryCostMax) {
    const message = `Query cost is ${requested}, which exceeds the single query max cost limit (${api.queryCostMax}).`
    return answer(200, {
      errors: [{ message, extensions: { code: 'MAX_COST_EXCEEDED', cost: requested, maxCost: api.queryCostMax } }],
    })
  }
  const fault = early(api, request, requested)
  if (fault) return fault
  if (!takePoints(api.bucket, requested)) return throttled(api, requested)
  const result = execute({
    schema,
    document: prepared.document,
    rootValue: root[operation.operation],
    contextValue: ctx,
    variableValues: request.variables,
    operationName: request.operationName,
    fieldResolver: resolveField,
  })
  if (result instanceof Promise) throw new Error('pretend: a resolver was asynchronous')
  return settle(api, request, ctx, { requested, result })
}

function settle(
  api: Api,
  request: Request,
  ctx: RequestContext,
  done: { readonly requested: number; readonly result: ExecutionResult },
): Answer {
  const actual = Math.min(done.requested, Math.max(1, ctx.spent))
  giveBack(api.bucket, done.requested - actual)
  const fault = late(api, request)
  if (fault) return fault
  for (const order of ctx.shown) api.shop.untold.delete(order)
  const { data, errors } = done.result
  const body = { ...(errors ? { errors: errorBodies(errors) } : {}), ...(data === undefined ? {} : { data }) }
  return answer(200, { ...body, extensions: costReport(api.bucket, done.requested, actual) })
}

/** POST /admin/api/<version>/graphql.json */
export function answerGraphql(api: Api, call: PretendCall): Answer {
  if (!knowsToken(api.keys, call.headers['x-shopify-access-token'])) {
    return answer(401, { errors: '[API] Invalid API key or access token (unrecognized login or wrong password)' })
  }
  const request = requestOf(call)
  if (!request) return answer(400, { errors: { query: 'Required parameter missing or invalid' } })
  const { shop, announce, idempotency } = api
  const dropWrite = strikes(shop, shop.faults.dropWrite)
  const uninstall = () => endAccess(api.keys, announce)
  return run(api, request, { shop, announce, idempotency, dropWrite, uninstall, shown: new Set(), spent: 0 })
}
