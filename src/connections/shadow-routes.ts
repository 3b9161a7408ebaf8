import { z } from 'zod'
import type { Api, ApiDeps } from '../api/deps.ts'
import { answers, idOf, showMoney, shownId, shownMoney, shownTime, showTime, showTimeOrNull } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound } from '../platform/http/problem.ts'
import { type BackfillRow, backfillColumns, backfillJoin, showBackfill, shownBackfill } from './backfill.ts'
import {
  afterJoin,
  beforeColumn,
  changeColumn,
  changes,
  countShadow,
  orderVerdicts,
  problemColumn,
  seenAtColumn,
  shownJoin,
  skuProblems,
  stageJoin,
  verdictColumn,
} from './shadow.ts'

const params = z.strictObject({ id: idOf('connection') })
const countOf = <Name extends string>(names: readonly Name[]) => z.record(z.enum(names), z.int())

const shownShadow = z.object({
  connection: shownId,
  writeMode: z.string(),
  backfill: shownBackfill,
  quantities: countOf(changes).describe('Listings by what the first write would do to the number that the shop shows.'),
  skus: countOf([...skuProblems, 'fine']).describe('Listings by what a person should look at before it goes live.'),
  orders: countOf(orderVerdicts).describe(
    'Open orders that were read and not handed over, by what would become of them.',
  ),
  more: z.boolean().describe('There are more than are counted here: 2,000 of each are looked at.'),
})

interface Watching extends BackfillRow {
  readonly status: string
  readonly writeMode: string
}

async function watching(tx: Tx, connectionId: string): Promise<Watching> {
  const [row] = await tx.rows<Watching & object>(
    `select t.status, t.write_mode as "writeMode", ${backfillColumns} from connection t ${backfillJoin} where t.merchant_id = $1 and t.connection_id = $2`,
    [tx.merchantId, connectionId],
  )
  if (!row) throw notFound()
  return row
}

const listingPages: List = { name: 'shadow', from: 'listing', keys: [['external_id', 'text']], direction: 'asc' }
const orderPages: List = {
  name: 'watched',
  from: 'orders',
  keys: [
    ['placed_at', 'timestamptz'],
    ['order_id', 'uuid'],
  ],
  direction: 'desc',
}

interface QuantityRow {
  readonly listingId: string
  readonly sku: string | null
  readonly title: string
  readonly before: number | null
  readonly after: number | null
  readonly change: (typeof changes)[number]
  readonly seenAt: Date | null
}
const shownQuantity = z.object({
  ...{ listing: shownId, sku: z.string().nullable(), title: z.string() },
  before: z.int().nullable().describe('What the shop showed at the last look.'),
  after: z.int().nullable().describe('What it would be set to.'),
  change: z.enum(changes),
  seenAt: shownTime.nullable(),
})
const showQuantity = ({ listingId, seenAt, ...row }: QuantityRow): z.infer<typeof shownQuantity> => ({
  listing: publicId('listing', listingId),
  ...{ sku: row.sku, title: row.title, before: row.before, after: row.after, change: row.change },
  seenAt: showTimeOrNull(seenAt),
})

interface SkuRow {
  readonly listingId: string
  readonly sku: string | null
  readonly title: string
  readonly problem: (typeof skuProblems)[number]
}
const shownSku = z.object({
  ...{ listing: shownId, sku: z.string().nullable(), title: z.string() },
  problem: z.enum(skuProblems),
})

interface WatchedRow {
  readonly orderId: string
  readonly number: string
  readonly placedAt: Date
  readonly totalMinor: bigint
  readonly currency: string
  readonly wanted: number
  readonly verdict: (typeof orderVerdicts)[number]
}
const shownWatched = z.object({
  ...{ order: shownId, number: z.string(), placedAt: shownTime, total: shownMoney, units: z.int() },
  verdict: z.enum(orderVerdicts),
})
const showWatched = (row: WatchedRow): z.infer<typeof shownWatched> => ({
  order: publicId('order', row.orderId),
  number: row.number,
  placedAt: showTime(row.placedAt),
  total: showMoney(row.totalMinor, row.currency),
  units: row.wanted,
  verdict: row.verdict,
})

function listingRoutes(app: Api, deps: ApiDeps): void {
  app.get('/connections/:id/shadow/quantities', {
    config: { scope: 'connections:read' },
    schema: {
      params,
      querystring: z.strictObject({ ...pageFields, change: z.enum(changes).optional() }),
      response: answers(pageOf(shownQuantity)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await watching(tx, request.params.id)
        const where = conditions(tx.merchantId)
        where.narrow('t.connection_id = ?', request.params.id)
        where.checkDear(`${changeColumn} = ?`, request.query.change)
        const select = `t.listing_id as "listingId", t.channel_sku as sku, t.title, ${beforeColumn} as before, s.after, ${changeColumn} as change, ${seenAtColumn} as "seenAt"`
        const list = { reading: { ...where, select, joins: `${afterJoin} ${shownJoin}` }, page: request.query }
        return readPage(tx, listingPages, list, showQuantity)
      }),
  })
  app.get('/connections/:id/shadow/skus', {
    config: { scope: 'connections:read' },
    schema: {
      params,
      querystring: z.strictObject({ ...pageFields, problem: z.enum(skuProblems).optional() }),
      response: answers(pageOf(shownSku)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await watching(tx, request.params.id)
        const where = conditions(tx.merchantId)
        where.narrow('t.connection_id = ?', request.params.id)
        const { problem } = request.query
        where.checkDear(`${problemColumn} = any(?::text[])`, problem === undefined ? skuProblems : [problem])
        const select = `t.listing_id as "listingId", t.channel_sku as sku, t.title, ${problemColumn} as problem`
        const list = { reading: { ...where, select, joins: afterJoin }, page: request.query }
        return readPage(tx, listingPages, list, ({ listingId, sku, title, problem }: SkuRow) => ({
          ...{ listing: publicId('listing', listingId), sku, title, problem },
        }))
      }),
  })
}

function orderRoute(app: Api, deps: ApiDeps): void {
  app.get('/connections/:id/shadow/orders', {
    config: { scope: 'connections:read' },
    schema: {
      params,
      querystring: z.strictObject({ ...pageFields, verdict: z.enum(orderVerdicts).optional() }),
      response: answers(pageOf(shownWatched)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await watching(tx, request.params.id)
        const where = conditions(tx.merchantId)
        where.narrow('t.connection_id = ? and t.watched', request.params.id)
        where.narrow('t.cancelled_at is null and t.is_test = ?', false)
        where.checkDear(`${verdictColumn} = ?`, request.query.verdict)
        const select = `t.order_id as "orderId", t.external_number as number, t.placed_at as "placedAt", t.total_minor as "totalMinor", t.currency, s.wanted, ${verdictColumn} as verdict`
        const list = { reading: { ...where, select, joins: stageJoin }, page: request.query }
        return readPage(tx, orderPages, list, showWatched)
      }),
  })
}

/** What the hub would do at a shop that it only watches: in numbers, and page by page. */
export function shadowRoutes(app: Api, deps: ApiDeps): void {
  app.get('/connections/:id/shadow', {
    config: { scope: 'connections:read' },
    schema: { params, response: answers(shownShadow) },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { id } = request.params
        const row = await watching(tx, id)
        const counts = await countShadow(tx, id)
        const connection = publicId('connection', id)
        return { connection, writeMode: row.writeMode, backfill: showBackfill(row), ...counts }
      }),
  })
  listingRoutes(app, deps)
  orderRoute(app, deps)
}
