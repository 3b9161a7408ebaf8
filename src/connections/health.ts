import { z } from 'zod'
import { shownTime, showTimeOrNull } from '../api/fields.ts'
import type { Manifest } from '../connector-kit/index.ts'
import { rhythmDays } from './note-evidence.ts'
import type { ConnectionRow } from './read.ts'
import { type Silence, silenceOf } from './rhythm.ts'

const healthStates = [
  'connected',
  'watching',
  'canary',
  'slow',
  'unreachable',
  'sign_in_needed',
  'paused',
  'disconnected',
] as const

export const shownHealth = z.object({
  state: z
    .enum(healthStates)
    .describe('Worked out at each request from what was seen of the connection; nothing stores it.'),
  sentence: z.string(),
  remedy: z
    .object({
      action: z.enum(['sign_in', 'grant_scopes', 'resume', 'reconnect', 'repair_webhooks', 'check_shop', 'go_live']),
      text: z.string(),
    })
    .nullable(),
  since: shownTime.nullable().describe('Since when it is so, where that is known.'),
  lastOrderSeenAt: shownTime.nullable(),
  lastSuccessAt: shownTime.nullable(),
  webhooks: z.object({
    state: z
      .enum(['ok', 'missing', 'disabled', 'wrong_address', 'unchecked', 'none'])
      .describe('What the last look found. `unchecked`: nobody looked for half an hour. `none`: it sends none.'),
    checkedAt: shownTime.nullable(),
    repairedAt: shownTime.nullable(),
    problems: z.array(z.string()),
  }),
  login: z.object({ expiresAt: shownTime.nullable(), renews: z.boolean() }),
  missingScopes: z.array(z.string()),
  budget: z.object({ left: z.number(), perSecond: z.number(), at: shownTime }).nullable(),
  lag: z
    .object({ p50Ms: z.int(), p95Ms: z.int(), at: shownTime })
    .nullable()
    .describe('From a change of the ledger until it was read back at the channel; of the latest changes.'),
  drift: z.object({ listings: z.int() }),
  silent: z
    .object({ isSilent: z.boolean(), since: shownTime, usualGapS: z.int(), alarmAfterS: z.int() })
    .nullable()
    .describe('Null: it sells too seldom, or is known for too short a time, for its silence to mean anything.'),
})
export type ShownHealth = z.infer<typeof shownHealth>

/** What was found out about a connection `t`, as columns of `v` (looks), `r` (rhythm). */
export interface Evidence {
  readonly webhooksFound: 'healthy' | 'missing' | 'disabled' | 'wrong_address' | null
  readonly webhooksCheckedAt: Date | null
  readonly webhooksRepairedAt: Date | null
  readonly webhooksProblems: readonly string[] | null
  readonly missingScopes: readonly string[] | null
  readonly loginExpiresAt: Date | null
  readonly budgetLeft: number | null
  readonly budgetPerSecond: number | null
  readonly budgetAt: Date | null
  readonly lagsMs: readonly number[] | null
  readonly lagAt: Date | null
  readonly days: number
  readonly arrivals: number
  readonly gapMaxS: number
  readonly listingsAdrift: number
}

const driftsMax = 10_000

export const evidenceColumns = `v.webhooks_found as "webhooksFound", v.webhooks_checked_at as "webhooksCheckedAt", v.webhooks_repaired_at as "webhooksRepairedAt",
  v.webhooks_problems as "webhooksProblems", v.missing_scopes as "missingScopes", v.login_expires_at as "loginExpiresAt", v.budget_left as "budgetLeft",
  v.budget_per_second as "budgetPerSecond", v.budget_at as "budgetAt", v.lags_ms as "lagsMs", v.lag_at as "lagAt", r.days, r.arrivals, r.gap_max_s as "gapMaxS",
  (select count(*)::int from (select 1 from exception x
     cross join lateral (select 1 from listing g where g.merchant_id = $1 and g.listing_id = x.subject_id and g.connection_id = t.connection_id offset 0) g
     where x.merchant_id = $1 and x.resolved_at is null and x.kind = 'stock_drift' limit ${driftsMax}) n) as "listingsAdrift"`
