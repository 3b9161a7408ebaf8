import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStage, type Stage } from '../../e2e/harness.ts'
import { tellStory } from '../../e2e/story.ts'

let stage: Stage<'lily'>
beforeAll(async () => {
  stage = await openStage({ worlds: { lily: { skus: ['MUG', 'TEE'] } } })
})
afterAll(() => stage?.close())

describe('a newer version beside this one', { timeout: 120_000 }, () => {
  test('fault 10: its additive migration and its work of unknown kinds are left to it, and the old one goes on', async () => {
    const { lily } = stage.merchants
    await stage.database.asAdmin(async (admin) => {
      await admin.query(`
        alter table orders add column gift_note text;
        alter table effect drop constraint effect_kind;
        alter table effect add constraint effect_kind check (kind in ('request','request_cancel','shipped','cancel','label'))`)
      await admin.query(
        `insert into lane (merchant_id, connection_id, kind, due_at) values ($1, (select connection_id from connection limit 1), 'labels', now())`,
        [lily.id],
      )
    })
    const order = await tellStory(stage, lily, lily.shopify, 'MUG')
    await stage.database.asAdmin(async (admin) => {
      await admin.query(
        `insert into effect (merchant_id, effect_id, connection_id, kind, dedupe_key, subject_id, order_id)
         select o.merchant_id, gen_random_uuid(), c.connection_id, 'label', 'label.' || c.connection_id, o.order_id, o.order_id
         from orders o cross join connection c limit 3`,
      )
    })
    const turns = async () => {
      const text = await (await fetch(`${stage.hub.url}/metrics`)).text()
      const lines = text.split('\n').filter((line) => /^hub_lane_runs_total.*"effect"/.test(line))
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    }
    const [before, from] = [await turns(), performance.now()]
    await tellStory(stage, lily, lily.woo, 'TEE')
    const perSecond = ((await turns()) - before) / ((performance.now() - from) / 1_000)
    expect(perSecond, 'turns a second of the lanes that hold what they cannot do').toBeLessThan(20)
    const left = await stage.database.asAdmin((admin) =>
      admin.query(`select state, attempts from effect where kind = 'label'
        union all select 'lane', 0 from lane where kind = 'labels' and lease_token is null`),
    )
    expect(left.rows).toEqual([...Array(3).fill({ state: 'pending', attempts: 0 }), { state: 'lane', attempts: 0 }])
    expect(order.exceptions).toEqual([])
  })
})
