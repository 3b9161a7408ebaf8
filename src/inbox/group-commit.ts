import type { Ports } from '../platform/base/ports.ts'
import type { Db } from '../platform/db/pool.ts'
import { pgCode, withIngestTx } from '../platform/db/tx.ts'
import type { Log } from '../platform/observe/log.ts'
import { openFairQueue } from './fair-queue.ts'
import { type Delivery, insertDeliveries, type PackedDelivery } from './insert-deliveries.ts'
import { packBody } from './pack-body.ts'

/**
 * `stored` and `duplicate`: on disk, committed. `refused`: no room, nothing was tried.
 * `failed`: not known to be on disk, so the sender must be told to come again.
 */
export type StoreOutcome = 'stored' | 'duplicate' | 'refused' | 'failed'
export interface ConnectionKey {
  readonly merchantId: string
  readonly connectionId: string
}

export interface GroupCommitOptions {
  readonly db: Db
  readonly ports: Pick<Ports, 'failpoints'>
  readonly log: Log
  /** Told after each commit which connections have something new. Must not throw or wait. */
  readonly onCommitted: (keys: readonly ConnectionKey[]) => void
  readonly inFlightMax?: number
  readonly rowsMax?: number
  /** Deliveries taken in and not answered yet. */
  readonly queueMax?: number
  readonly queueBytesMax?: number
}

export interface GroupCommit {
  /** Resolves after the COMMIT that holds the delivery, or with why there is none. Never rejects. */
  store(delivery: Delivery): Promise<StoreOutcome>
  /** False: `store` would refuse now, so a body need not even be read. */
  hasRoom(): boolean
  /** Takes nothing more and resolves when all that was taken is answered. */
  close(): Promise<void>
}

interface Waiting {
  readonly delivery: PackedDelivery
  readonly settle: (outcome: StoreOutcome) => void
}

const batchBytesMax = 8 * 1024 * 1024

/** Errors that one row can cause (or one row's neighbours: deadlock), so that trying in smaller parts helps. */
function isAboutRows(error: unknown): boolean {
  const code = pgCode(error) ?? ''
  return code === '42501' || ['21', '22', '23', '40', '54'].includes(code.slice(0, 2))
}

function keysOf(batch: readonly Waiting[]): ConnectionKey[] {
  const keys = batch.map(({ delivery: d }) => [`${d.merchantId}.${d.connectionId}`, d] as const)
  return [...new Map(keys).values()].map(({ merchantId, connectionId }) => ({ merchantId, connectionId }))
}

async function commitOnce(batch: readonly Waiting[], options: GroupCommitOptions): Promise<void> {
  const { failpoints } = options.ports
  const fresh = await withIngestTx(options.db, async (tx) => {
    await failpoints.hit('ingest.before_insert')
    return insertDeliveries(
      tx,
      batch.map((w) => w.delivery),
    )
  })
  await failpoints.hit('ingest.after_commit')
  const stored = batch.filter((w) => fresh.has(w.delivery.messageId))
  if (stored.length > 0) options.onCommitted(keysOf(stored))
  for (const { delivery, settle } of batch) settle(fresh.has(delivery.messageId) ? 'stored' : 'duplicate')
}

/** One bad row must not fail its neighbours, so a batch with one is halved until the row stands alone. */
async function commit(batch: readonly Waiting[], options: GroupCommitOptions): Promise<void> {
  try {
    await commitOnce(batch, options)
  } catch (error) {
    if (batch.length > 1 && isAboutRows(error)) {
      const half = batch.length >> 1
      await commit(batch.slice(0, half), options)
      await commit(batch.slice(half), options)
      return
    }
    // A lost connection may have lost only the answer to COMMIT: that is "failed" too, never "stored".
    options.log.error({ err: error, deliveries: batch.length, ...keysOf(batch)[0] }, 'inbox.commit-failed')
    for (const { settle } of batch) settle('failed')
  }
}

