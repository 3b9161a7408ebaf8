import { createHash } from 'node:crypto'
import { ChannelError } from '../connector-kit/index.ts'
import {
  claimFound,
  type Effect,
  findDue,
  recallEffects,
  requestsUnderWay,
  type Settlement,
  settleEffects,
} from '../effects/effects.ts'
import { type FrozenRow, freezeFile, frozenFiles, markFile, nextSequence } from '../fulfillment/partner-files.ts'
import { changeStates, moveLines } from '../fulfillment/request-state.ts'
import { cancelRequestsFor, type Submitted, submitRequests } from '../fulfillment/submit-requests.ts'
import { holdClock } from '../inventory/clock.ts'
import { markHanded } from '../inventory/hand-off.ts'
import { raiseExceptions, recordEvents, resolveExceptions } from '../journal/record.ts'
import { lockOrders } from '../orders/lock-orders.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift } from './deps.ts'

const done: Turn = { again: false, dueInMs: null }
const kinds = ['request', 'request_cancel'] as const
/** After this many tries a person is told, and what cannot be proven is given up; */
const attemptsAlarm = 20
/** an outage is waited out for days. */
const attemptsMax = 2_000
const cancelWaitMs = 1_000
const numberOf = (effect: Effect): unknown => effect.intent['request'] ?? effect.dedupeKey

interface Outgoing {
  readonly file: FrozenRow
  readonly effects: readonly Effect[]
  /** Frozen before this turn: it may be there already. */
  readonly seenBefore: boolean
}

/**
 * Asks a 3PL to ship, or to stop. Requests are frozen into one file with its name before anything is sent; from that
 * commit on their units count as handed off. A resend puts the same bytes under the same name.
 */
export async function runRequests(shift: Shift): Promise<Turn> {
  const { files, manifest } = shift.connection.connector
  if (!files || !manifest.requests || !shift.connection.writes) return done
  const batchMax = manifest.requests.batchMax
  const { effects, outgoing } = await shift.tenant(async (tx) => {
    if (shift.lease.tookOver) await recallEffects(tx, shift.lease.connectionId)
    const found = await findDue(tx, shift.lease.connectionId, kinds, batchMax)
    if (found.length === 0) return { effects: [], outgoing: [] }
    // The house's order of locks. Hand-off and a count that takes reservations back must not pass one another.
    await lockOrders(
      tx,
      found.map((f) => f.orderId),
    )
    await holdClock(tx)
    const effects = await claimFound(tx, found)
    return { effects, outgoing: await prepare(shift, tx, effects) }
  })
  let wait: number | null = null
  for (const file of outgoing) {
    const dueInMs = await send(shift, file)
    if (dueInMs !== null) wait = Math.min(wait ?? dueInMs, dueInMs)
  }
  return { again: effects.length === batchMax, dueInMs: wait }
}

/** Freezes what is new, finds again what was frozen, and raises the alarm for what the partner has not answered. */
async function prepare(shift: Shift, tx: Tx, effects: readonly Effect[]): Promise<Outgoing[]> {
  const overdue = effects.filter((e) => e.state === 'accepted')
  await alarm(shift, tx, overdue)
  const frozen = effects.filter((e) => e.state !== 'accepted' && e.fileId !== null)
  const rows = await frozenFiles(tx, [...new Set(frozen.map((e) => e.fileId ?? ''))])
  const again = rows.map((file) => ({
    file,
    effects: frozen.filter((e) => e.fileId === file.fileId),
    seenBefore: true,
  }))
  const fresh = effects.filter((e) => e.state !== 'accepted' && e.fileId === null)
  const sendable = await holdEarlyCancels(tx, fresh)
  return sendable.length === 0 ? again : [...again, ...(await freeze(shift, tx, sendable))]
}

/** A cancel that overtook its request would be answered "unknown", and the request shipped after it. */
async function holdEarlyCancels(tx: Tx, fresh: readonly Effect[]): Promise<Effect[]> {
  const cancels = fresh.filter((e) => e.kind === 'request_cancel')
  const underWay = await requestsUnderWay(
    tx,
    cancels.map((e) => e.subjectId),
  )
  const early = cancels.filter((e) => underWay.has(e.subjectId))
  await settleEffects(
    tx,
    early.map(({ effectId }): Settlement => ({ effectId, state: 'pending', dueInMs: cancelWaitMs, uncounted: true })),
  )
  return fresh.filter((e) => !early.includes(e))
}

