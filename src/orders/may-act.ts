import type { OrderRow } from './read.ts'

/** What may be done to an order now: null, or why not in a sentence. Buttons, bulk plans, the API and the CLI all say this. */
export interface MayAct {
  readonly hold: string | null
  readonly release: string | null
  readonly cancel: string | null
  readonly keep: string | null
}

/** What its channel's connection lets the hub do there. */
export interface ChannelMeans {
  readonly label: string
  readonly cancels: boolean
  readonly active: boolean
  readonly writes: boolean
}

const isStopping = ({ cancelState }: OrderRow) => cancelState === 'asked' || cancelState === 'telling'

function mayHold(order: OrderRow): string | null {
  if (order.cancelledAt !== null) return 'It is cancelled.'
  if (order.heldAt !== null) return 'It is held already.'
  if (isStopping(order)) return 'It is being cancelled.'
  if (order.reserved > order.handed || order.short > 0 || order.unmapped > 0) return null
  if (order.handed > 0)
    return 'The warehouse has it, so a hold here no longer stops it. Cancel it to have the warehouse asked to stop.'
  return order.shipped > 0 || order.stage === 'shipped' ? 'It has left.' : 'Nothing of it goes out from here.'
}

function mayRelease(order: OrderRow): string | null {
  if (order.heldAt !== null) return null
  return order.hold === null ? 'It is not held.' : 'Its channel holds it. Release it there.'
}

function mayCancel(order: OrderRow, channel: ChannelMeans): string | null {
  if (order.cancelledAt !== null) return 'It is cancelled already.'
  if (isStopping(order)) return 'It is being cancelled already.'
  if (order.shipped > 0 || order.stage === 'shipped' || order.stage === 'partially_shipped')
    return 'Goods of it have left, so it can no longer be cancelled. Refund it at the channel, and ask for a return.'
  if (order.cancelState === 'too_late') return 'The warehouse would not stop it.'
  if (!channel.cancels) return `${channel.label} takes no cancellation from here. Cancel it there; the hub follows.`
  if (!channel.active) return `${channel.label} is not connected now. Connect it again first.`
  if (!channel.writes) return `Writing to ${channel.label} is off. Switch it on first, or cancel it there.`
  return null
}

/** All at once, for one order as it stands. */
export const mayAct = (order: OrderRow, channel: ChannelMeans): MayAct => ({
  hold: mayHold(order),
  release: mayRelease(order),
  cancel: mayCancel(order, channel),
  keep: order.cancelState === 'refused' && order.cancelledAt === null ? null : 'No cancellation of it was refused.',
})
