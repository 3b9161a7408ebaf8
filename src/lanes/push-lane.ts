import { noteLags } from '../connections/note-evidence.ts'
import { noteContact } from '../connections/open-connection.ts'
import { ChannelError, type InventoryCommand, type ItemResult } from '../connector-kit/index.ts'
import { decidePush } from '../inventory/decide-push.ts'
import {
  absorbChanges,
  claimListings,
  type DueListing,
  type ListingView,
  markConfirmed,
  markLooked,
  markPushed,
  markRefused,
  markRetry,
  markSeen,
  markSending,
  nextLookMs,
  type PushRow,
  recheckInFlight,
  viewListings,
} from '../inventory/push-rows.ts'
import { raiseExceptions, resolveExceptions } from '../journal/record.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'

const recheckMs = 15 * 60_000
const absorbsMax = 50
const catchUpMs = 500
/** Of a shop with more changes than a turn takes, reading back waits: most of it then comes with the next write. */
const busyProofMs = 1_000
/** A listing that the channel refuses waits for a person's mend there. */
const spoiledMs = 10 * 60_000
/** Listings of one batch that may each be refused before the shop itself is to blame. */
const blamedMax = 10
const pollAfterMs = 1_000
/** A listing whose first number waits for a poll is looked at so often. */
const firstLookMs = 1_500
const done: Turn = { again: false, dueInMs: null }

interface Planned {
  readonly row: PushRow
  readonly due: DueListing
  readonly changeFrom: number
}
interface Plan {
  readonly writes: readonly Planned[]
  readonly settled: readonly PushRow[]
  readonly notStocked: readonly string[]
  /** Looked at for the first time. */
  readonly looked: readonly { readonly listingId: string; readonly version: string; readonly shown: number }[]
  /** Looked at before, and no poll has passed since. */
  readonly waiting: readonly string[]
  readonly drifts: readonly { readonly listingId: string; readonly units: number }[]
  /** To be raised when the ledger has caught up with what was acknowledged. */
  readonly postponed: readonly string[]
  /** Looked at again, and found as they were left. */
  readonly calm: readonly string[]
  /** Of what was read back now. */
  readonly lagsMs: readonly number[]
  /** Units sold there that have not reached us: the shop must be polled. */
  readonly unseen: number
}

/**
 * One pass: take the ledger's changes in, read what the channel shows, decide, write what differs. A write is not
 * done when it was answered but when a later pass reads it back, so a dropped write is simply written again.
 */
export async function runPush(shift: Shift): Promise<Turn> {
  const { connector, compares } = shift.connection
  const { inventory, manifest } = connector
  if (!inventory || !manifest.inventory || !compares) return done
  const limit = manifest.inventory.batchMax
  const due = await shift.tenant(async (tx) => {
    if (shift.lease.tookOver) await recheckInFlight(tx, shift.lease.connectionId, shift.lease.lengthMs)
    for (let n = 0; n < absorbsMax && (await absorbChanges(tx, shift.lease.connectionId)); n++);
    return claimListings(tx, shift.lease.connectionId, limit)
  })
  if (due.length === 0) return nextLook(shift)
  const { mine, watched } = Object.groupBy(due, (listing) => (isWritten(shift, listing) ? 'mine' : 'watched'))
  const held = watched === undefined ? null : await watch(shift, watched)
  if (held !== null) return held
  const turn = mine === undefined ? done : await pass(shift, mine, { left: blamedMax })
  if (turn.holdMs !== undefined) return turn
  const full = due.length === limit
  return turn.again || full ? { again: true, dueInMs: null, full } : nextLook(shift)
}

const isWritten = ({ connection }: Shift, { sku }: DueListing): boolean =>
  connection.writes && (connection.canarySkus === null || (sku !== null && connection.canarySkus.has(sku)))

