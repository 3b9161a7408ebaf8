import { type Account, type Connector, cleanText } from '../connector-kit/index.ts'
import type { KeyRing } from '../platform/base/key-ring.ts'
import type { Ids } from '../platform/base/ports.ts'
import { ensureLanes } from '../platform/db/lane.ts'
import type { Tx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import { seal } from '../platform/secrets/envelope.ts'
import type { CheckedRequest } from './check-request.ts'
import { noteLogin } from './note-evidence.ts'
import { placeOf } from './read.ts'

export interface ConnectionPlan {
  readonly connectionId: string
  readonly checked: CheckedRequest
  readonly account: Account
  /** New, to be sealed. Null: the one it has is kept, or it needs none. */
  readonly token: string | null
}

/** Which lanes a connection needs, by what its connector can do. */
function laneKinds({ manifest, ...ports }: Connector): string[] {
  const able = (port: unknown, ...kinds: string[]) => (port === undefined ? [] : kinds)
  const login = able(ports.auth.refresh, 'login')
  if (manifest.role === 'partner') return ['import', 'effect', ...able(ports.files, 'files'), ...login]
  return [
    'import',
    'effect',
    'health',
    ...able(ports.orders, 'poll'),
    ...able(ports.listings, 'listings'),
    ...able(ports.inventory, 'push.stock'),
    ...login,
  ]
}

/** The connection of an account, whatever its status: reconnecting continues it, so that no listing is mapped twice. */
export async function connectionOf(
  tx: Tx,
  platform: string,
  accountKey: string,
): Promise<{ readonly connectionId: string; readonly hasToken: boolean } | null> {
  const [row] = await tx.rows<{ connectionId: string; hasToken: boolean }>(
    `select c.connection_id as "connectionId", c.endpoint_token is not null as "hasToken" from channel_account a
     join connection c on c.merchant_id = a.merchant_id and c.account_id = a.account_id
     where a.merchant_id = $1 and a.platform = $2 and a.external_account_id = $3 order by c.created_at desc limit 1`,
    [tx.merchantId, platform, accountKey],
  )
  return row ?? null
}

async function upsertAccount(tx: Tx, ids: Ids, plan: ConnectionPlan): Promise<string> {
  const [row] = await tx.rows<{ account_id: string }>(
    `insert into channel_account (merchant_id, account_id, platform, external_account_id, name) values ($1, $2, $3, $4, $5)
     on conflict (merchant_id, platform, external_account_id) do update set name = excluded.name returning account_id`,
    [tx.merchantId, ids.uuid(), plan.checked.spoken.manifest.kind, plan.account.key, cleanText(plan.account.name, 200)],
  )
  if (!row) throw new Error('the account was not stored')
  return row.account_id
}

/** The partner's place. Two partners cannot ship from one. */
async function linkLocation(tx: Tx, ids: Ids, plan: ConnectionPlan): Promise<void> {
  const { location } = plan.checked
  if (location === null) return
  const linked = await tx.rows(
    `insert into location as l (merchant_id, location_id, code, name, kind, rank, connection_id) values ($1, $2, $3, $4, '3pl', $5, $6)
     on conflict (merchant_id, code) do update set name = excluded.name, kind = '3pl', rank = excluded.rank, connection_id = excluded.connection_id
     where l.connection_id is null or l.connection_id = excluded.connection_id returning 1`,
    [tx.merchantId, ids.uuid(), location.code, location.name, location.rank, plan.connectionId],
  )
  if (linked.length > 0) return
  throw new Problem(409, 'HUB_CONFLICT', 'Another partner ships from this location.', [
    { field: 'location.code', message: 'belongs to another partner', mend: 'Choose another code.' },
  ])
}

/** Writes what the probe proved. The account row is locked first, so that two connects of one shop come one after the other. */
export async function saveConnection(
  tx: Tx,
  deps: { readonly ids: Ids; readonly keys: KeyRing },
  plan: ConnectionPlan,
): Promise<void> {
  const { checked, account, connectionId } = plan
  const { kind } = checked.spoken.manifest
  const accountId = await upsertAccount(tx, deps.ids, plan)
  const there = await connectionOf(tx, kind, account.key)
  if (there !== null && there.connectionId !== connectionId) {
    throw new Problem(409, 'HUB_CONFLICT', 'This account was connected a moment ago. Read the list of connections.')
  }
  const sealed = seal(deps.keys, checked.secrets, placeOf(tx.merchantId, connectionId, 'credentials'))
  const token =
    plan.token === null ? null : seal(deps.keys, plan.token, placeOf(tx.merchantId, connectionId, 'endpoint_token'))
  const settings = JSON.stringify({ ...checked.parsed, ...account.settings })
  await tx.rows(
    `insert into connection as c (merchant_id, connection_id, account_id, connector, label, write_mode, settings, credentials, endpoint_token, orders_from, hands_over_from)
     values ($1, $2, $3, $4, coalesce($5, $11), coalesce($6, 'off'), $7::jsonb, $8, $9, coalesce($10::timestamptz, now()),
       case when $6 = 'on' then date_trunc('second', coalesce($10::timestamptz, now())) end)
     on conflict (merchant_id, connection_id) do update set label = coalesce($5, c.label), write_mode = coalesce($6, c.write_mode), settings = excluded.settings,
       credentials = excluded.credentials, endpoint_token = coalesce(excluded.endpoint_token, c.endpoint_token), orders_from = coalesce($10::timestamptz, c.orders_from),
       hands_over_from = case $6 when 'on' then coalesce(c.hands_over_from, now()) when 'off' then null else c.hands_over_from end,
       status = 'active', status_reason = null, last_error = null`,
    [
      tx.merchantId,
      connectionId,
      accountId,
      kind,
      checked.label,
      checked.writeMode,
      settings,
      sealed,
      token,
      checked.ordersFrom,
      cleanText(account.name, 100) || kind,
    ],
  )
  await linkLocation(tx, deps.ids, plan)
  await noteLogin(tx, connectionId, checked.spoken.auth.expiresAt?.(checked.secrets) ?? null)
  // Who watches first sees how far the reading of what was there before has come.
  if (there === null && checked.spoken.manifest.role === 'channel' && checked.writeMode !== 'on') {
    await tx.rows(
      `insert into backfill (merchant_id, connection_id, since) select c.merchant_id, c.connection_id, c.orders_from from connection c
       where c.merchant_id = $1 and c.connection_id = $2 on conflict do nothing`,
      [tx.merchantId, connectionId],
    )
  }
  await ensureLanes(tx, connectionId, laneKinds(checked.spoken))
}
