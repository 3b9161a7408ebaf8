import { z } from 'zod'
import { changesBetween } from '../api/audit-log.ts'
import type { Api, ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, created, currency, shownId, shownTime, showTime, text, timeZone } from '../api/fields.ts'
import { installScope } from '../api/permissions.ts'
import { acting, reading, writing } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import { type AccountTx, type Tx, withTenantTx } from '../platform/db/tx.ts'
import { notFound } from '../platform/http/problem.ts'
import { createKey } from './api-keys.ts'
import { exportRoutes } from './export-routes.ts'
import { keyRoutes, showKey, shownKey, shownSecret } from './key-routes.ts'
import { type MerchantRow, readMerchant } from './read.ts'

const shownMerchant = z.object({
  id: shownId,
  name: z.string(),
  timeZone: z.string(),
  currency: z.string().nullable().describe('Of its books. Orders keep the currency of their channel.'),
  shipsPartially: z.boolean(),
  createdAt: shownTime,
})
const show = (row: MerchantRow): z.infer<typeof shownMerchant> => ({
  id: publicId('merchant', row.merchantId),
  name: row.name,
  timeZone: row.timeZone,
  currency: row.currency,
  shipsPartially: row.shipsPartially,
  createdAt: showTime(row.createdAt),
})

async function current(tx: Tx): Promise<MerchantRow> {
  const row = await readMerchant(tx)
  if (row === null) throw notFound()
  return row
}

function createRoute(app: Api, deps: ApiDeps): void {
  app.post('/merchants', {
    config: { scope: installScope },
    schema: {
      body: z.strictObject({ name: text(200), timeZone: timeZone.default('UTC') }),
      response: created(z.object({ merchant: shownMerchant, key: shownKey.extend({ secret: shownSecret }) })),
    },
    handler: async (request, reply) => {
      const merchantId = deps.ports.ids.uuid()
      const { name, timeZone: zone } = request.body
      const make = async (tx: AccountTx) => {
        await tx.rows('insert into merchant (merchant_id, name, time_zone) values ($1, $2, $3)', [
          merchantId,
          name,
          zone,
        ])
        const answer = await createKey(tx, { merchantId, label: 'first key', scopes: ['*'], expiresAt: null })
        return { answer, done: 'merchant.created', targets: [answer.row.keyId] }
      }
      const key = await acting(deps, request, make, merchantId)
      const merchant = show(await withTenantTx(deps.db, merchantId, current))
      return reply.code(201).send({ merchant, key: { ...showKey(key.row), secret: key.text.reveal() } })
    },
  })
}

function ownRoutes(app: Api, deps: ApiDeps): void {
  app.get('/merchant', {
    config: { scope: 'merchant:read' },
    schema: { response: answers(shownMerchant) },
    handler: (request) => reading(deps, request, async (tx) => show(await current(tx))),
  })
  app.patch('/merchant', {
    config: { scope: 'merchant:write' },
    schema: {
      body: z.strictObject({
        name: text(200).optional(),
        timeZone: timeZone.optional(),
        currency: currency.nullable().optional(),
        shipsPartially: z.boolean().optional(),
      }),
      response: answers(shownMerchant),
    },
    handler: (request) =>
      writing(deps, request, async (tx, _cause, changed) => {
        await tx.rows('select 1 from merchant where merchant_id = $1 for no key update', [tx.merchantId])
        const before = await current(tx)
        const { name, timeZone: zone, currency: books, shipsPartially } = request.body
        await tx.rows(
          'update merchant set name = $2, time_zone = $3, currency = $4, ships_partially = $5 where merchant_id = $1',
          [
            tx.merchantId,
            name ?? before.name,
            zone ?? before.timeZone,
            books === undefined ? before.currency : books,
            shipsPartially ?? before.shipsPartially,
          ],
        )
        const after = await current(tx)
        changed(changesBetween(before, after, { fixed: ['timeZone', 'currency', 'shipsPartially'], named: ['name'] }))
        return show(after)
      }),
  })
}

/** Merchants and their keys. */
export const merchantRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    createRoute(app, deps)
    ownRoutes(app, deps)
    keyRoutes(app, deps)
    exportRoutes(app, deps)
  }
