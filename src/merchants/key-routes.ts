import { z } from 'zod'
import type { Api, ApiDeps } from '../api/deps.ts'
import { answers, created, showTime, showTimeOrNull, text, when } from '../api/fields.ts'
import { pageFields, pageOf } from '../api/page.ts'
import { scopes } from '../api/permissions.ts'
import { acting } from '../api/transactions.ts'
import { withAccountTx } from '../platform/db/tx.ts'
import { type Principal, principalOf } from '../platform/http/access.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { createKey, type KeyRow, listKeys, revokeKey } from './api-keys.ts'

export const shownKey = z.object({
  id: z.string(),
  label: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable().describe('To five minutes; null: never.'),
})
export const shownSecret = z.string().describe('Shown once. Keep it; nobody can read it again.')

export const showKey = (row: KeyRow): z.infer<typeof shownKey> => ({
  id: row.keyId,
  label: row.label,
  scopes: [...row.scopes],
  createdAt: showTime(row.createdAt),
  expiresAt: showTimeOrNull(row.expiresAt),
  revokedAt: showTimeOrNull(row.revokedAt),
  lastUsedAt: showTimeOrNull(row.lastUsedAt),
})

const keyId = z.string().regex(/^[0-9a-z]{8}$/, 'is no key id; write the 8 characters between hub_live_ and the next _')
const scope = z.enum([...scopes, '*'])
const newKey = z.strictObject({
  label: text(100),
  scopes: z.array(scope).min(1).max(scopes.length),
  expiresAt: when.optional(),
})

/** Nobody can give a key what they have not themselves. */
function refuseMore(principal: Principal, wanted: readonly string[]): void {
  const over = wanted.filter((name) => !principal.scopes.includes(name))
  if (over.length === 0) return
  throw new Problem(403, 'HUB_SCOPE_MISSING', 'A key can be given only what you have yourself.', [
    {
      field: 'scopes',
      message: `you have not: ${over.join(', ')}`,
      mend: 'Ask with a key that has them, or as an owner.',
    },
  ])
}

export function keyRoutes(app: Api, deps: ApiDeps): void {
  app.post('/api-keys', {
    config: { scope: 'api-keys:write', stepUp: true },
    schema: { body: newKey, response: created(shownKey.extend({ secret: shownSecret })) },
    handler: async (request, reply) => {
      const principal = principalOf(request)
      const { label, scopes: wanted, expiresAt } = request.body
      refuseMore(principal, wanted)
      const key = { merchantId: principal.merchantId, label, scopes: wanted, expiresAt: expiresAt ?? null }
      const { row, text: secret } = await acting(deps, request, async (tx) => {
        const answer = await createKey(tx, key)
        const changes = [{ field: 'scopes', after: wanted }]
        return { answer, done: 'key.created', targets: [answer.row.keyId], changes }
      })
      return reply.code(201).send({ ...showKey(row), secret: secret.reveal() })
    },
  })
  app.get('/api-keys', {
    config: { scope: 'api-keys:read' },
    schema: {
      querystring: z.strictObject({ limit: pageFields.limit, after: keyId.optional() }),
      response: answers(pageOf(shownKey)),
    },
    handler: async (request) => {
      const { merchantId } = principalOf(request)
      const { limit, after = '' } = request.query
      const rows = await withAccountTx(deps.db, merchantId, (tx) =>
        listKeys(tx, merchantId, { after, limit: limit + 1 }),
      )
      const items = rows.slice(0, limit).map(showKey)
      return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
  })
  app.delete('/api-keys/:id', {
    config: { scope: 'api-keys:write' },
    schema: { params: z.strictObject({ id: keyId }), response: answers(z.object({ revoked: z.literal(true) })) },
    handler: async (request) => {
      const { merchantId } = principalOf(request)
      const { id } = request.params
      return acting(deps, request, async (tx) => {
        if (!(await revokeKey(tx, merchantId, id))) throw notFound()
        return { answer: { revoked: true as const }, done: 'key.revoked', targets: [id] }
      })
    },
  })
}
