import { z } from 'zod'
import {
  allFulfillments,
  allRefunds,
  firstLook,
  fulfillmentLines,
  moreLines,
  moreShipping,
  refundLines,
} from './documents.ts'
import { ask, type Connection, connectionOf, readAll } from './graphql.ts'
import type { ShopCtx } from './settings.ts'

/** Shopify allows 500 lines in an order; what is longer than these pages is refused, never read in part. */
const pagesMax = 20

/** Nodes stay as they came: `translate` alone reads them. */
const Node = z.looseObject({})
type Node = z.output<typeof Node>
const Nodes = connectionOf(Node)

/** An order as the first look brings it: whole, unless one of its lists goes on. */
export const OrderNode = z.looseObject({
  id: z.string(),
  updatedAt: z.string(),
  lineItems: Nodes,
  shippingLines: Nodes,
  refunds: z.array(z.looseObject({ refundLineItems: Nodes })),
  fulfillments: z.array(z.looseObject({ fulfillmentLineItems: Nodes })),
})
export type OrderNode = z.output<typeof OrderNode>

const start: Connection<Node> = { pageInfo: { hasNextPage: true, endCursor: '' }, nodes: [] }
const Lines = z.object({ order: z.object({ lineItems: Nodes }) })
const Shipping = z.object({ order: z.object({ shippingLines: Nodes }) })
const Refunds = z.object({ order: z.object({ refunds: z.array(z.object({ id: z.string() })) }) })
const RefundLines = z.object({ node: z.object({ refundLineItems: Nodes }) })
const Fulfillments = z.object({
  order: z.object({ fulfillments: z.array(z.object({ id: z.string(), status: z.string() })) }),
})
const FulfillmentLines = z.object({ node: z.object({ fulfillmentLineItems: Nodes }) })

/** The first page has no cursor; `readAll` begins with an empty one. */
const cursor = (after: string) => (after === '' ? null : after)

async function wholeRefunds(ctx: ShopCtx, id: string) {
  const { order } = await ask(ctx, { document: allRefunds, variables: { id }, cost: 20, answer: Refunds })
  const refunds = []
  for (const refund of order.refunds) {
    const nodes = await readAll(start, pagesMax, async (after) => {
      const variables = { id: refund.id, after: cursor(after) }
      return (await ask(ctx, { document: refundLines, variables, cost: 30, answer: RefundLines })).node.refundLineItems
    })
    refunds.push({ refundLineItems: { nodes } })
  }
  return refunds
}

async function wholeFulfillments(ctx: ShopCtx, id: string) {
  const { order } = await ask(ctx, { document: allFulfillments, variables: { id }, cost: 20, answer: Fulfillments })
  const fulfillments = []
  for (const { id: fulfillment, status } of order.fulfillments) {
    const nodes = await readAll(start, pagesMax, async (after) => {
      const variables = { id: fulfillment, after: cursor(after) }
      const answer = await ask(ctx, { document: fulfillmentLines, variables, cost: 30, answer: FulfillmentLines })
      return answer.node.fulfillmentLineItems
    })
    fulfillments.push({ status, fulfillmentLineItems: { nodes } })
  }
  return fulfillments
}

/** Reads those lists of an order to their end which the first look cut off. */
export async function completeOrder(ctx: ShopCtx, order: OrderNode): Promise<Node> {
  const { id, refunds, fulfillments } = order
  const lines = await readAll(order.lineItems, pagesMax, async (after) => {
    const answer = await ask(ctx, { document: moreLines, variables: { id, after }, cost: 150, answer: Lines })
    return answer.order.lineItems
  })
  const shipping = await readAll(order.shippingLines, pagesMax, async (after) => {
    const answer = await ask(ctx, { document: moreShipping, variables: { id, after }, cost: 50, answer: Shipping })
    return answer.order.shippingLines
  })
  const moreRefunds =
    refunds.length >= firstLook.refunds || refunds.some((one) => one.refundLineItems.pageInfo.hasNextPage)
  const moreFulfillments =
    fulfillments.length >= firstLook.fulfillments ||
    fulfillments.some((one) => one.fulfillmentLineItems.pageInfo.hasNextPage)
  return {
    ...order,
    lineItems: { nodes: lines },
    shippingLines: { nodes: shipping },
    refunds: moreRefunds ? await wholeRefunds(ctx, id) : refunds,
    fulfillments: moreFulfillments ? await wholeFulfillments(ctx, id) : fulfillments,
  }
}
