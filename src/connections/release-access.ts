import { z } from 'zod'
import type { ApiDeps } from '../api/deps.ts'
import { ChannelError, cleanText } from '../connector-kit/index.ts'
import { withTenantTx } from '../platform/db/tx.ts'
import { lockConnection, lockLanes } from './change-connection.ts'
import { type OpenConnection, openAnyConnection } from './open-connection.ts'

export const shownFarewell = z.object({
  webhooks: z.enum(['removed', 'none', 'failed']),
  login: z.enum(['revoked', 'by_hand', 'none', 'failed']),
  todo: z.string().nullable().describe('What a person has still to do at the channel, in words for them.'),
})
export type Farewell = z.infer<typeof shownFarewell>

/** A farewell is over by then. */
const enoughMs = 60_000
const nothing: Farewell = { webhooks: 'none', login: 'none', todo: null }

/** True when it was done; false when the far side did not let us, which must keep nobody from leaving. */
async function tried(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (error instanceof ChannelError) return false
    throw error
  }
}

/** A login of which little is left, renewed. It is not stored: what can be renewed once more is, until it is given back. */
async function freshSecrets(deps: ApiDeps, merchantId: string, connection: OpenConnection): Promise<unknown> {
  const { connector, connectionId, settings } = connection
  const { auth } = connector
  const endsAt = auth.expiresAt?.(connection.secrets) ?? null
  if (endsAt === null || Date.parse(endsAt) - deps.ports.clock.now().getTime() > enoughMs) return connection.secrets
  let { secrets } = connection
  await tried(async () => {
    const ctx = deps.probeCtx(connector, { merchantId, connectionId, secrets, settings })
    secrets = (await auth.refresh?.(ctx))?.secrets ?? secrets
  })
  return secrets
}

async function giveBack(deps: ApiDeps, merchantId: string, connection: OpenConnection): Promise<Farewell> {
  const { connector, connectionId, settings, endpointToken } = connection
  const { auth, subscriptions, manifest } = connector
  const secrets = await freshSecrets(deps, merchantId, connection)
  const ctx = deps.probeCtx(connector, { merchantId, connectionId, secrets, settings })
  const endpoint = `${deps.publicUrl}/in/${manifest.kind}/${endpointToken}`
  const removed = subscriptions && endpointToken !== null && (await tried(() => subscriptions.remove(ctx, endpoint)))
  let todo: string | null = null
  const revoked =
    auth.revoke &&
    (await tried(async () => {
      todo = (await auth.revoke?.(ctx)) ?? null
    }))
  // An app that is gone takes its webhooks with it.
  const webhooks =
    removed === undefined ? 'none' : removed || (revoked === true && todo === null) ? 'removed' : 'failed'
  if (revoked === undefined) return { webhooks, login: 'none', todo: null }
  if (!revoked) {
    const text = `${manifest.title} did not answer: remove this hub there yourself, with its webhooks.`
    return { webhooks, login: 'failed', todo: text }
  }
  return { webhooks, login: todo === null ? 'revoked' : 'by_hand', todo: todo === null ? null : cleanText(todo, 500) }
}

/**
 * Before the secrets are forgotten: stops the lanes, takes our webhooks away and gives the access back. Outside any
 * transaction; whoever dies in between leaves a paused connection that can be disconnected again.
 */
export async function releaseAccess(deps: ApiDeps, merchantId: string, connectionId: string): Promise<Farewell> {
  const connection = await withTenantTx(deps.db, merchantId, async (tx) => {
    await lockLanes(tx, connectionId)
    await lockConnection(tx, connectionId, undefined)
    await tx.rows(
      `update connection set status = 'paused', status_reason = 'it is being disconnected' where merchant_id = $1 and connection_id = $2 and status = 'active'`,
      [tx.merchantId, connectionId],
    )
    return openAnyConnection(tx, connectionId, deps)
  })
  return connection === null ? nothing : giveBack(deps, merchantId, connection)
}
