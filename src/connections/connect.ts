import { appendAct } from '../api/audit-log.ts'
import type { ApiDeps } from '../api/deps.ts'
import { withClaimTx, withTenantTx } from '../platform/db/tx.ts'
import { Problem } from '../platform/http/problem.ts'
import { type ConnectRequest, checkRequest } from './check-request.ts'
import { type Claim, claimAccount } from './claim-account.ts'
import { probeAccount } from './probe-account.ts'
import { type ConnectionPlan, connectionOf } from './save-connection.ts'

const tokenBytes = 32

interface Asking {
  readonly merchantId: string
  readonly actor: string
}

/** Whoever reaches for what another merchant has leaves a trace in their own log, and learns no more than that it is taken. */
async function claim(deps: ApiDeps, { merchantId, actor }: Asking, wanted: Claim): Promise<void> {
  try {
    await withClaimTx(deps.db, (tx) => claimAccount(tx, wanted))
  } catch (cause) {
    if (!(cause instanceof Problem)) throw cause
    const act = { at: deps.ports.clock.now(), actor, act: 'connection.refused', targets: [wanted.platform] }
    await withTenantTx(deps.db, merchantId, (tx) => appendAct(tx, act))
    throw cause
  }
}

/**
 * Everything of connecting that comes before the one transaction: checks, the question to the far side, the claim.
 * What is left behind by a crash after it is a claim that the same merchant's next try finds its own.
 */
export async function prepareConnect(
  deps: ApiDeps,
  asking: Asking,
  request: ConnectRequest,
): Promise<ConnectionPlan & { readonly isNew: boolean }> {
  const { merchantId } = asking
  const checked = checkRequest(deps.connectors, request)
  const fresh = deps.ports.ids.uuid()
  const account = await probeAccount(deps, checked, { merchantId, connectionId: fresh })
  const platform = checked.spoken.manifest.kind
  const there = await withTenantTx(deps.db, merchantId, (tx) => connectionOf(tx, platform, account.key))
  const connectionId = there?.connectionId ?? fresh
  const needsToken = checked.spoken.inbound !== undefined && !there?.hasToken
  const token = needsToken ? deps.ports.rng.bytes(tokenBytes).toString('base64url') : null
  await claim(deps, asking, { merchantId, connectionId, platform, accountKey: account.key, token })
  return { connectionId, checked, account, token, isNew: there === null }
}
