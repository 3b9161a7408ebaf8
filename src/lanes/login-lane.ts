import { renewLogin } from '../connections/renew-login.ts'
import { ChannelError } from '../connector-kit/index.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'

const done: Turn = { again: false, dueInMs: null }
/** Renewed when a quarter of its life is left: time for several tries. */
const leadOfLife = 0.25
const usualLifeS = 3_600
const waitMs = 5_000
/** Not more often than this, whatever the far side says. */
const renewMsMin = 30_000
/** What stood still for want of a login. */
const lanesOfLogin = ['import', 'poll', 'push.stock', 'effect', 'listings']

/**
 * Renews a login that ends, before it does or as soon as a call was refused for it. The lane's lease makes it the only
 * one that does; the new pair is stored before anything uses it. A holder that is killed in between leaves the old
 * pair, with which the next one asks again: where the far side no longer takes it, a person is told.
 */
export async function runLogin(shift: Shift): Promise<Turn> {
  const { connector } = shift.connection
  const { refresh } = connector.auth
  if (!refresh) return done
  try {
    const leftMs = timeLeftMs(shift, connector.auth.expiresAt?.(shift.connection.secrets) ?? null)
    if ((leftMs === null || leftMs > 0) && (await isTaken(shift))) return { again: false, dueInMs: leftMs }
    const { secrets, expiresAt } = await refresh(shift.call())
    await shift.ports.failpoints.hit('login.after_call')
    const kept = await shift.tenant((tx) => renewLogin(tx, shift.keys, shift.connection, secrets))
    shift.log.info({ connectionId: shift.lease.connectionId, expiresAt, kept }, 'login.renewed')
    await noteContactOf(shift, null)
    for (const kind of lanesOfLogin) shift.wake({ ...shift.lease, kind })
    return { again: false, dueInMs: Math.max(timeLeftMs(shift, expiresAt) ?? 0, renewMsMin) }
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    await noteContactOf(shift, error)
    shift.log.warn(
      { kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId },
      'login.not-renewed',
    )
    return error.kind === 'auth_revoked' ? done : waitOf(error, waitMs)
  }
}

/** Until it is to be renewed; null: nothing says when it ends. */
function timeLeftMs({ connection, ports }: Shift, endsAt: string | null): number | null {
  if (endsAt === null) return null
  const leadMs = (connection.connector.manifest.auth.accessTtlS ?? usualLifeS) * 1_000 * leadOfLife
  return Date.parse(endsAt) - ports.clock.now().getTime() - leadMs
}

/** Whether the far side takes the login that we have. Asked only after a failure: mostly there is none to doubt it. */
async function isTaken(shift: Shift): Promise<boolean> {
  if (!shift.connection.hasFailed) return true
  try {
    await shift.connection.connector.auth.probe(shift.call())
  } catch (error) {
    if (error instanceof ChannelError && error.kind === 'auth_expired') return false
    throw error
  }
  await noteContactOf(shift, null)
  return true
}
