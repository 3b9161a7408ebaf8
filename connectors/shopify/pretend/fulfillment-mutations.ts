import { type RequestContext, type UserError, userError } from './context.ts'
import { canFulfill, type Pick, retrack, ship, unship } from './fulfillment.ts'
import { fulfillmentOrderView, fulfillmentView } from './fulfillment-views.ts'
import { touch } from './orders.ts'
import { type FulfillmentOrder, gid, idOf, now, type Order, type Tracking } from './state.ts'

interface LineInput {
  readonly id: string
  readonly quantity: number
}
interface OrderInput {
  readonly fulfillmentOrderId: string
  readonly fulfillmentOrderLineItems?: readonly LineInput[] | null
}
interface TrackingInput {
  readonly company?: string | null
  readonly number?: string | null
  readonly numbers?: readonly string[] | null
  readonly url?: string | null
  readonly urls?: readonly string[] | null
}
interface FulfillmentInput {
  readonly lineItemsByFulfillmentOrder: readonly OrderInput[]
  readonly trackingInfo?: TrackingInput | null
}

function trackingOf(input: TrackingInput | null | undefined): Tracking[] {
  if (!input) return []
  const numbers = input.numbers ?? (input.number ? [input.number] : [])
  const urls = input.urls ?? (input.url ? [input.url] : [])
  const count = Math.max(numbers.length, urls.length, input.company ? 1 : 0)
  return Array.from({ length: count }, (_, index) => ({
    company: input.company ?? null,
    number: numbers[index] ?? null,
    url: urls[index] ?? null,
  }))
}

/** The units that one entry asks for, or why not. An empty list of lines means everything that remains. */
function picksOf(fo: FulfillmentOrder, lines: readonly LineInput[]): Pick[] | string {
  const wanted = new Map<string, number>()
  for (const { id, quantity } of lines) {
    const bare = idOf('FulfillmentOrderLineItem', id) ?? ''
    wanted.set(bare, (wanted.get(bare) ?? 0) + quantity)
  }
  if (wanted.size === 0) {
    return fo.lines
      .filter(({ remaining }) => remaining > 0)
      .map((routed) => ({ fo, routed, quantity: routed.remaining }))
  }
  const picks: Pick[] = []
  for (const [id, quantity] of wanted) {
    const routed = fo.lines.find((line) => line.id === id)
    if (!routed) return 'Fulfillment order line item does not exist.'
    if (quantity < 1 || quantity > routed.remaining) {
      return 'Invalid fulfillment order line item quantity requested.'
    }
    picks.push({ fo, routed, quantity })
  }
  return picks
}

type Plan = { readonly order: Order; readonly picks: readonly Pick[] } | { readonly error: UserError }

function plan(ctx: RequestContext, input: FulfillmentInput): Plan {
  const picks: Pick[] = []
  let order: Order | null = null
  const refuse = (message: string) => ({ error: userError(['fulfillment'], message) })
  for (const entry of input.lineItemsByFulfillmentOrder) {
    const found = ctx.shop.fulfillmentOrders.get(idOf('FulfillmentOrder', entry.fulfillmentOrderId) ?? '')
    if (!found) return refuse('Fulfillment order does not exist.')
    if (order && order !== found.order) return refuse('All fulfillment orders must belong to the same order.')
    order = found.order
    if (!canFulfill(found.fo)) {
      const status = found.fo.status.toLowerCase()
      return refuse(`Fulfillment order ${found.fo.id} has an unfulfillable status= ${status}.`)
    }
    const chosen = picksOf(found.fo, entry.fulfillmentOrderLineItems ?? [])
    if (typeof chosen === 'string') return refuse(chosen)
    picks.push(...chosen)
  }
  return order && picks.length > 0 ? { order, picks } : refuse('Line items by fulfillment order must be specified.')
}

