import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin, HandShipmentOutcome } from '../api/deps.ts'
import { answers, created, idOf, text, when } from '../api/fields.ts'
import { requireKnown } from '../api/known.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { fileRoutes } from './file-routes.ts'
import {
  readRequest,
  readShipment,
  requestColumns,
  requestJoins,
  shipmentColumns,
  shipmentJoins,
  shownRequest,
  shownShipment,
  showRequest,
  showShipment,
} from './read.ts'
import { warehouseRoutes } from './warehouse-routes.ts'

const newest = (name: string, from: string, id: string): List => ({
  name,
  from,
  keys: [
    ['created_at', 'timestamptz'],
    [id, 'uuid'],
  ],
  direction: 'desc',
})
const requests = newest('fulfillment-orders', 'fulfillment_order', 'fulfillment_order_id')
const shipments = newest('shipments', 'shipment', 'shipment_id')

const params = z.strictObject({ id: idOf('fulfillmentOrder') })
const statuses = ['open', 'in_progress', 'incomplete', 'closed', 'cancelled'] as const

async function shownOne(tx: Tx, id: string): Promise<z.infer<typeof shownRequest>> {
  const row = await readRequest(tx, id)
  if (row === null) throw notFound()
  return showRequest(row)
}

function readRoutes(app: Api, deps: ApiDeps): void {
  app.get('/fulfillment-orders', {
    config: { scope: 'fulfillment:read' },
    schema: {
      querystring: z.strictObject({
        ...pageFields,
        order: idOf('order').optional(),
        partner: idOf('connection').optional(),
        status: z.enum(statuses).optional(),
      }),
      response: answers(pageOf(shownRequest)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await requireKnown(tx, { order: request.query.order, connection: request.query.partner })
        const where = conditions(tx.merchantId)
        where.narrow('t.order_id = ?', request.query.order)
        where.check('t.connection_id = ?', request.query.partner)
        where.check('t.status = ?', request.query.status)
        const spec = { ...where, select: requestColumns, joins: requestJoins }
        return readPage(tx, requests, { reading: spec, page: request.query }, showRequest)
      }),
  })
  app.get('/fulfillment-orders/:id', {
    config: { scope: 'fulfillment:read' },
    schema: { params, response: answers(shownRequest) },
    handler: (request) => reading(deps, request, (tx) => shownOne(tx, request.params.id)),
  })
}

function retryRoute(app: Api, deps: ApiDeps): void {
  app.post('/fulfillment-orders/:id/retry', {
    config: { scope: 'fulfillment:write' },
    schema: { params, response: answers(shownRequest) },
    handler: (request) =>
      writing(deps, request, async (tx, cause) => {
        const { id } = request.params
        const { status } = await shownOne(tx, id)
        if (await deps.flows.requestRetried(tx, cause, id)) return shownOne(tx, id)
        throw new Problem(
          409,
          'HUB_CONFLICT',
          `Only an incomplete request can be asked for again; this one is ${status}.`,
        )
      }),
  })
}

const linesMax = 200
const parcel = z.strictObject({
  ref: text(100).optional().describe('Your own name of the parcel: the same one twice is one shipment.'),
  carrier: text(100),
  tracking: text(100).optional(),
  shippedAt: when.optional(),
  lines: z
    .array(z.strictObject({ sku: text(255), quantity: z.int().min(1).max(1_000_000) }))
    .min(1)
    .max(linesMax)
    .refine((lines) => new Set(lines.map((it) => it.sku)).size === lines.length, 'has a SKU twice; send each once'),
})

/** The shipment's id. @throws Problem for what cannot be shipped so */
function recordedId(outcome: HandShipmentOutcome, sku: (line: number) => string): string {
  if ('shipmentId' in outcome) return outcome.shipmentId
  if (outcome.kind === 'not_open')
    throw new Problem(409, 'HUB_CONFLICT', `This request cannot be shipped by hand: it is ${outcome.status}.`)
  const field = `lines.${outcome.line}.${outcome.kind === 'too_many' ? 'quantity' : 'sku'}`
  const message =
    outcome.kind === 'too_many'
      ? `is more than the ${outcome.open} still open of ${sku(outcome.line)}`
      : 'is not in this request'
  const mend = outcome.kind === 'too_many' ? 'Send what really left.' : 'Send a SKU of the request.'
  throw new Problem(422, 'HUB_ROWS_REJECTED', 'Nothing was recorded: a line cannot be shipped.', [
    { field, message, mend },
  ])
}

function shipRoute(app: Api, deps: ApiDeps): void {
  app.post('/fulfillment-orders/:id/shipments', {
    config: { scope: 'fulfillment:write' },
    schema: { params, body: parcel, response: created(shownShipment) },
    handler: async (request, reply) => {
      const { ref, carrier, tracking = null, shippedAt, lines } = request.body
      const shipment = await writing(deps, request, async (tx, cause) => {
        const { id: fulfillmentOrderId } = request.params
        const { partner } = await shownOne(tx, fulfillmentOrderId)
        if (partner !== null)
          throw new Problem(409, 'HUB_CONFLICT', 'A partner ships this request and reports it itself.')
        const outcome = await deps.flows.shippedByHand(tx, cause, {
          fulfillmentOrderId,
          ref: ref ?? cause.id,
          carrier,
          tracking,
          shippedAt: shippedAt ?? deps.ports.clock.now().toISOString(),
          lines,
        })
        const row = await readShipment(
          tx,
          recordedId(outcome, (at) => lines[at]?.sku ?? ''),
        )
        if (row === null) throw notFound()
        return showShipment(row)
      })
      return reply.code(201).send(shipment)
    },
  })
}

function shipmentRoutes(app: Api, deps: ApiDeps): void {
  app.get('/shipments', {
    config: { scope: 'fulfillment:read' },
    schema: {
      querystring: z.strictObject({ ...pageFields, order: idOf('order').optional() }),
      response: answers(pageOf(shownShipment)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await requireKnown(tx, { order: request.query.order })
        const where = conditions(tx.merchantId)
        where.narrow('t.order_id = ?', request.query.order)
        const spec = { ...where, select: shipmentColumns, joins: shipmentJoins }
        return readPage(tx, shipments, { reading: spec, page: request.query }, showShipment)
      }),
  })
  app.get('/shipments/:id', {
    config: { scope: 'fulfillment:read' },
    schema: { params: z.strictObject({ id: idOf('shipment') }), response: answers(shownShipment) },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const row = await readShipment(tx, request.params.id)
        if (row === null) throw notFound()
        return showShipment(row)
      }),
  })
}

/** What partners are asked to ship, what left, and the files in between. */
export const fulfillmentRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    readRoutes(app, deps)
    retryRoute(app, deps)
    shipRoute(app, deps)
    shipmentRoutes(app, deps)
    fileRoutes(app, deps)
    warehouseRoutes(app, deps)
  }
