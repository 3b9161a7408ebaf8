import { type Info, type RequestContext, userError } from './context.ts'
import { once } from './idempotency.ts'
import { cancelOrder, refundLines } from './order-changes.ts'
import { orderView } from './order-views.ts'
import { refundView } from './refund-views.ts'
import { idOf } from './state.ts'

interface RefundInput {
  readonly orderId: string
  readonly note?: string | null
  readonly refundLineItems?:
    | readonly {
        readonly lineItemId: string
        readonly quantity: number
        readonly restockType?: string | null
      }[]
    | null
}

const restockTypes = { CANCEL: 'cancel', RETURN: 'return' } as const

function restockOf(type: string | null | undefined): 'cancel' | 'return' | 'no_restock' {
  return type === 'CANCEL' || type === 'RETURN' ? restockTypes[type] : 'no_restock'
}

function refund(ctx: RequestContext, input: RefundInput) {
  const refused = (message: string) => ({ refund: null, order: null, userErrors: [userError(['orderId'], message)] })
  const order = ctx.shop.orders.get(idOf('Order', input.orderId) ?? '')
  if (!order) return refused('Order does not exist')
  const wanted = (input.refundLineItems ?? []).flatMap(({ lineItemId, quantity, restockType }) => {
    const line = order.lines.find((one) => one.id === idOf('LineItem', lineItemId))
    return line ? [{ line, units: quantity, restock: restockOf(restockType) }] : []
  })
  const booked = refundLines(ctx.shop, ctx.announce, order, { wanted, note: input.note ?? null })
  if (!booked) return refused('Quantity cannot refund more items than were purchased')
  return { refund: refundView(ctx.shop, order, booked), order: orderView(ctx.shop, order), userErrors: [] }
}

export const orderMutations = {
  /** Asynchronous at Shopify: the answer is a job. Here it has ended by the time anyone asks. */
  orderCancel: ({ orderId, restock }: { orderId: string; restock: boolean }, ctx: RequestContext) => {
    const refused = (message: string, code: string) => ({
      job: null,
      orderCancelUserErrors: [userError(['orderId'], message, code)],
      userErrors: [userError(['orderId'], message)],
    })
    const order = ctx.shop.orders.get(idOf('Order', orderId) ?? '')
    if (!order) return refused('Order does not exist', 'NOT_FOUND')
    if (order.cancelledAt !== null) return refused('Cannot cancel an order that has already been canceled', 'INVALID')
    if (!cancelOrder(ctx.shop, ctx.announce, order, restock)) {
      return refused('Cannot cancel an order that has outstanding fulfillments', 'INVALID')
    }
    const id = `gid://shopify/Job/${crypto.randomUUID()}`
    ctx.shop.jobs.add(id)
    return { job: { id, done: false }, orderCancelUserErrors: [], userErrors: [] }
  },
  refundCreate: (args: { input: RefundInput }, ctx: RequestContext, info: Info) =>
    once(ctx, info, args, () => refund(ctx, args.input)),
}
