import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import {
  ChannelError,
  type FulfillmentRequest,
  type PartnerFact,
  type ShipmentCommand,
} from '../../src/connector-kit/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { recordIncoming } from '../../src/fulfillment/partner-files.ts'
import { storeArrivals } from '../../src/inbox/messages.ts'
import { runEffects } from '../../src/lanes/effect-lane.ts'
import { runFiles } from '../../src/lanes/files-lane.ts'
import { runImport } from '../../src/lanes/import-lane.ts'
import { runPoll } from '../../src/lanes/poll-lane.ts'
import { runRequests } from '../../src/lanes/request-lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'
import { aManifest, aShift } from './shift.ts'

let world: World
afterEach(() => world.close())

const inTx = <T extends object>(text: string, params: readonly unknown[] = []) =>
  withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(text, params))
const bring = (ref: string, listing = 'V0', more = {}, changedAt = 1_800_000_000_000) =>
  withTenantTx(world.db, world.merchantId, (tx) =>
    ordersArrived(tx, ids, world.shop, [
      { messageId: randomUUID(), fetchedAt: null, order: anOrder(ref, changedAt, [{ listing, quantity: 1 }], more) },
    ]),
  )
const effects = (kind: string) =>
  inTx<{ state: string; attempts: number; subject: string }>(
    `select state, attempts, subject_id as subject from effect where kind = $1 order by created_at, effect_id`,
    [kind],
  )
const allDue = () =>
  inTx(
    `update effect set due_at = now() - interval '1 second' where state in ('pending','sending','unknown','accepted')`,
  )
const openKinds = async () =>
  (await inTx<{ kind: string }>('select kind from exception where resolved_at is null order by kind')).map(
    (r) => r.kind,
  )

const partnerManifest = aManifest({
  kind: 'partner',
  role: 'partner',
  inventory: null,
  orders: null,
  requests: { batchMax: 50, ackWithinS: 3_600 },
  files: { pollEveryS: 60, stableForS: 0, fileBytesMax: 1_000_000 },
})

interface Sent {
  readonly name: string
  readonly requests: readonly FulfillmentRequest[]
}
function fakePartner(put: (file: Sent) => void = () => undefined) {
  const files = new Map<string, Sent>()
  const port = {
    encode: (batch: readonly FulfillmentRequest[], a: { sequence: number }) => {
      const bad = batch.find((r) => r.lines.some((l) => l.sku === 'SKU-1'))
      if (bad) throw new ChannelError('invalid', `Request ${bad.number} cannot be written`)
      const name = `requests-${a.sequence}`
      return { name, bytes: Buffer.from(JSON.stringify({ name, requests: batch })) }
    },
    find: async (_: unknown, { name }: { name: string }) => (files.has(name) ? 'present' : 'absent'),
    put: async (_: unknown, file: { name: string; bytes: Uint8Array }) => {
      const sent: Sent = JSON.parse(Buffer.from(file.bytes).toString())
      put(sent)
      files.set(file.name, sent)
    },
  }
  const shift = aShift(world, { files: port as never }, { connectionId: world.partner, manifest: partnerManifest })
  return {
    files,
    shift,
    sent: () => [...files.values()].flatMap((f) => f.requests.map((r) => `${r.kind} ${r.orderNumber}`)),
  }
}

async function shipOrders(count: number): Promise<void> {
  world = await openWorld(1)
  await setStock(world, 0, 0, 100)
  for (let n = 1; n <= count; n++) await bring(`o${n}`)
  const { shift } = fakePartner()
  await runRequests(shift)
  const requests = await inTx<{ number: string }>('select request_number as number from fulfillment_order')
  const facts = requests.map(
    ({ number }, n): PartnerFact => ({
      type: 'shipped',
      request: number,
      shipment: `S${n}`,
      sku: 'SKU-0',
      quantity: 1,
      carrier: 'dhl',
      tracking: `T${n}`,
      shippedAt: new Date().toISOString(),
      final: false,
    }),
  )
  await withTenantTx(world.db, world.merchantId, (tx) =>
    partnerReported(
      tx,
      ids,
      { connectionId: world.partner, cause: { kind: 'file', id: randomUUID() } },
      facts.map((fact, row) => ({ row, fact })),
    ),
  )
}

test('a shipment that the shop takes and never shows is given up visibly, not sent for ever', async () => {
  await shipOrders(1)
  let pushes = 0
  const shift = aShift(world, {
    shipments: {
      find: async () => null,
      push: async () => {
        pushes++
        return { outcome: 'applied' }
      },
    },
  })
  for (let n = 0; n < 60; n++) {
    await allDue()
    await runEffects(shift)
  }
  expect(pushes).toBeLessThan(15)
  expect(await effects('shipped')).toMatchObject([{ state: 'unverifiable' }])
  expect(await openKinds()).toContain('effect_failed')
})

