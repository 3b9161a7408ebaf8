import { createHash } from 'node:crypto'
import type { Connector } from '../connector-kit/index.ts'
import type { KeyRing } from '../platform/base/key-ring.ts'
import type { Db } from '../platform/db/pool.ts'
import { withClaimTx, withTenantTx } from '../platform/db/tx.ts'
import { open } from '../platform/secrets/envelope.ts'
import { placeOf } from './read.ts'

/** What a webhook address stands for. */
export interface FoundEndpoint {
  readonly merchantId: string
  readonly connectionId: string
  readonly connector: string
  readonly account: string
  readonly secrets: unknown
}

export const hashToken = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest()

/**
 * The connection behind a webhook address, or null. Two reads: who it is (control plane), then as that merchant.
 * A paused connection still receives: what arrives is stored and waits.
 */
export function findEndpoint(
  db: Db,
  keys: KeyRing,
  connectors: ReadonlyMap<string, Connector>,
): (token: string) => Promise<FoundEndpoint | null> {
  return async (token) => {
    const [claim] = await withClaimTx(db, (tx) =>
      tx.rows<{ merchantId: string; connectionId: string }>(
        `select merchant_id as "merchantId", connection_id as "connectionId" from webhook_endpoint where token_sha256 = $1`,
        [hashToken(token)],
      ),
    )
    if (!claim) return null
    const [row] = await withTenantTx(db, claim.merchantId, (tx) =>
      tx.rows<{ connector: string; account: string; sealed: string }>(
        `select t.connector, a.external_account_id as account, t.credentials as sealed from connection t
         join channel_account a on a.merchant_id = t.merchant_id and a.account_id = t.account_id
         where t.merchant_id = $1 and t.connection_id = $2 and t.status <> 'disconnected'`,
        [claim.merchantId, claim.connectionId],
      ),
    )
    const connector = row && connectors.get(row.connector)
    if (!row || !connector) return null
    const place = placeOf(claim.merchantId, claim.connectionId, 'credentials')
    const secrets = connector.credentials.parse(open(keys, row.sealed, place))
    return { ...claim, connector: row.connector, account: row.account, secrets }
  }
}