/** Only notes what the channel shows. Null: it went well. */
async function watch(shift: Shift, due: readonly DueListing[]): Promise<Turn | null> {
  const { connectionId } = shift.lease
  try {
    const targets = due.map(({ target }) => target)
    const shown = await shift.connection.connector.inventory?.read(shift.call(), targets)
    await shift.tenant(async (tx) => {
      const seen = due.flatMap(({ listingId, target }) => {
        const quantity = shown?.get(target)
        return quantity === undefined ? [] : [{ listingId, shown: quantity }]
      })
      const silent = due.filter(({ target }) => shown?.get(target) === undefined)
      await markSeen(tx, connectionId, seen, recheckMs)
      const error = 'the channel did not say what it shows'
      await markRetry(
        tx,
        connectionId,
        silent.map(({ listingId }) => ({ listingId, dueInMs: 60_000, error })),
      )
      await noteContact(tx, connectionId, null)
    })
    return null
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    if (!ofOne.has(error.kind)) return passFailed(shift, due, error)
    await retryLater(shift, due, error, spoiledMs)
    return null
  }
}

/** Kinds of failure that one listing can cause for its whole batch. */
const ofOne: ReadonlySet<string> = new Set(['invalid', 'unsupported', 'not_found'])

/** Reads, decides and writes. A batch that one listing spoils is halved until it stands alone; when many do, it is the shop. */
async function pass(shift: Shift, due: readonly DueListing[], blame: { left: number }): Promise<Turn> {
  const { inventory } = shift.connection.connector
  if (!inventory) return done
  try {
    const shown = await inventory.read(
      shift.call(),
      due.map((d) => d.target),
    )
    const plan = await planPass(shift, due, shown)
    if (plan.unseen + plan.looked.length + plan.waiting.length > 0)
      setTimeout(() => shift.wake({ ...shift.lease, kind: 'poll' }), pollAfterMs).unref()
    await sendWrites(
      shift,
      plan,
      due.length < (shift.connection.connector.manifest.inventory?.batchMax ?? 0) ? 0 : busyProofMs,
    )
    return { again: plan.writes.length > 0, dueInMs: null }
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    if (!ofOne.has(error.kind) || blame.left === 0) return passFailed(shift, due, error)
    if (due.length === 1) {
      blame.left--
      await retryLater(shift, due, error, spoiledMs)
      return done
    }
    const half = due.length >> 1
    const first = await pass(shift, due.slice(0, half), blame)
    if (first.holdMs !== undefined) return first
    const second = await pass(shift, due.slice(half), blame)
    return second.holdMs !== undefined ? second : { again: first.again || second.again, dueInMs: null }
  }
}

const nextLook = async (shift: Shift): Promise<Turn> => ({
  again: false,
  dueInMs: await shift.tenant((tx) => nextLookMs(tx, shift.lease.connectionId)),
})

/** Reads the ledger after the channel, in one snapshot, and writes down what is about to be sent before it is. */
async function planPass(
  shift: Shift,
  due: readonly DueListing[],
  shown: ReadonlyMap<string, number | null>,
): Promise<Plan> {
  const known = due.filter((d) => shown.has(d.target))
  return shift.tenant(async (tx) => {
    const views = await viewListings(
      tx,
      shift.lease.connectionId,
      known.map((d) => d.listingId),
      shift.connection.connector.manifest.orders?.indexLagS,
    )
    const { inventory, orders } = shift.connection.connector.manifest
    // Where no orders are polled, waiting for one would never end.
    const provable = orders ? views : views.map((view) => ({ ...view, first: false }))
    const plan = decideAll(provable, known, shown, inventory?.quantityMax ?? 999_999)
    // With nothing to write, having read is all the contact there is.
    if (plan.writes.length === 0) await noteContact(tx, shift.lease.connectionId, null)
    await markSending(
      tx,
      shift.lease.connectionId,
      plan.writes.map((w) => w.row),
    )
    await markConfirmed(tx, shift.lease.connectionId, plan.settled, recheckMs)
    await noteLags(tx, shift.lease.connectionId, plan.lagsMs)
    const unknown = due
      .filter((d) => !shown.has(d.target))
      .map((d) => ({ listingId: d.listingId, dueInMs: 5_000, error: 'the channel did not say what it shows' }))
    const absent = plan.notStocked.map((listingId) => ({
      listingId,
      dueInMs: 10 * 60_000,
      error: 'the channel does not track stock of this listing at the chosen location; activate it there',
    }))
    const early = plan.postponed.map((listingId) => ({ listingId, dueInMs: catchUpMs, error: null }))
    const unproven = plan.waiting.map((listingId) => ({ listingId, dueInMs: firstLookMs, error: null }))
    await markLooked(tx, shift.lease.connectionId, plan.looked, firstLookMs)
    await markRetry(tx, shift.lease.connectionId, [...unknown, ...absent, ...early, ...unproven])
    await raiseExceptions(
      tx,
      plan.drifts
        .filter((d) => d.units < 0)
        .map((d) => ({
          kind: 'stock_drift',
          dedupeKey: `drift.${d.listingId}`,
          subjectKind: 'listing',
          subjectId: d.listingId,
          detail: { units: d.units },
        })),
    )
    await resolveExceptions(
      tx,
      plan.calm.map((listingId) => `drift.${listingId}`),
    )
    return plan
  })
}

