import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { type Merchant, openStage, type Stage, type StagePlan } from '../../e2e/harness.ts'
import { done } from '../../e2e/story.ts'
import { allIsHere, deliverMany, openSenderFor } from '../door.ts'
import type { Sender } from '../manifest.ts'
import { openOwnRedis } from '../redis-server.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})
async function open<Name extends string>(plan: StagePlan<Name>): Promise<Stage<Name>> {
  const stage = await openStage(plan)
  endings.push(stage.close)
  return stage
}
async function send(stage: Stage<string>, merchant: Merchant, from = 0): Promise<Sender> {
  const sender = await openSenderFor(stage, merchant, from)
  endings.push(sender.close)
  return sender
}

describe('a process that breaks', { timeout: 240_000 }, () => {
  test.for([
    { how: 'out of memory', signal: 'SIGWINCH' },
    { how: 'by a rejection that nobody handles', signal: 'SIGUSR2' },
  ] as const)('fault 08: $how it ends by itself, and started again it has lost nothing', async ({ signal }) => {
    const stage = await open({ worlds: { lily: {} } })
    const { lily } = stage.merchants
    const preload = new URL('./fragile.ts', import.meta.url).href
    const env = { NODE_OPTIONS: `--import=${preload} --max-old-space-size=160` }
    await stage.hub.end('SIGTERM')
    await stage.hub.start({ name: 'all', role: 'all', env })
    const sender = await send(stage, lily)
    const bought = lily.buy(lily.shopify, { sku: 'MUG', quantity: 2 })
    const sending = deliverMany(sender, 100)
    await stage.until('it is under load', () => sender.manifest().acked.size > 20)
    stage.hub.signal('all', signal)
    await stage.until('nobody answers any more', () => sender.manifest().unanswered > 0)
    await stage.hub.start({ name: 'all', role: 'all' })
    await sending
    await allIsHere(stage, sender)
    await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    expect(await stage.broken()).toEqual({})
  })

  test.for(['PostgreSQL', 'Redis'])(
    'fault 07: blocked for 40 s, so that the queue in %s takes its jobs for stalled, it strands no row',
    async (queue) => {
      const redis = queue === 'Redis' ? await openOwnRedis() : null
      if (redis) endings.push(redis.close)
      const stage = await open({
        worlds: { lily: { skus: ['MUG', 'TEE'] } },
        redisUrl: redis?.url ?? null,
        env: { LANE_LEASE_MS: '3000' },
        parts: [
          { name: 'http', role: 'http' },
          { name: 'second', role: 'worker' },
        ],
      })
      const { lily } = stage.merchants
      const env = { HUB_FAILPOINTS: 'push.before_call:block=40000*1' }
      await stage.hub.start({ name: 'first', role: 'worker', env })
      for (const [n, sku] of ['MUG', 'TEE', 'MUG', 'TEE'].entries()) {
        const shop = n % 2 === 0 ? lily.shopify : lily.woo
        await lily.buy(shop, { sku, quantity: 1 }).until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
      }
      await sleep(45_000) // what is looked for is what the first does once it is awake
      for (const sku of ['MUG', 'TEE']) await stage.shown(lily, sku, 18)
      await stage.calm(lily)
      expect(lily.truth.filter((e) => e.what === 'fulfillment.created')).toHaveLength(4)
      expect([stage.hub.diedOf('first'), stage.hub.diedOf('second')]).toEqual([null, null])
      expect(await stage.broken()).toEqual({})
    },
  )

  test('fault 47: a merchant with thousands of waiting deliveries keeps no other merchant waiting', async () => {
    const stage = await open({
      worlds: { lily: {}, rose: {} },
      parts: [
        { name: 'http', role: 'http' },
        { name: 'worker', role: 'worker' },
      ],
    })
    const { lily, rose } = stage.merchants
    const [flood, trickle] = [await send(stage, lily), await send(stage, rose, 1_000_000)]
    const waiting = () =>
      stage.database.asAdmin(async (admin) => {
        const { rows } = await admin.query(
          `select count(*)::int as n from inbox_message where state = 'pending' and merchant_id = $1`,
          [lily.id],
        )
        return Number(rows[0].n)
      })
    await stage.hub.end('SIGTERM', 'worker')
    for (let n = 0; n < 40; n++) await deliverMany(flood, 100)
    expect(await waiting()).toBeGreaterThanOrEqual(4_000)
    await stage.hub.start({ name: 'worker', role: 'worker' })
    const waits: number[] = []
    for (let n = 0; n < 5; n++) {
      const from = performance.now()
      await trickle.deliver()
      await allIsHere(stage, trickle)
      waits.push(performance.now() - from)
      if (n === 0) expect(await waiting(), 'the flood still waits').toBeGreaterThan(500)
    }
    expect(Math.max(...waits), 'ms from a delivery to its order').toBeLessThan(3_000)
    await stage.until('the flood is done', async () => (await waiting()) === 0, 180_000)
    await allIsHere(stage, flood)
    expect(await stage.broken()).toEqual({})
  })
})
