import { createHash, randomUUID } from 'node:crypto'
import type { UnifiedOrder } from '../../src/connector-kit/index.ts'
import { listingsSeen, ordersArrived } from '../../src/flows.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { recordIncoming, settleFile } from '../../src/fulfillment/partner-files.ts'
import { submitRequests } from '../../src/fulfillment/submit-requests.ts'
import { insertDeliveries } from '../../src/inbox/insert-deliveries.ts'
import { endMessages, storeArrivals } from '../../src/inbox/messages.ts'
import { packBody } from '../../src/inbox/pack-body.ts'
import { markHanded } from '../../src/inventory/hand-off.ts'
import { raiseExceptions } from '../../src/journal/record.ts'
import { uuidOf } from '../../src/model/id.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import { type Tx, withIngestTx, withTenantTx } from '../../src/platform/db/tx.ts'
import { anOrder } from '../support/world.ts'
import { type Api, aMerchant, list } from './support.ts'

export const messageBody = '{"id":1,"note":"Example Person"}'

/** One merchant with everything that an API route can show: a shop, a partner, orders in every stage, files, messages. */
export interface Shelf {
  readonly merchantId: string
  readonly key: string
  readonly connection: string
  readonly consent: string
  readonly privacyRequest: string
  readonly partner: string
  readonly item: string
  readonly listing: string
  readonly location: string
  readonly partnerLocation: string
  readonly order: string
  readonly orderNumbers: readonly string[]
  readonly fulfillmentOrder: string
  readonly handFulfillmentOrder: string
  readonly shipment: string
  readonly exception: string
  readonly message: string
  readonly file: string
}

const uuid = (noun: Parameters<typeof uuidOf>[0], id: string): string => {
  const found = uuidOf(noun, id)
  if (found === null) throw new Error(`${id} is no ${noun}`)
  return found
}

const orders = (): UnifiedOrder[] => [
  anOrder('1001', 1_000, [{ listing: 'V1', quantity: 1 }]), // ready, then in_fulfillment
  anOrder('1002', 1_000, [{ listing: 'V1', quantity: 2 }]), // shipped
  anOrder('1003', 1_000, [{ listing: 'V1', quantity: 3 }]), // partially shipped
  anOrder('1004', 1_000, [{ listing: 'V2', quantity: 9 }]), // short
  anOrder('1005', 1_000, [{ listing: 'GONE', quantity: 1 }]), // unmapped
  anOrder('1006', 1_000, [{ listing: 'V1', quantity: 1 }], { hold: 'awaiting_payment' }),
  anOrder('1007', 1_000, [{ listing: 'V1', quantity: 1 }], { cancelledAt: new Date(2_000).toISOString() }),
  anOrder('1008', 1_000, [{ listing: 'V1', quantity: 1 }], { isTest: true }), // received
  anOrder('1009', 1_000, [{ listing: 'V3', quantity: 1 }]), // ready: shipped by hand
]

async function handOff(tx: Tx): Promise<Map<string, string>> {
  const open = await tx.rows<{ id: string }>(
    `select fulfillment_order_id as id from fulfillment_order where merchant_id = $1 and connection_id is not null order by created_at`,
    [tx.merchantId],
  )
  const submitted = await submitRequests(
    tx,
    open.map((row) => row.id),
    3_600,
  )
  await markHanded(
    tx,
    submitted.flatMap((s) => s.units),
    1,
  )
  return new Map(submitted.map((s) => [s.request.orderNumber, s.request.number]))
}

const shippedRow = (row: number, request: string, quantity: number) => ({
  row,
  fact: {
    type: 'shipped' as const,
    request,
    shipment: `P-${row}`,
    sku: 'SKU-1',
    quantity,
    carrier: 'Example Post',
    tracking: `TRACK-${row}`,
    shippedAt: new Date(5_000).toISOString(),
    final: false,
  },
})

async function fill(tx: Tx, given: { shop: string; partner: string }): Promise<void> {
  const [account] = await tx.rows<{ account_id: string }>(
    'select account_id from connection where merchant_id = $1 and connection_id = $2',
    [tx.merchantId, given.shop],
  )
  const source = { accountId: account?.account_id ?? '', connectionId: given.shop }
  const facts = orders().map((order) => ({ messageId: randomUUID(), order, fetchedAt: null }))
  await ordersArrived(tx, systemIds, source, facts)
  const numbers = await handOff(tx)
  const report = { connectionId: given.partner, cause: { kind: 'file' as const, id: randomUUID() } }
  await partnerReported(tx, systemIds, report, [
    shippedRow(2, numbers.get('#1002') ?? '', 2),
    shippedRow(3, numbers.get('#1003') ?? '', 1),
  ])
  const raw = Buffer.from('file')
  const sha256 = createHash('sha256').update(raw).digest()
  const name = '../../etc/\u202Ecsv.exe'
  const { fileId } = await recordIncoming(tx, systemIds, { connectionId: given.partner, name, size: 4, sha256 })
  const dedupeKey = `file.${sha256.toString('hex')}`
  const arrival = { source: 'file', topic: 'partner-file', subjectRef: null, dedupeKey, headers: {}, raw } as const
  const [messageId = ''] = await storeArrivals(tx, systemIds, given.partner, [arrival])
  await endMessages(tx, [{ messageId, state: 'applied' }])
  const issue = { row: 17, severity: 'error' as const, field: 'sku', code: 'UNKNOWN', message: 'is not known' }
  await settleFile(tx, fileId, { state: 'applied', document: 'shipments', summary: { rows: 17 }, issues: [issue] })
}