async function freeze(shift: Shift, tx: Tx, fresh: readonly Effect[]): Promise<Outgoing[]> {
  const { connector } = shift.connection
  const of = (kind: Effect['kind']) => fresh.filter((e) => e.kind === kind).map((e) => e.subjectId)
  const ships = await submitRequests(tx, of('request'), connector.manifest.requests?.ackWithinS ?? 3_600)
  await markHanded(
    tx,
    ships.flatMap((s) => s.units),
    1,
  )
  const requests: Submitted[] = [...ships, ...(await cancelRequestsFor(tx, of('request_cancel')))]
  const alive = new Set(requests.map((r) => r.fulfillmentOrderId))
  const moot = fresh.filter((e) => !alive.has(e.subjectId))
  await settleEffects(
    tx,
    moot.map(
      (e): Settlement => ({ effectId: e.effectId, state: 'refused', reason: 'no longer wanted when its turn came' }),
    ),
  )
  const { files, unwritable } = encodeAll(shift, requests, await nextSequence(tx, shift.connection.connectionId))
  await keepBack(tx, fresh, unwritable)
  const outgoing: Outgoing[] = []
  for (const file of files) outgoing.push(await freezeOne(shift, tx, file, fresh))
  return outgoing
}

interface Encoded {
  readonly sequence: number
  readonly name: string
  readonly bytes: Uint8Array
  readonly requests: readonly Submitted[]
}
interface Unwritable {
  readonly request: Submitted
  readonly reason: string
}

/** One file where possible. Requests that cannot be written are told apart, or one would hold back all others for ever. */
function encodeAll(
  shift: Shift,
  requests: readonly Submitted[],
  sequence: number,
): { readonly files: Encoded[]; readonly unwritable: Unwritable[] } {
  const write = (some: readonly Submitted[]) =>
    shift.connection.connector.files?.encode(
      some.map((r) => r.request),
      { sequence, now: shift.ports.clock.now(), settings: shift.connection.settings },
    )
  if (requests.length === 0) return { files: [], unwritable: [] }
  try {
    const file = write(requests)
    return { files: file ? [{ ...file, sequence, requests }] : [], unwritable: [] }
  } catch (cause) {
    const unwritable = requests.flatMap((request): Unwritable[] => {
      try {
        write([request])
        return []
      } catch (error) {
        return [
          { request, reason: error instanceof ChannelError ? error.message.slice(0, 500) : 'it cannot be written' },
        ]
      }
    })
    if (unwritable.length === 0 && requests.length === 1) throw cause
    const bad = new Set(unwritable.map((u) => u.request))
    const good = requests.filter((r) => !bad.has(r))
    if (bad.size > 0) return { ...encodeAll(shift, good, sequence), unwritable }
    // Right one by one, too much together.
    const first = encodeAll(shift, good.slice(0, good.length >> 1), sequence)
    const rest = encodeAll(shift, good.slice(good.length >> 1), sequence + first.files.length)
    return { files: [...first.files, ...rest.files], unwritable: [...first.unwritable, ...rest.unwritable] }
  }
}

/** What cannot be written stays ours: its units come back into our reach, and a person mends it and asks again. */
async function keepBack(tx: Tx, fresh: readonly Effect[], unwritable: readonly Unwritable[]): Promise<void> {
  if (unwritable.length === 0) return
  const ships = unwritable.filter((u) => u.request.request.kind === 'ship')
  const units = ships.flatMap(({ request }) =>
    request.units.map((u) => ({ ...u, fulfillmentOrderId: request.fulfillmentOrderId, column: 'rejected' as const })),
  )
  await markHanded(tx, units, -1)
  await changeStates(
    tx,
    ships.map(({ request, reason }) => ({
      fulfillmentOrderId: request.fulfillmentOrderId,
      requestStatus: 'rejected' as const,
      status: 'incomplete' as const,
      reason,
    })),
  )
  await moveLines(tx, units)
  const reasons = new Map(unwritable.map((u) => [u.request.fulfillmentOrderId, u.reason]))
  const effects = fresh.filter((e) => reasons.has(e.subjectId))
  const reasonOf = (e: Effect) => reasons.get(e.subjectId) ?? ''
  await settleEffects(
    tx,
    effects.map((e): Settlement => ({ effectId: e.effectId, state: 'dead', reason: reasonOf(e) })),
  )
  await raiseExceptions(
    tx,
    effects.map((e) => ({
      kind: 'effect_failed',
      dedupeKey: `effect.${e.effectId}`,
      subjectKind: 'order',
      subjectId: e.orderId,
      detail: { request: numberOf(e), reason: reasonOf(e) },
    })),
  )
}

