import { expect, test } from 'vitest'
import { cancellations } from './cancellations.ts'
import { type Asked, type Reply, shopCtx } from './testing.ts'

const id = 'gid://shopify/Order/1'
const request = { key: 'cancel-1', order: id, reason: 'out_of_stock' as const, restock: true }
const cancelledAt = '2026-11-23T10:00:00Z'
type Answers = Readonly<Record<string, unknown>>
const answering =
  (answers: Answers) =>
  ({ name }: Asked): Reply =>
    name in answers ? { data: answers[name] } : { status: 500, body: name }
const open = { OrderCancelled: { order: { id, cancelledAt: null } } }
const accepted = { orderCancel: { job: { id: 'job-1', done: false }, orderCancelUserErrors: [] } }
const kindOf = (outcome: Awaited<ReturnType<typeof cancellations.cancel>>) =>
  outcome.outcome === 'failed' ? outcome.error.kind : outcome.outcome

test('an order is cancelled with restock and refund, and said to be so only when the shop shows it', async () => {
  const job = { job: { id: 'job-1', done: true }, order: { id, cancelledAt } }
  const { ctx, asked } = shopCtx(answering({ ...open, CancelOrder: accepted, CancelJob: job }))
  expect(await cancellations.cancel(ctx, request)).toEqual({ outcome: 'applied', remote: 'job-1' })
  expect(asked[1]?.request.replaySafe).toBe(false)
  expect(asked[1]?.variables).toEqual({
    orderId: id,
    reason: 'INVENTORY',
    restock: true,
    notifyCustomer: true,
    refundMethod: { originalPaymentMethodsRefund: true },
    staffNote: 'Crossdock cancel-1',
  })
})

test('an order that is cancelled already is not cancelled again', async () => {
  const { ctx, asked } = shopCtx(answering({ OrderCancelled: { order: { id, cancelledAt } } }))
  expect(kindOf(await cancellations.cancel(ctx, request))).toBe('already_applied')
  expect(asked).toHaveLength(1)
})

test.each([
  ['still running', { job: { id: 'job-1', done: false }, order: { id, cancelledAt: null } }, 'not_ready'],
  ['ended without effect', { job: { id: 'job-1', done: true }, order: { id, cancelledAt: null } }, 'invalid'],
])('a job %s is not a cancelled order', async (_, job, kind) => {
  const { ctx } = shopCtx(answering({ ...open, CancelOrder: accepted, CancelJob: job }))
  expect(kindOf(await cancellations.cancel(ctx, request))).toBe(kind)
})

test.each([
  ['INVALID', 'invalid'],
  ['NOT_FOUND', 'not_found'],
  ['NO_REFUND_PERMISSION', 'forbidden'],
  ['INTERNAL_ERROR', 'transient'],
  [null, 'invalid'],
])('the refusal %s is %s', async (code, kind) => {
  const refused = { orderCancel: { job: null, orderCancelUserErrors: [{ code, field: null, message: 'no' }] } }
  const { ctx } = shopCtx(answering({ ...open, CancelOrder: refused }))
  expect(kindOf(await cancellations.cancel(ctx, request))).toBe(kind)
})

test('a lost answer leaves the outcome unknown', async () => {
  const { ctx } = shopCtx(answering(open))
  await expect(cancellations.cancel(ctx, request)).rejects.toMatchObject({ kind: 'outcome_unknown' })
})
