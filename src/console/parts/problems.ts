import type { Problem } from '../api/types.ts'
import { counted, plain } from './words.ts'

export interface Told {
  /** What it does to the merchant, in one sentence. */
  readonly title: string
  /** What to do about it. */
  readonly remedy: string
  readonly critical: boolean
}
type Detail = Problem['detail']

const number = (detail: Detail, name: string): number => {
  const value = detail[name]
  return typeof value === 'number' ? value : Array.isArray(value) ? value.length : 0
}
const text = (detail: Detail, name: string, otherwise = ''): string => {
  const value = detail[name]
  return typeof value === 'string' && value !== '' ? value : otherwise
}
const because = (detail: Detail): string => {
  const reason = text(detail, 'reason')
  return reason === '' ? '' : ` It said: ${reason}.`
}

/** One place for what every kind of exception means and what mends it. */
const told: Readonly<Record<string, (detail: Detail) => Told>> = {
  short: (d) => ({
    title: `${counted(number(d, 'units'), 'unit')} of this order ${number(d, 'units') === 1 ? 'is' : 'are'} not in stock.`,
    remedy: 'It goes out by itself when stock is counted or received. Or cancel the units at the channel.',
    critical: true,
  }),
  unmapped_sku: (d) => ({
    title: `${counted(number(d, 'lines'), 'line')} of this order ${number(d, 'lines') === 1 ? 'sells' : 'sell'} a listing that is linked to no item, so it cannot go to the warehouse.`,
    remedy: 'Link the listing to an item. All orders that wait for it are released.',
    critical: true,
  }),
  money_mismatch: (d) => ({
    title: `The parts of this order do not add up to its total (off by ${text(d, 'deltaMinor', '?')} minor units of ${text(d, 'currency', 'its currency')}).`,
    remedy: 'Compare it with the channel. It ships all the same.',
    critical: false,
  }),
  shipped_after_cancel: (d) => ({
    title: `The warehouse shipped this order after it was cancelled${text(d, 'tracking') === '' ? '' : ` (tracking ${text(d, 'tracking')})`}.`,
    remedy: 'Ask the buyer to send it back or to keep it, then mark this as settled.',
    critical: true,
  }),
  edit_after_handoff: (d) => ({
    title: `The buyer no longer wants ${counted(number(d, 'units'), 'unit')} that the warehouse already holds for this order.`,
    remedy: 'Call the warehouse to take it out. The stock comes back when it says so.',
    critical: true,
  }),
  request_rejected: (d) => ({
    title: `The warehouse refused request ${text(d, 'request', '')}.${because(d)}`,
    remedy: 'Mend what it names, then ask again from the order.',
    critical: true,
  }),
  cancel_rejected: (d) => ({
    title: `The warehouse did not stop request ${text(d, 'request', '')}.${because(d)}`,
    remedy: 'It will ship. Ask the buyer to send it back.',
    critical: true,
  }),
  ack_overdue: (d) => ({
    title: `The warehouse has not answered request ${text(d, 'request', '')} in time.`,
    remedy: 'Ask the warehouse whether it has it. This closes by itself when the answer comes.',
    critical: true,
  }),
  over_shipped: (d) => ({
    title: `The warehouse says it shipped ${counted(number(d, 'units'), 'unit')} of ${text(d, 'sku', 'a SKU')} more than was asked.`,
    remedy: 'Ask the warehouse which number is right, then count the item.',
    critical: true,
  }),
  shipped_short: (d) => ({
    title: `The warehouse shipped ${counted(number(d, 'units'), 'unit')} of ${text(d, 'sku', 'a SKU')} too few.${because(d)}`,
    remedy: 'Ask again for the rest from the order, or cancel it at the channel.',
    critical: true,
  }),
  unknown_request: (d) => ({
    title: `The warehouse answered request ${text(d, 'request', '')}, which we never sent.`,
    remedy: 'Ask the warehouse which order it means.',
    critical: false,
  }),
  file_refused: (d) => ({
    title:
      `The file ${text(d, 'name', 'of a warehouse')} was not taken. ${text(d, 'message', text(d, 'reason'))}`.trim(),
    remedy: 'Ask the warehouse to mend it and send it again. Nothing of it was applied.',
    critical: true,
  }),
  file_rows_rejected: (d) => ({
    title: `${counted(number(d, 'rejected'), 'row')} of the file ${text(d, 'name')} ${number(d, 'rejected') === 1 ? 'was' : 'were'} not taken. The others are done.`,
    remedy: 'Send the warehouse the rows with their reasons. Rows already taken are ignored when they come again.',
    critical: true,
  }),
  count_denied: (d) => ({
    title: `A count found ${counted(number(d, 'denied'), 'unit')} fewer than the warehouse has been promised.`,
    remedy: 'Count again, or cancel what cannot be shipped. Selling continues on the lower number.',
    critical: true,
  }),
  effect_failed: (d) => ({
    title: `The channel or warehouse did not take what we sent (${plain(text(d, 'effect', 'message')).toLowerCase()}).${because(d)}`,
    remedy: 'It is tried again where that can help. Otherwise do it there by hand and mark this as settled.',
    critical: true,
  }),
  message_dead: (d) => ({
    title: `A message from a channel could not be read.${because(d)}`,
    remedy: 'Its bytes are kept. Replay it once the cause is mended.',
    critical: true,
  }),
  stock_drift: (d) => ({
    title: `The shop showed a number that we did not set (off by ${Math.abs(number(d, 'units'))}).`,
    remedy: 'The right number is written again by itself. Somebody else may be changing stock there.',
    critical: false,
  }),
  connection_stopped: (d) => ({
    title: `A channel no longer lets us in.${because(d)}`,
    remedy: 'Sign in to it again. What happened meanwhile is fetched then.',
    critical: true,
  }),
  webhooks_broken: (d) => ({
    title: `A channel does not take our webhooks.${because(d)}`,
    remedy: 'Orders still come by polling. Allow webhooks there; they are set up again by themselves.',
    critical: false,
  }),
  channel_silent: (d) => ({
    title: text(d, 'reason', 'A channel has sent no order for longer than is usual.'),
    remedy: 'Place a test order there. If no sales are to be expected, nothing needs to be done.',
    critical: false,
  }),
  privacy_asked: (d) => ({
    title: `A buyer asked for what is kept about them (${counted(number(d, 'orders'), 'order')}).`,
    remedy: 'Export it and send it to them, then say that it is done.',
    critical: true,
  }),
  promise_broken: (d) => ({
    title: `The hub found its own numbers at odds: ${text(d, 'means', text(d, 'promise', 'a promise'))}.`,
    remedy: text(d, 'mend', 'Look at System status, and tell whoever runs the hub.'),
    critical: true,
  }),
}

