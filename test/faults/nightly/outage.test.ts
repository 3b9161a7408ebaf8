import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Merchant, openStage, type Stage } from '../../e2e/harness.ts'
import { done } from '../../e2e/story.ts'
import { type Cluster, openCluster } from '../cluster.ts'
import { allIsHere, openSenderFor } from '../door.ts'
import { lookAgain, webhooksOf, whenSubscribed } from '../webhooks.ts'

let cluster: Cluster
let stage: Stage<'lily'>
let lily: Merchant
beforeAll(async () => {
  cluster = await openCluster()
  stage = await openStage({
    worlds: { lily: {} },
    parts: [
      { name: 'http', role: 'http' },
      { name: 'worker', role: 'worker' },
    ],
    database: async () => cluster.database,
  })
  lily = stage.merchants.lily
}, 120_000)
afterAll(() => stage?.close())

describe('a PostgreSQL that stays away', { timeout: 240_000 }, () => {
  test('fault 12: until the shop gave up its webhooks: 503 with Retry-After, then polls catch up and webhooks are made anew', async () => {
    const sender = await openSenderFor(stage, lily)
    await sender.deliver()
    const before = await whenSubscribed(stage, lily)
    await cluster.stop()
    const answers = new Set<string>()
    await sender.deliver({
      triesMax: 3,
      onTry: (status, headers) => answers.add(`${status} after ${headers['retry-after']}`),
    })
    expect([...answers]).toEqual(['503 after 1'])
    const missed = [lily.shopify, lily.woo].map((shop) => lily.buy(shop, { sku: 'MUG', quantity: 1 }))
    const shopGaveUp = async () => (await webhooksOf(lily)).length < before
    await stage.until('the shop deleted webhooks that failed for hours', shopGaveUp, 120_000).catch(async (error) => {
      await cluster.start()
      throw error
    })
    await cluster.start()
    expect([stage.hub.diedOf('http'), stage.hub.diedOf('worker')], 'nobody had to start the hub again').toEqual([
      null,
      null,
    ])
    await stage.database.asAdmin((admin) => admin.query(lookAgain))
    for (const one of missed) await one.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    await stage.until('all webhooks are there again', async () => (await webhooksOf(lily)).length === before)
    await sender.deliver()
    await allIsHere(stage, sender)
    sender.close()
    await stage.calm(lily)
    await stage.shown(lily, 'MUG', 18)
    expect(await stage.broken()).toEqual({})
  })
})
