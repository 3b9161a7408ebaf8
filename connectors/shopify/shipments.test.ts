import { expect, test } from 'vitest'
import type { ShipmentCommand } from '#kit'
import { shipments } from './shipments.ts'
import { type Asked, connection, location, type Reply, shopCtx } from './testing.ts'

const order = 'gid://shopify/Order/1'
const line = (id: number) => `gid://shopify/LineItem/${id}`
const parcel = (more: Partial<ShipmentCommand> = {}): ShipmentCommand => ({
  key: 'shipment-1/1',
  order,
  lines: [{ line: line(1), quantity: 2 }],
  final: true,
  carrier: 'DHL',
  tracking: 'T-1',
  trackingUrl: 'https://example.com/T-1',
  shippedAt: '2026-11-23T09:00:00Z',
  notifyBuyer: true,
  ...more,
})
interface FakeWork {
  id: string
  status: string
  location: string
  method?: string
  actions: string[]
  lines: { line: number; remaining: number }[]
}
interface FakeFulfillment {
  id: string
  status: string
  number: string | null
  lines: { line: string; quantity: number }[]
}
const work = (id: number, lines: FakeWork['lines'], more: Partial<FakeWork> = {}): FakeWork => ({
  id: `fo-${id}`,
  status: 'OPEN',
  location,
  actions: ['CREATE_FULFILLMENT', 'HOLD'],
  lines,
  ...more,
})

interface Input {
  readonly lineItemsByFulfillmentOrder: readonly {
    readonly fulfillmentOrderId: string
    readonly fulfillmentOrderLineItems: readonly { readonly id: string; readonly quantity: number }[]
  }[]
  readonly trackingInfo: { readonly number?: string }
}
/** A shop that books fulfilments; `after` may spoil the answer of a create that was booked. */
function fakeShop(works: FakeWork[], told: FakeFulfillment[] = [], after?: () => Reply) {
  const creates: Input[] = []
  const lineId = (workId: string, index: number) => `${workId}:${index}`
  const book = (input: Input) => {
    creates.push(input)
    const lines = input.lineItemsByFulfillmentOrder.flatMap(({ fulfillmentOrderId, fulfillmentOrderLineItems }) =>
      fulfillmentOrderLineItems.map(({ id, quantity }) => {
        const owner = works.find((one) => one.id === fulfillmentOrderId)
        const own = owner?.lines[Number(id.split(':')[1])]
        if (!own || own.remaining < quantity) throw new Error('the shop would refuse this')
        own.remaining -= quantity
        return { line: line(own.line), quantity }
      }),
    )
    told.push({ id: `f-${told.length + 1}`, status: 'SUCCESS', number: input.trackingInfo.number ?? null, lines })
    return `f-${told.length}`
  }
  const answer = ({ name, variables }: Asked): Reply => {
    if (name === 'OrderTracking') {
      const fulfillments = told.map(({ id, status, number }) => ({
        id,
        status,
        trackingInfo: number === null ? [] : [{ number }],
      }))
      return { data: { order: { fulfillments } } }
    }
    if (name === 'FulfillmentLines') {
      const nodes = told.find((one) => one.id === variables.id)?.lines ?? []
      const lines = nodes.map((one) => ({ quantity: one.quantity, lineItem: { id: one.line } }))
      return { data: { node: { fulfillmentLineItems: connection(lines) } } }
    }
    if (name === 'FulfillmentState') {
      const nodes = works.map((one) => ({
        id: one.id,
        status: one.status,
        assignedLocation: { location: { id: one.location } },
        deliveryMethod: { methodType: one.method ?? 'SHIPPING' },
        supportedActions: one.actions.map((action) => ({ action })),
        lineItems: connection(
          one.lines.map((each, index) => ({
            id: lineId(one.id, index),
            remainingQuantity: each.remaining,
            lineItem: { id: line(each.line) },
          })),
        ),
      }))
      return { data: { order: { fulfillmentOrders: connection(nodes) } } }
    }
    const id = book(Object(variables.fulfillment))
    return after?.() ?? { data: { fulfillmentCreate: { fulfillment: { id }, userErrors: [] } } }
  }
  return { ...shopCtx(answer), creates, told }
}
const kindOf = (outcome: Awaited<ReturnType<typeof shipments.push>>) =>
  outcome.outcome === 'failed' ? outcome.error.kind : outcome.outcome

