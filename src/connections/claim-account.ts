import type { DoorTx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import { hashToken } from './find-endpoint.ts'

export interface Claim {
  readonly merchantId: string
  readonly connectionId: string
  readonly platform: string
  readonly accountKey: string
  /** Null: the far side delivers nothing, or the address is known already. */
  readonly token: string | null
}

/** A shop belongs to one merchant. What another merchant has is not told. @throws Problem 409 */
export async function claimAccount(tx: DoorTx, claim: Claim): Promise<void> {
  const [held] = await tx.rows<{ merchant_id: string }>(
    `insert into account_claim as c (platform, external_account_id, merchant_id) values ($1, $2, $3)
     on conflict (platform, external_account_id) do update set merchant_id = c.merchant_id returning merchant_id`,
    [claim.platform, claim.accountKey, claim.merchantId],
  )
  if (held?.merchant_id !== claim.merchantId) {
    throw new Problem(409, 'HUB_ACCOUNT_TAKEN', 'This account is connected elsewhere. Disconnect it there first.')
  }
  await tx.rows(
    'insert into account_holder (platform, external_account_id, merchant_id) values ($1, $2, $3) on conflict do nothing',
    [claim.platform, claim.accountKey, claim.merchantId],
  )
  if (claim.token === null) return
  await tx.rows('insert into webhook_endpoint (token_sha256, merchant_id, connection_id) values ($1, $2, $3)', [
    hashToken(claim.token),
    claim.merchantId,
    claim.connectionId,
  ])
}

/** Lets the account go, and its addresses: what still arrives there is refused. */
export async function releaseAccount(
  tx: DoorTx,
  claim: {
    readonly merchantId: string
    readonly connectionId: string
    readonly platform: string
    readonly accountKey: string
  },
): Promise<void> {
  await tx.rows('delete from webhook_endpoint where merchant_id = $1 and connection_id = $2', [
    claim.merchantId,
    claim.connectionId,
  ])
  await tx.rows('delete from account_claim where platform = $1 and external_account_id = $2 and merchant_id = $3', [
    claim.platform,
    claim.accountKey,
    claim.merchantId,
  ])
}
