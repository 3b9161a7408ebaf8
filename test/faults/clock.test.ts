import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readInstant as readShopify } from '../../connectors/shopify/json.ts'
import { readInstant as readFileTime } from '../../connectors/warehouse-files/instant.ts'
import { instantOf as readWoo } from '../../connectors/woocommerce/gmt.ts'
import { type Merchant, openStage, type Stage } from '../e2e/harness.ts'
import { tellStory } from '../e2e/story.ts'
import { allIsHere, deliverMany, openSenderFor } from './door.ts'

const preload = new URL('./shift-clock.ts', import.meta.url).href
const day = 86_400_000
const wrong = (shifts: readonly number[]) => ({
  NODE_OPTIONS: `--import=${preload}`,
  CLOCK_SHIFTS_MS: shifts.join(),
  CLOCK_EVERY_MS: '700',
})

test('a program under a shifted clock sees it everywhere', () => {
  const script = 'console.log(Date.now(), new Date().getTime(), new Date(5).getTime(), Date.UTC(1970, 0, 2))'
  const { stdout } = spawnSync(process.execPath, ['-e', script], { env: wrong([10 * day]), encoding: 'utf8' })
  const [now, made, given, utc] = stdout.trim().split(' ').map(Number)
  expect([given, utc]).toEqual([5, day])
  for (const at of [now, made]) expect(Math.abs(Number(at) - Date.now() - 10 * day)).toBeLessThan(60_000)
})

describe('a hub whose clock is wrong', { timeout: 120_000 }, () => {
  let stage: Stage<'lily'>
  let lily: Merchant
  beforeAll(async () => {
    stage = await openStage({ worlds: { lily: { skus: ['MUG', 'CAP'] } } })
    lily = stage.merchants.lily
  })
  afterAll(() => stage?.close())

  test.for([
    { how: 'a day ahead', shifts: [day], sku: 'MUG' },
    { how: 'jumping to and fro', shifts: [0, day, -day], sku: 'CAP' },
  ])('fault 37: with its clock $how it takes in, edits, ships and tells as ever', async ({ shifts, sku }) => {
    await stage.hub.end('SIGTERM')
    await stage.hub.start({ name: 'all', role: 'all', env: wrong(shifts) })
    await lily.writesToDock('off')
    const edited = lily.buy(lily.woo, { sku, quantity: 1 })
    await edited.until('imported', (o) => o.lines[0]?.ordered === 1)
    lily.woo.edit(edited.id, sku, 3)
    await edited.until('as it is now', (o) => o.lines[0]?.components[0]?.need === 3)
    expect(lily.woo.cancel(edited.id)).toBe(true)
    await edited.until('cancelled', (o) => o.cancelledAt !== null)
    await lily.writesToDock('on')
    await stage.shown(lily, sku, 20)
    // Without webhooks, so that polls must find it.
    for (const shop of [lily.shopify, lily.woo]) shop.setFaults({ drop: 1 })
    await tellStory(stage, lily, lily.shopify, sku)
    for (const shop of [lily.shopify, lily.woo]) shop.setFaults({ drop: 0 })
    expect(await stage.broken()).toEqual({})
  })

  test('fault 37: deliveries under a clock that jumps are each stored once', async () => {
    const sender = await openSenderFor(stage, lily)
    await deliverMany(sender, 30)
    await allIsHere(stage, sender)
    sender.close()
    expect([...sender.manifest().statuses]).toEqual([[200, 30]])
  })
})

/** What no reader may do: guess. An instant is exact, or it is refused. */
describe('fault 38: times of far sides', () => {
  const berlin = 'Europe/Berlin'
  test.for([
    { text: '2026-10-25T02:30:00+02:00', is: '2026-10-25T00:30:00.000Z' },
    { text: '2026-10-25T02:30:00+01:00', is: '2026-10-25T01:30:00.000Z' },
    { text: '2038-01-19T03:14:08Z', is: '2038-01-19T03:14:08.000Z' },
    { text: '2026-11-23T09:00:00', is: null },
    { text: '1795417500', is: null },
    { text: '1795417500000', is: null },
    { text: '2026-02-31T25:00:00Z', is: null },
  ])('fault 38: Shopify’s "$text" is $is', ({ text, is }) => expect(readShopify(text)).toBe(is))

  test.for([
    { text: '2026-03-29T02:30:00', is: '2026-03-29T02:30:00.000Z' },
    { text: '2038-01-19T03:14:08', is: '2038-01-19T03:14:08.000Z' },
    { text: '2026-11-23T09:00:00+01:00', is: null },
    { text: '1795417500', is: null },
    { text: '0000-00-00T00:00:00', is: null },
  ])('fault 38: WooCommerce’s GMT field "$text" is $is', ({ text, is }) => expect(readWoo(text)).toBe(is))

  test.for([
    { text: '2026-07-01T12:00', is: '2026-07-01T10:00:00.000Z', why: 'summer time of the partner' },
    { text: '2026-12-01T12:00', is: '2026-12-01T11:00:00.000Z', why: 'winter time of the partner' },
    { text: '2026-10-25T03:00', is: '2026-10-25T02:00:00.000Z', why: 'the hour after the clocks went back' },
    { text: '2026-10-25T02:30+02:00', is: '2026-10-25T00:30:00.000Z', why: 'the hour that comes twice, told apart' },
    { text: '2038-01-19T03:14:08Z', is: '2038-01-19T03:14:08.000Z', why: 'beyond 32 bits' },
    { text: '1795417500', is: null, why: 'seconds' },
    { text: '1795417500000', is: null, why: 'milliseconds' },
    { text: '2026-13-01', is: null, why: 'no such month' },
  ])('fault 38: a partner’s "$text" is $is ($why)', ({ text, is }) => expect(readFileTime(text, berlin)).toBe(is))
})
