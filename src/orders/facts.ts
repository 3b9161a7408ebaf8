import { hash } from 'node:crypto'
import type { UnifiedOrder } from '../connector-kit/index.ts'

/** One translated body on its way into the orders. */
export interface OrderFact {
  readonly messageId: string
  readonly order: UnifiedOrder
  /** When the hub read it from the channel; null when it was pushed to us and may be stale. */
  readonly fetchedAt: string | null
}
export type Arrival =
  | {
      readonly kind: 'applied'
      readonly messageId: string
      readonly ref: string
      readonly orderId: string
      readonly isNew: boolean
    }
  | { readonly kind: 'superseded'; readonly messageId: string }
  /** Same time, other content, and nobody knows which is newer: the channel must be asked. */
  | { readonly kind: 'refetch'; readonly messageId: string; readonly ref: string }

/** Hash of what the hub took from the body. Decides equality, never order. */
export function contentHash(order: UnifiedOrder): string {
  return hash('sha256', JSON.stringify(sorted(order)))
}

/** A copy with its keys in order and its amounts as text: JSON.stringify with a replacer would take twice as long. */
function sorted(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value).sort()) copy[key] = sorted(value[key])
  return copy
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object'

/** total - (lines + shipping + tax + other - discount), in minor units. Not zero: the order is flagged, never mended. */
export function moneyDelta(order: UnifiedOrder): bigint {
  const { shipping, tax, other, discount } = order.parts
  let parts = shipping.minor + tax.minor + other.minor - discount.minor
  for (const line of order.lines) parts += line.total.minor
  return order.total.minor - parts
}

export interface Stored {
  readonly changedAt: Date
  readonly hash: string
  readonly fetchedAt: Date | null
}

/** What to do with a version of an order that is already stored. Older never wins; equal time needs equal content or a fetch. */
export function compareVersions(stored: Stored, incoming: Stored): 'apply' | 'superseded' | 'refetch' {
  const newer = incoming.changedAt.getTime() - stored.changedAt.getTime()
  if (newer > 0) return 'apply'
  if (newer < 0 || incoming.hash === stored.hash) return 'superseded'
  if (incoming.fetchedAt === null) return 'refetch'
  return stored.fetchedAt === null || incoming.fetchedAt > stored.fetchedAt ? 'apply' : 'superseded'
}
