import { z } from 'zod'
import { openedBackfill } from '../connections/backfill.ts'
import { readCursor, saveCursor } from '../connections/cursor.ts'
import type { OpenConnection } from '../connections/open-connection.ts'
import { ChannelError, type OrderPage } from '../connector-kit/index.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Turn } from '../platform/work/runner.ts'
import { readBackfill } from './backfill.ts'
import { noteContactOf, type Shift, waitOf } from './deps.ts'
import { storeOrders } from './store-orders.ts'
import { takeOverWatched } from './take-over.ts'

const pagesMax = 400
const done: Turn = { again: false, dueInMs: null }
const stream = 'orders'
/** Since when deliveries may have been missed: the next run begins there, whatever the cursor says. */
export const gapStream = 'orders.gap'
/** A run that broke off goes on where it was, or a long one would never end. */
const runStream = 'orders.run'
const runMsMax = 6 * 3_600_000
const Run = z.object({ since: z.string().nullable(), page: z.string(), startedAt: z.iso.datetime() })

/** `startedAt` by the database's clock, which also says since when units are missing at a shop. */
interface PollRun {
  readonly since: string | null
  /** Without a cursor. What was there before a backfill began is read by that. */
  readonly from: string
  readonly page: string | null
  readonly startedAt: string
}

async function openRun(tx: Tx, { connectionId, ordersFrom }: OpenConnection): Promise<PollRun> {
  const gap = await readCursor(tx, connectionId, gapStream)
  const since = gap === null ? await readCursor(tx, connectionId, stream) : null
  const [row] = await tx.rows<{ now: Date }>('select now()')
  const now = row?.now ?? new Date(0)
  const left = Run.safeParse(JSON.parse((await readCursor(tx, connectionId, runStream)) ?? 'null'))
  const goesOn = left.success && left.data.since === since && now.getTime() - Date.parse(left.data.startedAt) < runMsMax
  const from =
    gap ?? (since === null ? ((await openedBackfill(tx, connectionId))?.startedAt ?? ordersFrom) : ordersFrom)
  return goesOn ? { ...left.data, from } : { since, from, page: null, startedAt: now.toISOString() }
}

const saveRun = (tx: Tx, connectionId: string, run: PollRun | null) =>
  saveCursor(tx, connectionId, runStream, { value: run && JSON.stringify(run), completedFrom: null })

/** Another gap may have been found while the run was under way. */
async function closeGap(tx: Tx, connectionId: string, { since, from }: PollRun): Promise<void> {
  const gap = since === null ? await readCursor(tx, connectionId, gapStream) : null
  if (gap === from) await saveCursor(tx, connectionId, gapStream, { value: null, completedFrom: null })
}

/**
 * Reads what changed at the channel since the cursor. Webhooks may be late, lost or stale; this is what makes every
 * order arrive. Pages land in the inbox raw; the cursor moves with the commit of the last page.
 */
export async function runPoll(shift: Shift): Promise<Turn> {
  const { orders } = shift.connection.connector
  if (!orders) return done
  if (await takeOverWatched(shift)) shift.wake(shift.lease)
  const fetchedAt = shift.ports.clock.now().toISOString()
  let run = await shift.tenant((tx) => openRun(tx, shift.connection))
  let ended = false
  try {
    for (let n = 0; n < pagesMax && !ended; n++) {
      const { since, from, page } = run
      const got: OrderPage = await orders.list(shift.call(), { since, from, page })
      if (got.next !== null && got.next === page)
        throw new ChannelError('invalid', 'the channel answered the same page twice')
      run = { ...run, page: got.next }
      await storePage(shift, got, { run, fetchedAt })
      ended = got.next === null
    }
    if (ended && (await readBackfill(shift))) ended = false
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error
    // A page that is refused is not asked for again: the next run begins anew.
    if (error.kind === 'invalid' || error.kind === 'not_found')
      await shift.tenant((tx) => saveRun(tx, shift.lease.connectionId, null))
    await noteContactOf(shift, error)
    shift.log.warn(
      { kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId },
      'orders.poll-failed',
    )
    return error.kind === 'auth_revoked' ? done : waitOf(error, 1_000)
  }
  await noteContactOf(shift, null)
  return ended ? done : { again: true, dueInMs: null }
}

async function storePage(
  shift: Shift,
  page: OrderPage,
  { run, fetchedAt }: { readonly run: PollRun; readonly fetchedAt: string },
): Promise<void> {
  const { connectionId } = shift.lease
  const stored = await shift.tenant(async (tx) => {
    const ids = await storeOrders(tx, shift, page.items, fetchedAt)
    if (page.next === null) {
      await saveCursor(tx, connectionId, stream, { value: page.watermark, completedFrom: run.startedAt })
      await closeGap(tx, connectionId, run)
    }
    await saveRun(tx, connectionId, page.next === null ? null : run)
    return ids
  })
  if (stored.length > 0) shift.wake({ ...shift.lease, kind: 'import' })
  else if (page.next === null) shift.wake({ ...shift.lease, kind: 'push.stock' }) // a poll that brought nothing also settles what was missing
}