/** How many deliveries and bytes of each merchant are somewhere between taken in and answered, or in a commit. */
function openTally() {
  const held = new Map<string, { deliveries: number; bytes: number }>()
  return {
    of: (merchantId: string) => held.get(merchantId) ?? { deliveries: 0, bytes: 0 },
    add(merchantId: string, deliveries: number, bytes: number) {
      const before = held.get(merchantId) ?? { deliveries: 0, bytes: 0 }
      const now = { deliveries: before.deliveries + deliveries, bytes: before.bytes + bytes }
      if (now.deliveries === 0) held.delete(merchantId)
      else held.set(merchantId, now)
    },
  }
}

/** What one merchant may fill of the room: the rest is there for all others, whatever he sends. */
const shareOfOne = 0.75

/**
 * Deliveries of all merchants share commits: while some are in flight the next batch gathers, so the batch
 * is as large as the load asks for and nobody waits on a timer. Beyond its room it refuses at once. A merchant with
 * nothing in flight waits for nobody's batch: one commit more than usual may be under way, and it is his.
 */
export function openGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { inFlightMax = 2, rowsMax = 256, queueMax = 2_000, queueBytesMax = 64 * 1024 * 1024 } = options
  const queue = openFairQueue<Waiting>(({ delivery }) => delivery.merchantId)
  const held = { deliveries: 0, bytes: 0 }
  const [heldOf, inFlightOf] = [openTally(), openTally()]
  let inFlight = 0
  let ticking = false
  let whenEmpty: (() => void) | null = null

  const hasRoom = () => !whenEmpty && held.deliveries < queueMax && held.bytes < queueBytesMax
  const hasShare = (merchantId: string) => {
    const { deliveries, bytes } = heldOf.of(merchantId)
    return deliveries < queueMax * shareOfOne && bytes < queueBytesMax * shareOfOne
  }
  const hold = ({ merchantId, raw }: Delivery, sign: 1 | -1) => {
    held.deliveries += sign
    held.bytes += sign * raw.length
    heldOf.add(merchantId, sign, sign * raw.length)
  }
  const isIdle = (merchantId: string) => inFlightOf.of(merchantId).deliveries === 0
  const run = async () => {
    ticking = false
    const only = inFlight >= inFlightMax ? isIdle : () => true
    const bytesOf = ({ delivery }: Waiting) => delivery.packed.bytes.length
    const batch = queue.take({ rowsMax, bytesMax: batchBytesMax, only, bytesOf })
    if (batch.length === 0) return
    inFlight++
    for (const { delivery } of batch) inFlightOf.add(delivery.merchantId, 1, 0)
    pump()
    await commit(batch, options)
    for (const { delivery } of batch) inFlightOf.add(delivery.merchantId, -1, 0)
    inFlight--
    pump()
  }
  const pump = (merchantId?: string) => {
    const mayBegin =
      inFlight < inFlightMax || (inFlight === inFlightMax && merchantId !== undefined && isIdle(merchantId))
    if (ticking || !mayBegin || queue.length === 0) return
    ticking = true
    setImmediate(run)
  }
  const wait = (delivery: PackedDelivery) =>
    new Promise<StoreOutcome>((settle) => {
      queue.push({ delivery, settle })
      pump(delivery.merchantId)
    })

  return {
    hasRoom,
    async store(delivery) {
      if (!hasRoom() || !hasShare(delivery.merchantId)) return 'refused'
      hold(delivery, 1)
      try {
        return await wait({ ...delivery, packed: await packBody(delivery.raw) })
      } catch (error) {
        options.log.error({ err: error }, 'inbox.pack-failed')
        return 'failed'
      } finally {
        hold(delivery, -1)
        if (held.deliveries === 0) whenEmpty?.()
      }
    },
    close: () =>
      new Promise((resolve) => {
        whenEmpty = resolve
        if (held.deliveries === 0) resolve()
      }),
  }
}
