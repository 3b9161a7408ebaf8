import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openStage, type Stage } from './harness.ts'
import { done, requestsFor } from './story.ts'

const never = [1_000_000, 1_000_000] as const
let stage: Stage<'fern' | 'moss'>
beforeAll(async () => {
  stage = await openStage({
    worlds: { fern: { skus: ['MUG', 'TEE'] }, moss: { skus: ['MUG', 'TEE'], dials: { waitMinutes: never } } },
  })
})
afterAll(() => stage?.close())

const reason = { reason: 'out_of_stock' }

describe('a person has an order cancelled by the hub', { timeout: 120_000 }, () => {
  test.for([
    { name: 'shopify', sku: 'MUG' },
    { name: 'woo', sku: 'TEE' },
  ] as const)('before hand-off: $name cancels it, and every shop shows the units again', async ({ name, sku }) => {
    const { fern } = stage.merchants
    await fern.writesToDock('off')
    const bought = fern.buy(fern[name], { sku, quantity: 2 })
    const { id } = await bought.until('reserved', (o) => done(o, 'request.opened'))
    await stage.shown(fern, sku, 18)
    await fern.api.call(`POST /orders/${id}/cancel`, z.unknown(), reason)
    const order = await bought.until('cancelled', (o) => o.cancelledAt !== null && done(o, 'order.cancel_told'))
    expect(order.lines[0]?.components).toMatchObject([{ need: 0, reserved: 0, shipped: 0 }])
    await stage.shown(fern, sku, 20)
    await fern.writesToDock('on')
    await stage.calm(fern)
    expect(requestsFor(fern, order)).toEqual([])
  })

  test.for([
    { name: 'shopify', sku: 'MUG' },
    { name: 'woo', sku: 'TEE' },
  ] as const)('after hand-off: the warehouse agrees first, then $name is told', async ({ name, sku }) => {
    const { moss } = stage.merchants
    const bought = moss.buy(moss[name], { sku, quantity: 2 })
    const { id } = await bought.until('accepted', (o) => o.fulfillmentOrders[0]?.requestStatus === 'accepted')
    await moss.api.call(`POST /orders/${id}/cancel`, z.unknown(), reason)
    const order = await bought.until('cancelled', (o) => o.cancelledAt !== null)
    const told = order.timeline.map((event) => event.kind)
    expect(told.indexOf('order.cancel_agreed')).toBeGreaterThan(told.indexOf('request.cancel_sent'))
    expect(told.indexOf('order.cancelled')).toBeGreaterThan(told.indexOf('order.cancel_agreed'))
    await stage.shown(moss, sku, 20)
    expect(requestsFor(moss, order)).toMatchObject([{ cancelled: true, shipments: [] }])
  })

  test('and every law of the ledger holds', async () => {
    await stage.calm(stage.merchants.fern)
    expect(await stage.broken()).toEqual({})
  })
})
