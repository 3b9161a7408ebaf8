import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aShelf, type Shelf } from './shelf.ts'
import { type Api, type Json, list, openApi } from './support.ts'

let api: Api
let shelf: Shelf
beforeAll(async () => {
  api = await openApi()
  shelf = await aShelf(api, 'rook')
})
afterAll(() => api.close())

const call = (route: string, body?: unknown) => api.call(route, { key: shelf.key, ...(body !== undefined && { body }) })
async function find(number: string): Promise<Json> {
  const found = list((await call(`GET /orders/search?q=${number}`)).json.items)[0]
  return (await call(`GET /orders/${String(found?.id)}`)).json
}
const act = async (number: string, what: string, body?: unknown) =>
  call(`POST /orders/${String((await find(number)).id)}/${what}`, body)
const hasLeft =
  'Goods of it have left, so it can no longer be cancelled. Refund it at the channel, and ask for a return.'
const atPartner =
  'The warehouse has it, so a hold here no longer stops it. Cancel it to have the warehouse asked to stop.'

describe('what may be done to an order', () => {
  test.each([
    ['1001', { hold: atPartner, release: 'It is not held.', cancel: null, keep: 'No cancellation of it was refused.' }],
    ['1002', { hold: 'It has left.', cancel: hasLeft }],
    ['1003', { hold: atPartner, cancel: hasLeft }],
    ['1004', { hold: null, cancel: null }],
    ['1006', { hold: null, release: 'Its channel holds it. Release it there.', cancel: null }],
    ['1007', { hold: 'It is cancelled.', cancel: 'It is cancelled already.' }],
  ])('is said with the order: %s', async (number, may) => {
    expect((await find(number)).may).toMatchObject(may)
  })

  test('is what its routes say when it may not be done, and nothing changes', async () => {
    for (const [number, what, body] of [
      ['1001', 'hold', { reason: 'x' }],
      ['1001', 'release', undefined],
      ['1002', 'cancel', { reason: 'other' }],
      ['1001', 'keep', undefined],
    ] as const) {
      const before = await find(number)
      const answer = await act(number, what, body)
      expect([number, what, answer.status, answer.json.detail]).toEqual([number, what, 409, before.may?.[what]])
      expect(await find(number)).toEqual(before)
    }
  })

  test('names the channel whose writing is off', async () => {
    await call(`PUT /connections/${shelf.connection}/write-mode`, { mode: 'off' })
    expect((await find('1004')).may).toMatchObject({
      cancel: 'Writing to rook is off. Switch it on first, or cancel it there.',
    })
    await call(`PUT /connections/${shelf.connection}/write-mode`, { mode: 'on', handOverFrom: null })
  })
})

describe('a hold', () => {
  test('says why and until when, is in the list, and is let go once', async () => {
    const until = new Date(Date.now() + 86_400_000).toISOString()
    const held = await act('1009', 'hold', { reason: 'address to be checked', until })
    expect([held.status, held.json.standing, held.json.held]).toMatchObject([
      200,
      'waiting',
      { reason: 'address to be checked', until },
    ])
    expect((await find('1009')).timeline).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ kind: 'order.held' })]),
    )
    expect((await act('1009', 'hold', { reason: 'again' })).json.detail).toBe('It is held already.')
    const again = await act('1009', 'release')
    expect([again.status, again.json.standing, again.json.held]).toEqual([200, 'to_send', null])
    expect((await act('1009', 'release')).status).toBe(409)
  })

  test.each([
    [{}, 'reason'],
    [{ reason: '' }, 'reason'],
    [{ reason: 'x'.repeat(201) }, 'reason'],
    [{ reason: 'x', until: 'tomorrow' }, 'until'],
    [{ reason: 'x', until: '2020-01-01T00:00:00Z' }, 'until'],
  ])('%j is refused, and the field is named', async (body, field) => {
    const refused = await act('1009', 'hold', body)
    expect([refused.status, list(refused.json.errors)[0]?.field]).toEqual([400, field])
    expect((await find('1009')).held).toBeNull()
  })
})

describe('a cancellation', () => {
  test('after hand-off says that the warehouse was asked, and not that it is cancelled', async () => {
    const asked = await act('1001', 'cancel', { reason: 'buyer_request' })
    expect(asked.status).toBe(200)
    expect(asked.json).toMatchObject({
      standing: 'at_warehouse',
      cancelledAt: null,
      cancel: { state: 'asked', reason: 'buyer_request', tell: 'agreed' },
    })
    const order = await find('1001')
    expect(list(order.fulfillmentOrders)).toMatchObject([{ requestStatus: 'cancellation_requested' }])
    expect(order.may).toMatchObject({ cancel: 'It is being cancelled already.', hold: 'It is being cancelled.' })
  })

  test('before hand-off says that the channel is told', async () => {
    const asked = await act('1004', 'cancel', { reason: 'out_of_stock' })
    expect(asked.json).toMatchObject({ cancelledAt: null, cancel: { state: 'telling', tell: 'agreed' } })
  })

  test.each([
    [{}, 'reason'],
    [{ reason: 'mood' }, 'reason'],
    [{ reason: 'other', tell: 'never' }, 'tell'],
  ])('%j is refused, and the field is named', async (body, field) => {
    const refused = await act('1006', 'cancel', body)
    expect([refused.status, list(refused.json.errors)[0]?.field]).toEqual([400, field])
  })

  test('two at once are one: the second is told that it is under way', async () => {
    const both = await Promise.all([1, 2].map(() => act('1006', 'cancel', { reason: 'other' })))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  })
})
