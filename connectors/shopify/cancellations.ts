import { z } from 'zod'
import { type CancelPort, ChannelError, cleanText, type ErrorKind, type Outcome } from '#kit'
import { cancelJob, cancelOrder, orderCancelled } from './documents.ts'
import { ask } from './graphql.ts'
import { type Credentials, settingsOf } from './settings.ts'

const OrderState = z.object({ cancelledAt: z.string().nullable() }).nullable()
const Cancelled = z.object({ order: OrderState })
const Answer = z.object({
  orderCancel: z.object({
    job: z.object({ id: z.string(), done: z.boolean() }).nullable(),
    orderCancelUserErrors: z.array(z.object({ code: z.string().nullable(), message: z.string() })),
  }),
})
const JobState = z.object({ job: z.object({ done: z.boolean() }).nullable(), order: OrderState })

const reasons = { out_of_stock: 'INVENTORY', buyer_request: 'CUSTOMER', other: 'OTHER' } as const
const kinds: Readonly<Record<string, ErrorKind>> = {
  NOT_FOUND: 'not_found',
  NO_REFUND_PERMISSION: 'forbidden',
  INTERNAL_ERROR: 'transient',
}
const staffNoteMax = 255

function failed(kind: ErrorKind, message: string, remoteCode?: string): Outcome {
  const info = remoteCode === undefined ? {} : { remoteCode }
  return { outcome: 'failed', error: new ChannelError(kind, cleanText(message, 200), info) }
}

/**
 * Shopify cancels in a job of its own. What is still running is `not_ready`: the next try finds the order cancelled,
 * or asks once more. The restock and the refund belong to the cancellation there, so a second one cannot double them.
 */
const cancel: CancelPort<Credentials>['cancel'] = async (ctx, order) => {
  const id = order.order
  const before = await ask(ctx, { document: orderCancelled, variables: { id }, cost: 1, answer: Cancelled })
  if (before.order === null) return failed('not_found', 'the shop has no such order')
  if (before.order.cancelledAt !== null) return { outcome: 'already_applied', remote: id }
  const { notifyBuyer, refundOnCancel } = settingsOf(ctx)
  const variables = {
    orderId: id,
    reason: reasons[order.reason],
    restock: order.restock,
    notifyCustomer: notifyBuyer !== false,
    refundMethod: refundOnCancel === false ? null : { originalPaymentMethodsRefund: true },
    staffNote: cleanText(`Crossdock ${order.key}`, staffNoteMax),
  }
  const { orderCancel } = await ask(ctx, { document: cancelOrder, variables, cost: 10, once: true, answer: Answer })
  const [refused] = orderCancel.orderCancelUserErrors
  if (refused) return failed(kinds[refused.code ?? ''] ?? 'invalid', refused.message, refused.code ?? 'UNKNOWN')
  if (orderCancel.job === null) return failed('transient', 'no job was named for the cancellation')
  const both = { job: orderCancel.job.id, order: id }
  const after = await ask(ctx, { document: cancelJob, variables: both, cost: 2, answer: JobState })
  if (after.order?.cancelledAt != null) return { outcome: 'applied', remote: orderCancel.job.id }
  if (after.job?.done === true) return failed('invalid', 'the shop ended the job without cancelling the order')
  return failed('not_ready', 'the shop is still cancelling')
}

export const cancellations: CancelPort<Credentials> = { cancel }
