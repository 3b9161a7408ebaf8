import { describe, expect, test } from 'vitest'
import { ChannelError, type ShipmentCommand } from '#kit'
import { cancellations } from './cancellations.ts'
import { noRoute, type Reply, recorder, type Sent } from './recorder.ts'
import { shipments } from './shipments.ts'

const shipment: ShipmentCommand = {
  key: 'shp_1.1',
  order: '41',
  lines: [{ line: '501', quantity: 2 }],
  final: false,
  carrier: 'DHL Paket',
  tracking: 'JD0001',
  trackingUrl: 'https://track.example.com/JD0001',
  shippedAt: '2026-11-23T11:30:00Z',
  notifyBuyer: true,
}
const final = { ...shipment, final: true }

interface Shop {
  status: string
  readonly fulfilments: Record<string, unknown>[]
  readonly trackings: Record<string, unknown>[]
  readonly notes: Record<string, unknown>[]
}

/** A shop with as much of the ladder as a test wants. Like the real one it accepts duplicates and overfull records. */
function shopWith(tier: 'core' | 'wc-shipment-tracking/v3' | 'wc-ast/v3' | 'note', status = 'processing') {
  const shop: Shop = { status, fulfilments: [], trackings: [], notes: [] }
  const lists: readonly [path: RegExp, list: Record<string, unknown>[], open: boolean][] = [
    [/^wc\/v3\/orders\/41\/fulfillments/, shop.fulfilments, tier === 'core'],
    [/^wc-shipment-tracking\/v3\/orders\/41\/shipment-trackings/, shop.trackings, tier === 'wc-shipment-tracking/v3'],
    [/^wc-ast\/v3\/orders\/41\/shipment-trackings/, shop.trackings, tier === 'wc-ast/v3'],
    [/^wc\/v3\/orders\/41\/notes/, shop.notes, true],
  ]
  const record = (list: Record<string, unknown>[], { method, path, body }: Sent): Reply => {
    const given = typeof body === 'object' && body !== null ? { ...body } : {}
    if (method === 'PUT') {
      const row = list.find((one) => path.endsWith(`/${one.id}`)) ?? {}
      return { body: Object.assign(row, given) }
    }
    const row = { id: list.length + 1, tracking_id: `t${list.length + 1}`, ...given }
    list.push(row)
    return { status: 201, body: row }
  }
  const answer = (sent: Sent): Reply => {
    const match = lists.find(([path]) => path.test(sent.path))
    if (match) {
      if (!match[2]) return noRoute
      return sent.method === 'GET' ? { body: match[1] } : record(match[1], sent)
    }
    if (sent.path !== 'wc/v3/orders/41') {
      return { status: 404, body: { code: 'woocommerce_rest_shop_order_invalid_id', message: 'x' } }
    }
    if (sent.method === 'PUT' && typeof sent.body === 'object' && sent.body !== null && 'status' in sent.body) {
      shop.status = String(sent.body.status)
    }
    return { body: { id: 41, status: shop.status, line_items: [{ id: 501, quantity: 3 }] } }
  }
  return { shop, answer }
}

