import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ordersArrived, requestRetried } from '../../src/flows.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { submitRequests } from '../../src/fulfillment/submit-requests.ts'
import { markHanded } from '../../src/inventory/hand-off.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

const tenant: <T>(work: Parameters<typeof withTenantTx<T>>[2]) => Promise<T> = (work) =>
  withTenantTx(world.db, world.merchantId, work)

test('units that are asked for again and are not there are short, and an exception says so', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 2)
  await tenant((tx) =>
    ordersArrived(tx, ids, world.shop, [
      {
        messageId: randomUUID(),
        fetchedAt: null,
        order: anOrder('o1', 1_800_000_000_000, [{ listing: 'V0', quantity: 2 }]),
      },
    ]),
  )
  const request = await tenant(async (tx) => {
    const [open] = await tx.rows<{ id: string; number: string }>(
      `select fulfillment_order_id as id, request_number as number from fulfillment_order where status = 'open'`,
    )
    const sent = await submitRequests(tx, [open?.id ?? ''], 60)
    await markHanded(
      tx,
      sent.flatMap((s) => s.units),
      1,
    )
    return { id: open?.id ?? '', number: open?.number ?? '' }
  })
  const parcel = { shipment: 'S1', sku: 'SKU-0', carrier: 'dhl', tracking: 'T1', shippedAt: '2026-11-23T10:00:00.000Z' }
  const fact = { type: 'shipped' as const, request: request.number, quantity: 1, final: true, ...parcel }
  const report = { connectionId: world.partner, cause: { kind: 'file' as const, id: randomUUID() } }
  await tenant((tx) => partnerReported(tx, ids, report, [{ row: 1, fact }]))
  expect(await tenant((tx) => requestRetried(tx, ids, { kind: 'api', id: randomUUID() }, request.id))).toBe(true)
  const kinds = await tenant((tx) => tx.rows('select kind from exception where resolved_at is null'))
  expect(kinds).toEqual([{ kind: 'short' }])
  expect(await tenant((tx) => brokenPromises(tx))).toEqual({})
})
