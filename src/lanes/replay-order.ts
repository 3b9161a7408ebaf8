import { readConnection } from '../connections/read.ts'
import type { Connector } from '../connector-kit/index.ts'
import { messagesById } from '../inbox/messages.ts'
import { messagesOfOrder } from '../journal/read.ts'
import { compareReplay, type Difference, lastVersion } from '../orders/compare-replay.ts'
import { readHash, readLines, readOrder } from '../orders/read.ts'
import type { Tx } from '../platform/db/tx.ts'
import { readMessages } from './read-messages.ts'

/** What reading an order's messages again would make of it. Nothing is changed, and nobody is told. */
export interface Replayed {
  readonly messages: number
  /** Let go of by age, or erased on request: there is nothing left to read. */
  readonly gone: number
  readonly unreadable: readonly { readonly messageId: string; readonly reason: string }[]
  /** Unknown: what the order was made of can no longer be read. */
  readonly result: 'same' | 'different' | 'unknown'
  readonly differences: readonly Difference[]
}

/** Reads again what the order was made of, and compares what comes of it with the tables. Null: there is no such order. */
export async function replayOrder(
  tx: Tx,
  connectors: ReadonlyMap<string, Connector>,
  orderId: string,
): Promise<Replayed | null> {
  const stored = await readOrder(tx, orderId)
  if (stored === null) return null
  const causes = await messagesOfOrder(tx, orderId)
  const connection = await readConnection(tx, stored.connectionId)
  const connector = connection && connectors.get(connection.connector)
  const messages = connector ? await messagesById(tx, causes) : []
  const there = messages.filter((message) => message.raw !== null)
  const counts = { messages: there.length, gone: causes.length - there.length }
  const unknown = { ...counts, unreadable: [], result: 'unknown', differences: [] } as const
  if (!connector || there.length === 0) return unknown
  const { facts, ends } = await readMessages({ connector, settings: connection.settings }, there)
  const unreadable = ends.flatMap(({ messageId, state, reason }) =>
    state === 'dead' ? [{ messageId, reason: reason ?? 'no reason given' }] : [],
  )
  const last = lastVersion(facts.filter(({ order }) => order.ref === stored.externalId))
  // The newest cause made the order what it is: without it, older ones would only differ.
  if (last === null || !there.some(({ messageId }) => messageId === causes.at(-1))) return { ...unknown, unreadable }
  const differences = compareReplay(stored, await readHash(tx, orderId), await readLines(tx, orderId), last)
  const same = differences.length === 0 && unreadable.length === 0
  return { ...counts, unreadable, differences, result: same ? 'same' : 'different' }
}
