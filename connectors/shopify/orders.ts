import { z } from 'zod'
import { ChannelError, type OrderPort, type RawOrder } from '#kit'
import { completeOrder, OrderNode } from './complete-order.ts'
import { getOrders, listOrders } from './documents.ts'
import { ask, connectionOf } from './graphql.ts'
import { callsPerPage, manifest, ordersPerCall } from './manifest.ts'
import type { Credentials, ShopCtx } from './settings.ts'
import { graphqlShape, translate } from './translate.ts'

const overlapMs = (manifest.orders?.overlapS ?? 0) * 1_000
/** What one order of a few lines costs in the end, in points. */
const orderCost = 25

const OrdersChanged = z.object({ orders: connectionOf(OrderNode) })
const noOrder = z.strictObject({}).transform(() => null)
const OrdersById = z.object({ nodes: z.array(z.union([OrderNode, noOrder, z.null()])) })

/** One reconcile run, by time of change: an order that changes meanwhile moves to the end and is read again there. */
const Page = z.object({ from: z.string(), seen: z.string(), after: z.string() })
type Page = z.output<typeof Page>

function readPage(token: string): Page {
  try {
    return Page.parse(JSON.parse(token))
  } catch (cause) {
    throw new ChannelError('invalid', 'not a page of this connector', {}, { cause })
  }
}

/** Whole seconds, as Shopify's own clock has. */
const second = (at: Date) => `${at.toISOString().slice(0, 19)}Z`

async function rawOf(ctx: ShopCtx, node: OrderNode): Promise<RawOrder> {
  const whole = await completeOrder(ctx, node)
  return { ref: node.id, changedAt: node.updatedAt, raw: JSON.stringify({ _shape: graphqlShape, ...whole }) }
}

const list: OrderPort<Credentials>['list'] = async (ctx, q) => {
  const since = Date.parse(q.since ?? '')
  const begin = Number.isNaN(since) ? new Date(q.from) : new Date(since - overlapMs)
  const run = q.page === null ? { from: second(begin), seen: q.since ?? q.from, after: null } : readPage(q.page)
  const query = `updated_at:>='${run.from}'`
  const items: RawOrder[] = []
  let after: string | null = run.after
  for (let calls = 0; calls < callsPerPage; calls++) {
    const variables = { first: ordersPerCall, after, query }
    const cost = ordersPerCall * orderCost
    const { orders } = await ask(ctx, { document: listOrders, variables, cost, answer: OrdersChanged })
    for (const node of orders.nodes) items.push(await rawOf(ctx, node))
    after = orders.pageInfo.hasNextPage ? orders.pageInfo.endCursor : null
    if (after === null) break
  }
  // The shop's own time, never ours: with our clock ahead, a watermark of it would hide what changes until then.
  const changes = [run.seen, ...items.flatMap(({ changedAt }) => changedAt ?? [])]
  const seen = changes.reduce((a, b) => (Date.parse(a) >= Date.parse(b) ? a : b))
  const next = after === null ? null : JSON.stringify({ from: run.from, seen, after })
  return { items, next, watermark: seen }
}

const get: OrderPort<Credentials>['get'] = async (ctx, refs) => {
  const found = new Map<string, RawOrder>()
  for (let i = 0; i < refs.length; i += ordersPerCall) {
    const ids = refs.slice(i, i + ordersPerCall)
    const cost = ids.length * orderCost
    const { nodes } = await ask(ctx, { document: getOrders, variables: { ids }, cost, answer: OrdersById })
    for (const node of nodes) if (node !== null) found.set(node.id, await rawOf(ctx, node))
  }
  return refs.map((ref) => found.get(ref) ?? { ref, missing: true as const })
}

export const orders: OrderPort<Credentials> = { list, get, translate }
