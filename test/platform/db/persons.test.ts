import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Person, UnifiedOrder } from '../../../src/connector-kit/index.ts'
import { ordersArrived } from '../../../src/flows.ts'
import { partnerReported } from '../../../src/flows-partner.ts'
import { freezeFile } from '../../../src/fulfillment/partner-files.ts'
import { submitRequests } from '../../../src/fulfillment/submit-requests.ts'
import { endMessages, storeArrivals } from '../../../src/inbox/messages.ts'
import { markHanded } from '../../../src/inventory/hand-off.ts'
import { reasonOf } from '../../../src/lanes/read-messages.ts'
import { type Tx, withTenantTx } from '../../../src/platform/db/tx.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../../support/world.ts'
import { meanings } from './columns.ts'

let world: World
beforeAll(async () => {
  world = await openWorld(3)
})
afterAll(() => world.close())

const canary = 'Canarybird'
const person: Person = {
  name: `Example ${canary}`,
  address1: `${canary} Street 1`,
  city: `${canary}ville`,
  phone: `+49 ${canary}`,
  email: `${canary}@example.com`,
}
const order = (ref: string, changedAt: number, more: Partial<UnifiedOrder> = {}) =>
  anOrder(
    ref,
    changedAt,
    [
      { listing: 'V0', quantity: 2 },
      { listing: 'V1', quantity: 9 },
    ],
    {
      shipTo: person,
      billTo: person,
      buyer: person,
      note: `please ring at ${canary}`,
      ...more,
    },
  )

/** A busy day: shorts, an unmapped line, money that does not add up, hand-off, refusal, shipment, edit and cancellation. */
async function live(tx: Tx): Promise<void> {
  const arrive = (...orders: UnifiedOrder[]) =>
    ordersArrived(
      tx,
      ids,
      world.shop,
      orders.map((o) => ({ messageId: randomUUID(), fetchedAt: null, order: o })),
    )
  const unmapped = order('o3', 1_000)
  await arrive(
    order('o1', 1_000),
    order('o2', 1_000, { refunded: { minor: 5n, currency: 'EUR' }, total: { minor: 1n, currency: 'EUR' } }),
    { ...unmapped, lines: unmapped.lines.map((line) => ({ ...line, listing: 'nobody maps this' })) },
  )
  const open = await tx.rows<{ id: string }>(
    `select fulfillment_order_id as id from fulfillment_order where status = 'open'`,
  )
  const sent = await submitRequests(
    tx,
    open.map((row) => row.id),
    60,
  )
  await markHanded(
    tx,
    sent.flatMap((s) => s.units),
    1,
  )
  const bytes = Buffer.from(JSON.stringify(sent.map((s) => s.request)))
  const sha256 = createHash('sha256').update(bytes).digest()
  await freezeFile(tx, ids, {
    connectionId: world.partner,
    name: 'a.csv',
    bytes,
    sha256,
    sequence: 1,
    requests: sent.length,
  })
  const [first] = sent
  if (!first) throw new Error('nothing was asked of the partner')
  await partnerReported(tx, ids, { connectionId: world.partner, cause: { kind: 'file', id: randomUUID() } }, [
    {
      row: 2,
      fact: {
        type: 'shipped',
        request: first.request.number,
        shipment: 'S1',
        sku: 'SKU-0',
        quantity: 1,
        carrier: 'dhl',
        tracking: 'T1',
        shippedAt: new Date().toISOString(),
        final: false,
      },
    },
    { row: 3, fact: { type: 'rejected', request: first.request.number, reason: 'address' } },
  ])
  await arrive(order('o1', 2_000, { cancelledAt: new Date(2_000).toISOString() }), order('o2', 2_000))
  const raw = Buffer.from(JSON.stringify(person).repeat(20))
  const stored = await storeArrivals(tx, ids, world.shop.connectionId, [
    { source: 'poll', topic: 'orders', subjectRef: 'o1', dedupeKey: null, headers: {}, raw },
  ])
  const reason = reasonOf(new SyntaxError(`Unexpected token, "${canary}" is not valid JSON`))
  await endMessages(
    tx,
    stored.map((messageId) => ({ messageId, state: 'dead', reason })),
  )
}

test('a buyer’s name, address, phone and mail are in no column but those for persons', async () => {
  await setStock(world, 0, 0, 10)
  await setStock(world, 1, 0, 10)
  await withTenantTx(world.db, world.merchantId, live)
  const found: string[] = []
  let filled = 0
  for (const [column, meaning] of meanings) {
    if (meaning === 'secret') continue
    const [table, name] = column.split('.')
    const binary = ['bytes', 'content_sha256', 'sha256', 'fingerprint'].includes(name ?? '')
    const at = binary ? `position(convert_to($1, 'UTF8') in ${name})` : `position($1 in ${name}::text)`
    const rows = await withTenantTx(world.db, world.merchantId, (tx) =>
      tx.rows<{ found: boolean; filled: boolean }>(
        `select coalesce(bool_or(${at} > 0), false) as found, count(${name}) > 0 as filled from ${table}`,
        [canary],
      ),
    ).catch((error: unknown) => {
      expect(error, column).toMatchObject({ code: '42501' }) // the control plane is not hub_app's
      return []
    })
    if (rows[0]?.found) found.push(column)
    if (rows[0]?.filled) filled++
  }
  expect(found).toEqual(['order_person.data', 'partner_file.bytes'])
  expect(filled).toBeGreaterThan(50)
})