test('when the shop asks to wait, the shipments not yet tried are as if never taken', async () => {
  await shipOrders(3)
  const shift = aShift(world, {
    shipments: {
      find: async () => null,
      push: async () => ({ outcome: 'failed', error: new ChannelError('rate_limited', 'wait', { retryAfterMs: 700 }) }),
    },
  })
  const turn = await runEffects(shift)
  expect(turn).toMatchObject({ again: false, holdMs: 700 })
  expect((await effects('shipped')).map((e) => [e.state, e.attempts])).toEqual(Array(3).fill(['pending', 0]))
})

test('a shipment on which the connector breaks does not stop the others', async () => {
  await shipOrders(3)
  const [first] = await effects('shipped')
  const there = new Set<string>()
  const shift = aShift(world, {
    shipments: {
      find: async (_, s: ShipmentCommand) => (there.has(s.key) ? 'R' : null),
      push: async (_, s: ShipmentCommand) => {
        if (s.key.startsWith(first?.subject ?? '')) throw new TypeError('undefined is no object')
        there.add(s.key)
        return { outcome: 'applied' }
      },
    },
  })
  for (let n = 0; n < 4; n++) {
    await allDue()
    await runEffects(shift)
  }
  const states = (await effects('shipped')).map((e) => e.state)
  expect(states.filter((s) => s === 'confirmed')).toHaveLength(2)
})

test('an outage of hours ends no shipment and no request; it is shown, and the mark goes when it is over', async () => {
  await shipOrders(1)
  let down = true
  const there = new Set<string>()
  const shift = aShift(world, {
    shipments: {
      find: async (_, s: ShipmentCommand) => (there.has(s.key) ? 'R' : null),
      push: async (_, s: ShipmentCommand) => {
        if (down) throw new ChannelError('transient', 'HTTP 503')
        there.add(s.key)
        return { outcome: 'applied' }
      },
    },
  })
  await bring('o2')
  const partner = fakePartner(() => {
    if (down) throw new ChannelError('transient', 'SFTP connect: refused')
  })
  for (let n = 0; n < 40; n++) {
    await allDue()
    await runEffects(shift)
    await runRequests(partner.shift)
  }
  expect((await effects('shipped')).map((e) => e.state)).toEqual(['pending'])
  expect((await effects('request')).map((e) => e.state)).toContain('pending')
  expect(await openKinds()).toEqual(['effect_failed', 'effect_failed'])
  down = false
  for (let n = 0; n < 3; n++) {
    await allDue()
    await runEffects(shift)
    await runRequests(partner.shift)
  }
  expect((await effects('shipped')).map((e) => e.state)).toEqual(['confirmed'])
  expect(partner.sent()).toEqual(['ship #o2'])
  expect((await openKinds()).filter((kind) => kind === 'effect_failed')).toEqual([])
})

test('a request that cannot be written is shown and stays ours; the others of its batch go out', async () => {
  world = await openWorld(2)
  await setStock(world, 0, 0, 10)
  await setStock(world, 1, 0, 10)
  await bring('o1')
  await bring('o2', 'V1')
  await bring('o3')
  const { shift, sent } = fakePartner()
  await runRequests(shift)
  expect(sent().sort()).toEqual(['ship #o1', 'ship #o3'])
  expect(await openKinds()).toContain('effect_failed')
  expect(
    await inTx(
      'select status, request_status from fulfillment_order f join orders o using (merchant_id, order_id) where o.external_id = $1',
      ['o2'],
    ),
  ).toEqual([{ status: 'incomplete', request_status: 'rejected' }])
  expect(await inTx('select sum(handed)::int as n from reservation')).toEqual([{ n: 2 }])
})

test('a cancel never reaches the partner before the request that it cancels', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 10)
  await bring('o1')
  let down = true
  const { shift, sent } = fakePartner((file) => {
    if (down && file.requests.some((r) => r.kind === 'ship')) throw new ChannelError('transient', 'cut')
  })
  await runRequests(shift)
  const at = 1_800_000_001_000
  await bring('o1', 'V0', { cancelledAt: new Date(at).toISOString() }, at)
  await runRequests(shift)
  await inTx(`update effect set due_at = now() where kind = 'request_cancel'`)
  await runRequests(shift)
  expect(sent()).toEqual([])
  down = false
  for (let n = 0; n < 3; n++) {
    await allDue()
    await runRequests(shift)
  }
  expect(sent()).toEqual(['ship #o1', 'cancel #o1'])
})

async function stored(
  raws: readonly { raw: string; source: 'poll' | 'fetch' | 'file'; headers?: Record<string, string> }[],
  connectionId = world.shop.connectionId,
) {
  await withTenantTx(world.db, world.merchantId, (tx) =>
    storeArrivals(
      tx,
      ids,
      connectionId,
      raws.map(({ raw, source, headers = {} }) => ({
        source,
        topic: 'x',
        subjectRef: null,
        dedupeKey: null,
        headers: { 'fetched-at': new Date().toISOString(), ...headers },
        raw: Buffer.from(raw),
      })),
    ),
  )
}
const ends = () => inTx<{ state: string }>('select state from inbox_message order by message_id')

