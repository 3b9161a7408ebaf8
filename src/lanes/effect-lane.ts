import { ChannelError, type Outcome, type ShipmentCommand } from '../connector-kit/index.ts'
import { claimEffects, type Effect, recallEffects, type Settlement, settleEffects } from '../effects/effects.ts'
import { type WholeOrder, wholeOrders } from '../fulfillment/whole-orders.ts'
import { raiseExceptions, recordEvents } from '../journal/record.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift } from './deps.ts'

const perTurn = 25
const attemptsMax = 12
const confirmAfterMs = 300
/** After this long without finding it, an answered write counts as dropped and is sent again. */
const confirmTriesMs = 2_000
const done: Turn = { again: false, dueInMs: null }

/** Tells the shop what was shipped, one shipment at a time, each looked for before it is sent again and read back after. */
export async function runEffects(shift: Shift): Promise<Turn> {
  const { shipments } = shift.connection.connector
  if (!shipments || !shift.connection.writes) return done
  const { claimed, whole } = await shift.tenant(async (tx) => {
    if (shift.lease.tookOver) await recallEffects(tx, shift.lease.connectionId)
    const claimed = await claimEffects(tx, shift.lease.connectionId, ['shipped'], perTurn)
    return {
      claimed,
      whole: await wholeOrders(
        tx,
        claimed.map((effect) => effect.orderId),
      ),
    }
  })
  let wait: number | null = null
  for (const effect of claimed) {
    const settlement = await carryOut(shift, effect, whole.get(effect.orderId))
    await shift.tenant(async (tx) => {
      await settleEffects(tx, [settlement])
      await noteShipped(shift, tx, effect, settlement)
    })
    if (settlement.dueInMs !== undefined) wait = Math.min(wait ?? settlement.dueInMs, settlement.dueInMs)
    if (settlement.uncounted) break
  }
  return { again: claimed.length === perTurn, dueInMs: wait }
}

async function noteShipped(
  shift: Shift,
  tx: Parameters<Parameters<Shift['tenant']>[0]>[0],
  effect: Effect,
  settlement: Settlement,
): Promise<void> {
  const cause = { kind: 'effect', id: effect.effectId } as const
  if (settlement.state === 'confirmed')
    await recordEvents(tx, 'hub', [
      { orderId: effect.orderId, kind: 'shipment.confirmed', cause, data: { tracking: effect.intent.tracking } },
    ])
  if (settlement.state === 'dead' || settlement.state === 'unverifiable') {
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
async function carryOut(shift: Shift, effect: Effect, whole: WholeOrder | undefined): Promise<Settlement> {
  const { shipments } = shift.connection.connector
  const { effectId } = effect
  const command = commandOf(effect, whole)
  try {
    const ctx = shift.call()
    if (effect.state === 'accepted' || effect.state === 'unknown' || effect.attempts > 1) {
      const remote = (await shipments?.find(ctx, command)) ?? null
      if (remote !== null) return { effectId, state: 'confirmed', externalRef: remote }
      if (effect.state !== 'sending')
        return {
          effectId,
          state: 'pending',
          dueInMs: confirmTriesMs,
          reason: 'not found on the channel; it will be sent again',
        }
    }
    await shift.ports.failpoints.hit('effect.before_call')
    const outcome: Outcome | undefined = await shipments?.push(ctx, command)
    await shift.ports.failpoints.hit('effect.after_call')
    if (outcome === undefined) return { effectId, state: 'dead', reason: 'this channel takes no shipments' }
    if (outcome.outcome === 'failed') return settleFailure(effect, outcome.error)
    await noteContactOf(shift, null)
    return { effectId, state: 'accepted', externalRef: outcome.remote ?? null, dueInMs: confirmAfterMs }
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    await noteContactOf(shift, error)
    return settleFailure(effect, error)
  }
}

/** The error's kind says what is next; only here is it decided. */
function settleFailure(effect: Effect, error: ChannelError): Settlement {
  const { effectId } = effect
  const reason = `${error.kind}: ${error.message}`.slice(0, 500)
  const wait = error.info.retryAfterMs ?? Math.min(300_000, 500 * 2 ** effect.attempts)
  if (error.kind === 'already_applied') return { effectId, state: 'accepted', dueInMs: confirmAfterMs }
  if (error.kind === 'outcome_unknown') return { effectId, state: 'unknown', reason, dueInMs: confirmTriesMs }
  if (
    error.kind === 'rate_limited' ||
    error.kind === 'quota_exhausted' ||
    error.kind === 'not_ready' ||
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
  if (effect.attempts >= attemptsMax) return { effectId, state: 'dead', reason }
  return { effectId, state: keep(effect), reason, dueInMs: wait }
}

/** Nothing was sent in this try: what was unproven stays unproven, what was to be sent is still to be sent. */
const keep = (effect: Effect) => (effect.state === 'sending' ? 'pending' : effect.state)
