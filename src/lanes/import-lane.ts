import { noteOrderSeen } from '../connections/note-evidence.ts'
import { ChannelError, type RawOrder } from '../connector-kit/index.ts'
import { after, ordersArrived } from '../flows.ts'
import {
  batchMax,
  endMessages,
  type Message,
  type MessageEnd,
  pendingMessages,
  putOff,
  storeArrivals,
} from '../inbox/messages.ts'
import { readAhead } from '../inbox/read-ahead.ts'
import { raiseExceptions, resolveExceptions } from '../journal/record.ts'
import type { OrderFact } from '../orders/facts.ts'
import { knownRefs } from '../orders/known-versions.ts'
import { type Tx, withTenantTx } from '../platform/db/tx.ts'
import type { Turn } from '../platform/work/runner.ts'
import { noteContactOf, type Shift } from './deps.ts'
import { readPartnerFile, refusePartnerFile } from './partner-file.ts'
import { type Reading, readMessages, reasonOf } from './read-messages.ts'

/** In one turn; between turns the lane lets others have its place. */
const batchesMax = 8
const none = Promise.resolve(null)
const unansweredMs = 5_000
const attemptsMax = 8
const fileTriesMax = 2

interface Batch {
  readonly messages: readonly Message[]
  readonly reading: Reading
}

/** What is stored is read, what it says is imported, what it only hints at is fetched: batch by batch, the next one read meanwhile. */
export async function runImport(shift: Shift): Promise<Turn> {
  let again = false
  let batches = 0
  for await (const batch of readAhead<Batch>((before) => (batches < batchesMax ? loadBatch(shift, before) : none))) {
    batches++
    const { waitMs, fetched } = await importBatch(shift, batch)
    if (waitMs !== null) return { again: false, dueInMs: waitMs }
    again = fetched || batch.messages.length === batchMax
  }
  return { again, dueInMs: null }
}

/** Only reads, so it needs no fence; whoever writes what comes of it has one. */
async function loadBatch(shift: Shift, before: Batch | null): Promise<Batch | null> {
  const { merchantId, connectionId } = shift.lease
  const last = before?.messages.at(-1) ?? null
  if (before && before.messages.length < batchMax) return null
  const messages = await withTenantTx(shift.db, merchantId, (tx) => pendingMessages(tx, connectionId, last), {
    plansOnce: true,
  })
  if (messages.length === 0) return null
  const orders = messages.filter((m) => m.source !== 'file')
  return { messages, reading: await readMessages(shift.connection, orders) }
}

/** One batch. Returns how long the far side asked to wait, or null. */
async function importBatch(
  shift: Shift,
  { messages, reading }: Batch,
): Promise<{ readonly waitMs: number | null; readonly fetched: boolean }> {
  for (const file of messages) if (file.source === 'file') await readFile(shift, file)
  await endReading(shift, reading)
  const refetch = await importFacts(shift, await sinceStart(shift, reading.facts))
  const fetches = new Map([...reading.fetches].map(([ref, ids]) => [ref, [...ids]]))
  for (const { ref, messageId } of refetch) fetches.set(ref, [...(fetches.get(ref) ?? []), messageId])
  const attempts = new Map(messages.map((m) => [m.messageId, m.attempts]))
  return { waitMs: await fetchOrders(shift, fetches, attempts), fetched: fetches.size > 0 }
}

/**
 * Leaves out orders placed before the date from which the connection takes them, as long as they are not here: an old
 * order that is merely touched in the shop must not be shipped again.
 */
async function sinceStart(shift: Shift, facts: readonly OrderFact[]): Promise<readonly OrderFact[]> {
  const { accountId, ordersFrom } = shift.connection
  // Shops tell whole seconds: an order of the second in which the connection began counts as after it.
  const start = Math.floor(Date.parse(ordersFrom) / 1_000) * 1_000
  const old = facts.filter(({ order }) => Date.parse(order.placedAt) < start)
  if (old.length === 0) return facts
  const refs = old.map(({ order }) => order.ref)
  const known = await shift.tenant((tx) => knownRefs(tx, accountId, refs))
  const foreign = new Set(old.filter(({ order }) => !known.has(order.ref)).map(({ messageId }) => messageId))
  const reason = 'placed before the date from which this connection takes orders'
  await shift.tenant((tx) =>
    endMessages(
      tx,
      [...foreign].map((messageId) => ({ messageId, state: 'ignored', reason })),
    ),
  )
  return facts.filter(({ messageId }) => !foreign.has(messageId))
}

