import { z } from 'zod'
import type { ShipmentCommand } from '#kit'
import { ask } from './client.ts'
import type { Found } from './fulfilments.ts'
import type { WooCtx } from './settings.ts'
import { id, listOf, text } from './wire.ts'

/** Last tier, in every shop: a note on the order. A note of parts changes nothing but what people read. */
const note = z.object({ id, note: text })
const pathOf = (order: string) => `orders/${encodeURIComponent(order)}/notes`

function textOf({ carrier, tracking, trackingUrl, key }: ShipmentCommand): string {
  const number = tracking === null ? '' : `, tracking number ${tracking}`
  const link = trackingUrl !== null && /^https?:\/\//.test(trackingUrl) ? ` ${trackingUrl}` : ''
  return `Shipped with ${carrier}${number}${link} (shipment ${key})`
}

/** Whole words only: tracking number 12 is not in 4123. */
function mentions(content: string, word: string): boolean {
  const at = content.indexOf(word)
  if (at < 0) return false
  const edges = `${content[at - 1] ?? ' '}${content[at + word.length] ?? ' '}`
  return !/[A-Za-z0-9]/.test(edges) || mentions(content.slice(at + 1), word)
}

export async function findNote(ctx: WooCtx, shipment: ShipmentCommand): Promise<Found> {
  const { data } = await ask(ctx, { method: 'GET', path: pathOf(shipment.order), shape: listOf(note) })
  const words = shipment.tracking === null ? [shipment.key] : [shipment.key, shipment.tracking]
  const match = data.find((given) => words.some((word) => mentions(given.note, word)))
  return { remote: match === undefined ? null : `note:${match.id}` }
}

export async function recordNote(ctx: WooCtx, shipment: ShipmentCommand): Promise<string> {
  const body = { note: textOf(shipment), customer_note: shipment.notifyBuyer }
  const { data } = await ask(ctx, { method: 'POST', path: pathOf(shipment.order), body, shape: note })
  return `note:${data.id}`
}