/** A delivery that could not be read, as the ingest door stores it. */
async function deadMessage(api: Api, merchantId: string, connectionId: string): Promise<void> {
  const messageId = systemIds.uuid()
  const raw = Buffer.from(messageBody)
  const packed = await packBody(raw)
  const delivery = {
    merchantId,
    messageId,
    connectionId,
    source: 'webhook' as const,
    topic: 'orders/paid',
    dedupeKey: null,
  }
  await withIngestTx(api.db, (tx) => insertDeliveries(tx, [{ ...delivery, headers: {}, raw, packed }]))
  await withTenantTx(api.db, merchantId, async (tx) => {
    const reason = 'total: not a number'
    await endMessages(tx, [{ messageId, state: 'dead', reason }])
    const subject = { subjectKind: 'message', subjectId: messageId } as const
    await raiseExceptions(tx, [
      { kind: 'message_dead', dedupeKey: `message.${messageId}`, ...subject, detail: { reason } },
    ])
  })
}

const listed = (n: number) => ({
  ref: `V${n}`,
  target: `T${n}`,
  sku: `SKU-${n}`,
  title: `Thing ${n}`,
  available: 0,
  tracked: true,
})

/** Builds it through the API wherever the API can. */
export async function aShelf(api: Api, name: string): Promise<Shelf> {
  const { id, key } = await aMerchant(api, name)
  const merchantId = uuid('merchant', id)
  const post = async (route: string, body: unknown) => (await api.call(`POST ${route}`, { key, body })).json
  const credentials = { token: `canary-secret-${name}` }
  const connection = await post('/connections', {
    connector: 'fake-shop',
    label: name,
    credentials,
    settings: { shop: `shop-${name}` },
  })
  const consent = await post('/connections/consents', { connector: 'fake-shop', settings: { shop: 'another' } })
  const partner = await post('/connections', {
    connector: 'fake-3pl',
    label: '3PL',
    credentials: { password: 'canary-password' },
    settings: { host: `${name}.example.com` },
    location: { code: '3PL', name: 'Far away', rank: 1 },
  })
  const location = await post('/locations', { code: 'HOME', name: 'Cellar', rank: 5 })
  const items = await post('/items', { items: [1, 2, 3].map((n) => ({ sku: `SKU-${n}`, title: `Thing ${n}` })) })
  const shop = uuid('connection', String(connection.id))
  await withTenantTx(api.db, merchantId, (tx) => listingsSeen(tx, systemIds, shop, [1, 2, 3].map(listed)))
  await post('/inventory/adjustments', {
    reason: 'first count',
    lines: [
      { sku: 'SKU-1', location: '3PL', set: 100 },
      { sku: 'SKU-2', location: '3PL', set: 4 },
      { sku: 'SKU-3', location: 'HOME', set: 50 },
    ],
  })
  await withTenantTx(api.db, merchantId, (tx) => fill(tx, { shop, partner: uuid('connection', String(partner.id)) }))
  await deadMessage(api, merchantId, shop)
  const erasure = await post('/privacy/erasures', { connection: connection.id, orders: ['nobody-knows-this-one'] })
  const first = async (route: string, at = 0) =>
    String(list((await api.call(`GET ${route}`, { key })).json.items)[at]?.id)
  const found = await api.call('GET /orders/search?q=1003', { key })
  const order = String(list(found.json.items)[0]?.id)
  const hand = await api.call('GET /orders/search?q=1009', { key })
  const handOrder = String(list(hand.json.items)[0]?.id)
  return {
    merchantId,
    key,
    connection: String(connection.id),
    consent: String(consent.id),
    privacyRequest: String(erasure.id),
    partner: String(partner.id),
    item: String(list(items.items)[0]?.id),
    listing: await first('/listings'),
    location: String(location.id),
    partnerLocation: await first('/locations'),
    order,
    orderNumbers: orders().map((o) => o.number),
    fulfillmentOrder: await first(`/fulfillment-orders?order=${order}`),
    handFulfillmentOrder: await first(`/fulfillment-orders?order=${handOrder}`),
    shipment: await first('/shipments'),
    exception: await first('/exceptions'),
    message: await first('/inbox/messages'),
    file: await first('/files'),
  }
}
