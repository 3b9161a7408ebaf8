import { z } from 'zod'
import { ChannelError, cleanText, type ErrorKind, type Outcome, type ShipmentCommand, type ShipmentPort } from '#kit'
import {
  createFulfillment,
  fulfillmentLines,
  fulfillmentOrderLines,
  fulfillmentState,
  trackedFulfillments,
} from './documents.ts'
import { ask, type Connection, connectionOf, readAll } from './graphql.ts'
import { FulfilledLineNode } from './order-graphql.ts'
import { happened } from './order-shape.ts'
import { type Credentials, type ShopCtx, settingsOf } from './settings.ts'
import { type Parcel, type Plan, planShipment, type Told, type Work } from './shipment-plan.ts'

const pagesMax = 20

const LineItem = z.object({ id: z.string() })
const WorkLines = connectionOf(z.object({ id: z.string(), remainingQuantity: z.number().int(), lineItem: LineItem }))
const WorkNode = z.object({
  id: z.string(),
  status: z.string(),
  assignedLocation: z.object({ location: z.object({ id: z.string() }).nullable() }),
  deliveryMethod: z.object({ methodType: z.string() }).nullable(),
  supportedActions: z.array(z.object({ action: z.string() })),
  lineItems: WorkLines,
})
type WorkNode = z.output<typeof WorkNode>
const State = z.object({ order: z.object({ fulfillmentOrders: connectionOf(WorkNode) }).nullable() })
const MoreLines = z.object({ fulfillmentOrder: z.object({ lineItems: WorkLines }) })
const Fulfillments = z.object({
  order: z
    .object({
      fulfillments: z.array(
        z.object({
          id: z.string(),
          status: z.string(),
          trackingInfo: z.array(z.object({ number: z.string().nullable() })),
        }),
      ),
    })
    .nullable(),
})
const ToldLines = connectionOf(FulfilledLineNode)
const FulfillmentLines = z.object({ node: z.object({ fulfillmentLineItems: ToldLines }) })
const Created = z.object({
  fulfillmentCreate: z.object({
    fulfillment: z.object({ id: z.string() }).nullable(),
    userErrors: z.array(z.object({ field: z.array(z.string()).nullable(), message: z.string() })),
  }),
})

const noOrder = () => new ChannelError('not_found', 'the shop has no such order')

async function readWorks(ctx: ShopCtx, id: string): Promise<readonly Work[]> {
  const page = async (after: string | null): Promise<Connection<WorkNode>> => {
    const { order } = await ask(ctx, { document: fulfillmentState, variables: { id, after }, cost: 60, answer: State })
    if (order === null) throw noOrder()
    return order.fulfillmentOrders
  }
  const works: Work[] = []
  for (const node of await readAll(await page(null), pagesMax, page)) {
    const lines = await readAll(node.lineItems, pagesMax, async (after) => {
      const variables = { id: node.id, after }
      const answer = await ask(ctx, { document: fulfillmentOrderLines, variables, cost: 100, answer: MoreLines })
      return answer.fulfillmentOrder.lineItems
    })
    works.push({
      id: node.id,
      status: node.status,
      // What may be done is said by the actions; a status alone may be newer than this code.
      canShip: node.supportedActions.some(({ action }) => action === 'CREATE_FULFILLMENT'),
      location: node.assignedLocation.location?.id ?? null,
      method: node.deliveryMethod?.methodType ?? null,
      lines: lines.map((line) => ({ id: line.id, line: line.lineItem.id, remaining: line.remainingQuantity })),
    })
  }
  return works
}

async function linesOf(ctx: ShopCtx, id: string): Promise<Told['lines']> {
  const page = async (after: string | null): Promise<Connection<z.output<typeof FulfilledLineNode>>> => {
    const variables = { id, after }
    const answer = await ask(ctx, { document: fulfillmentLines, variables, cost: 30, answer: FulfillmentLines })
    return answer.node.fulfillmentLineItems
  }
  const nodes = await readAll(await page(null), pagesMax, page)
  return nodes.map((node) => ({ line: node.lineItem.id, quantity: node.quantity ?? 0 }))
}

const sameUnits = (a: Told['lines'], b: Told['lines']) => {
  const units = (lines: Told['lines']) => JSON.stringify(lines.map((one) => `${one.line}=${one.quantity}`).sort())
  return units(a) === units(b)
}

