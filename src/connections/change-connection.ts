import { createHash } from 'node:crypto'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'

export interface ConnectionChange {
  readonly label?: string | undefined
  /** Of a partner: whether it is told anything. How far the hub may go at a shop is a question of its own. */
  readonly writeMode?: 'off' | 'on' | undefined
  readonly status?: 'paused' | 'active' | undefined
  readonly version?: string | undefined
}

export interface Changeable {
  readonly connector: string
  readonly label: string
  readonly writeMode: string
  readonly canarySkus: readonly string[]
  readonly handsOverFrom: Date | null
  readonly status: string
}

/** SQL: from when on a connection hands orders over; one that was there before this was asked hands over all that it takes. */
export const handsOverFrom = (row: string): string =>
  `case when ${row}.hands_over_from = '-infinity' then ${row}.orders_from else ${row}.hands_over_from end`

/** What two people may change at once. Content, not a counter: lanes write to the row all the time. */
export function versionOf(row: Changeable): string {
  const { label, writeMode, status, canarySkus } = row
  const skus = createHash('sha256').update(JSON.stringify(canarySkus)).digest('base64url').slice(0, 8)
  return Buffer.from(JSON.stringify([label, writeMode, status, skus, row.handsOverFrom])).toString('base64url')
}

/** Locks the connection. @throws Problem 404, or 409 when it is no longer what the caller read */
export async function lockConnection(tx: Tx, connectionId: string, version: string | undefined): Promise<Changeable> {
  const [row] = await tx.rows<Changeable & object>(
    `select connector, label, write_mode as "writeMode", canary_skus as "canarySkus", ${handsOverFrom('c')} as "handsOverFrom", status from connection c where merchant_id = $1 and connection_id = $2 for no key update`,
    [tx.merchantId, connectionId],
  )
  if (!row) throw notFound()
  if (version !== undefined && version !== versionOf(row)) {
    throw new Problem(409, 'HUB_CONFLICT', 'The connection was changed meanwhile. Read it again, then repeat.')
  }
  return row
}

/** Before the connection, as their holders do; whoever holds one now settles nothing any more. */
export async function lockLanes(tx: Tx, connectionId: string): Promise<void> {
  await tx.rows(
    `update lane set lease_until = now(), due_at = now() where merchant_id = $1 and connection_id = $2 and kind in (
       select kind from lane where merchant_id = $1 and connection_id = $2 order by kind for no key update)`,
    [tx.merchantId, connectionId],
  )
}

/** Changes only what is given. @throws Problem 409 where that cannot be changed so */
export async function changeConnection(
  tx: Tx,
  connectionId: string,
  change: ConnectionChange,
  isShop: (connector: string) => boolean,
): Promise<void> {
  const { status, connector } = await lockConnection(tx, connectionId, change.version)
  if (change.status !== undefined && !['active', 'paused'].includes(status)) {
    throw new Problem(409, 'HUB_CONFLICT', `The connection is ${status}; send its credentials again to reconnect it.`, [
      { field: 'status', message: `cannot leave "${status}"`, mend: 'POST /connections with the same account.' },
    ])
  }
  if (change.writeMode !== undefined && isShop(connector)) {
    throw new Problem(409, 'HUB_CONFLICT', 'How far the hub may go at a shop is changed on its own.', [
      { field: 'writeMode', message: 'is of partners only', mend: 'PUT /connections/{id}/write-mode.' },
    ])
  }
  await tx.rows(
    `update connection set label = coalesce($3, label), write_mode = coalesce($4, write_mode), status = coalesce($5, status)
     where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId, change.label ?? null, change.writeMode ?? null, change.status ?? null],
  )
}

/** Asks the connection's reading lanes to come now. Lanes are locked first, as their holders do. @throws Problem 409 when it is not active */
export async function pollNow(tx: Tx, connectionId: string): Promise<string[]> {
  const lanes = await tx.rows<{ kind: string }>(
    `update lane set due_at = now() where merchant_id = $1 and connection_id = $2 and kind in ('poll', 'files', 'listings', 'health') returning kind`,
    [tx.merchantId, connectionId],
  )
  const { status } = await lockConnection(tx, connectionId, undefined)
  if (status !== 'active') throw new Problem(409, 'HUB_CONFLICT', `The connection is ${status}, so it is not polled.`)
  return lanes.map((lane) => lane.kind).sort()
}

/**
 * Forgets the secrets and stops the lanes; orders, listings and history stay. Who connects it again watches first: others
 * may have shipped its orders meanwhile. Doing it twice is harmless.
 */
export async function disconnect(tx: Tx, connectionId: string): Promise<void> {
  // A holder at work loses its fence, so it settles nothing any more.
  await tx.rows('delete from lane where merchant_id = $1 and connection_id = $2', [tx.merchantId, connectionId])
  await lockConnection(tx, connectionId, undefined)
  await tx.rows(
    `update connection set status = 'disconnected', status_reason = 'disconnected by a person', credentials = '', endpoint_token = null,
       write_mode = 'off', canary_skus = '{}', hands_over_from = null
     where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId],
  )
}
