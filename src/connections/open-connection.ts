import type { Connector, Settings } from '../connector-kit/index.ts'
import type { KeyRing } from '../platform/base/key-ring.ts'
import type { Tx } from '../platform/db/tx.ts'
import { open } from '../platform/secrets/envelope.ts'
import { handsOverFrom } from './change-connection.ts'

/** A connection as a lane needs it: whom to talk to, as whom, and whether writing is allowed. */
export interface OpenConnection {
  readonly connectionId: string
  readonly accountId: string
  readonly connector: Connector
  readonly status: string
  /** What was shipped is told, and stock is written: of all listings, or with `canary` of these SKUs. */
  readonly writes: boolean
  /** What the shop shows is read and compared, whether or not anything is written. */
  readonly compares: boolean
  readonly canarySkus: ReadonlySet<string> | null
  handsOver(placedAt: string): boolean
  readonly settings: Settings
  readonly secrets: unknown
  /** The secrets as they are stored: who replaces them says which. */
  readonly sealed: string
  /** The last contact with the far side did not work. */
  readonly hasFailed: boolean
  readonly endpointToken: string | null
  readonly ordersFrom: string
}

interface Row {
  readonly connector: string
  readonly accountId: string
  readonly status: string
  readonly writeMode: string
  readonly canarySkus: readonly string[]
  readonly handsOverFrom: Date | null
  readonly settings: Settings
  readonly credentials: string
  readonly endpointToken: string | null
  readonly ordersFrom: Date
  readonly hasFailed: boolean
}

/** Shops tell whole seconds: an order of the second from which orders are handed over counts as after it. */
const handsOverMs = ({ handsOverFrom }: Row): number => Math.floor((handsOverFrom?.getTime() ?? 0) / 1_000) * 1_000

interface With {
  readonly connectors: ReadonlyMap<string, Connector>
  readonly keys: KeyRing
}

/** Null when it is gone, not active, or its connector is not installed: the lane has nothing to do. */
export async function openConnection(tx: Tx, connectionId: string, with_: With): Promise<OpenConnection | null> {
  const connection = await openAnyConnection(tx, connectionId, with_)
  return connection?.status === 'active' ? connection : null
}

/** The same whatever its status, as long as it has credentials. */
export async function openAnyConnection(tx: Tx, connectionId: string, with_: With): Promise<OpenConnection | null> {
  const [row] = await tx.rows<Row & object>(
    `select connector, account_id as "accountId", status, write_mode as "writeMode", settings, credentials, endpoint_token as "endpointToken", orders_from as "ordersFrom",
       canary_skus as "canarySkus", ${handsOverFrom('c')} as "handsOverFrom",
       last_error is not null as "hasFailed"
     from connection c where merchant_id = $1 and connection_id = $2`,
    [tx.merchantId, connectionId],
  )
  const connector = row && with_.connectors.get(row.connector)
  if (!row || !connector || row.credentials === '') return null
  const place = (column: string) => ({ merchantId: tx.merchantId, table: 'connection', rowId: connectionId, column })
  const sealed = open(with_.keys, row.credentials, place('credentials'))
  const token = row.endpointToken === null ? null : open(with_.keys, row.endpointToken, place('endpoint_token'))
  return {
    connectionId,
    accountId: row.accountId,
    connector,
    status: row.status,
    writes: row.writeMode === 'canary' || row.writeMode === 'on',
    compares: row.writeMode !== 'off',
    canarySkus: row.writeMode === 'canary' ? new Set(row.canarySkus) : null,
    handsOver: (placedAt) => row.handsOverFrom !== null && Date.parse(placedAt) >= handsOverMs(row),
    settings: row.settings,
    secrets: connector.credentials.parse(sealed),
    sealed: row.credentials,
    hasFailed: row.hasFailed,
    endpointToken: typeof token === 'string' ? token : null,
    ordersFrom: row.ordersFrom.toISOString(),
  }
}

/** What the last contact showed; feeds the connection's health. A revoked login stops its lanes until a person reconnects. */
export async function noteContact(
  tx: Tx,
  connectionId: string,
  failure: { readonly kind: string; readonly message: string } | null,
): Promise<void> {
  const stops = failure !== null && failure.kind === 'auth_revoked'
  await tx.rows(
    failure === null
      ? `update connection set last_success_at = now(), last_error = null where merchant_id = $1 and connection_id = $2
         and (last_error is not null or last_success_at is null or last_success_at < now() - interval '10 seconds')`
      : `update connection set last_error = $3, status = case when $4 then 'reauth_required' else status end, status_reason = case when $4 then $3 else status_reason end
         where merchant_id = $1 and connection_id = $2`,
    failure === null
      ? [tx.merchantId, connectionId]
      : [tx.merchantId, connectionId, failure.message.slice(0, 500), stops],
  )
}
