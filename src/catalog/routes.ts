import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, created, idOf, shownId, text } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import { levelsOfItem, showLevel, shownLevel } from '../inventory/read.ts'
import { publicId } from '../model/id.ts'
import { notFound } from '../platform/http/problem.ts'
import { listingRoutes } from './listing-routes.ts'
import { itemColumns, listingsOfItem, readItem } from './read.ts'
import { showItem, showListing, shownItem, shownListing } from './shown.ts'

const itemsMax = 500
const newItems = z.strictObject({
  items: z
    .array(z.strictObject({ sku: text(255), title: text(500, 0).default('') }))
    .min(1)
    .max(itemsMax)
    .refine((items) => new Set(items.map((item) => item.sku)).size === items.length, 'has a SKU twice; send each once'),
})
const list: List = { name: 'items', from: 'item', keys: [['sku', 'text']], direction: 'asc' }

function readRoutes(app: Api, deps: ApiDeps): void {
  app.get('/items', {
    config: { scope: 'items:read' },
    schema: {
      querystring: z.strictObject({ ...pageFields, sku: text(255).optional() }),
      response: answers(pageOf(shownItem)),
    },
    handler: (request) =>
      reading(deps, request, (tx) => {
        const where = conditions(tx.merchantId)
        where.narrow('t.sku = ?', request.query.sku)
        return readPage(tx, list, { reading: { ...where, select: itemColumns }, page: request.query }, showItem)
      }),
  })
  app.get('/items/:id', {
    config: { scope: 'items:read' },
    schema: {
      params: z.strictObject({ id: idOf('item') }),
      response: answers(shownItem.extend({ levels: z.array(shownLevel), listings: z.array(shownListing) })),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { id } = request.params
        const item = await readItem(tx, id)
        if (item === null) throw notFound()
        const levels = (await levelsOfItem(tx, id)).map(showLevel)
        const listings = (await listingsOfItem(tx, id)).map(showListing)
        return { ...showItem(item), levels, listings }
      }),
  })
}

function createRoute(app: Api, deps: ApiDeps): void {
  app.post('/items', {
    config: { scope: 'items:write' },
    schema: {
      body: newItems,
      response: created(z.object({ items: z.array(z.object({ id: shownId, sku: z.string() })) })),
    },
    handler: async (request, reply) => {
      const made = await writing(deps, request, async (tx, cause) => {
        const items = await deps.flows.itemsCreated(tx, cause, request.body.items)
        return { items: items.map(({ itemId, sku }) => ({ id: publicId('item', itemId), sku })) }
      })
      return reply.code(201).send(made)
    },
  })
}

/** Our SKUs, and which listing of which shop takes which. */
export const catalogRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    readRoutes(app, deps)
    createRoute(app, deps)
    listingRoutes(app, deps)
  }
