import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage, type Stage } from './harness.ts'
import { tellStory } from './story.ts'

let stage: Stage<'lily'>
beforeAll(async () => {
  stage = await openStage({ worlds: { lily: { skus: ['MUG', 'TEE'] } } })
})
afterAll(() => stage?.close())

const causesInOrder = [
  ['order.imported', 'message'],
  ['request.opened', 'message'],
  ['request.sent', 'effect'],
  ['shipment.recorded', 'file'],
  ['shipment.confirmed', 'effect'],
]

describe('the whole story', { timeout: 120_000 }, () => {
  test.for([
    { name: 'shopify', sku: 'MUG' },
    { name: 'woo', sku: 'TEE' },
  ] as const)(
    'an order on $name is asked for once, shipped, shown there with its tracking, and every shop shows the ledger',
    async ({ name, sku }) => {
      const { lily } = stage.merchants
      const { timeline } = await tellStory(stage, lily, lily[name], sku)
      const told = timeline.filter((e) => e.kind !== 'order.updated').map((e) => [e.kind, e.cause.kind])
      expect(told).toEqual(causesInOrder)
    },
  )

  test('in calm weather nobody needed the sweeper, and every law of the ledger holds', async () => {
    await stage.calm(stage.merchants.lily)
    const metrics = await (await fetch(`${stage.hub.url}/metrics`)).text()
    expect(metrics.split('\n').filter((line) => /^hub_found_by_sweeper_total.* [1-9]/.test(line))).toEqual([])
    expect(await stage.broken()).toEqual({})
  })
})