/** Fulfilments under our tracking number. A shipment without one is known by its lines alone, all of them. */
async function readTold(ctx: ShopCtx, shipment: ShipmentCommand): Promise<readonly Told[]> {
  const variables = { id: shipment.order }
  const { order } = await ask(ctx, { document: trackedFulfillments, variables, cost: 20, answer: Fulfillments })
  if (order === null) throw noOrder()
  const told: Told[] = []
  for (const one of order.fulfillments) {
    const numbers = one.trackingInfo.flatMap(({ number }) => (number === null ? [] : [number.trim()]))
    const mayBe = shipment.tracking === null ? numbers.length === 0 : numbers.includes(shipment.tracking.trim())
    if (!mayBe || !happened(one.status)) continue
    const lines = await linesOf(ctx, one.id)
    if (shipment.tracking !== null || sameUnits(lines, shipment.lines)) told.push({ id: one.id, lines })
  }
  return told
}

async function look(ctx: ShopCtx, shipment: ShipmentCommand): Promise<{ plan: Plan; works: readonly Work[] }> {
  const told = await readTold(ctx, shipment)
  const known = planShipment(shipment, [], told, settingsOf(ctx).locationId)
  // What the shop still waits for costs the most to read, and matters only where something is missing.
  if (known.missing === 0) return { plan: known, works: [] }
  const works = await readWorks(ctx, shipment.order)
  return { plan: planShipment(shipment, works, told, settingsOf(ctx).locationId), works }
}

/** Told when nothing of it is missing, or when the shop no longer waits for what is (refunded since). */
const isTold = (plan: Plan) => plan.told !== null && plan.planned === 0 && plan.waiting === 0

function failed(kind: ErrorKind, message: string, remoteCode: string): Outcome {
  return { outcome: 'failed', error: new ChannelError(kind, cleanText(message, 200), { remoteCode }) }
}

/** Why nothing can be told now. */
function refusal(plan: Plan, works: readonly Work[]): Outcome {
  if (plan.waiting > 0) return failed('not_ready', 'the shop holds this order back', 'ON_HOLD')
  if (works.length === 0) {
    // A missing scope shows as an empty list (docs FulfillmentOrder, read 2026-11-23).
    return failed('forbidden', 'the shop shows no fulfilment orders of this order', 'NO_FULFILLMENT_ORDERS')
  }
  return failed('invalid', 'the shop no longer waits for these units', 'NOTHING_LEFT')
}

async function create(ctx: ShopCtx, shipment: ShipmentCommand, parcel: Parcel): Promise<Outcome> {
  const { tracking, trackingUrl, carrier } = shipment
  const fulfillment = {
    lineItemsByFulfillmentOrder: parcel.works.map(({ work, lines }) => ({
      fulfillmentOrderId: work,
      fulfillmentOrderLineItems: lines,
    })),
    notifyCustomer: shipment.notifyBuyer && settingsOf(ctx).notifyBuyer !== false,
    trackingInfo: {
      ...(carrier === '' ? {} : { company: carrier }),
      ...(tracking === null ? {} : { number: tracking }),
      ...(trackingUrl === null ? {} : { url: trackingUrl }),
    },
  }
  const question = { document: createFulfillment, variables: { fulfillment }, cost: 10, once: true, answer: Created }
  const { fulfillmentCreate } = await ask(ctx, question)
  const [refused] = fulfillmentCreate.userErrors
  if (refused) {
    const kind = /hold/i.test(refused.message) ? 'not_ready' : 'invalid'
    return failed(kind, refused.message, refused.field?.join('.') ?? 'USER_ERROR')
  }
  if (fulfillmentCreate.fulfillment === null) return failed('invalid', 'the shop made no fulfilment', 'NO_FULFILLMENT')
  return { outcome: 'applied', remote: fulfillmentCreate.fulfillment.id }
}

const find: ShipmentPort<Credentials>['find'] = async (ctx, shipment) => {
  const { plan } = await look(ctx, shipment)
  return isTold(plan) ? plan.told : null
}

/** `fulfillmentCreate` knows no idempotency key, so the shop is read before, and once more after a refusal. */
const push: ShipmentPort<Credentials>['push'] = async (ctx, shipment) => {
  const { plan, works } = await look(ctx, shipment)
  if (isTold(plan) && plan.told !== null) return { outcome: 'already_applied', remote: plan.told }
  // Told in part only would read as told: units on hold keep the rest back.
  if (plan.planned === 0 || plan.waiting > 0) return refusal(plan, works)
  let last: Outcome = refusal(plan, works)
  for (const parcel of plan.parcels) {
    last = await create(ctx, shipment, parcel)
    if (last.outcome !== 'failed') continue
    const after = await look(ctx, shipment)
    return isTold(after.plan) && after.plan.told !== null
      ? { outcome: 'already_applied', remote: after.plan.told }
      : last
  }
  return last
}

export const shipments: ShipmentPort<Credentials> = { find, push }
