import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'

export interface ConnectionChange {
  readonly label?: string | undefined
  readonly writeMode?: 'off' | 'on' | undefined
  readonly status?: 'paused' | 'active' | undefined
}

interface Changeable {
  readonly label: string
  readonly writeMode: string
  readonly status: string
}

/** What two people may change at once. Content, not a counter: lanes write to the row all the time. */
export function versionOf(row: Changeable): string {
  return Buffer.from(JSON.stringify([row.label, row.writeMode, row.status])).toString('base64url')
}

/** Locks the connection. @throws Problem 404, or 409 when it is no longer what the caller read */
async function lockConnection(tx: Tx, connectionId: string, version: string | undefined): Promise<Changeable> {
  const [row] = await tx.rows<Changeable & object>(
    `select label, write_mode as "writeMode", status from connection where merchant_id = $1 and connection_id = $2 for no key update`,
    [tx.merchantId, connectionId],
  )
  if (!row) throw notFound()
  if (version !== undefined && version !== versionOf(row)) {
    throw new Problem(409, 'HUB_CONFLICT', 'The connection was changed meanwhile. Read it again, then repeat.')
  }
  return row
}

/** Changes only what is given. */
export async function changeConnection(
  tx: Tx,
  connectionId: string,
  change: ConnectionChange,
  version?: string,
): Promise<void> {
  const { status } = await lockConnection(tx, connectionId, version)
  if (change.status !== undefined && !['active', 'paused'].includes(status)) {
    throw new Problem(409, 'HUB_CONFLICT', `The connection is ${status}; send its credentials again to reconnect it.`, [
      { field: 'status', message: `cannot leave "${status}"`, mend: 'POST /connections with the same account.' },
    ])
  }
  await tx.rows(
    `update connection set label = coalesce($3, label), write_mode = coalesce($4, write_mode), status = coalesce($5, status)
     where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId, change.label ?? null, change.writeMode ?? null, change.status ?? null],
  )
}

/** Asks the connection's reading lanes to come now. @throws Problem 409 when it is not active */
export async function pollNow(tx: Tx, connectionId: string): Promise<string[]> {
  const { status } = await lockConnection(tx, connectionId, undefined)
  if (status !== 'active') throw new Problem(409, 'HUB_CONFLICT', `The connection is ${status}, so it is not polled.`)
  const lanes = await tx.rows<{ kind: string }>(
    `update lane set due_at = now() where merchant_id = $1 and connection_id = $2 and kind in ('poll', 'files', 'listings', 'health') returning kind`,
    [tx.merchantId, connectionId],
  )
  return lanes.map((lane) => lane.kind).sort()
}

/** Forgets the secrets and stops the lanes; orders, listings and history stay. Doing it twice is harmless. */
export async function disconnect(tx: Tx, connectionId: string): Promise<void> {
  await lockConnection(tx, connectionId, undefined)
  await tx.rows(
    `update connection set status = 'disconnected', status_reason = 'disconnected by a person', credentials = '', endpoint_token = null
     where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId],
  )
  // A holder at work loses its fence, so it settles nothing any more.
  await tx.rows('delete from lane where merchant_id = $1 and connection_id = $2', [tx.merchantId, connectionId])
}