/** A file that the database refuses twice ends alone: the partner's next files must not wait for it. */
async function readFile(shift: Shift, file: Message): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await readPartnerFile(shift, file)
    } catch (error) {
      if (!isOfTheOrder(error)) throw error
      if (tries < fileTriesMax) continue
      await refuse(shift, file.messageId, error)
      return await refusePartnerFile(shift, file, reasonOf(error))
    }
  }
}

async function endReading(shift: Shift, reading: Reading): Promise<void> {
  if (reading.ends.length > 0 || reading.revoked) {
    await shift.tenant(async (tx) => {
      await endMessages(tx, reading.ends)
      await raiseExceptions(
        tx,
        reading.ends
          .filter((end) => end.state === 'dead')
          .map(({ messageId, reason }) => deadMessage(messageId, reason ?? '')),
      )
    })
  }
  if (reading.revoked && !(await isLetIn(shift)))
    await noteContactOf(shift, { kind: 'auth_revoked', message: 'the channel says that access was withdrawn' })
  if (reading.listingsChanged) shift.wake({ ...shift.lease, kind: 'listings' })
}

/** What is told of an uninstall may come after the shop was connected again: the shop itself is asked. */
async function isLetIn(shift: Shift): Promise<boolean> {
  try {
    await shift.connection.connector.auth.probe(shift.call())
    return true
  } catch (error) {
    if (error instanceof ChannelError) return false
    throw error
  }
}

const deadMessage = (messageId: string, reason: string) =>
  ({
    kind: 'message_dead',
    dedupeKey: `message.${messageId}`,
    subjectKind: 'message',
    subjectId: messageId,
    detail: { reason },
  }) as const

interface Refetch {
  readonly ref: string
  readonly messageId: string
}

/** Imports a batch; one that fails is halved until the bad order stands alone, and the others go through. */
async function importFacts(shift: Shift, facts: readonly OrderFact[]): Promise<Refetch[]> {
  if (facts.length === 0) return []
  const refs = new Map(facts.map((f) => [f.messageId, f.order.ref]))
  try {
    const arrivals = await shift.tenant(async (tx) => {
      const arrived = await ordersArrived(tx, shift.ports.ids, shift.connection, facts)
      const seen = arrived.some((a) => a.kind === 'applied') && (await noteOrderSeen(tx, shift.lease.connectionId))
      if (seen) await resolveExceptions(tx, [`silent.${shift.lease.connectionId}`])
      const asked = new Set(arrived.flatMap((a) => (a.kind === 'refetch' ? [a.messageId] : [])))
      const ends = arrived.flatMap((a): MessageEnd[] =>
        a.kind === 'refetch' || asked.has(a.messageId)
          ? []
          : [{ messageId: a.messageId, state: a.kind, subjectRef: refs.get(a.messageId) ?? null }],
      )
      await endMessages(tx, ends)
      return arrived
    })
    if (arrivals.some((a) => a.kind === 'applied')) shift.wakeAll(shift.lease.merchantId, after.ordersArrived)
    return arrivals.filter((a) => a.kind === 'refetch')
  } catch (error) {
    if (!isOfTheOrder(error)) throw error
    const middle = facts.length >> 1
    if (middle > 0)
      return [...(await importFacts(shift, facts.slice(0, middle))), ...(await importFacts(shift, facts.slice(middle)))]
    for (const fact of facts) await refuse(shift, fact.messageId, error)
    return []
  }
}

/** Errors of the data (range, constraint, encoding, size, two of one) concern an order; any other concerns us: all is tried again. */
function isOfTheOrder(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(21|22|23|54)/.test(code) || error instanceof RangeError
}

async function refuse(shift: Shift, messageId: string, error: unknown): Promise<void> {
  shift.log.error({ err: error, messageId, connectionId: shift.lease.connectionId }, 'order.unimportable')
  const reason = `it could not be stored: ${reasonOf(error)}`
  await shift.tenant(async (tx) => {
    await endMessages(tx, [{ messageId, state: 'dead', reason }])
    await raiseExceptions(tx, [deadMessage(messageId, reason)])
  })
}

