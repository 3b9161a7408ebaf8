import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { ApiDeps } from '../api/deps.ts'
import { accountOf, holdersOf } from '../connections/read.ts'
import { type Connector, type PrivacyAsk, UnreadableError } from '../connector-kit/index.ts'
import { withClaimTx, withTenantTx } from '../platform/db/tx.ts'

const bodyBytesMax = 1_048_576

type Answer = readonly [status: number, text: string]

/** Headers as the kit wants them: one that came twice is joined, and then fits no signature. */
const headersOf = (raw: NodeJS.Dict<string | string[]>) =>
  Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )

async function note(
  deps: ApiDeps,
  kind: string,
  asked: { readonly ask: PrivacyAsk; readonly sha256: Buffer },
): Promise<void> {
  const { ask, sha256 } = asked
  const account = { platform: kind, accountKey: ask.account }
  for (const merchantId of await withClaimTx(deps.db, (tx) => holdersOf(tx, account))) {
    await withTenantTx(deps.db, merchantId, async (tx) => {
      const accountId = await accountOf(tx, account)
      if (accountId === null) return
      const orderRefs = ask.kind === 'erase_account' ? [] : ask.orders
      await deps.flows.privacyAsked(tx, { accountId, kind: ask.kind, source: 'platform', orderRefs, sha256 })
    })
  }
}

async function answer(
  deps: ApiDeps,
  connector: Connector,
  request: Parameters<NonNullable<Connector['privacy']>['decode']>[0],
): Promise<Answer> {
  const { kind } = connector.manifest
  const app = deps.apps.get(kind)
  const { privacy } = connector
  const keys = app && { clientId: app.clientId, clientSecret: app.clientSecret.reveal() }
  if (!keys || !privacy?.verify(request, keys)) return [401, 'refused']
  let ask: PrivacyAsk | null
  try {
    ask = privacy.decode(request)
  } catch (cause) {
    if (cause instanceof UnreadableError) return [400, 'not readable']
    throw cause
  }
  if (ask !== null) await note(deps, kind, { ask, sha256: createHash('sha256').update(request.raw).digest() })
  return [200, 'ok']
}

/**
 * Where platforms ask about people: `/connect/<connector>/privacy`, one address for all shops of the hub's app. A 200 means
 * that it is written down for every merchant who holds the shop or did; then the platform asks no more.
 */
export function platformAsks(deps: ApiDeps): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    for (const [kind, connector] of deps.connectors) {
      if (!connector.privacy) continue
      app.post(`/connect/${kind}/privacy`, { bodyLimit: bodyBytesMax }, async (request, reply) => {
        const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const headers = headersOf(request.headers)
        const [status, text] = await answer(deps, connector, { method: request.method, headers, raw })
        return reply.code(status).type('text/plain').send(text)
      })
    }
  }
}