describe('the ladder', () => {
  test('core: a part shipment is a fulfilment record of its lines, and the order stays open', async () => {
    const { shop, answer } = shopWith('core')
    const { ctx, sent } = recorder(answer)
    expect(await shipments.push(ctx, shipment)).toEqual({ outcome: 'applied', remote: 'fulfillment:1' })
    expect(shop.status).toBe('processing')
    expect(sent.find((one) => one.method === 'POST')).toMatchObject({
      query: { notify_customer: 'true' },
      replaySafe: false,
      body: {
        status: 'fulfilled',
        is_fulfilled: true,
        meta_data: expect.arrayContaining([
          { key: '_items', value: [{ item_id: 501, qty: 2 }] },
          { key: '_tracking_number', value: 'JD0001' },
          { key: '_tracking_url', value: 'https://track.example.com/JD0001' },
          { key: '_shipment_provider', value: 'dhl-paket' },
          { key: '_shipping_provider', value: 'dhl-paket' },
        ]),
      },
    })
  })

  test.each(['wc-shipment-tracking/v3', 'wc-ast/v3'] as const)(
    '%s: the tracking goes to the plugin',
    async (namespace) => {
      const { shop, answer } = shopWith(namespace)
      const { ctx } = recorder(answer)
      expect(await shipments.push(ctx, final)).toEqual({ outcome: 'applied', remote: 'tracking:t1' })
      expect(shop.trackings).toMatchObject([
        { tracking_number: 'JD0001', custom_tracking_provider: 'DHL Paket', date_shipped: '2026-11-23' },
      ])
      expect(shop.status).toBe('completed')
    },
  )

  test('plain core: a part shipment is a note with tracking and key; only the final one completes', async () => {
    const { shop, answer } = shopWith('note')
    const { ctx } = recorder(answer)
    expect(await shipments.push(ctx, shipment)).toEqual({ outcome: 'applied', remote: 'note:1' })
    expect(shop).toMatchObject({ status: 'processing', notes: [{ customer_note: true }] })
    expect(shop.notes[0]?.note).toMatch(/DHL Paket.*JD0001.*shp_1\.1/)
    await shipments.push(ctx, { ...final, key: 'shp_2.1', tracking: 'JD0002' })
    expect(shop).toMatchObject({ status: 'completed', notes: [{}, {}] })
  })

  test('a parcel without tracking number skips the plugin, which demands one', async () => {
    const { shop, answer } = shopWith('wc-ast/v3')
    await shipments.push(recorder(answer).ctx, { ...shipment, tracking: null })
    expect([shop.trackings.length, shop.notes.length]).toEqual([0, 1])
  })

  test('the probed tier is taken at once, and left when the feature was switched off', async () => {
    const { ctx, sent } = recorder(shopWith('note').answer, { fulfilments: 'note' })
    await shipments.push(ctx, shipment)
    expect(sent.some((one) => one.path.includes('fulfillments') || one.path.includes('trackings'))).toBe(false)
    const { shop, answer } = shopWith('note')
    await shipments.push(recorder(answer, { fulfilments: 'core' }).ctx, shipment)
    expect(shop.notes).toHaveLength(1)
  })

  test('the tracking is recorded before the status, whose mail carries it; the status goes alone', async () => {
    const { ctx, sent } = recorder(shopWith('core').answer)
    await shipments.push(ctx, final)
    const writes = sent.filter((one) => one.method !== 'GET')
    expect(writes.map((one) => one.method)).toEqual(['POST', 'PUT'])
    expect(writes[1]?.body).toEqual({ status: 'completed' })
  })

  test('the setting notifyBuyer=false silences the buyer mails', async () => {
    const { shop, answer } = shopWith('note')
    await shipments.push(recorder(answer, { notifyBuyer: false }).ctx, shipment)
    expect(shop.notes[0]?.customer_note).toBe(false)
  })
})

describe('nothing is told twice', () => {
  test.each(['core', 'wc-shipment-tracking/v3', 'note'] as const)('%s: a second push finds the first', async (tier) => {
    const { shop, answer } = shopWith(tier)
    const { ctx } = recorder(answer)
    expect(await shipments.find(ctx, final)).toBeNull()
    const first = await shipments.push(ctx, final)
    expect(await shipments.push(ctx, final)).toMatchObject({ outcome: 'already_applied' })
    expect(first.outcome === 'failed' ? null : first.remote).toBe(await shipments.find(ctx, final))
    expect([...shop.fulfilments, ...shop.trackings, ...shop.notes]).toHaveLength(1)
  })

  test('a record whose status was never set is found as half done, and the next push only completes', async () => {
    const { shop, answer } = shopWith('core')
    const { ctx } = recorder(answer)
    await shipments.push(ctx, shipment)
    expect(await shipments.find(ctx, shipment)).toBe('fulfillment:1')
    expect(await shipments.find(ctx, final)).toBeNull()
    expect(await shipments.push(ctx, final)).toMatchObject({ outcome: 'applied', remote: 'fulfillment:1' })
    expect([shop.fulfilments.length, shop.status]).toEqual([1, 'completed'])
  })

  test('a write without an answer is unknown, and find tells what became of it', async () => {
    const { shop, answer } = shopWith('core')
    const { ctx } = recorder((sent) => {
      const reply = answer(sent)
      return sent.method === 'POST' ? new ChannelError('outcome_unknown', 'no answer') : reply
    })
    expect(await shipments.push(ctx, shipment)).toMatchObject({ outcome: 'failed', error: { kind: 'outcome_unknown' } })
    expect(await shipments.find(ctx, shipment)).toBe('fulfillment:1')
    expect(shop.fulfilments).toHaveLength(1)
  })

  test('a record typed in by the merchant counts when it has our tracking number and covers our lines', async () => {
    const { shop, answer } = shopWith('core')
    const { ctx } = recorder(answer)
    const record = (qty: number) => ({
      id: 9,
      meta_data: [
        { key: '_tracking_number', value: 'JD0001' },
        { key: '_items', value: [{ item_id: 501, qty }] },
      ],
    })
    shop.fulfilments.push(record(1))
    expect(await shipments.find(ctx, shipment)).toBeNull()
    shop.fulfilments[0] = record(3)
    expect(await shipments.find(ctx, shipment)).toBe('fulfillment:9')
    shop.fulfilments[0] = { ...record(3), date_deleted: '2026-11-23 10:00:00' }
    expect(await shipments.find(ctx, shipment)).toBeNull()
  })

  test('two parcels with one tracking number are two records', async () => {
    const { shop, answer } = shopWith('core')
    const { ctx } = recorder(answer)
    await shipments.push(ctx, shipment)
    await shipments.push(ctx, { ...shipment, key: 'shp_2.1', lines: [{ line: '501', quantity: 1 }] })
    expect(shop.fulfilments).toHaveLength(2)
  })

  test('units that the shop has as fulfilled already are not fulfilled again; our own record is corrected', async () => {
    const { shop, answer } = shopWith('core')
    const { ctx } = recorder(answer)
    await shipments.push(ctx, shipment)
    const corrected = { ...shipment, key: 'shp_1.2', tracking: 'JD0009' }
    expect(await shipments.push(ctx, corrected)).toMatchObject({ outcome: 'applied', remote: 'fulfillment:1' })
    expect(shop.fulfilments).toHaveLength(1)
    const more = { ...shipment, key: 'shp_3.1', tracking: 'JD0010', lines: [{ line: '501', quantity: 3 }] }
    expect(await shipments.push(ctx, more)).toMatchObject({ outcome: 'failed', error: { kind: 'invalid' } })
  })

  test('tracking number 12 is not found in a note about 4123', async () => {
    const { shop, answer } = shopWith('note')
    const { ctx } = recorder(answer)
    shop.notes.push({ id: 1, note: 'Shipped with DHL, 4123' })
    expect(await shipments.find(ctx, { ...shipment, tracking: '12' })).toBeNull()
    shop.notes.push({ id: 2, note: 'see 4123 and (12)' })
    expect(await shipments.find(ctx, { ...shipment, tracking: '12' })).toBe('note:2')
  })
})

