import type { UnifiedOrder } from '../connector-kit/index.ts'
import { moneyToDecimal } from '../model/money.ts'
import { compareVersions, contentHash, type OrderFact, type Stored } from './facts.ts'
import type { OrderLineRow, OrderRow } from './read.ts'

/** One thing that reads differently now, in words: never a name or an address. */
export interface Difference {
  readonly what: string
  readonly stored: string
  readonly replayed: string
}

const versionOf = (fact: OrderFact): Stored => ({
  changedAt: new Date(fact.order.changedAt ?? fact.fetchedAt ?? fact.order.placedAt),
  hash: contentHash(fact.order),
  fetchedAt: fact.fetchedAt === null ? null : new Date(fact.fetchedAt),
})

/** Of several versions of one order, told in this order, the one that stands at the end, by the import's own rule. */
export function lastVersion(facts: readonly OrderFact[]): OrderFact | null {
  let last: OrderFact | null = null
  for (const fact of facts)
    if (last === null || compareVersions(versionOf(last), versionOf(fact)) === 'apply') last = fact
  return last
}

type Parts = readonly (readonly [what: string, stored: unknown, replayed: unknown])[]
const words = (value: unknown): string =>
  value === null || value === undefined ? 'none' : value instanceof Date ? value.toISOString() : String(value)
const differing = (parts: Parts): Difference[] =>
  parts
    .map(([what, stored, replayed]) => ({ what, stored: words(stored), replayed: words(replayed) }))
    .filter(({ stored, replayed }) => stored !== replayed)

/** A pushed body cannot show every hold, so that it never lifts one (import-orders.ts). */
const holdOf = ({ order, fetchedAt }: OrderFact, stored: OrderRow) =>
  order.hold === null && fetchedAt === null && ['on_hold', 'fraud_review'].includes(stored.hold ?? '')
    ? stored.hold
    : order.hold

function headerParts(stored: OrderRow, fact: OrderFact): Parts {
  const { order } = fact
  const money = (minor: bigint, currency: string) => `${currency} ${moneyToDecimal({ minor, currency })}`
  const at = (iso: string | null) => (iso === null ? null : new Date(iso))
  return [
    ['number', stored.number, order.number],
    ['placed', stored.placedAt, at(order.placedAt)],
    ['cancelled', stored.cancelledAt, at(order.cancelledAt)],
    ['total', money(stored.totalMinor, stored.currency), money(order.total.minor, order.total.currency)],
    ['refunded', money(stored.refundedMinor, stored.currency), money(order.refunded.minor, order.refunded.currency)],
    ['held by the channel', stored.hold, holdOf(fact, stored)],
    ['status at the channel', stored.remoteStatus, order.remoteStatus],
    ['shipping service', stored.shippingService, order.shippingService ?? stored.shippingService],
    ['test order', stored.isTest, order.isTest],
  ]
}

function lineParts(stored: OrderLineRow | undefined, line: UnifiedOrder['lines'][number]): Parts {
  const name = `line ${line.ref}`
  if (stored === undefined) return [[name, 'not there', 'there']]
  return [
    [`${name}, ordered`, stored.ordered, line.ordered],
    [`${name}, cancelled`, stored.cancelled, Math.min(line.cancelled, line.ordered)],
    [`${name}, goods`, stored.physical, line.physical],
    [`${name}, total`, stored.totalMinor, line.total.minor],
  ]
}

/** What the tables say beside what the messages say now. `storedHash`: of what was taken in. */
export function compareReplay(
  stored: OrderRow,
  storedHash: string,
  lines: readonly OrderLineRow[],
  fact: OrderFact,
): Difference[] {
  const { order } = fact
  const known = new Map(lines.map((line) => [line.ref, line]))
  const named = new Set(order.lines.map((line) => line.ref))
  const vanished: Parts = lines
    .filter((line) => !named.has(line.ref) && line.cancelled < line.ordered)
    .map((line) => [`line ${line.ref}`, 'there', 'not there'])
  const found = differing([
    ...headerParts(stored, fact),
    ...order.lines.flatMap((line) => lineParts(known.get(line.ref), line)),
    ...vanished,
  ])
  if (found.length > 0 || contentHash(order) === storedHash) return found
  return [{ what: 'names, addresses or prices', stored: 'as they were read then', replayed: 'read otherwise now' }]
}