function decideAll(
  views: readonly ListingView[],
  due: readonly DueListing[],
  shown: ReadonlyMap<string, number | null>,
  quantityMax: number,
): Plan {
  const targets = new Map(due.map((d) => [d.listingId, d]))
  const plan = {
    writes: [] as Planned[],
    settled: [] as PushRow[],
    notStocked: [] as string[],
    looked: [] as { listingId: string; version: string; shown: number }[],
    waiting: [] as string[],
    drifts: [] as { listingId: string; units: number }[],
    postponed: [] as string[],
    calm: [] as string[],
    lagsMs: [] as number[],
    unseen: 0,
  }
  for (const view of views) {
    const listing = targets.get(view.listingId)
    if (!listing) continue
    const inFlight =
      view.inFlightQty === null
        ? null
        : { quantity: view.inFlightQty, unseen: view.inFlightUnseen, salesSince: view.inFlightSalesSince }
    const decision = decidePush({
      ...view,
      quantity: Math.min(view.quantity, quantityMax),
      shown: shown.get(listing.target) ?? null,
      inFlight,
      salesSinceLook: view.inFlightSalesSince,
    })
    if (decision.kind === 'not_stocked' || decision.kind === 'look' || decision.kind === 'wait') {
      putOff(plan, decision.kind, view, shown.get(listing.target) ?? 0)
      continue
    }
    plan.unseen += decision.unseen
    if (decision.kind === 'write' && decision.target > decision.changeFrom && view.importsBehind) {
      plan.postponed.push(view.listingId)
      continue
    }
    if (decision.drift !== 0 && view.pollHasPassed)
      plan.drifts.push({ listingId: view.listingId, units: decision.drift })
    const qty = decision.kind === 'write' ? decision.target : decision.shown
    const believed = decision.kind === 'write' && (inFlight !== null || view.first) ? decision.believed : null
    const { unseen, newlyMissing } = decision
    const row = { listingId: view.listingId, version: view.version.toString(), qty, unseen, newlyMissing, believed }
    // Reading back our own write proves nothing about what others do there; a look long after it does.
    if (decision.kind === 'settled' && decision.drift === 0 && view.attempts === 0) plan.calm.push(view.listingId)
    if (decision.kind === 'settled' && view.behindMs !== null) plan.lagsMs.push(view.behindMs)
    if (decision.kind === 'settled') plan.settled.push(row)
    else plan.writes.push({ row, due: listing, changeFrom: decision.changeFrom })
  }
  // Less stock first: what must come off sale waits for nothing.
  plan.writes.sort((a, b) => a.row.qty - a.changeFrom - (b.row.qty - b.changeFrom))
  return plan
}

function putOff(
  plan: { readonly notStocked: string[]; readonly looked: Plan['looked'][number][]; readonly waiting: string[] },
  why: 'not_stocked' | 'look' | 'wait',
  { listingId, version }: ListingView,
  shown: number,
): void {
  if (why === 'not_stocked') plan.notStocked.push(listingId)
  else if (why === 'wait') plan.waiting.push(listingId)
  else plan.looked.push({ listingId, version: version.toString(), shown })
}