async function freezeOne(shift: Shift, tx: Tx, encoded: Encoded, fresh: readonly Effect[]): Promise<Outgoing> {
  const { connectionId } = shift.connection
  const { sequence, requests } = encoded
  const alive = new Set(requests.map((r) => r.fulfillmentOrderId))
  const sha256 = createHash('sha256').update(encoded.bytes).digest()
  const fileId = await freezeFile(tx, shift.ports.ids, {
    connectionId,
    name: encoded.name,
    bytes: encoded.bytes,
    sha256,
    sequence,
    requests: requests.length,
  })
  const effects = fresh.filter((e) => alive.has(e.subjectId)).map((e) => ({ ...e, fileId }))
  await tx.rows('update effect set file_id = $3 where merchant_id = $1 and effect_id = any($2::uuid[])', [
    tx.merchantId,
    effects.map((e) => e.effectId),
    fileId,
  ])
  return {
    file: { fileId, name: encoded.name, size: encoded.bytes.length, bytes: Buffer.from(encoded.bytes) },
    effects,
    seenBefore: false,
  }
}

/** The ack clock: a partner that is silent is shown to a person. Never a resend under a new name: that is how duplicates are made. */
async function alarm(shift: Shift, tx: Tx, overdue: readonly Effect[]): Promise<void> {
  const ackMs = (shift.connection.connector.manifest.requests?.ackWithinS ?? 3_600) * 1_000
  await settleEffects(
    tx,
    overdue.map(
      (e): Settlement => ({
        effectId: e.effectId,
        state: 'accepted',
        dueInMs: ackMs,
        reason: 'the partner has not answered in time',
      }),
    ),
  )
  await raiseExceptions(
    tx,
    overdue.map((e) => ({
      kind: 'ack_overdue',
      dedupeKey: `ack.${e.subjectId}`,
      subjectKind: 'order',
      subjectId: e.orderId,
      detail: { request: numberOf(e), effect: e.kind },
    })),
  )
}

async function send(shift: Shift, { file, effects, seenBefore }: Outgoing): Promise<number | null> {
  const { files, manifest } = shift.connection.connector
  try {
    const there = seenBefore && (await files?.find(shift.call(), { name: file.name, size: file.size })) === 'present'
    await shift.ports.failpoints.hit('request.before_call')
    if (!there) await files?.put(shift.call(), { name: file.name, bytes: file.bytes })
    await shift.ports.failpoints.hit('request.after_call')
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    return sendFailed(shift, { file, effects, seenBefore }, error)
  }
  const ackMs = (manifest.requests?.ackWithinS ?? 3_600) * 1_000
  await shift.tenant(async (tx) => {
    await markFile(tx, file.fileId, 'delivered')
    await settleEffects(
      tx,
      effects.map(
        (e): Settlement => ({ effectId: e.effectId, state: 'accepted', externalRef: file.name, dueInMs: ackMs }),
      ),
    )
    await resolveExceptions(
      tx,
      effects.map((e) => `effect.${e.effectId}`),
    )
    await recordEvents(
      tx,
      'hub',
      effects.map((e) => ({
        orderId: e.orderId,
        kind: e.kind === 'request' ? 'request.sent' : 'request.cancel_sent',
        cause: { kind: 'effect', id: e.effectId },
        data: { request: numberOf(e), file: file.name },
      })),
    )
  })
  await noteContactOf(shift, null)
  shift.metrics.pushCalls.inc({ connector: manifest.kind, outcome: 'ok' })
  return null
}

/** The same file again later. Where its fate stays unknown and it cannot be found, a person is asked: partners take files away. */
async function sendFailed(shift: Shift, { file, effects }: Outgoing, error: ChannelError): Promise<number> {
  const tries = Math.max(...effects.map((e) => e.attempts))
  const dueInMs = error.info.retryAfterMs ?? Math.min(60_000, 500 * 2 ** Math.min(tries, 7))
  const reason = `${error.kind}: ${error.message}`.slice(0, 500)
  const unknown = error.kind === 'outcome_unknown'
  const over = error.kind === 'invalid' || tries >= attemptsMax || (unknown && tries >= attemptsAlarm)
  await shift.tenant(async (tx) => {
    const state = over ? (unknown ? 'unverifiable' : 'dead') : unknown ? 'unknown' : 'pending'
    await settleEffects(
      tx,
      effects.map((e): Settlement => ({ effectId: e.effectId, state, reason, dueInMs })),
    )
    if (over || tries >= attemptsAlarm) {
      if (over && unknown) await markFile(tx, file.fileId, 'unverifiable')
      await raiseExceptions(
        tx,
        effects.map((e) => ({
          kind: 'effect_failed',
          dedupeKey: `effect.${e.effectId}`,
          subjectKind: 'order',
          subjectId: e.orderId,
          detail: { request: numberOf(e), file: file.name, reason },
        })),
      )
    }
  })
  await noteContactOf(shift, error)
  shift.log.warn(
    { kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId, nextMs: dueInMs },
    'request.send-failed',
  )
  return dueInMs
}
