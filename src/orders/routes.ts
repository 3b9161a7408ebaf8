import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, idOf, when } from '../api/fields.ts'
import { requireKnown } from '../api/known.ts'
import { pageFields, pageOf } from '../api/page.ts'
import { grants } from '../api/permissions.ts'
import { reading } from '../api/transactions.ts'
import {
  requestsOfOrder,
  shipmentsOfOrder,
  shownRequest,
  shownShipment,
  showRequest,
  showShipment,
} from '../fulfillment/read.ts'
import { exceptionsOf, showEvent, showException, shownEvent, shownException, timelineOf } from '../journal/read.ts'
import { isUuid } from '../model/id.ts'
import { normaliseNumber } from '../model/text.ts'
import { principalOf } from '../platform/http/access.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { actRoutes, mayActOn } from './act-routes.ts'
import { listOrders } from './list-orders.ts'
import { readLines, readOrder, readPersons, stages } from './read.ts'
import { type FoundAfter, searchOrders } from './search-orders.ts'
import { showLine, shownLine, shownOrder, shownPerson, showOrder, showPerson } from './shown.ts'
import { countStandings, standings } from './standing.ts'

const listQuery = z.strictObject({
  ...pageFields,
  connection: idOf('connection').optional(),
  stage: z.enum(stages).optional(),
  standing: z.enum(standings).optional(),
  placedFrom: when.optional(),
  placedBefore: when.optional(),
})

const counts = z.object({
  looked: z.int().describe('How many orders were counted: the newest of those asked for.'),
  more: z.boolean().describe('Older ones are there that were not counted.'),
  counts: z.record(z.enum(standings), z.int()).describe('Each order counts once: they add up to looked.'),
})

function countRoute(app: Api, deps: ApiDeps): void {
  app.get('/orders/standings', {
    config: { scope: 'orders:read' },
    schema: {
      querystring: listQuery.pick({ connection: true, placedFrom: true, placedBefore: true }),
      response: answers(counts),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await requireKnown(tx, { connection: request.query.connection })
        return countStandings(tx, request.query)
      }),
  })
}

function listRoute(app: Api, deps: ApiDeps): void {
  app.get('/orders', {
    config: { scope: 'orders:read' },
    schema: {
      querystring: listQuery,
      response: answers(pageOf(shownOrder)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await requireKnown(tx, { connection: request.query.connection })
        return listOrders(tx, request.query, showOrder)
      }),
  })
}

const refusal = z.string().nullable()
const shownWhole = shownOrder.extend({
  lines: z.array(shownLine),
  persons: z.array(shownPerson).nullable().describe('Null without the scope orders:persons.'),
  fulfillmentOrders: z.array(shownRequest),
  shipments: z.array(shownShipment),
  exceptions: z.array(shownException),
  timeline: z.array(shownEvent),
  may: z
    .object({ hold: refusal, release: refusal, cancel: refusal, keep: refusal })
    .describe('What can be done to it now: null, or why not.'),
})

function oneRoute(app: Api, deps: ApiDeps): void {
  app.get('/orders/:id', {
    config: { scope: 'orders:read' },
    schema: { params: z.strictObject({ id: idOf('order') }), response: answers(shownWhole) },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { id } = request.params
        const order = await readOrder(tx, id)
        if (order === null) throw notFound()
        const mayPersons = grants(principalOf(request), 'orders:persons')
        return {
          ...showOrder(order),
          lines: (await readLines(tx, id)).map(showLine(order.currency)),
          persons: mayPersons ? (await readPersons(tx, id)).map(showPerson) : null,
          fulfillmentOrders: (await requestsOfOrder(tx, id)).map(showRequest),
          shipments: (await shipmentsOfOrder(tx, id)).map(showShipment),
          exceptions: (await exceptionsOf(tx, id)).map(showException),
          timeline: (await timelineOf(tx, id)).map(showEvent),
          may: { ...(await mayActOn(tx, deps, order)) },
        }
      }),
  })
}

const foundAfter = z.tuple([z.string().regex(/^[A-Z0-9]{1,100}$/), z.string().refine(isUuid)])

function readAfter(cursor: string | undefined): FoundAfter | null {
  if (cursor === undefined) return null
  try {
    const [matched, orderId] = foundAfter.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    return { matched, orderId }
  } catch {
    throw new Problem(400, 'HUB_VALIDATION', 'The cursor does not belong to this search.', [
      { field: 'after', message: 'is no cursor of a search', mend: 'Send the "next" of the page before, unchanged.' },
    ])
  }
}

const searched = z
  .string()
  .max(100)
  .refine((q) => normaliseNumber(q) !== '', 'holds no letter or digit; write an order, request or tracking number')

function searchRoute(app: Api, deps: ApiDeps): void {
  app.get('/orders/search', {
    config: { scope: 'orders:read' },
    schema: {
      querystring: z.strictObject({ ...pageFields, q: searched }),
      response: answers(pageOf(shownOrder.extend({ matched: z.string(), matchedKind: z.string() }))),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { q, limit, after } = request.query
        const rows = await searchOrders(tx, q, { after: readAfter(after), limit: limit + 1 })
        const kept = rows.slice(0, limit)
        const last = rows.length > limit ? kept.at(-1) : undefined
        const next = last && Buffer.from(JSON.stringify([last.matched, last.orderId])).toString('base64url')
        const items = kept.map((row) => ({ ...showOrder(row), matched: row.matched, matchedKind: row.kind }))
        return { items, next: next ?? null }
      }),
  })
}

/** Orders: many, one with everything about it, by any number, and what a person decides about one. */
export const orderRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    listRoute(app, deps)
    countRoute(app, deps)
    oneRoute(app, deps)
    searchRoute(app, deps)
    actRoutes(app, deps)
  }