test('a shipment is told once: pushed again, or looked for, it is found by its tracking number', async () => {
  const { ctx, creates } = fakeShop([work(1, [{ line: 1, remaining: 2 }])])
  expect(await shipments.find(ctx, parcel())).toBe(null)
  expect(await shipments.push(ctx, parcel())).toEqual({ outcome: 'applied', remote: 'f-1' })
  expect(await shipments.push(ctx, parcel())).toEqual({ outcome: 'already_applied', remote: 'f-1' })
  expect(await shipments.find(ctx, parcel())).toBe('f-1')
  expect(creates).toEqual([
    {
      lineItemsByFulfillmentOrder: [
        { fulfillmentOrderId: 'fo-1', fulfillmentOrderLineItems: [{ id: 'fo-1:0', quantity: 2 }] },
      ],
      notifyCustomer: true,
      trackingInfo: { company: 'DHL', number: 'T-1', url: 'https://example.com/T-1' },
    },
  ])
})

test('a shipment that the shop shows whole is proven without reading what else the order waits for', async () => {
  const { ctx, asked } = fakeShop([work(1, [{ line: 1, remaining: 2 }])])
  await shipments.push(ctx, parcel())
  const before = asked.length
  expect(await shipments.find(ctx, parcel())).toBe('f-1')
  expect(asked.slice(before).map(({ name }) => name)).toEqual(['OrderTracking', 'FulfillmentLines'])
})

test('a create whose answer was lost is found, not repeated', async () => {
  const { ctx, creates } = fakeShop([work(1, [{ line: 1, remaining: 2 }])], [], () => ({ status: 502, body: '' }))
  await expect(shipments.push(ctx, parcel())).rejects.toMatchObject({ kind: 'outcome_unknown' })
  expect(await shipments.find(ctx, parcel())).toBe('f-1')
  expect(await shipments.push(ctx, parcel())).toEqual({ outcome: 'already_applied', remote: 'f-1' })
  expect(creates).toHaveLength(1)
})

test('partial shipments of one line add up, over several fulfilment orders of one location in one call', async () => {
  const { ctx, creates, told } = fakeShop([work(1, [{ line: 1, remaining: 1 }]), work(2, [{ line: 1, remaining: 4 }])])
  await shipments.push(ctx, parcel({ lines: [{ line: line(1), quantity: 3 }] }))
  await shipments.push(ctx, parcel({ tracking: 'T-2', lines: [{ line: line(1), quantity: 2 }] }))
  expect(creates.map((one) => one.lineItemsByFulfillmentOrder.length)).toEqual([2, 1])
  expect(told.map((one) => one.lines.reduce((sum, each) => sum + each.quantity, 0))).toEqual([3, 2])
})

test('fulfilment orders of two locations or delivery methods are two calls, our own location first', async () => {
  const other = { location: 'gid://shopify/Location/2' }
  const { ctx, creates } = fakeShop([work(1, [{ line: 1, remaining: 1 }], other), work(2, [{ line: 1, remaining: 1 }])])
  expect(kindOf(await shipments.push(ctx, parcel()))).toBe('applied')
  expect(creates.map((one) => one.lineItemsByFulfillmentOrder[0]?.fulfillmentOrderId)).toEqual(['fo-2', 'fo-1'])
  expect(await shipments.find(ctx, parcel())).toBe('f-1')
})

test('a shipment that reached the shop in half is completed, not doubled', async () => {
  const half = { id: 'f-1', status: 'SUCCESS', number: 'T-1', lines: [{ line: line(1), quantity: 1 }] }
  const { ctx, creates } = fakeShop([work(1, [{ line: 1, remaining: 1 }])], [half])
  expect(await shipments.find(ctx, parcel())).toBe(null)
  expect(kindOf(await shipments.push(ctx, parcel()))).toBe('applied')
  expect(creates[0]?.lineItemsByFulfillmentOrder[0]?.fulfillmentOrderLineItems).toEqual([{ id: 'fo-1:0', quantity: 1 }])
})

test.each(['ON_HOLD', 'SCHEDULED'])('an order that is %s waits without alarm', async (status) => {
  const { ctx, creates } = fakeShop([work(1, [{ line: 1, remaining: 2 }], { status, actions: ['RELEASE_HOLD'] })])
  expect(kindOf(await shipments.push(ctx, parcel()))).toBe('not_ready')
  expect(creates).toEqual([])
})