export function tell({ kind, detail }: Problem): Told {
  return told[kind]?.(detail) ?? { title: `${plain(kind)}.`, remedy: 'Open it to see what is known.', critical: true }
}

const names: Readonly<Record<string, string>> = {
  short: 'Not in stock',
  unmapped_sku: 'Listing linked to no item',
  money_mismatch: 'Total does not add up',
  shipped_after_cancel: 'Shipped after cancel',
  edit_after_handoff: 'Changed after hand-off',
  request_rejected: 'Refused by the warehouse',
  cancel_rejected: 'Cancel refused',
  ack_overdue: 'Warehouse does not answer',
  over_shipped: 'Shipped too many',
  shipped_short: 'Shipped too few',
  unknown_request: 'Answer to no request',
  file_refused: 'File not taken',
  file_rows_rejected: 'Rows not taken',
  count_denied: 'Count below promises',
  effect_failed: 'Not taken by the other side',
  message_dead: 'Message unread',
  stock_drift: 'Shop shows another number',
  connection_stopped: 'Sign-in needed',
  webhooks_broken: 'Webhooks not taken',
  channel_silent: 'Silent channel',
  privacy_asked: 'A buyer asks for their data',
  promise_broken: 'Numbers at odds',
}
export const problemName = (kind: string): string => names[kind] ?? plain(kind)
