import type { WorkGroup } from '../api/types.ts'
import { problemName, tell } from '../parts/problems.ts'
import { counted, plain } from '../parts/words.ts'

export interface GroupWords {
  /** What it does to the merchant, with a number. */
  readonly title: string
  /** Why. */
  readonly body: string
  readonly critical: boolean
}

const wait = (orders: number) => `${counted(orders, 'order')} ${orders === 1 ? 'waits' : 'wait'}`
const named = ({ cause }: WorkGroup, otherwise: string) => cause?.name ?? otherwise

/** Where the words of one exception are not those of many. */
const words: Readonly<Record<string, (group: WorkGroup) => Omit<GroupWords, 'critical'>>> = {
  unmapped_sku: (group) => ({
    title: `${wait(group.orders)} for one listing to be linked`,
    body: `“${named(group, 'A listing without a SKU')}” is sold and linked to no item. Once it is, they go out.`,
  }),
  short: (group) => ({
    title: `${wait(group.orders)} for ${named(group, 'an item')}`,
    body: 'It is not in stock. They go out by themselves, oldest first, when it is counted or received.',
  }),
  ack_overdue: (group) => ({
    title: `${named(group, 'The warehouse')} has not answered for ${counted(group.orders, 'order')}`,
    body: 'Its time to answer is over. Ask whether it has them; this closes by itself when the answer comes.',
  }),
  request_rejected: (group) => ({
    title: `${named(group, 'The warehouse')} refused ${counted(group.orders, 'order')}`,
    body: tell({ kind: group.kind, detail: group.sample.detail }).title,
  }),
  effect_failed: (group) => ({
    title: `${named(group, 'The other side')} did not take what we sent for ${counted(group.orders, 'order')}`,
    body: tell({ kind: group.kind, detail: group.sample.detail }).title,
  }),
  message_dead: (group) => ({
    title: `${counted(group.things, 'message')} from ${named(group, 'a channel')} could not be read`,
    body: tell({ kind: group.kind, detail: group.sample.detail }).remedy,
  }),
  connection_stopped: (group) => ({
    title: `${named(group, 'A channel')} no longer lets us in`,
    body: tell({ kind: group.kind, detail: group.sample.detail }).remedy,
  }),
  held_here: (group) => ({
    title: `${counted(group.orders, 'order')} held until you say otherwise`,
    body: `Reason: ${named(group, 'none given')}. Nothing of ${group.orders === 1 ? 'it' : 'them'} goes to a warehouse.`,
  }),
  held_by_channel: (group) => ({
    title: `${counted(group.orders, 'order')} held by the channel`,
    body: `It says: ${plain(named(group, 'on hold')).toLowerCase()}. Decide there; the hub follows.`,
  }),
}

export function wordsOf(group: WorkGroup): GroupWords {
  const { title, remedy, critical } = tell({ kind: group.kind, detail: group.sample.detail })
  const own = words[group.kind]?.(group)
  if (own !== undefined) return { ...own, critical: !group.kind.startsWith('held') && critical }
  const many = group.things === 1 ? title : `${problemName(group.kind)}: ${group.things}`
  return { title: many, body: remedy, critical }
}