describe('the status of the order is never flipped against the shop', () => {
  test.each(['cancelled', 'refunded', 'failed', 'trash', 'pending'])(
    '%s stays, the tracking is told',
    async (status) => {
      const { shop, answer } = shopWith('note', status)
      const { ctx } = recorder(answer)
      expect(await shipments.push(ctx, final)).toMatchObject({ outcome: 'applied' })
      expect(shop).toMatchObject({ status, notes: [{}] })
      expect(await shipments.find(ctx, final)).toBe('note:1')
    },
  )

  test('a cancel that arrives while the record is written wins', async () => {
    const { shop, answer } = shopWith('note')
    const { ctx } = recorder((sent) => {
      const reply = answer(sent)
      if (sent.method === 'POST') shop.status = 'cancelled'
      return reply
    })
    await shipments.push(ctx, final)
    expect(shop.status).toBe('cancelled')
  })

  test("a merchant's own status such as packing is completed", async () => {
    const { shop, answer } = shopWith('core', 'packing')
    await shipments.push(recorder(answer).ctx, final)
    expect(shop.status).toBe('completed')
  })

  test('an order that is gone, and a foreign line, are refused as such', async () => {
    const { ctx } = recorder(shopWith('core').answer)
    expect(await shipments.push(ctx, { ...final, order: '42' })).toMatchObject({ error: { kind: 'not_found' } })
    const foreign = { ...final, lines: [{ line: 'gid://shopify/LineItem/1', quantity: 1 }] }
    expect(await shipments.push(ctx, foreign)).toMatchObject({ error: { kind: 'invalid' } })
  })
})

describe('cancel', () => {
  const order = { key: 'can_1', order: '41', reason: 'out_of_stock', restock: true } as const

  test.each([
    ['processing', 'applied', 'cancelled'],
    ['on-hold', 'applied', 'cancelled'],
    ['cancelled', 'already_applied', 'cancelled'],
    ['refunded', 'already_applied', 'refunded'],
    ['trash', 'already_applied', 'trash'],
    ['completed', 'failed', 'completed'],
  ])('%s: %s', async (before, outcome, after) => {
    const { shop, answer } = shopWith('note', before)
    expect(await cancellations.cancel(recorder(answer).ctx, order)).toMatchObject({ outcome })
    expect(shop.status).toBe(after)
  })

  test('a 200 that kept the old status is no cancel', async () => {
    const { ctx } = recorder(() => ({ body: { id: 41, status: 'processing', line_items: [] } }))
    expect(await cancellations.cancel(ctx, order)).toMatchObject({ outcome: 'failed', error: { kind: 'conflict' } })
  })
})
