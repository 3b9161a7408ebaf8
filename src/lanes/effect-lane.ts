import {
  ChannelError,
  type Connector,
  type ErrorKind,
  type Outcome,
  type ShipmentCommand,
} from '../connector-kit/index.ts'
import {
  claimEffects,
  type Effect,
  type EffectKind,
  recallEffects,
  type Settlement,
  settleEffects,
} from '../effects/effects.ts'
import { type WholeOrder, wholeOrders } from '../fulfillment/whole-orders.ts'
import { raiseExceptions, recordEvents, resolveExceptions } from '../journal/record.ts'
import { lockOrders } from '../orders/lock-orders.ts'
import { LeaseLost } from '../platform/db/lane.ts'
import type { Turn } from '../platform/work/runner.ts'
import { cancelThere, endDueHolds, fetchCancelled, noteCancel } from './cancel-effects.ts'
import { noteContactOf, type Shift } from './deps.ts'

const perTurn = 25
/** After this many tries a person is told, and what cannot be proven is given up; */
const attemptsAlarm = 12
/** an outage is waited out for days. */
const attemptsMax = 1_000
const waitMsMax = 300_000
const confirmAfterMs = 300
/** After this long without finding it, an answered write counts as dropped and is sent again. */
const confirmTriesMs = 2_000
const done: Turn = { again: false, dueInMs: null }
/** Failures that concern the whole shop: the others need not be tried now. */
const ofTheShop: ReadonlySet<ErrorKind> = new Set(['rate_limited', 'quota_exhausted', 'auth_expired', 'auth_revoked'])

interface Carried {
  readonly settlement: Settlement
  readonly failure: ErrorKind | null
}

const kindsTaken = ({ shipments, cancellations }: Connector): EffectKind[] => [
  ...(shipments ? (['shipped'] as const) : []),
  ...(cancellations ? (['cancel'] as const) : []),
]

/**
 * Tells the shop what was shipped and what is to be cancelled, one at a time, each looked for before it is sent again and
 * read back after.
 */
export async function runEffects(shift: Shift): Promise<Turn> {
  await endDueHolds(shift)
  const kinds = kindsTaken(shift.connection.connector)
  if (kinds.length === 0 || !shift.connection.writes) return done
  const { claimed, whole } = await shift.tenant(async (tx) => {
    if (shift.lease.tookOver) await recallEffects(tx, shift.lease.connectionId)
    const claimed = await claimEffects(tx, shift.lease.connectionId, kinds, perTurn)
    return {
      claimed,
      whole: await wholeOrders(
        tx,
        claimed.map((effect) => effect.orderId),
      ),
    }
  })
  let wait: number | null = null
  for (const [at, effect] of claimed.entries()) {
    const { settlement, failure } = await carryOut(shift, effect, whole.get(effect.orderId))
    const stops = failure !== null && ofTheShop.has(failure)
    const dueInMs = settlement.dueInMs ?? 0
    await shift.tenant(async (tx) => {
      if (effect.kind === 'cancel') await lockOrders(tx, [effect.orderId])
      await settleEffects(tx, [settlement, ...(stops ? claimed.slice(at + 1).map((e) => putBack(e, dueInMs)) : [])])
      await noteOutcome(shift, tx, effect, settlement)
    })
    if (effect.kind === 'cancel' && settlement.state === 'confirmed') await fetchCancelled(shift, effect)
    if (stops) return { again: false, dueInMs, holdMs: dueInMs }
    if (settlement.dueInMs !== undefined) wait = Math.min(wait ?? dueInMs, dueInMs)
  }
  return { again: claimed.length === perTurn, dueInMs: wait }
}

const putBack = (effect: Effect, dueInMs: number): Settlement => ({
  effectId: effect.effectId,
  state: keep(effect),
  dueInMs,
  uncounted: effect.state === 'sending',
})

async function noteOutcome(
  shift: Shift,
  tx: Parameters<Parameters<Shift['tenant']>[0]>[0],
  effect: Effect,
  settlement: Settlement,
): Promise<void> {
  const cause = { kind: 'effect', id: effect.effectId } as const
  if (settlement.state === 'confirmed') {
    const { orderId, intent } = effect
    const [kind, data] =
      effect.kind === 'cancel' ? ['order.cancel_told', {}] : ['shipment.confirmed', { tracking: intent.tracking }]
    await recordEvents(tx, 'hub', [{ orderId, kind, cause, data }])
    await resolveExceptions(tx, [`effect.${effect.effectId}`])
  }
  if (effect.kind === 'cancel') await noteCancel(tx, effect, settlement)
  const late = effect.attempts >= attemptsAlarm && settlement.reason !== undefined
  if (late || settlement.state === 'dead' || settlement.state === 'unverifiable') {
    const detail = { effect: effect.kind, reason: settlement.reason ?? '', connection: shift.lease.connectionId }
    await raiseExceptions(tx, [
      {
        kind: 'effect_failed',
        dedupeKey: `effect.${effect.effectId}`,
        subjectKind: 'order',
        subjectId: effect.orderId,
        detail,
      },
    ])
  }
}

function commandOf(effect: Effect, whole: WholeOrder | undefined): ShipmentCommand {
  const intent = effect.intent as unknown as Omit<
    ShipmentCommand,
    'key' | 'final' | 'whole' | 'trackingUrl' | 'notifyBuyer'
  >
  return {
    ...intent,
    final: whole?.final ?? false,
    whole: whole?.lines ?? [],
    key: effect.dedupeKey,
    trackingUrl: null,
    notifyBuyer: false,
  }
}

