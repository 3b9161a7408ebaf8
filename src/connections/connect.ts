import type { ApiDeps } from '../api/deps.ts'
import { withClaimTx, withTenantTx } from '../platform/db/tx.ts'
import { type ConnectRequest, checkRequest } from './check-request.ts'
import { claimAccount } from './claim-account.ts'
import { probeAccount } from './probe-account.ts'
import { type ConnectionPlan, connectionOf } from './save-connection.ts'

const tokenBytes = 32

/**
 * Everything of connecting that comes before the one transaction: checks, the question to the far side, the claim.
 * What is left behind by a crash after it is a claim that the same merchant's next try finds its own.
 */
export async function prepareConnect(
  deps: ApiDeps,
  merchantId: string,
  request: ConnectRequest,
): Promise<ConnectionPlan & { readonly isNew: boolean }> {
  const checked = checkRequest(deps.connectors, request)
  const fresh = deps.ports.ids.uuid()
  const account = await probeAccount(deps, checked, { merchantId, connectionId: fresh })
  const platform = checked.spoken.manifest.kind
  const there = await withTenantTx(deps.db, merchantId, (tx) => connectionOf(tx, platform, account.key))
  const connectionId = there?.connectionId ?? fresh
  const needsToken = checked.spoken.inbound !== undefined && !there?.hasToken
  const token = needsToken ? deps.ports.rng.bytes(tokenBytes).toString('base64url') : null
  await withClaimTx(deps.db, (tx) =>
    claimAccount(tx, { merchantId, connectionId, platform, accountKey: account.key, token }),
  )
  return { connectionId, checked, account, token, isNew: there === null }
}
