/** What a question about people causes. The third page of flows.ts. */
import { connectionsOfAccount } from './connections/read.ts'
import { eraseBodies } from './inbox/erase-bodies.ts'
import { raiseExceptions, resolveExceptions } from './journal/record.ts'
import { erasePersons } from './orders/erase-persons.ts'
import type { Ids } from './platform/base/ports.ts'
import { firstId, type Purged, type PurgePage } from './platform/db/purge.ts'
import type { Tx } from './platform/db/tx.ts'
import {
  moveRequest,
  type NewRequest,
  noteRequest,
  type PrivacyRow,
  readRequest,
  takeErasure,
} from './privacy/requests.ts'

/** Messages are narrow, and most of a page is passed over. */
const messagesPerOrder = 10
const waitS = 1_800

/**
 * Somebody wants to know what is kept of a person, or wants it gone. An erasure is begun at once and goes on with the
 * hourly round; what a person must send out is put before one. Returns the request's id, null when it was asked before.
 */
export async function privacyAsked(tx: Tx, ids: Ids, asked: NewRequest): Promise<string | null> {
  const noted = await noteRequest(tx, ids, asked)
  if (noted === null) return null
  if (asked.kind === 'export') {
    await raiseExceptions(tx, [
      {
        kind: 'privacy_asked',
        dedupeKey: `privacy.${noted.requestId}`,
        subjectKind: 'merchant',
        subjectId: tx.merchantId,
        detail: { request: noted.requestId, dueAt: noted.dueAt.toISOString(), orders: asked.orderRefs.length },
      },
    ])
  }
  return noted.requestId
}

/** One page of the oldest erasure. Its place is in the request, so `after` is not needed. */
export async function carryOutErasures(tx: Tx, { limit }: PurgePage): Promise<Purged> {
  const request = await takeErasure(tx)
  if (request === null) return { rows: 0, next: null }
  const connections = await connectionsOfAccount(tx, request.accountId)
  if (request.kind === 'erase_account' && connections.some(({ status }) => status !== 'disconnected')) {
    // The platform says so two days after the shop left; it has come back since, and its orders are wanted.
    const reason = 'the shop is connected again'
    await moveRequest(tx, { requestId: request.requestId, phase: 'done', cursor: firstId, reason })
    return { rows: 0, next: '' }
  }
  if (request.phase === 'persons') return persons(tx, request, limit)
  const connectionIds = connections.map(({ connectionId }) => connectionId)
  return bodies(tx, request, { connectionIds, limit: limit * messagesPerOrder })
}

const refsOf = ({ kind, orderRefs }: PrivacyRow) => (kind === 'erase_account' ? null : orderRefs)

async function persons(tx: Tx, request: PrivacyRow, limit: number): Promise<Purged> {
  const { requestId, accountId, cursor } = request
  const { erased, next } = await erasePersons(tx, { accountId, refs: refsOf(request), after: cursor, limit })
  const place =
    next === null ? ({ phase: 'bodies', cursor: firstId } as const) : ({ phase: 'persons', cursor: next } as const)
  await moveRequest(tx, { requestId, ...place, persons: erased })
  return { rows: erased, next: '' }
}

async function bodies(
  tx: Tx,
  request: PrivacyRow,
  { connectionIds, limit }: { readonly connectionIds: readonly string[]; readonly limit: number },
): Promise<Purged> {
  const { requestId, cursor } = request
  const { erased, waiting, next } = await eraseBodies(tx, {
    connectionIds,
    refs: refsOf(request),
    after: cursor,
    limit,
  })
  // A body that waits to be read is needed once more: the request stays where it is, and others go on.
  if (waiting > 0) {
    await moveRequest(tx, { requestId, phase: 'bodies', cursor, bodies: erased, inSeconds: waitS })
    return { rows: erased, next: '' }
  }
  await moveRequest(tx, {
    requestId,
    phase: next === null ? 'done' : 'bodies',
    cursor: next ?? firstId,
    bodies: erased,
  })
  return { rows: erased, next: '' }
}

/** A person has sent out what was asked for. False: there is nothing that waits for them. */
export async function privacyAnswered(tx: Tx, requestId: string): Promise<boolean> {
  const request = await readRequest(tx, requestId)
  if (request?.phase !== 'person_decides') return false
  await moveRequest(tx, { requestId, phase: 'done', cursor: firstId })
  await resolveExceptions(tx, [`privacy.${requestId}`])
  return true
}