/** `sending` is ours to send; `unknown` and `accepted` are looked for first. */
async function carryOut(shift: Shift, effect: Effect, whole: WholeOrder | undefined): Promise<Carried> {
  const { shipments } = shift.connection.connector
  const { effectId } = effect
  const command = commandOf(effect, whole)
  try {
    if (effect.kind === 'cancel') return await carryCancel(shift, effect)
    const ctx = shift.call()
    if (effect.state === 'accepted' || effect.state === 'unknown' || effect.attempts > 1) {
      const remote = (await shipments?.find(ctx, command)) ?? null
      if (remote !== null) return fine({ effectId, state: 'confirmed', externalRef: remote })
      if (effect.state !== 'sending') return fine(notFound(effect))
    }
    await shift.ports.failpoints.hit('effect.before_call')
    const outcome: Outcome | undefined = await shipments?.push(ctx, command)
    await shift.ports.failpoints.hit('effect.after_call')
    if (outcome === undefined) return fine({ effectId, state: 'dead', reason: 'this channel takes no shipments' })
    if (outcome.outcome === 'failed')
      return { settlement: settleFailure(effect, outcome.error), failure: outcome.error.kind }
    await noteContactOf(shift, null)
    return fine({ effectId, state: 'accepted', externalRef: outcome.remote ?? null, dueInMs: confirmAfterMs })
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    if (!(error instanceof ChannelError)) return fine(broke(shift, effect, error))
    await noteContactOf(shift, error)
    return { settlement: settleFailure(effect, error), failure: error.kind }
  }
}

/** Done when the shop itself shows it as cancelled, which the connector has looked at. */
async function carryCancel(shift: Shift, effect: Effect): Promise<Carried> {
  const { effectId } = effect
  await shift.ports.failpoints.hit('effect.before_call')
  const outcome = await cancelThere(shift, shift.call(), effect)
  await shift.ports.failpoints.hit('effect.after_call')
  if (outcome === null) return fine({ effectId, state: 'dead', reason: 'this channel takes no cancellations' })
  if (outcome.outcome === 'failed')
    return { settlement: settleFailure(effect, outcome.error), failure: outcome.error.kind }
  await noteContactOf(shift, null)
  return fine({ effectId, state: 'confirmed', externalRef: outcome.remote ?? null })
}

const fine = (settlement: Settlement): Carried => ({ settlement, failure: null })
const waitFor = (attempts: number, firstMs: number) => Math.min(waitMsMax, firstMs * 2 ** Math.min(attempts, 20))

/** Sent again, later each time; after so many tries that nobody knows what the shop does with them, a person looks. */
function notFound({ effectId, attempts }: Effect): Settlement {
  if (attempts >= attemptsAlarm)
    return { effectId, state: 'unverifiable', reason: `sent ${attempts} times, and never found on the channel` }
  const dueInMs = waitFor(attempts - 1, confirmTriesMs)
  return { effectId, state: 'pending', dueInMs, reason: 'not found on the channel; it will be sent again' }
}

/** One shipment on which the connector itself breaks must not stop the others; whether it was sent is not known. */
function broke(shift: Shift, effect: Effect, error: unknown): Settlement {
  const { effectId, attempts } = effect
  shift.log.error({ err: error, effectId, connectionId: shift.lease.connectionId }, 'effect.broke')
  const reason = `the connector broke (${error instanceof Error ? error.name : 'unknown error'})`
  if (attempts >= attemptsAlarm) return { effectId, state: 'unverifiable', reason }
  return { effectId, state: 'pending', dueInMs: waitFor(attempts, confirmTriesMs), reason }
}

/** The error's kind says what is next; only here is it decided. */
function settleFailure(effect: Effect, error: ChannelError): Settlement {
  const { effectId } = effect
  const reason = `${error.kind}: ${error.message}`.slice(0, 500)
  const wait = error.info.retryAfterMs ?? waitFor(effect.attempts, 500)
  if (error.kind === 'already_applied') return { effectId, state: 'accepted', dueInMs: confirmAfterMs }
  // A cancellation is looked for before every try, so that it is simply tried again, and counted.
  if (effect.kind === 'cancel' && error.kind === 'outcome_unknown')
    return { effectId, state: 'pending', reason, dueInMs: waitFor(effect.attempts, confirmTriesMs) }
  if (error.kind === 'outcome_unknown') return { effectId, state: 'unknown', reason, dueInMs: confirmTriesMs }
  if (
    error.kind === 'rate_limited' ||
    error.kind === 'quota_exhausted' ||
    error.kind === 'not_ready' ||
    error.kind === 'auth_expired' ||
    error.kind === 'auth_revoked'
  )
    return {
      effectId,
      state: keep(effect),
      reason,
      dueInMs: error.kind === 'auth_revoked' ? 60_000 : wait,
      uncounted: effect.state === 'sending',
    }
  if (error.kind === 'invalid' || error.kind === 'unsupported' || error.kind === 'not_found')
    return { effectId, state: 'dead', reason }
  // What the shop will not cancel now it will not cancel at the tenth try: whoever asked decides.
  if (effect.kind === 'cancel' && (error.kind === 'conflict' || error.kind === 'forbidden'))
    return { effectId, state: 'dead', reason }
  if (effect.attempts >= attemptsMax) return { effectId, state: 'dead', reason }
  return { effectId, state: keep(effect), reason, dueInMs: wait }
}

/** Nothing was sent in this try: what was unproven stays unproven, what was to be sent is still to be sent. */
const keep = (effect: Effect) => (effect.state === 'sending' ? 'pending' : effect.state)
