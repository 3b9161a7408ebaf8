import { dueEffects } from '../effects/due.ts'
import { dueImports } from '../inbox/messages.ts'
import { duePushes } from '../inventory/due.ts'
import { dueLanes } from '../platform/db/lane.ts'
import type { LaneKind, Turn } from '../platform/work/runner.ts'
import { type LaneDeps, openShift, type Shift } from './deps.ts'
import { runEffects } from './effect-lane.ts'
import { runFiles } from './files-lane.ts'
import { runHealth } from './health-lane.ts'
import { runImport } from './import-lane.ts'
import { runListings } from './listings-lane.ts'
import { runLogin } from './login-lane.ts'
import { runPoll } from './poll-lane.ts'
import { runPush } from './push-lane.ts'
import { runRequests } from './request-lane.ts'

export type LaneName = 'import' | 'poll' | 'push.stock' | 'effect' | 'files' | 'listings' | 'health' | 'login'

/** Queues are named by who is slow, so that a throttled channel never delays a parcel or a file. */
export const queueOf: Readonly<Record<LaneName, string>> = {
  import: 'inbound',
  poll: 'channel-reads',
  listings: 'channel-reads',
  health: 'channel-reads',
  login: 'channel-reads',
  'push.stock': 'channel-stock',
  effect: 'outward',
  files: 'partner-files',
}
export const queues = [...new Set(Object.values(queueOf))]

export const lanesOfRole = {
  channel: ['import', 'poll', 'push.stock', 'effect', 'listings', 'health', 'login'],
  partner: ['import', 'effect', 'files', 'login'],
} as const satisfies Record<string, readonly LaneName[]>

/** The lanes that a wake of these kinds means for a connection of this role. */
export function lanesWoken(role: keyof typeof lanesOfRole, kinds: readonly string[]): LaneName[] {
  return lanesOfRole[role].filter(
    (lane) => kinds.includes(lane) || (role === 'partner' && lane === 'effect' && kinds.includes('request')),
  )
}

const listingsEveryS = 6 * 3_600
const healthEveryS = 15 * 60
const loginEveryS = 5 * 60
/** Rows of a connection that cannot work (no connector for it here) are due for ever; nobody must spin on them. */
const idleHoldMs = 5_000

/** How often a scheduled lane of a connection runs; null: it runs when there is work. */
export function everyMsOf(
  kind: LaneName,
  manifest: {
    readonly orders: { readonly pollEveryS: number } | null
    readonly files: { readonly pollEveryS: number } | null
  },
  override: number | null,
): number | null {
  if (kind === 'poll') return 1_000 * (override ?? manifest.orders?.pollEveryS ?? 300)
  if (kind === 'files') return 1_000 * (override ?? manifest.files?.pollEveryS ?? 60)
  if (kind === 'listings') return 1_000 * listingsEveryS
  if (kind === 'login') return 1_000 * loginEveryS
  return kind === 'health' ? 1_000 * healthEveryS : null
}

const manifestless = { orders: null, files: null }

/** What each kind of lane does, and how its due lanes are found without any wake-up. */
export function laneKinds(deps: LaneDeps, pollEveryS: number | null): LaneKind[] {
  const onShift =
    (run: (shift: Shift) => Promise<Turn>): LaneKind['work'] =>
    async (lease) => {
      const shift = await openShift(deps, lease)
      return shift ? run(shift) : { again: false, dueInMs: null, holdMs: idleHoldMs }
    }
  const busy = (kind: LaneName, run: (shift: Shift) => Promise<Turn>, due: LaneKind['due']): LaneKind => ({
    kind,
    concurrency: 4,
    scheduled: false,
    work: onShift(run),
    due,
  })
  const scheduled = (kind: LaneName, run: (shift: Shift) => Promise<Turn>, concurrency: number): LaneKind => {
    const usualMs = everyMsOf(kind, manifestless, pollEveryS) ?? 0
    const work = onShift(async (shift) => {
      const everyMs = everyMsOf(kind, shift.connection.connector.manifest, pollEveryS) ?? usualMs
      return { restMs: everyMs / 2, ...(await run(shift)) }
    })
    // A schedule that is late by its own length was lost with its queue.
    return {
      kind,
      concurrency,
      scheduled: true,
      work,
      due: (tx, olderMs, limit) => dueLanes(tx, [kind], limit, olderMs + usualMs),
    }
  }
  return [
    busy('import', runImport, dueImports),
    { ...busy('push.stock', runPush, duePushes), coalesces: true },
    busy(
      'effect',
      (shift) => (shift.connection.connector.manifest.role === 'partner' ? runRequests(shift) : runEffects(shift)),
      dueEffects,
    ),
    scheduled('poll', runPoll, 4),
    scheduled('files', runFiles, 2),
    scheduled('listings', runListings, 1),
    scheduled('health', runHealth, 2),
    scheduled('login', runLogin, 4),
  ]
}