test('an order with one line twice ends alone; the others of its batch are imported', async () => {
  world = await openWorld(1)
  const shift = aShift(world, {
    orders: {
      list: async () => ({ items: [], next: null, watermark: '' }),
      get: async () => [],
      translate: (raw: string) => {
        const order = anOrder(raw, 1_800_000_000_000, [{ listing: 'V0', quantity: 1 }])
        return raw === 'o2' ? { ...order, lines: [...order.lines, ...order.lines] } : order
      },
    },
  })
  await stored(['o1', 'o2', 'o3'].map((raw) => ({ raw, source: 'poll' as const })))
  await runImport(shift)
  expect((await ends()).map((e) => e.state).sort()).toEqual(['applied', 'applied', 'dead'])
})

test('a partner file that the database refuses ends alone and visibly; the next one is read', async () => {
  world = await openWorld(1)
  const shift = aShift(
    world,
    {
      files: {
        decode: ({ bytes }: { bytes: Uint8Array }) => ({
          kind: 'rows',
          document: 'stock',
          warnings: [],
          rows: [
            {
              row: 2,
              ok: true,
              fact: {
                type: 'stock',
                sku: 'SKU-0',
                onHand: Number(Buffer.from(bytes).toString()),
                asOf: '2026-11-23T10:00:00.000Z',
              },
            },
          ],
        }),
      } as never,
    },
    { connectionId: world.partner, manifest: partnerManifest },
  )
  for (const raw of ['9999999999', '7']) {
    const file = { connectionId: world.partner, name: raw, size: raw.length, sha256: Buffer.from(raw) }
    const { fileId } = await withTenantTx(world.db, world.merchantId, (tx) => recordIncoming(tx, ids, file))
    await stored([{ raw, source: 'file', headers: { 'file-id': fileId, 'file-name': raw } }], world.partner)
  }
  await runImport(shift)
  expect((await ends()).map((e) => e.state).sort()).toEqual(['applied', 'dead'])
  expect(await openKinds()).toContain('message_dead')
})

test('two orders in one message each get their own lines', async () => {
  world = await openWorld(2)
  await withTenantTx(world.db, world.merchantId, (tx) => {
    const messageId = randomUUID()
    return ordersArrived(
      tx,
      ids,
      world.shop,
      ['o1', 'o2'].map((ref, n) => ({
        messageId,
        fetchedAt: null,
        order: anOrder(ref, 1_800_000_000_000, [{ listing: `V${n}`, quantity: n + 1 }]),
      })),
    )
  })
  expect(
    await inTx(
      'select o.external_id as o, l.title, l.qty_ordered as n from orders o join order_line l using (merchant_id, order_id) order by 1',
    ),
  ).toEqual([
    { o: 'o1', title: 'V0', n: 1 },
    { o: 'o2', title: 'V1', n: 2 },
  ])
})

test('a poll that breaks off goes on where it was, and one longer than a turn comes to its end', async () => {
  world = await openWorld(1)
  const asked: (string | null)[] = []
  let breaks = true
  const pages = 900
  const shift = aShift(world, {
    orders: {
      list: async (_, { page }) => {
        asked.push(page)
        const n = Number(page ?? 0)
        if (breaks && n === 3) throw new ChannelError('transient', 'HTTP 502')
        return { items: [], next: n + 1 < pages ? String(n + 1) : null, watermark: 'W' }
      },
      get: async () => [],
      translate: () => anOrder('o1', 0, []),
    },
  })
  await runPoll(shift)
  breaks = false
  let turn = await runPoll(shift)
  expect(asked.slice(4, 6)).toEqual(['3', '4'])
  for (let n = 0; n < 5 && turn.again; n++) turn = await runPoll(shift)
  expect(
    await inTx(`select value, completed_from is not null as done from sync_cursor where stream = 'orders'`),
  ).toEqual([{ value: 'W', done: true }])
  asked.length = 0
  await runPoll(shift)
  expect(asked[0]).toBe(null)
}, 60_000)

test('a file that cannot be moved away is read once, and holds back no other', async () => {
  world = await openWorld(1)
  const gets: string[] = []
  const file = (name: string) => ({ path: name, name, size: 3, modified: '2026-11-23T10:00:00.000Z' })
  const shift = aShift(
    world,
    {
      files: {
        list: async () => [file('a.csv'), file('b.csv')],
        get: async (_: unknown, { name }: { name: string }) => {
          gets.push(name)
          return Buffer.from(name)
        },
        archive: async (_: unknown, { name }: { name: string }) => {
          if (name === 'a.csv') throw new ChannelError('forbidden', 'SFTP archive: permission denied')
        },
      } as never,
    },
    { connectionId: world.partner, manifest: partnerManifest },
  )
  for (let n = 0; n < 5; n++) await runFiles(shift)
  expect(gets.filter((name) => name === 'a.csv')).toHaveLength(1)
  expect(gets).toContain('b.csv')
  expect(await inTx(`select count(*)::int as n from partner_file where name = 'a.csv'`)).toEqual([{ n: 1 }])
})
