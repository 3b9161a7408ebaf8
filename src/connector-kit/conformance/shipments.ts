import { describe, expect, test } from 'vitest'
import { ChannelError, type Ctx, type Outcome, type ShipmentCommand } from '#kit'
import { freshOrder, type ShopWorld, shipmentOf, truthOf } from './shop-world.ts'
import { type Between, failuresOf } from './wire.ts'

function portOf({ subject }: ShopWorld) {
  const port = subject.connector.shipments
  if (!port) throw new Error('this connector tells no shipments')
  return port
}
const wordOf = (outcome: Outcome) => (outcome.outcome === 'failed' ? outcome.error.kind : outcome.outcome)
const told = (world: ShopWorld, truthId: string) => truthOf(world, truthId).shipments.map((one) => one.tracking)
const shippedUnits = (world: ShopWorld, truthId: string) =>
  truthOf(world, truthId).lines.reduce((units, line) => units + line.shipped, 0)

/** What the hub does after an unknown outcome: look, and send again only what is not there. */
async function findThenPush(world: ShopWorld, ctx: Ctx, shipment: ShipmentCommand): Promise<void> {
  if ((await portOf(world).find(ctx, shipment)) === null)
    expect(await failuresOf(portOf(world).push(ctx, shipment))).toEqual([])
  expect(await portOf(world).find(ctx, shipment), 'what was told is found').not.toBe(null)
}

function tellTests(world: () => ShopWorld): void {
  test('one shipment told twice is one fulfilment, and find knows it before and after', async () => {
    const { truthId, order } = await freshOrder(world(), 2)
    const { ctx } = world().wire
    const shipment = shipmentOf(order)
    expect(await portOf(world()).find(ctx, shipment)).toBe(null)
    expect(wordOf(await portOf(world()).push(ctx, shipment))).toBe('applied')
    expect(await portOf(world()).find(ctx, shipment)).not.toBe(null)
    expect(wordOf(await portOf(world()).push(ctx, shipment))).toBe('already_applied')
    expect([told(world(), truthId), shippedUnits(world(), truthId)]).toEqual([[shipment.tracking], 2])
  })

  test('part shipments reach the shop as told; units that it does not wait for are never told', async () => {
    const { truthId, order } = await freshOrder(world(), 3)
    const { ctx } = world().wire
    const line = order.lines.find((one) => one.physical)?.ref ?? ''
    const parcel = (n: number, quantity: number) =>
      shipmentOf(order, {
        key: `p${n}`,
        tracking: `PART${order.number.replaceAll(/\W/g, '')}${n}`,
        lines: [{ line, quantity }],
        final: n > 1,
      })
    expect(wordOf(await portOf(world()).push(ctx, parcel(1, 2)))).toBe('applied')
    expect(shippedUnits(world(), truthId)).toBe(2)
    expect(wordOf(await portOf(world()).push(ctx, parcel(2, 1)))).toBe('applied')
    await failuresOf(portOf(world()).push(ctx, parcel(3, 1)))
    expect(shippedUnits(world(), truthId)).toBe(3)
  })

  test('an order that is not there, or a line that is not of it, is a failure and no crash', async () => {
    const { order } = await freshOrder(world(), 1)
    const { ctx } = world().wire
    const nowhere = shipmentOf(order, { order: order.ref.replace(/\d+$/, '987654321') })
    const strange = shipmentOf(order, {
      lines: [{ line: (order.lines[0]?.ref ?? '').replace(/\d+$/, '987654321'), quantity: 1 }],
    })
    for (const shipment of [nowhere, strange]) {
      const [error] = await failuresOf(portOf(world()).push(ctx, shipment))
      expect(['not_found', 'invalid', 'conflict', 'forbidden']).toContain(error?.kind)
    }
  })
}

/** The ways in which the answer to a write gets lost after its effect. */
const losses: readonly (readonly [string, Between])[] = [
  [
    'a 502 comes instead of the answer',
    async (request, send) => {
      const answer = await send()
      return request.replaySafe ? answer : { status: 502, headers: {}, body: Buffer.from('<html>Bad Gateway</html>') }
    },
  ],
  [
    'the connection breaks',
    async (request, send) => {
      const answer = await send()
      if (request.replaySafe) return answer
      throw new ChannelError('outcome_unknown', 'sent, no answer')
    },
  ],
  [
    'something that is no JSON comes with a 200',
    async (request, send) => {
      const answer = await send()
      return request.replaySafe ? answer : { ...answer, body: Buffer.from('<p>Notice: undefined index') }
    },
  ],
]

function lossTests(world: () => ShopWorld): void {
  test.each(losses)(
    'when %s after the effect, the outcome is unknown, and looking finds the one fulfilment',
    async (_, between) => {
      for (const final of [false, true]) {
        const { truthId, order } = await freshOrder(world(), 2)
        const shipment = shipmentOf(order, { final })
        const lost = world().wire.through(between)
        const errors = await failuresOf(portOf(world()).push(lost, shipment))
        expect(errors.map(({ kind }) => kind)).toEqual(errors.map(() => 'outcome_unknown'))
        await findThenPush(world(), world().wire.ctx, shipment)
        expect([told(world(), truthId), shippedUnits(world(), truthId)]).toEqual([[shipment.tracking], 2])
      }
    },
  )

  test('a fulfilment that the shop dropped behind a convincing answer is not found, and is told by the next try', async () => {
    const { truthId, order } = await freshOrder(world(), 2)
    const shipment = shipmentOf(order)
    world().shop.setFaults({ dropWrite: 1 })
    await failuresOf(portOf(world()).push(world().wire.ctx, shipment))
    world().shop.setFaults({ dropWrite: 0 })
    await findThenPush(world(), world().wire.ctx, shipment)
    expect([told(world(), truthId), shippedUnits(world(), truthId)]).toEqual([[shipment.tracking], 2])
  })
}

function cancelTests(world: () => ShopWorld): void {
  test('an order is cancelled once, and what was shipped cannot be', async () => {
    const port = world().subject.connector.cancellations
    if (!port) return
    const { truthId, order } = await freshOrder(world(), 1)
    const { ctx } = world().wire
    const cancel = { key: 'c1', order: order.ref, reason: 'out_of_stock', restock: true } as const
    expect(wordOf(await port.cancel(ctx, cancel))).toBe('applied')
    expect(wordOf(await port.cancel(ctx, cancel))).toBe('already_applied')
    expect(truthOf(world(), truthId).cancelled).toBe(true)
    const [late] = await failuresOf(portOf(world()).push(ctx, shipmentOf(order)))
    expect(late === undefined ? 0 : shippedUnits(world(), truthId)).toBe(0)
  })
}

/** "Shipped" goes back effectively once. */
export function shipmentTests(world: () => ShopWorld): void {
  describe('its shipments', () => {
    tellTests(world)
    lossTests(world)
    cancelTests(world)
  })
}
