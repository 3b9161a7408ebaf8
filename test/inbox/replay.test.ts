import { afterAll, beforeAll, expect, test } from 'vitest'
import { acks, type Dock, left, openDock, ships, stock } from '../fulfillment/dock.ts'
import { shopifyHeaders, shopifyOrder } from './shops.ts'

let dock: Dock
let request = ''

const at = (minutes: number) => new Date(Date.parse('2026-11-22T10:00:00Z') + minutes * 60_000).toISOString()
let sent = 0
async function tell(order: object | string, topic = 'orders/updated'): Promise<void> {
  const body = typeof order === 'string' ? order : JSON.stringify(order)
  await dock.bench.post(dock.shop, shopifyHeaders(body, { 'x-shopify-topic': topic }), body)
  sent += 1
}
const version = (id: number, minutes: number, more: object = {}) =>
  shopifyOrder({ id, quantity: 2, sku: 'BOX-2', more: { updated_at: at(minutes), ...more } })

/** Every way in which a message can end: applied, superseded, ignored, dead; orders that change, files good and bad. */
beforeAll(async () => {
  dock = await openDock()
  request = await dock.ask(['BOX-1', 4])
  await tell(version(1, 0))
  await tell(version(1, 5, { note: 'Ring twice' }))
  await dock.bench.run(dock.shop, 'import')
  await tell(version(1, 2, { cancelled_at: at(2) })) // older news
  await tell(version(2, 0))
  await tell(version(2, 9, { cancelled_at: at(9) }))
  await tell(version(3, 0, { line_items: [] }))
  await tell('{"id":')
  await tell('{"id":1}', 'moons/rise')
  await tell({ ...version(4, 0), total_price_set: { shop_money: { amount: 'a lot', currency_code: 'EUR' } } })
  await dock.bench.run(dock.shop, 'import')
  await dock.bench.run(dock.partner, 'effect')
  await dock.deliver('acks-1.csv', acks(`${request},accepted,`, 'FR-NOBODY,accepted,'))
  await dock.deliver(
    'shipments-1.csv',
    ships(left('P-1', request, { quantity: 1 }), left('P-2', request, { sku: 'NONE' })),
  )
  await dock.deliver('shipments-2.csv', 'this is no file of the contract')
  await dock.deliver('stock-1.csv', stock('BOX-1,50,2026-11-22T20:00:00Z'))
  await dock.deliver('stock-2.csv', stock('BOX-1,40,2026-11-22T19:00:00Z'))
  await dock.deliver('shipments-3.csv', ships(left('P-3', request, { quantity: 3, final: 'yes' })))
}, 60_000)
afterAll(() => dock?.close())

const drain = async () => {
  for (const lane of ['import', 'effect', 'files'] as const) await dock.bench.run(dock.partner, lane)
  await dock.bench.run(dock.shop, 'import')
}
const ends = () =>
  dock.bench.rows('select message_id, state, reason from inbox_message order by received_at, message_id')

test('every message that came has ended, once, and each kind of end is among them', async () => {
  const all = await dock.bench.ends()
  expect(all).toHaveLength(sent + 1 + 6)
  expect(new Set(all.map((end) => end.split(':')[0]))).toEqual(new Set(['applied', 'dead', 'ignored', 'superseded']))
  await dock.bench.audit()
})

test.each(['applied', 'ignored', 'dead', 'superseded'])('replaying what was %s changes nothing', async (state) => {
  const before = [await dock.ledger(), await dock.fate('shipments-1.csv'), await dock.onHand('BOX-1')]
  await dock.bench.replay(`state = '${state}'`)
  await drain()
  expect([await dock.ledger(), await dock.fate('shipments-1.csv'), await dock.onHand('BOX-1')]).toEqual(before)
  await dock.bench.audit()
})

test('replaying the whole inbox twice changes nothing, and every message ends again', async () => {
  const before = await dock.ledger()
  const known = await ends()
  for (let round = 0; round < 2; round++) {
    expect(await dock.bench.replay()).toBeGreaterThan(5)
    await drain()
    expect(await dock.ledger()).toEqual(before)
    await dock.bench.audit()
  }
  expect((await ends()).map((end) => Reflect.get(end, 'message_id'))).toEqual(
    known.map((end) => Reflect.get(end, 'message_id')),
  )
  expect(await dock.bench.rows(`select 1 from inbox_message where state = 'pending'`)).toEqual([])
})

test('a replay while the same messages come again by themselves changes nothing either', async () => {
  const before = await dock.ledger()
  await dock.bench.replay()
  await tell(version(1, 5, { note: 'Ring twice' }))
  await tell(version(2, 9, { cancelled_at: at(9) }))
  dock.folder.drop('shipments-9.csv', ships(left('P-3', request, { quantity: 3, final: 'yes' })))
  await drain()
  expect(await dock.ledger()).toEqual(before)
  await dock.bench.audit()
})