async function sendWrites(shift: Shift, plan: Plan, proofMs: number): Promise<void> {
  const { inventory } = shift.connection.connector
  if (plan.writes.length === 0 || !inventory) return
  const commands = plan.writes.map(
    (w): InventoryCommand => ({
      key: shift.ports.ids.uuid(),
      target: w.due.target,
      available: w.row.qty,
      changeFrom: w.changeFrom,
    }),
  )
  const listingOf = new Map(commands.map((c, n) => [c.key, plan.writes[n]?.row.listingId ?? '']))
  await shift.ports.failpoints.hit('push.before_call')
  const results = await inventory.push(shift.call(), commands).catch(async (error: unknown) => {
    if (error instanceof ChannelError && isCertain(shift, error))
      await shift.tenant((tx) => markRefused(tx, shift.lease.connectionId, [...listingOf.values()]))
    throw error
  })
  await shift.ports.failpoints.hit('push.after_call')
  const took = results.filter((r) => r.outcome !== 'failed')
  shift.metrics.pushCalls.inc({
    connector: shift.connection.connector.manifest.kind,
    outcome: took.length === results.length ? 'ok' : 'partial',
  })
  await shift.tenant(async (tx) => {
    await noteContact(tx, shift.lease.connectionId, null)
    await markPushed(
      tx,
      shift.lease.connectionId,
      took.map((r) => listingOf.get(r.key) ?? ''),
      proofMs,
    )
    await markRefused(
      tx,
      shift.lease.connectionId,
      results.flatMap((r) => (r.outcome === 'failed' && isCertain(shift, r.error) ? [listingOf.get(r.key) ?? ''] : [])),
    )
    await markRetry(
      tx,
      shift.lease.connectionId,
      results.flatMap((r) => retryOf(r, listingOf.get(r.key) ?? '')),
    )
  })
}

const certain: ReadonlySet<string> = new Set([
  'rate_limited',
  'quota_exhausted',
  'auth_expired',
  'auth_revoked',
  'forbidden',
  'not_found',
  'not_ready',
  'invalid',
  'unsupported',
])

/** True when such a failure leaves nothing on its way. Without compare-and-set a conflict is only seen after the write. */
const isCertain = (shift: Shift, error: ChannelError): boolean =>
  certain.has(error.kind) ||
  (error.kind === 'conflict' && shift.connection.connector.manifest.inventory?.compareAndSet === true)

/** A stale compare value is read again at once, and the number computed anew from what is read: never the old number with a new compare value. */
function retryOf(
  result: ItemResult,
  listingId: string,
): { listingId: string; dueInMs: number; error: string | null }[] {
  if (result.outcome !== 'failed') return []
  const { kind, message, info } = result.error
  const dueInMs =
    kind === 'conflict' ? 0 : kind === 'invalid' || kind === 'unsupported' ? 10 * 60_000 : (info.retryAfterMs ?? 1_000)
  return [{ listingId, dueInMs, error: kind === 'conflict' ? null : `${kind}: ${message}`.slice(0, 500) }]
}

function retryLater(shift: Shift, due: readonly DueListing[], error: ChannelError, dueInMs: number): Promise<void> {
  const words = `${error.kind}: ${error.message}`.slice(0, 500)
  const late = isCertain(shift, error) ? {} : { lateMs: shift.lease.lengthMs }
  return shift.tenant((tx) =>
    markRetry(
      tx,
      shift.lease.connectionId,
      due.map(({ listingId }) => ({ listingId, dueInMs, error: words, ...late })),
    ),
  )
}

/** Nothing is known to have happened, or not whether it did: the rows say what was on its way, and the next pass reads before it writes. */
async function passFailed(shift: Shift, due: readonly DueListing[], error: ChannelError): Promise<Turn> {
  const dueInMs = error.info.retryAfterMs ?? 1_000
  await retryLater(shift, due, error, dueInMs)
  await noteContactOf(shift, error)
  shift.metrics.pushCalls.inc({ connector: shift.connection.connector.manifest.kind, outcome: error.kind })
  shift.log.warn(
    { kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId, nextMs: dueInMs },
    'stock.push-failed',
  )
  return error.kind === 'auth_revoked' ? done : waitOf(error, 1_000)
}
