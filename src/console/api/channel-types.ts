import type { Connection } from './types.ts'

export const writeModes = ['off', 'shadow', 'canary', 'on'] as const
export type WriteMode = (typeof writeModes)[number]

export interface Health {
  readonly state:
    | 'connected'
    | 'watching'
    | 'canary'
    | 'slow'
    | 'unreachable'
    | 'sign_in_needed'
    | 'paused'
    | 'disconnected'
  readonly sentence: string
  readonly remedy: { readonly action: string; readonly text: string } | null
  readonly since: string | null
  readonly webhooks: {
    readonly state: 'ok' | 'missing' | 'disabled' | 'wrong_address' | 'unchecked' | 'none'
    readonly checkedAt: string | null
    readonly repairedAt: string | null
    readonly problems: readonly string[]
  }
  readonly login: { readonly expiresAt: string | null; readonly renews: boolean }
  readonly missingScopes: readonly string[]
  readonly budget: { readonly left: number; readonly perSecond: number; readonly at: string } | null
  readonly lag: { readonly p50Ms: number; readonly p95Ms: number; readonly at: string } | null
  readonly drift: { readonly listings: number }
  readonly silent: { readonly isSilent: boolean; readonly since: string; readonly usualGapS: number } | null
}
export interface Backfill {
  readonly state: 'running' | 'waiting' | 'done'
  readonly since: string
  readonly orders: number
  readonly listings: number
  readonly finishedAt: string | null
  readonly error: string | null
}
/** A connection with what was seen of it. */
export interface Channel extends Connection {
  readonly writeMode: WriteMode
  readonly canarySkus: readonly string[]
  readonly handsOverFrom: string | null
  readonly settings: Readonly<Record<string, unknown>>
  readonly ordersFrom: string
  readonly health: Health
  readonly backfill: Backfill | null
  readonly createdAt: string
  readonly version: string
}

export const changes = ['lower', 'higher', 'equal', 'unread', 'not_written'] as const
export type Change = (typeof changes)[number]
export const skuProblems = ['unmapped', 'ambiguous', 'not_tracked', 'never_counted'] as const
export type SkuProblem = (typeof skuProblems)[number]
export const verdicts = ['would_go', 'short', 'unmapped', 'on_hold', 'nothing_to_ship'] as const
export type Verdict = (typeof verdicts)[number]
export interface Shadow {
  readonly quantities: Readonly<Record<Change, number>>
  readonly skus: Readonly<Record<SkuProblem | 'fine', number>>
  readonly orders: Readonly<Record<Verdict, number>>
  readonly more: boolean
}
export interface QuantityRow {
  readonly listing: string
  readonly sku: string | null
  readonly title: string
  readonly before: number | null
  readonly after: number | null
  readonly change: Change
  readonly seenAt: string | null
}
export interface SkuRow {
  readonly listing: string
  readonly sku: string | null
  readonly title: string
  readonly problem: SkuProblem
}

export interface Ask {
  readonly setting: string
  readonly label: string
  readonly example: string
  readonly help: string
}
export interface Connectable {
  readonly kind: string
  readonly title: string
  readonly role: 'channel' | 'partner'
  readonly consent: boolean
  readonly ready: boolean
  readonly asks: readonly Ask[]
}
export interface Consent {
  readonly id: string
  readonly connector: string
  readonly status: 'waiting' | 'connected' | 'refused' | 'expired'
  readonly reason: string | null
  readonly connection: string | null
}
export interface Message {
  readonly id: string
  readonly source: string
  readonly topic: string
  readonly receivedAt: string
  readonly state: string
  readonly reason: string | null
}

export interface ModeChange {
  readonly mode: WriteMode
  readonly skus?: readonly string[]
  readonly handOverFrom?: string | null
}
export const channelTabs = ['overview', 'compare', 'pushes', 'webhooks', 'mapping', 'settings', 'technical'] as const
export type ChannelTab = (typeof channelTabs)[number]