type Hints = ReadonlyMap<string, readonly string[]>

/** Reads hinted orders from the channel, in its batch size. What comes lands in the inbox as any arrival does. Returns a wait, or null. */
async function fetchOrders(shift: Shift, hints: Hints, attempts: ReadonlyMap<string, number>): Promise<number | null> {
  const refs = [...hints.keys()]
  const step = shift.connection.connector.manifest.orders?.getMax ?? 25
  for (let at = 0; at < refs.length; at += step) {
    const batch = refs.slice(at, at + step)
    const idsOf = (some: readonly string[]) => some.flatMap((ref) => hints.get(ref) ?? [])
    try {
      await fetchBatch(shift, batch, { hints, attempts })
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      const delayMs = await fetchFailed(shift, error, idsOf(batch), attempts)
      await shift.tenant((tx) => putOff(tx, idsOf(refs.slice(at + step)), delayMs, false))
      return delayMs
    }
  }
  return null
}

async function fetchBatch(
  shift: Shift,
  refs: readonly string[],
  { hints, attempts }: { readonly hints: Hints; readonly attempts: ReadonlyMap<string, number> },
): Promise<void> {
  const fetchedAt = shift.ports.clock.now().toISOString()
  const got = (await shift.connection.connector.orders?.get(shift.call(), refs)) ?? []
  const found = got.filter((o): o is RawOrder => !('missing' in o))
  const ends = got.flatMap((o): MessageEnd[] =>
    (hints.get(o.ref) ?? []).map((messageId) =>
      'missing' in o
        ? { messageId, state: 'ignored', reason: 'the channel no longer has this order', subjectRef: o.ref }
        : { messageId, state: 'superseded', subjectRef: o.ref },
    ),
  )
  const ended = new Set(ends.map((end) => end.messageId))
  const silent = refs.flatMap((ref) => hints.get(ref) ?? []).filter((id) => !ended.has(id))
  const hopeless = silent.filter((id) => (attempts.get(id) ?? 0) >= attemptsMax)
  const unanswered = silent.filter((id) => !hopeless.includes(id))
  await shift.tenant(async (tx) => {
    const arrivals = found.map((o) => ({
      source: 'fetch' as const,
      topic: 'order',
      subjectRef: o.ref,
      dedupeKey: null,
      headers: { 'fetched-at': fetchedAt },
      raw: Buffer.from(o.raw),
    }))
    await storeArrivals(tx, shift.ports.ids, shift.lease.connectionId, arrivals)
    await endMessages(tx, ends)
    await giveUp(tx, hopeless, 'the channel never answered for this order')
    await putOff(tx, unanswered, unansweredMs, true)
  })
}

async function giveUp(tx: Tx, messageIds: readonly string[], reason: string): Promise<void> {
  await endMessages(
    tx,
    messageIds.map((messageId) => ({ messageId, state: 'dead', reason })),
  )
  await raiseExceptions(
    tx,
    messageIds.map((messageId) => deadMessage(messageId, reason)),
  )
}

/** The far side did not answer: the hints wait. After enough tries they are given up, visibly; the poll still brings the order. */
async function fetchFailed(
  shift: Shift,
  error: ChannelError,
  ids: readonly string[],
  attempts: ReadonlyMap<string, number>,
): Promise<number> {
  const asked = error.kind === 'rate_limited' || error.kind === 'quota_exhausted'
  const tries = Math.max(...ids.map((id) => attempts.get(id) ?? 0))
  const delayMs = error.info.retryAfterMs ?? Math.min(60_000, 500 * 2 ** tries)
  const hopeless = asked ? [] : ids.filter((id) => (attempts.get(id) ?? 0) >= attemptsMax)
  const reason = `the channel could not be read: ${reasonOf(error)}`
  await shift.tenant(async (tx) => {
    await giveUp(tx, hopeless, reason)
    await putOff(tx, ids, delayMs, !asked)
  })
  await noteContactOf(shift, error)
  shift.log.warn(
    { kind: error.kind, reason: error.message, connectionId: shift.lease.connectionId, nextMs: delayMs },
    'order.fetch-failed',
  )
  return delayMs
}
