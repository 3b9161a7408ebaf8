import { z } from 'zod'
import { ChannelError, type ShipmentCommand } from '#kit'
import { ask, askIfRouted } from './client.ts'
import type { OrderState } from './order-state.ts'
import type { WooCtx } from './settings.ts'
import { id, listOf, metaList, metaValue, text } from './wire.ts'

/** First tier: WooCommerce's own fulfilment records (10.1 and later, behind an option without a switch). */
const item = z.object({ item_id: id, qty: z.coerce.number() })
const record = z.object({ id, date_deleted: text, meta_data: metaList })
type Fulfilment = z.infer<typeof record>
type Items = ReadonlyMap<string, number>

const ownMark = '_crossdock_shipment'

function itemsOf(given: Fulfilment): Items {
  const list = listOf(item).safeParse(given.meta_data.find((entry) => entry.key === '_items')?.value)
  return new Map(list.success ? list.data.map((entry) => [entry.item_id, entry.qty]) : [])
}

function covers(items: Items, shipment: ShipmentCommand): boolean {
  return shipment.lines.every(({ line, quantity }) => (items.get(line) ?? 0) >= quantity)
}

function equals(items: Items, shipment: ShipmentCommand): boolean {
  return items.size === shipment.lines.length && shipment.lines.every((own) => items.get(own.line) === own.quantity)
}

/** Ours by our mark; one made by hand by its tracking number and lines. Tracking numbers are not unique there. */
function isThis(given: Fulfilment, shipment: ShipmentCommand): boolean {
  const mark = metaValue(given.meta_data, ownMark)
  if (mark !== null) return mark === shipment.key
  const tracking = metaValue(given.meta_data, '_tracking_number') ?? ''
  if (shipment.tracking === null) return tracking === '' && equals(itemsOf(given), shipment)
  return tracking === shipment.tracking && covers(itemsOf(given), shipment)
}

const pathOf = (order: string) => `orders/${encodeURIComponent(order)}/fulfillments`

async function listRecords(ctx: WooCtx, order: string): Promise<readonly Fulfilment[] | null> {
  const answer = await askIfRouted(ctx, { method: 'GET', path: pathOf(order), shape: listOf(record) })
  return answer?.data.filter((given) => given.date_deleted === '') ?? null
}

function metaOf(shipment: ShipmentCommand) {
  const provider = shipment.carrier.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  const items = shipment.lines.map(({ line, quantity }) => ({ item_id: Number(line), qty: quantity }))
  return [
    { key: '_items', value: items },
    { key: ownMark, value: shipment.key },
    // Documents and versions disagree on the name; 11.0.1 reads the first (2026-11-23).
    { key: '_shipment_provider', value: provider },
    { key: '_shipping_provider', value: provider },
    { key: '_tracking_number', value: shipment.tracking ?? '' },
    { key: '_tracking_url', value: shipment.trackingUrl ?? '' },
  ]
}

/** Lines that this shipment would fulfil beyond what was ordered: the shop itself accepts 5 of 2 (2026-11-23). */
function overfull(order: OrderState, records: readonly Fulfilment[], shipment: ShipmentCommand): boolean {
  return shipment.lines.some(({ line, quantity }) => {
    const ordered = order.line_items.find((given) => given.id === line)?.quantity ?? 0
    const done = records.reduce((sum, given) => sum + (itemsOf(given).get(line) ?? 0), 0)
    return done + quantity > ordered
  })
}

export interface Found {
  /** Null: not there yet. */
  readonly remote: string | null
}

/** Null where the shop has no fulfilment records. */
export async function findFulfilment(ctx: WooCtx, shipment: ShipmentCommand): Promise<Found | null> {
  const records = await listRecords(ctx, shipment.order)
  const match = records?.find((given) => isThis(given, shipment))
  return records === null ? null : { remote: match === undefined ? null : `fulfillment:${match.id}` }
}

export async function recordFulfilment(ctx: WooCtx, shipment: ShipmentCommand, order: OrderState): Promise<string> {
  const records = (await listRecords(ctx, shipment.order)) ?? []
  const params = { notify_customer: shipment.notifyBuyer }
  const body = { status: 'fulfilled', is_fulfilled: true, meta_data: metaOf(shipment) }
  const shape = z.object({ id })
  if (!overfull(order, records, shipment)) {
    const { data } = await ask(ctx, { method: 'POST', path: pathOf(shipment.order), params, body, shape })
    return `fulfillment:${data.id}`
  }
  // A corrected tracking number comes as a new shipment of the same lines: it replaces our own record.
  const earlier = records.find(
    (given) => metaValue(given.meta_data, ownMark) !== null && equals(itemsOf(given), shipment),
  )
  if (earlier === undefined) {
    throw new ChannelError('invalid', 'the shop already has these units fulfilled by another record', {
      field: 'lines',
    })
  }
  const path = `${pathOf(shipment.order)}/${earlier.id}`
  await ask(ctx, { method: 'PUT', path, params, body, replaySafe: true, shape })
  return `fulfillment:${earlier.id}`
}
