import type { Settings } from '../connector-kit/index.ts'
import type { DoorTx, Tx } from '../platform/db/tx.ts'
import type { Place } from '../platform/secrets/envelope.ts'
import { type BackfillRow, backfillColumns, backfillJoin } from './backfill.ts'
import { handsOverFrom } from './change-connection.ts'
import { type Evidence, evidenceColumns, evidenceJoins } from './health.ts'
import type { WriteMode } from './modes.ts'

export interface ConnectionRow {
  readonly connectionId: string
  readonly accountId: string
  readonly accountKey: string
  readonly accountName: string
  readonly connector: string
  readonly label: string
  readonly status: 'active' | 'paused' | 'reauth_required' | 'disconnected'
  readonly statusReason: string | null
  readonly writeMode: WriteMode
  readonly canarySkus: readonly string[]
  /** Null: no order is handed over. */
  readonly handsOverFrom: Date | null
  readonly settings: Settings
  readonly ordersFrom: Date
  readonly lastOrderSeenAt: Date | null
  readonly lastSuccessAt: Date | null
  readonly lastError: string | null
  readonly createdAt: Date
}
export interface ConnectionLag {
  /** Messages that arrived and are not worked off; counted up to 10,000. */
  readonly pendingMessages: number
  /** Listings whose shop does not show the ledger's number yet. */
  readonly listingsBehind: number
  readonly effectsOpen: number
}

interface AccountName {
  readonly platform: string
  readonly accountKey: string
}

/** Columns of a connection `t` with its account `a`; never its secrets. */
const connectionColumns = `t.connection_id as "connectionId", t.account_id as "accountId", a.external_account_id as "accountKey", a.name as "accountName",
  t.connector, t.label, t.status, t.status_reason as "statusReason", t.write_mode as "writeMode", t.canary_skus as "canarySkus",
  ${handsOverFrom('t')} as "handsOverFrom", t.settings, t.orders_from as "ordersFrom",
  t.last_order_seen_at as "lastOrderSeenAt", t.last_success_at as "lastSuccessAt", t.last_error as "lastError", t.created_at as "createdAt"`
const accountJoin = `cross join lateral (select * from channel_account a where a.merchant_id = $1 and a.account_id = t.account_id offset 0) a`

const countMax = 10_000
const counted = (from: string) => `(select count(*)::int from (select 1 from ${from} limit ${countMax}) n)`
const lagColumns = `
  ${counted(`inbox_message m where m.merchant_id = $1 and m.connection_id = t.connection_id and m.state = 'pending'`)} as "pendingMessages",
  ${counted('listing_push p where p.merchant_id = $1 and p.connection_id = t.connection_id and p.desired_version > p.confirmed_version')} as "listingsBehind",
  ${counted(`effect e where e.merchant_id = $1 and e.connection_id = t.connection_id and e.state in ('pending','sending','unknown','accepted') and e.kind <> 'release'`)} as "effectsOpen"`

/** Where a sealed value of a connection lives: it opens nowhere else. */
export function placeOf(merchantId: string, connectionId: string, column: 'credentials' | 'endpoint_token'): Place {
  return { merchantId, table: 'connection', rowId: connectionId, column }
}

/** Whether the shop is told of parcels and cancellations. */
export const writesThere = ({ writeMode }: Pick<ConnectionRow, 'writeMode'>): boolean =>
  writeMode === 'canary' || writeMode === 'on'

/** All that is known of a connection. */
export type KnownConnection = ConnectionRow & ConnectionLag & Evidence & BackfillRow
export const knownColumns = `${connectionColumns}, ${lagColumns}, ${evidenceColumns}, ${backfillColumns}`
export const knownJoins = `${accountJoin} ${evidenceJoins} ${backfillJoin}`

export async function readConnection(tx: Tx, connectionId: string): Promise<KnownConnection | null> {
  const [row] = await tx.rows<KnownConnection & object>(
    `select ${knownColumns} from connection t ${knownJoins} where t.merchant_id = $1 and t.connection_id = $2`,
    [tx.merchantId, connectionId],
  )
  return row ?? null
}

/** All connections that an account ever had here, and how they stand. */
export function connectionsOfAccount(
  tx: Tx,
  accountId: string,
): Promise<{ readonly connectionId: string; readonly status: ConnectionRow['status'] }[]> {
  return tx.rows(
    'select connection_id as "connectionId", status from connection where merchant_id = $1 and account_id = $2 order by created_at',
    [tx.merchantId, accountId],
  )
}

/** The merchants who hold this account, or did: not only the one who has it now. */
export async function holdersOf(tx: DoorTx, account: AccountName): Promise<string[]> {
  const rows = await tx.rows<{ merchant_id: string }>(
    'select merchant_id from account_holder where platform = $1 and external_account_id = $2',
    [account.platform, account.accountKey],
  )
  return rows.map((row) => row.merchant_id)
}

/** The account's id at this merchant; null when they never had it. */
export async function accountOf(tx: Tx, account: AccountName): Promise<string | null> {
  const [row] = await tx.rows<{ account_id: string }>(
    'select account_id from channel_account where merchant_id = $1 and platform = $2 and external_account_id = $3',
    [tx.merchantId, account.platform, account.accountKey],
  )
  return row?.account_id ?? null
}

/** The account behind a connection; null when there is no such connection. */
export async function accountOfConnection(tx: Tx, connectionId: string): Promise<string | null> {
  const [row] = await tx.rows<{ account_id: string }>(
    'select account_id from connection where merchant_id = $1 and connection_id = $2',
    [tx.merchantId, connectionId],
  )
  return row?.account_id ?? null
}
