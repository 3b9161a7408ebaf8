import { z } from 'zod'
import type { Api, ApiDeps, Cause } from '../api/deps.ts'
import { answers, idOf, shownId, text, when } from '../api/fields.ts'
import { reading, writing } from '../api/transactions.ts'
import { readConnection, writesThere } from '../connections/read.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { lockOrders } from './lock-orders.ts'
import { type MayAct, mayAct } from './may-act.ts'
import { cancelReasons, cancelTells } from './order-halts.ts'
import { type OrderRow, readOrder } from './read.ts'
import { shownOrder, showOrder } from './shown.ts'

const params = z.strictObject({ id: idOf('order') })

/** What may be done to this order now, with why not. */
export async function mayActOn(tx: Tx, deps: ApiDeps, order: OrderRow): Promise<MayAct> {
  const connection = await readConnection(tx, order.connectionId)
  const connector = connection && deps.connectors.get(connection.connector)
  return mayAct(order, {
    label: connection?.label ?? 'Its channel',
    cancels: connector?.cancellations !== undefined,
    active: connection?.status === 'active',
    writes: connection !== null && writesThere(connection),
  })
}

/** One decision about one order, judged and carried out under its lock. */
async function decide(
  tx: Tx,
  deps: ApiDeps,
  { orderId, act }: { readonly orderId: string; readonly act: keyof MayAct },
  carryOut: () => Promise<unknown>,
): Promise<z.infer<typeof shownOrder>> {
  await lockOrders(tx, [orderId])
  const order = await readOrder(tx, orderId)
  if (order === null) throw notFound()
  const refusal = (await mayActOn(tx, deps, order))[act]
  if (refusal !== null) throw new Problem(409, 'HUB_CONFLICT', refusal)
  await carryOut()
  return showOrder((await readOrder(tx, orderId)) ?? order)
}

const holdBody = z.strictObject({
  reason: text(200).describe('Why, for whoever looks at it next.'),
  until: when.optional().describe('It lets go by itself then. Left out: a person does.'),
})

function holdRoutes(app: Api, deps: ApiDeps): void {
  app.post('/orders/:id/hold', {
    config: { scope: 'orders:write' },
    schema: { params, body: holdBody, response: answers(shownOrder) },
    handler: (request) =>
      writing(deps, request, (tx, cause) => {
        const { id: orderId } = request.params
        const { reason, until = null } = request.body
        if (until !== null && Date.parse(until) <= deps.ports.clock.now().getTime())
          throw new Problem(400, 'HUB_VALIDATION', 'The hold would be over before it began.', [
            { field: 'until', message: 'is in the past', mend: 'Send a later instant, or leave it out.' },
          ])
        const hold = { orderId, actor: principalOf(request).actor, reason, until }
        return decide(tx, deps, { orderId, act: 'hold' }, () => deps.flows.orderHeld(tx, cause, hold))
      }),
  })
  const without = (act: 'release' | 'keep', carryOut: (tx: Tx, cause: Cause, it: Decided) => Promise<boolean>) =>
    app.post(`/orders/:id/${act}`, {
      config: { scope: 'orders:write' },
      schema: { params, response: answers(shownOrder) },
      handler: (request) =>
        writing(deps, request, (tx, cause) => {
          const it = { orderId: request.params.id, actor: principalOf(request).actor }
          return decide(tx, deps, { ...it, act }, () => carryOut(tx, cause, it))
        }),
    })
  without('release', deps.flows.orderReleased)
  without('keep', deps.flows.orderKept)
}

interface Decided {
  readonly orderId: string
  readonly actor: string
}

const cancelBody = z.strictObject({
  reason: z.enum(cancelReasons),
  tell: z
    .enum(cancelTells)
    .default('agreed')
    .describe('When the channel is told: once nobody can ship it any more, or now.'),
})

function cancelRoute(app: Api, deps: ApiDeps): void {
  app.post('/orders/:id/cancel', {
    config: { scope: 'orders:write' },
    schema: { params, body: cancelBody, response: answers(shownOrder) },
    handler: (request) =>
      writing(deps, request, (tx, cause) => {
        const { id: orderId } = request.params
        const asked = { orderId, actor: principalOf(request).actor, ...request.body }
        return decide(tx, deps, { orderId, act: 'cancel' }, () => deps.flows.cancelWanted(tx, cause, asked))
      }),
  })
}

const shownReplay = z.object({
  messages: z.int().describe('How many were read again.'),
  gone: z.int().describe('Let go of by age, or erased: they cannot be read again.'),
  unreadable: z.array(z.object({ message: shownId, reason: z.string() })),
  result: z
    .enum(['same', 'different', 'unknown'])
    .describe('unknown: the newest message of which the order was made is no longer here.'),
  differences: z.array(z.object({ what: z.string(), stored: z.string(), replayed: z.string() })),
})

function replayRoute(app: Api, deps: ApiDeps): void {
  app.post('/orders/:id/replay', {
    config: { scope: 'inbox:write' },
    schema: { params, response: answers(shownReplay) },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const replayed = await deps.flows.orderReplayed(tx, request.params.id)
        if (replayed === null) throw notFound()
        const { unreadable, differences, ...rest } = replayed
        const named = unreadable.map(({ messageId, reason }) => ({ message: publicId('message', messageId), reason }))
        return { ...rest, unreadable: named, differences: [...differences] }
      }),
  })
}

/** What a person decides about one order. The answer is what is true now, not what will be. */
export function actRoutes(app: Api, deps: ApiDeps): void {
  holdRoutes(app, deps)
  cancelRoute(app, deps)
  replayRoute(app, deps)
}