export const evidenceJoins = `left join lateral (
    select * from connection_evidence v where v.merchant_id = $1 and v.connection_id = t.connection_id offset 0) v on true
  cross join lateral (select count(*)::int as days, coalesce(sum(d.arrivals), 0)::int as arrivals, coalesce(max(d.gap_max_s), 0)::int as gap_max_s
    from connection_day d where d.merchant_id = $1 and d.connection_id = t.connection_id and d.day >= (now() at time zone 'utc')::date - ${rhythmDays}) r`

type Row = ConnectionRow & Evidence & { readonly pendingMessages: number }
interface Word {
  readonly state: ShownHealth['state']
  readonly sentence: string
  readonly remedy: ShownHealth['remedy']
  readonly since: Date | null
}

/** Looked at each 15 minutes: after this nobody does. */
const webhooksStaleMs = 31 * 60_000
const unheardMs = 10 * 60_000
const failingMs = 2 * 60_000
const slowMs = 60_000
const manyMessages = 1_000

function webhooksOf(row: Row, manifest: Manifest | undefined, now: Date): ShownHealth['webhooks'] {
  const checkedAt = showTimeOrNull(row.webhooksCheckedAt)
  const repairedAt = showTimeOrNull(row.webhooksRepairedAt)
  if (!manifest || manifest.push === null) return { state: 'none', checkedAt: null, repairedAt: null, problems: [] }
  const isStale = row.webhooksCheckedAt === null || now.getTime() - row.webhooksCheckedAt.getTime() > webhooksStaleMs
  const found = row.webhooksFound ?? 'healthy'
  const state = isStale ? 'unchecked' : found === 'healthy' ? 'ok' : found
  return { state, checkedAt, repairedAt, problems: [...(row.webhooksProblems ?? [])] }
}

/** Ended, or waiting for a person. Null: it works, or should. */
function stopped(row: Row, title: string): Word | null {
  const say = (state: Word['state'], sentence: string, remedy: Word['remedy']): Word => ({
    ...{ state, sentence, remedy },
    since: row.status === 'reauth_required' ? row.lastSuccessAt : null,
  })
  const reason = row.statusReason === null ? '' : `: ${row.statusReason}`
  if (row.status === 'disconnected') {
    const text = 'Connect it again; it goes on where it stopped, and no order is made twice.'
    return say('disconnected', 'Disconnected. Its orders and history stay.', { action: 'reconnect', text })
  }
  if (row.status === 'reauth_required') {
    const sentence = `${title} refuses our sign-in${reason}. Nothing is read or written until you sign in again; orders made since are fetched then.`
    return say('sign_in_needed', sentence, { action: 'sign_in', text: `Sign in to ${title}` })
  }
  if (row.status === 'paused') {
    const sentence = `Paused${reason === '' ? '' : ` (${row.statusReason})`}. What arrives is kept, and waits.`
    return say('paused', sentence, { action: 'resume', text: 'Go on' })
  }
  const missing = row.missingScopes ?? []
  if (missing.length === 0) return null
  const text = `Sign in to ${title} again and grant ${missing.join(', ')}.`
  return say('sign_in_needed', `${title} no longer lets us do all that is needed: ${missing.join(', ')} is missing.`, {
    ...{ action: 'grant_scopes', text },
  })
}

function unreachable(row: Row, title: string, now: Date): Word | null {
  const heardAt = row.lastSuccessAt ?? row.createdAt
  const unheardFor = now.getTime() - heardAt.getTime()
  const word = (sentence: string): Word => ({ state: 'unreachable', sentence, remedy: null, since: heardAt })
  if (row.lastError !== null && unheardFor > failingMs)
    return word(`${title} does not answer as it should: ${row.lastError}`)
  return unheardFor > unheardMs
    ? word('Nothing was heard of it lately: the worker that reads it may not be running.')
    : null
}