test('what may be done is read from the supported actions, also under a status that this code does not know', async () => {
  const ok = fakeShop([work(1, [{ line: 1, remaining: 2 }], { status: 'STATUS_OF_NEXT_YEAR' })])
  expect(kindOf(await shipments.push(ok.ctx, parcel()))).toBe('applied')
  const no = fakeShop([work(1, [{ line: 1, remaining: 2 }], { actions: ['REQUEST_CANCELLATION'] })])
  expect(kindOf(await shipments.push(no.ctx, parcel()))).toBe('invalid')
})

test('units that were refunded meanwhile are left out, and the rest still reaches the buyer', async () => {
  const { ctx, creates } = fakeShop([work(1, [{ line: 1, remaining: 1 }])])
  expect(kindOf(await shipments.push(ctx, parcel()))).toBe('applied')
  expect(creates).toHaveLength(1)
  expect(await shipments.find(ctx, parcel())).toBe('f-1')
  expect(kindOf(await shipments.push(ctx, parcel()))).toBe('already_applied')
})

test('an order that someone else fulfilled under another number is shown to a person', async () => {
  const others = { id: 'f-1', status: 'SUCCESS', number: 'OTHER', lines: [{ line: line(1), quantity: 2 }] }
  const { ctx } = fakeShop([work(1, [{ line: 1, remaining: 0 }], { status: 'CLOSED', actions: [] })], [others])
  expect(kindOf(await shipments.push(ctx, parcel()))).toBe('invalid')
})

test('a cancelled fulfilment with our number does not count as told', async () => {
  const gone = { id: 'f-1', status: 'CANCELLED', number: 'T-1', lines: [{ line: line(1), quantity: 2 }] }
  const { ctx } = fakeShop([work(1, [{ line: 1, remaining: 2 }])], [gone])
  expect(await shipments.find(ctx, parcel())).toBe(null)
})

test('no fulfilment orders at all point to a missing scope', async () => {
  const { ctx } = fakeShop([])
  expect(kindOf(await shipments.push(ctx, parcel()))).toBe('forbidden')
})

test('an order that the shop does not know is not found', async () => {
  const { ctx } = shopCtx(() => ({ data: { order: null } }))
  await expect(shipments.push(ctx, parcel())).rejects.toMatchObject({ kind: 'not_found' })
})

test('a shipment without a tracking number is known by its lines', async () => {
  const { ctx, creates } = fakeShop([work(1, [{ line: 1, remaining: 4 }])])
  const silent = parcel({ tracking: null, trackingUrl: null })
  expect(kindOf(await shipments.push(ctx, silent))).toBe('applied')
  expect(kindOf(await shipments.push(ctx, silent))).toBe('already_applied')
  expect(Object(creates[0]).trackingInfo).toEqual({ company: 'DHL' })
})

test.each([
  ['Fulfillment order is on hold', 'not_ready'],
  ['All fulfillment orders must have the same delivery method type', 'invalid'],
])('a refusal "%s" is %s', async (message, kind) => {
  const refuse = () => ({
    data: { fulfillmentCreate: { fulfillment: null, userErrors: [{ field: ['fulfillment'], message }] } },
  })
  const works = [work(1, [{ line: 1, remaining: 2 }])]
  const { ctx } = shopCtx((asked) => (asked.name === 'Ship' ? refuse() : fakeReply(works, asked)))
  expect(kindOf(await shipments.push(ctx, parcel()))).toBe(kind)
})

function fakeReply(works: FakeWork[], { name }: Asked): Reply {
  if (name === 'OrderTracking') return { data: { order: { fulfillments: [] } } }
  const nodes = works.map((one) => ({
    id: one.id,
    status: one.status,
    assignedLocation: { location: null },
    deliveryMethod: null,
    supportedActions: one.actions.map((action) => ({ action })),
    lineItems: connection([{ id: 'l', remainingQuantity: 2, lineItem: { id: line(1) } }]),
  }))
  return { data: { order: { fulfillmentOrders: connection(nodes) } } }
}

test('the merchant may forbid mails to the buyer', async () => {
  const shop = fakeShop([work(1, [{ line: 1, remaining: 2 }])])
  const quiet = { ...shop.ctx, settings: { ...shop.ctx.settings, notifyBuyer: false } }
  await shipments.push(quiet, parcel())
  expect(Object(shop.creates[0]).notifyCustomer).toBe(false)
})