function tracked(args: { fulfillmentId: string; trackingInfoInput: TrackingInput }, ctx: RequestContext) {
  const found = ctx.shop.fulfillments.get(idOf('Fulfillment', args.fulfillmentId) ?? '')
  if (!found) return { fulfillment: null, userErrors: [userError(['fulfillmentId'], 'Fulfillment does not exist.')] }
  retrack(ctx.announce, found.order, found.fulfillment, trackingOf(args.trackingInfoInput))
  return { fulfillment: fulfillmentView(ctx.shop, found.order, found.fulfillment), userErrors: [] }
}

interface HoldInput {
  readonly reason: string
  readonly reasonNotes?: string | null
  readonly handle?: string | null
}

function hold({ id, fulfillmentHold }: { id: string; fulfillmentHold: HoldInput }, { shop }: RequestContext) {
  const found = shop.fulfillmentOrders.get(idOf('FulfillmentOrder', id) ?? '')
  const none = { fulfillmentHold: null, fulfillmentOrder: null, remainingFulfillmentOrder: null }
  if (!found || found.fo.status === 'CLOSED' || found.fo.status === 'CANCELLED') {
    const code = found ? 'INVALID' : 'FULFILLMENT_ORDER_NOT_FOUND'
    return { ...none, userErrors: [userError(['id'], 'Fulfillment order cannot be held.', code)] }
  }
  const { fo, order } = found
  const notes = fulfillmentHold.reasonNotes ?? null
  fo.holds.push({ id: shop.newId(), reason: fulfillmentHold.reason, notes, handle: fulfillmentHold.handle ?? '' })
  fo.status = 'ON_HOLD'
  fo.updatedAt = now()
  touch(order)
  const view = fulfillmentOrderView(shop, order, fo)
  const fresh = view.fulfillmentHolds().at(-1) ?? null
  return { ...none, fulfillmentHold: fresh, fulfillmentOrder: view, userErrors: [] }
}

function releaseHold({ id, holdIds }: { id: string; holdIds?: readonly string[] | null }, { shop }: RequestContext) {
  const found = shop.fulfillmentOrders.get(idOf('FulfillmentOrder', id) ?? '')
  if (found?.fo.status !== 'ON_HOLD') {
    const error = userError(
      ['id'],
      'Fulfillment order is not on hold.',
      found ? 'INVALID' : 'FULFILLMENT_ORDER_NOT_FOUND',
    )
    return { fulfillmentOrder: null, userErrors: [error] }
  }
  const { fo, order } = found
  const kept = holdIds ? fo.holds.filter((one) => !holdIds.includes(gid('FulfillmentHold', one.id))) : []
  fo.holds.splice(0, fo.holds.length, ...kept)
  if (kept.length === 0) fo.status = fo.lines.some((line) => line.remaining < line.total) ? 'IN_PROGRESS' : 'OPEN'
  fo.updatedAt = now()
  touch(order)
  return { fulfillmentOrder: fulfillmentOrderView(shop, order, fo), userErrors: [] }
}

export const fulfillmentMutations = {
  fulfillmentCreate: ({ fulfillment: input }: { fulfillment: FulfillmentInput }, ctx: RequestContext) => {
    const planned = plan(ctx, input)
    if ('error' in planned) return { fulfillment: null, userErrors: [planned.error] }
    const { order, picks } = planned
    const parcel = { picks, tracking: trackingOf(input.trackingInfo), drop: ctx.dropWrite }
    const made = ship(ctx.shop, ctx.announce, order, parcel)
    return { fulfillment: fulfillmentView(ctx.shop, order, made), userErrors: [] }
  },
  fulfillmentTrackingInfoUpdate: tracked,
  fulfillmentCancel: ({ id }: { id: string }, ctx: RequestContext) => {
    const found = ctx.shop.fulfillments.get(idOf('Fulfillment', id) ?? '')
    if (!found || !unship(ctx.shop, ctx.announce, found.order, found.fulfillment)) {
      return { fulfillment: null, userErrors: [userError(['id'], 'Fulfillment cannot be cancelled.')] }
    }
    return { fulfillment: fulfillmentView(ctx.shop, found.order, found.fulfillment), userErrors: [] }
  },
  fulfillmentOrderHold: hold,
  fulfillmentOrderReleaseHold: releaseHold,
}