const modeWords = {
  off: ['watching', 'Watching only: its orders are read, nothing is written.'],
  shadow: ['watching', 'Watching only: its orders are read, and what would be written is worked out.'],
  canary: ['canary', ''],
  on: ['connected', 'Everything arrives.'],
} as const

function working(row: Row, health: Pick<ShownHealth, 'webhooks' | 'lag'>, silence: Silence | null): Word {
  const [mode, said] = modeWords[row.writeMode]
  const skus = row.canarySkus.length
  const base = row.writeMode === 'canary' ? `Live for ${skus} ${skus === 1 ? 'SKU' : 'SKUs'}.` : said
  const late = (health.lag?.p95Ms ?? 0) > slowMs || row.pendingMessages >= manyMessages
  const state = late ? 'slow' : mode
  const { state: heard, problems } = health.webhooks
  if (heard === 'missing' || heard === 'disabled' || heard === 'wrong_address') {
    const sentence = `Its webhooks need repair${problems[0] === undefined ? '' : ` (${problems[0]})`}. Orders still come by polling.`
    return { state, sentence, remedy: { action: 'repair_webhooks', text: 'Repair now' }, since: row.webhooksCheckedAt }
  }
  if (silence?.isSilent) {
    const text = 'Place a test order there, or do nothing if no sales are to be expected.'
    return { state, sentence: silence.sentence, remedy: { action: 'check_shop', text }, since: row.lastOrderSeenAt }
  }
  const sentence = late ? `${base} It is slow: changes take longer than usual to get through.` : base
  const remedy = mode === 'watching' ? ({ action: 'go_live', text: 'Compare, then switch it on' } as const) : null
  return { state, sentence: sentence.trim(), remedy, since: null }
}

/** The value below which this share of them lies. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function lagOf({ lagsMs, lagAt }: Row): ShownHealth['lag'] {
  if (lagsMs === null || lagsMs.length === 0 || lagAt === null) return null
  const sorted = [...lagsMs].sort((a, b) => a - b)
  return { p50Ms: quantile(sorted, 0.5), p95Ms: quantile(sorted, 0.95), at: lagAt.toISOString() }
}

/** How a connection is, by what was seen of it and when. Pure; the worst thing that is known is what the sentence says. */
export function healthOf(row: Row, manifest: Manifest | undefined, now: Date): ShownHealth {
  const title = manifest?.title ?? row.connector
  const webhooks = webhooksOf(row, manifest, now)
  const lag = lagOf(row)
  const silence = row.status === 'active' && manifest?.role === 'channel' ? silenceOf(row, now) : null
  const word = stopped(row, title) ?? unreachable(row, title, now) ?? working(row, { webhooks, lag }, silence)
  const { budgetLeft, budgetPerSecond, budgetAt } = row
  const budget =
    budgetLeft === null || budgetPerSecond === null || budgetAt === null
      ? null
      : { left: Math.floor(budgetLeft), perSecond: budgetPerSecond, at: budgetAt.toISOString() }
  return {
    ...{ state: word.state, sentence: word.sentence, remedy: word.remedy, since: showTimeOrNull(word.since) },
    lastOrderSeenAt: showTimeOrNull(row.lastOrderSeenAt),
    lastSuccessAt: showTimeOrNull(row.lastSuccessAt),
    ...{ webhooks, lag, budget },
    login: { expiresAt: showTimeOrNull(row.loginExpiresAt), renews: manifest?.auth.refresh === 'rotating' },
    missingScopes: [...(row.missingScopes ?? [])],
    drift: { listings: row.listingsAdrift },
    silent:
      silence === null
        ? null
        : {
            ...{ isSilent: silence.isSilent, since: silence.since.toISOString() },
            ...{ usualGapS: silence.usualGapS, alarmAfterS: silence.alarmAfterS },
          },
  }
}
