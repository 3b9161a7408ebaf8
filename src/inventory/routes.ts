import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, idOf, quantity, shownId, text } from '../api/fields.ts'
import { requireKnown } from '../api/known.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import { itemsBySku, knownItems } from '../catalog/read.ts'
import { publicId } from '../model/id.ts'
import { notFound } from '../platform/http/problem.ts'
import { type Adjusted, adjustStock } from './adjust-stock.ts'
import { locationRoutes } from './location-routes.ts'
import { readMatrix, shownMatrixRow } from './matrix.ts'
import { movementsOfItem, shownMovement } from './movements.ts'
import { levelColumns, levelJoins, showLevel, shownLevel } from './read.ts'

const list: List = {
  name: 'levels',
  from: 'inventory_level',
  keys: [
    ['item_id', 'uuid'],
    ['location_id', 'uuid'],
  ],
  direction: 'asc',
}
// Nobody's id: a SKU that is not known has no levels.
const noItem = '00000000-0000-0000-0000-000000000000'

function levelRoute(app: Api, deps: ApiDeps): void {
  app.get('/inventory/levels', {
    config: { scope: 'inventory:read' },
    schema: {
      querystring: z.strictObject({
        ...pageFields,
        sku: text(255).optional(),
        location: idOf('location').optional(),
      }),
      response: answers(pageOf(shownLevel)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { sku, location } = request.query
        await requireKnown(tx, { location })
        const where = conditions(tx.merchantId)
        if (sku !== undefined) where.narrow('t.item_id = ?', (await itemsBySku(tx, [sku])).get(sku) ?? noItem)
        where.check('t.location_id = ?', location)
        const spec = { ...where, select: levelColumns, joins: levelJoins }
        return readPage(tx, list, { reading: spec, page: request.query }, showLevel)
      }),
  })
}

function matrixRoute(app: Api, deps: ApiDeps): void {
  app.get('/inventory/matrix', {
    config: { scope: 'inventory:read' },
    schema: {
      querystring: z.strictObject({
        ...pageFields,
        sku: text(255).optional().describe('How the SKU begins.'),
        show: z.enum(['not_in_step', 'short']).optional(),
      }),
      response: answers(pageOf(shownMatrixRow)),
    },
    handler: (request) => reading(deps, request, (tx) => readMatrix(tx, request.query)),
  })
}

function movementRoute(app: Api, deps: ApiDeps): void {
  app.get('/items/:id/movements', {
    config: { scope: 'inventory:read' },
    schema: {
      params: z.strictObject({ id: idOf('item') }),
      querystring: z.strictObject({
        limit: pageFields.limit,
        after: z
          .string()
          .regex(/^\d{1,15}\.\d{1,9}$/, 'is no place in a ledger; send the "next" of the page before')
          .optional(),
      }),
      response: answers(pageOf(shownMovement)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { id } = request.params
        if (!(await knownItems(tx, [id])).has(id)) throw notFound()
        const { limit, after } = request.query
        return movementsOfItem(tx, id, { limit, after })
      }),
  })
}

const linesMax = 500
const line = z
  .strictObject({
    sku: text(255),
    location: text(60),
    set: quantity.optional(),
    delta: z.int().min(-1_000_000).max(1_000_000).optional(),
  })
  .refine((it) => (it.set === undefined) !== (it.delta === undefined), 'says both or neither; send "set" or "delta"')
const adjustment = z.strictObject({ lines: z.array(line).min(1).max(linesMax), reason: text(500) })

const shownAdjustment = z.object({
  lines: z.array(
    z.object({
      sku: z.string(),
      item: shownId,
      location: shownId,
      before: z.int(),
      after: z.int(),
      denied: z.int().describe('Promised to a partner already, so not taken off; an exception shows it.'),
    }),
  ),
  short: z.int().describe('Units that orders now lack.'),
})

const show = (row: Adjusted) => ({
  sku: row.line.sku,
  item: publicId('item', row.itemId),
  location: publicId('location', row.locationId),
  before: row.before,
  after: row.after,
  denied: row.denied,
})

function adjustRoute(app: Api, deps: ApiDeps): void {
  app.post('/inventory/adjustments', {
    config: { scope: 'inventory:write' },
    schema: { body: adjustment, response: answers(shownAdjustment) },
    handler: (request) => {
      const { lines, reason } = request.body
      return writing(
        deps,
        request,
        async (tx, cause) => {
          const { adjusted, short } = await adjustStock(tx, deps.flows, cause, lines)
          return { lines: adjusted.map(show), short }
        },
        { reason },
      )
    },
  })
}

/** What lies where, and changes of it by hand. */
export const inventoryRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    levelRoute(app, deps)
    matrixRoute(app, deps)
    movementRoute(app, deps)
    adjustRoute(app, deps)
    locationRoutes(app, deps)
  }
