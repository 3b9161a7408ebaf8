import type { Ports } from '../platform/base/ports.ts'
import type { Db } from '../platform/db/pool.ts'
import { pgCode, withIngestTx } from '../platform/db/tx.ts'
import type { Log } from '../platform/observe/log.ts'
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

function take(queue: Waiting[], rowsMax: number): Waiting[] {
  let bytes = 0
  const over = queue.findIndex(({ delivery }, i) => {
    bytes += delivery.packed.bytes.length
    return i >= rowsMax || (i > 0 && bytes > batchBytesMax)
  })
  return queue.splice(0, over === -1 ? queue.length : over)
}

/**
 * Deliveries of all merchants share commits: while some are in flight the next batch gathers, so the batch
 * is as large as the load asks for and nobody waits on a timer. Beyond its room it refuses at once.
 */
export function openGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { inFlightMax = 2, rowsMax = 256, queueMax = 2_000, queueBytesMax = 64 * 1024 * 1024 } = options
  const queue: Waiting[] = []
  const held = { deliveries: 0, bytes: 0 }
  let inFlight = 0
  let ticking = false
  let whenEmpty: (() => void) | null = null

  const hasRoom = () => !whenEmpty && held.deliveries < queueMax && held.bytes < queueBytesMax
  const run = async () => {
    ticking = false
    inFlight++
    const batch = take(queue, rowsMax)
    pump()
    await commit(batch, options)
    inFlight--
    pump()
  }
  const pump = () => {
    if (ticking || inFlight >= inFlightMax || queue.length === 0) return
    ticking = true
    setImmediate(run)
  }
  const wait = (delivery: PackedDelivery) =>
    new Promise<StoreOutcome>((settle) => {
      queue.push({ delivery, settle })
      pump()
    })

  return {
    hasRoom,
    async store(delivery) {
      if (!hasRoom()) return 'refused'
      held.deliveries++
      held.bytes += delivery.raw.length
      try {
        return await wait({ ...delivery, packed: await packBody(delivery.raw) })
      } catch (error) {
        options.log.error({ err: error }, 'inbox.pack-failed')
        return 'failed'
      } finally {
        held.deliveries--
        held.bytes -= delivery.raw.length
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
