import { noteBudget } from '../connections/note-evidence.ts'
import { noteContact, type OpenConnection, openConnection } from '../connections/open-connection.ts'
import type { Allowance, ChannelError, Connector, Ctx } from '../connector-kit/index.ts'
import { raiseExceptions } from '../journal/record.ts'
import type { KeyRing } from '../platform/base/key-ring.ts'
import type { Clock, Ports } from '../platform/base/ports.ts'
import { fence, type LaneKey } from '../platform/db/lane.ts'
import type { Db } from '../platform/db/pool.ts'
import { retrying, type Tx, withTenantTx } from '../platform/db/tx.ts'
import type { Log } from '../platform/observe/log.ts'
import type { Metrics } from '../platform/observe/metrics.ts'
import type { HeldLease, Turn } from '../platform/work/runner.ts'

/** What every lane is given. */
export interface LaneDeps {
  readonly db: Db
  readonly ports: Ports
  readonly log: Log
  readonly metrics: Metrics
  readonly connectors: ReadonlyMap<string, Connector>
  readonly keys: KeyRing
  /** Where channels deliver: the hub's own address. */
  readonly publicUrl: string
  ctx(connection: OpenConnection, lease: HeldLease): Ctx
  /** What is left of the connection's first rate budget, where that is known. */
  budgetLeft?(connection: OpenConnection): Pick<Allowance, 'available' | 'perSecond'> | null
  /** Wakes one lane, here or in another process. */
  wake(key: LaneKey): void
  /** Wakes lanes of these kinds of all the merchant's connections. */
  wakeAll(merchantId: string, kinds: readonly string[]): void
}

/** One turn of one lane: its lease, its connection, and transactions that are fenced by it. */
export interface Shift extends LaneDeps {
  readonly lease: HeldLease
  readonly connection: OpenConnection
  /** A transaction that begins with the fence; passing failures of the database are retried. */
  tenant<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** The kit's context for calls to the far side. */
  call(): Ctx
}

/** Opens a shift, or null when the connection has nothing to do. */
export async function openShift(deps: LaneDeps, lease: HeldLease): Promise<Shift | null> {
  const tenant = <T>(work: (tx: Tx) => Promise<T>) =>
    retrying(deps.ports.rng.unit, () =>
      withTenantTx(
        deps.db,
        lease.merchantId,
        async (tx) => {
          await fence(tx, lease)
          return work(tx)
        },
        { plansOnce: true },
      ),
    )
  const opened = await tenant(async (tx) => {
    const connection = await openConnection(tx, lease.connectionId, deps)
    const [row] = await tx.rows<{ now: Date }>('select now()')
    return connection && row ? { connection, now: row.now } : null
  })
  if (!opened) return null
  const { connection } = opened
  const ports = { ...deps.ports, clock: clockFrom(opened.now, deps.ports.clock) }
  return { ...deps, ports, lease, connection, tenant, call: () => deps.ctx(connection, lease) }
}

/** What was read when is compared between workers, so they go by one clock: the database's, carried on by time that never jumps. */
function clockFrom(now: Date, { ms }: Clock): Clock {
  const openedMs = ms()
  return { ms, now: () => new Date(now.getTime() + ms() - openedMs) }
}

/**
 * Writes what contact with the far side showed. A login that ended is renewed by its own lane; a revoked one stops the
 * connection's lanes until a person acts.
 */
export function noteContactOf(
  shift: Shift,
  failure: { readonly kind: string; readonly message: string } | null,
): Promise<void> {
  const { connectionId } = shift.lease
  return shift.tenant(async (tx) => {
    await noteContact(tx, connectionId, failure)
    // Once a minute is often enough.
    const left = shift.lease.kind === 'poll' ? shift.budgetLeft?.(shift.connection) : null
    if (left) await noteBudget(tx, connectionId, left)
    if (failure?.kind === 'auth_expired' && shift.lease.kind !== 'login') shift.wake({ ...shift.lease, kind: 'login' })
    if (failure?.kind !== 'auth_revoked') return
    const { manifest } = shift.connection.connector
    const detail = { connector: manifest.kind, reason: failure.message.slice(0, 500), mend: 'connect it again' }
    await raiseExceptions(tx, [
      {
        kind: 'connection_stopped',
        dedupeKey: `connection.${connectionId}`,
        subjectKind: 'connection',
        subjectId: connectionId,
        detail,
      },
    ])
  })
}

/** The turn after a failure of the far side: left alone for as long as it asked, or for `usualMs`. */
export function waitOf(error: ChannelError, usualMs: number): Turn {
  const ms = error.info.retryAfterMs ?? usualMs
  return { again: false, dueInMs: ms, holdMs: ms }
}
