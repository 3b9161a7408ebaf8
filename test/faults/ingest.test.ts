import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Merchant, openStage, type Stage } from '../e2e/harness.ts'
import { done, requestsFor } from '../e2e/story.ts'
import { allIsHere, deliverMany, openSenderFor } from './door.ts'
import type { Sender } from './manifest.ts'

let stage: Stage<'lily'>
let lily: Merchant
let sender: Sender
beforeAll(async () => {
  stage = await openStage({
    worlds: { lily: {} },
    parts: [
      { name: 'http', role: 'http' },
      { name: 'worker', role: 'worker' },
    ],
  })
  lily = stage.merchants.lily
  sender = await openSenderFor(stage, lily)
})
afterAll(async () => {
  sender?.close()
  await stage?.close()
})

const http = (failpoints = '') => stage.hub.start({ name: 'http', role: 'http', env: { HUB_FAILPOINTS: failpoints } })
const stored = () =>
  stage.database.asAdmin(async (admin) => {
    const { rows } = await admin.query(`select count(*)::int as n from inbox_message where source = 'webhook'`)
    return Number(rows[0].n)
  })
const effectsBeingSent = () =>
  stage.database.asAdmin(async (admin) => {
    const { rows } = await admin.query(`select count(*)::int as n from effect where state = 'sending'`)
    return Number(rows[0].n)
  })
async function settled(): Promise<void> {
  await allIsHere(stage, sender)
  await stage.calm(lily)
  expect(await stage.broken()).toEqual({})
}

describe('the process that takes deliveries in', { timeout: 120_000 }, () => {
  test.for([
    { row: '01', place: 'ingest.before_insert', left: 'nothing' },
    { row: '02', place: 'ingest.after_commit', left: 'something' },
  ])(
    'fault $row: killed (-9) at $place it leaves $left behind, and what the shop sends again is there once',
    async ({ place, left }) => {
      await stage.hub.end('SIGTERM', 'http')
      const before = await stored()
      await http(`${place}:crash`)
      const sending = deliverMany(sender, 12)
      await stage.until('it died', () => stage.hub.diedOf('http') === 'SIGKILL')
      const more = (await stored()) - before
      expect(left === 'nothing' ? more === 0 : more > 0, `${more} were left behind`).toBe(true)
      await http()
      await sending
      const { acked, unanswered } = sender.manifest()
      expect(acked.size % 12).toBe(0)
      expect(unanswered).toBeGreaterThan(0)
      expect((await stored()) - before).toBe(12)
      await settled()
    },
  )

  test('fault 09: a stop (SIGTERM) under load ends in time, finishes what was begun, and loses nothing', async () => {
    const slow = { HUB_FAILPOINTS: 'request.before_call:sleep=1500*1' }
    await stage.hub.end('SIGTERM', 'worker')
    await stage.hub.start({ name: 'worker', role: 'worker', env: slow })
    const bought = lily.buy(lily.shopify, { sku: 'MUG', quantity: 2 })
    await stage.until('a request is under way', async () => (await effectsBeingSent()) > 0)
    const sending = deliverMany(sender, 60)
    await stage.until('some are answered', () => sender.manifest().acked.size > 24 + 5)
    await Promise.all([stage.hub.end('SIGTERM', 'http'), stage.hub.end('SIGTERM', 'worker')])
    expect([stage.hub.diedOf('http'), stage.hub.diedOf('worker')], 'neither had to be killed').toEqual([null, null])
    expect(await effectsBeingSent(), 'what was under way was brought to its end').toBe(0)
    await http()
    await stage.hub.start({ name: 'worker', role: 'worker' })
    await sending
    expect(sender.manifest().statuses.get(500)).toBeUndefined()
    const order = await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    expect(requestsFor(lily, order)).toHaveLength(1)
    await settled()
  })
})
