import type { TimelineEvent } from '../api/types.ts'
import { problemName } from './problems.ts'
import { plain } from './words.ts'

type Data = TimelineEvent['data']

const text = (data: Data, name: string): string => {
  const value = data[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
const withTracking = (data: Data): string =>
  text(data, 'tracking') === '' ? '' : `, tracking ${text(data, 'tracking')}`

const happenings: Readonly<Record<string, (data: Data) => string>> = {
  'order.imported': () => 'Order received',
  'order.updated': () => 'The channel changed the order',
  'order.cancelled': () => 'The channel cancelled the order',
  'order.held': (d) => `Held: ${text(d, 'reason')}`,
  'order.released': (d) => `Released${text(d, 'because') === '' ? '' : `: ${text(d, 'because')}`}`,
  'order.cancel_wanted': (d) => `To be cancelled: ${plain(text(d, 'reason')).toLowerCase()}`,
  'order.cancel_agreed': () => 'The warehouse let go of it',
  'order.cancel_late': () => 'Too late to cancel',
  'order.cancel_told': () => 'The channel took the cancellation',
  'order.kept': () => 'Kept after the channel refused to cancel it',
  'stock.short': (d) => `Short of ${text(d, 'units')} in stock`,
  'request.opened': (d) => `Request ${text(d, 'request')} made for the warehouse`,
  'request.sent': (d) => `Request ${text(d, 'request')} handed to the warehouse`,
  'request.cancel_asked': (d) => `Request ${text(d, 'request')} is to be stopped`,
  'request.cancel_sent': (d) => `The warehouse was asked to stop request ${text(d, 'request')}`,
  'shipment.recorded': (d) => `Shipped with ${text(d, 'carrier') || 'a carrier'}${withTracking(d)}`,
  'shipment.confirmed': (d) => `The channel shows it as shipped${withTracking(d)}`,
  'exception.resolved': (d) => `Marked as settled: ${problemName(text(d, 'kind')).toLowerCase()}`,
  'request.rejected': (d) => `The warehouse refused request ${text(d, 'request')}`,
  'cancel.rejected': (d) => `The warehouse did not stop request ${text(d, 'request')}`,
}

export const happened = ({ kind, data }: TimelineEvent): string => happenings[kind]?.(data) ?? plain(kind)

/** Who did it: the hub, the other side, a key. */
export const actorName = (actor: string): string => actors[actor] ?? actor.replace(':', ' ')
const actors: Readonly<Record<string, string>> = { hub: 'the hub', partner: 'the warehouse' }

/** What it happened because of; every step has one. */
export function because({ cause, actor }: TimelineEvent): string {
  const by = actorName(actor)
  const causes: Readonly<Record<string, string>> = {
    message: 'a message from the channel',
    file: 'a file from the warehouse',
    effect: 'the answer of the other side',
    connection: 'a look at the channel',
    api: `a change by ${by}`,
  }
  return `because of ${causes[cause.kind] ?? plain(cause.kind).toLowerCase()}`
}
