import { saveCursor } from '../connections/cursor.ts'
import { type Found, noteScopes, noteWebhooks, readSilence } from '../connections/note-evidence.ts'
import { ChannelError } from '../connector-kit/index.ts'
import { raiseExceptions, resolveExceptions } from '../journal/record.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'
import { gapStream } from './poll-lane.ts'

const done: Turn = { again: false, dueInMs: null }
/** Deliveries of the time just before the last good look may have been under way then. */
const overlapMs = 10 * 60_000
/** A shop that refuses our webhooks is asked again that soon; its orders come by polling. */
const brokenMs = 60_000

interface Look {
  readonly found: Found
  readonly repaired: boolean
  readonly problems: readonly string[]
  readonly failure: ChannelError | null
}

/** Kinds of failure that say something of the webhooks themselves, and not of the shop's being there. */
const ofTheWebhooks: ReadonlySet<string> = new Set(['invalid', 'forbidden', 'unsupported', 'not_found'])

async function lookAtWebhooks(shift: Shift, endpoint: string): Promise<Look> {
  const { subscriptions } = shift.connection.connector
  const found = (await subscriptions?.inspect(shift.call(), endpoint)) ?? 'healthy'
  if (found === 'healthy') return { found, repaired: false, problems: [], failure: null }
  try {
    const repair = await subscriptions?.ensure(shift.call(), endpoint)
    shift.log.info({ connectionId: shift.lease.connectionId, found, detail: repair?.detail }, 'webhooks.repaired')
    return { found, repaired: true, problems: [], failure: null }
  } catch (error) {
    if (!(error instanceof ChannelError) || !ofTheWebhooks.has(error.kind)) throw error
    return { found, repaired: false, problems: [error.message.slice(0, 300)], failure: error }
  }
}

/**
 * Looks at what a connection stands on: what it may still do there, the webhooks (one that is missing, switched off or led
 * elsewhere is put right, and what was missed meanwhile is read again from before the last good look), and its silence.
 */
export async function runHealth(shift: Shift): Promise<Turn> {
  const { connector, endpointToken } = shift.connection
  const { connectionId } = shift.lease
  let look: Look | null = null
  let missing: readonly string[] | null = null
  try {
    if (connector.subscriptions && endpointToken !== null) {
      missing = (await connector.auth.probe(shift.call())).missing
      look = await lookAtWebhooks(shift, `${shift.publicUrl}/in/${connector.manifest.kind}/${endpointToken}`)
      await noteContactOf(shift, null)
    }
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    await noteContactOf(shift, error)
    shift.log.warn({ kind: error.kind, reason: error.message, connectionId }, 'webhooks.unchecked')
    return error.kind === 'auth_revoked' ? done : waitOf(error, 2_000)
  }
  const gap = await shift.tenant(async (tx) => {
    if (missing !== null) await noteScopes(tx, connectionId, missing)
    await noteSilence(shift, tx)
    return look === null ? null : noteLook(tx, connectionId, look)
  })
  if (gap !== null || look?.repaired) shift.wake({ ...shift.lease, kind: 'poll' })
  return look?.failure ? { again: false, dueInMs: brokenMs } : done
}

type Tx = Parameters<Parameters<Shift['tenant']>[0]>[0]

/** Writes down what was found, before whom it stands, and from when on orders are to be read again. */
async function noteLook(tx: Tx, connectionId: string, look: Look): Promise<string | null> {
  const wellAt = await noteWebhooks(tx, connectionId, look)
  const dedupeKey = `webhooks.${connectionId}`
  if (look.failure === null) await resolveExceptions(tx, [dedupeKey])
  else {
    const detail = {
      found: look.found,
      reason: look.problems[0] ?? '',
      mend: 'orders still come by polling; allow webhooks there',
    }
    await raiseExceptions(tx, [
      { kind: 'webhooks_broken', dedupeKey, subjectKind: 'connection', subjectId: connectionId, detail },
    ])
  }
  if (wellAt === null || !look.repaired) return null
  const value = new Date(wellAt.getTime() - overlapMs).toISOString()
  await saveCursor(tx, connectionId, gapStream, { value, completedFrom: null })
  return value
}

async function noteSilence(shift: Shift, tx: Tx): Promise<void> {
  const { connectionId } = shift.lease
  const silence = await readSilence(tx, connectionId, shift.ports.clock.now())
  const dedupeKey = `silent.${connectionId}`
  if (!silence?.isSilent) return resolveExceptions(tx, [dedupeKey])
  const { sentence, usualGapS, since } = silence
  const detail = { reason: sentence, usualGapS, since: since.toISOString(), mend: 'place a test order at the shop' }
  await raiseExceptions(tx, [
    { kind: 'channel_silent', dedupeKey, subjectKind: 'connection', subjectId: connectionId, detail },
  ])
}
