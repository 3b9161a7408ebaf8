import { z } from 'zod'
import { ChannelError, type ShipmentCommand } from '#kit'
import { askIfRouted } from './client.ts'
import type { Found } from './fulfilments.ts'
import type { WooCtx } from './settings.ts'
import { listOf, text } from './wire.ts'

/** Second tier: the Shipment Tracking extension, or its AST clone. They know parcels, not lines. */
const namespaces = ['wc-shipment-tracking/v3', 'wc-ast/v3'] as const

const tracking = z.object({ tracking_id: text, tracking_number: text })
const pathOf = (order: string) => `orders/${encodeURIComponent(order)}/shipment-trackings`

/** Null where neither plugin answers, or the parcel has no number, which both demand. */
export async function findTracking(ctx: WooCtx, shipment: ShipmentCommand): Promise<Found | null> {
  if (shipment.tracking === null) return null
  for (const namespace of namespaces) {
    const request = { method: 'GET', path: pathOf(shipment.order), namespace, shape: listOf(tracking) } as const
    const answer = await askIfRouted(ctx, request)
    if (answer === null) continue
    const match = answer.data.find((given) => given.tracking_number === shipment.tracking)
    return { remote: match === undefined ? null : `tracking:${match.tracking_id}` }
  }
  return null
}

export async function recordTracking(ctx: WooCtx, shipment: ShipmentCommand): Promise<string> {
  const body = {
    custom_tracking_provider: shipment.carrier,
    custom_tracking_link: shipment.trackingUrl ?? '',
    tracking_number: shipment.tracking,
    date_shipped: shipment.shippedAt.slice(0, 10),
  }
  for (const namespace of namespaces) {
    const request = { method: 'POST', path: pathOf(shipment.order), namespace, body, shape: tracking } as const
    const answer = await askIfRouted(ctx, request)
    if (answer !== null) return `tracking:${answer.data.tracking_id}`
  }
  throw new ChannelError('unsupported', 'this shop has no tracking plugin any more')
}
