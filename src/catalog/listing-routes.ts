import { z } from 'zod'
import type { Api, ApiDeps } from '../api/deps.ts'
import { answers, flag, idOf, text } from '../api/fields.ts'
import { requireKnown } from '../api/known.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { itemsBySku, knownItems, listingColumns, listingJoins, readListing } from './read.ts'
import { showListing, shownListing } from './shown.ts'

const list: List = { name: 'listings', from: 'listing', keys: [['listing_id', 'uuid']], direction: 'asc' }
const componentsMax = 50

const part = z
  .strictObject({
    item: idOf('item').optional(),
    sku: text(255).optional(),
    quantity: z.int().min(1).max(1_000),
  })
  .refine((it) => (it.item === undefined) !== (it.sku === undefined), 'names both or neither; send "item" or "sku"')
const mapping = z.strictObject({ components: z.array(part).max(componentsMax) })
type Part = z.output<typeof part>

interface Component {
  readonly itemId: string
  readonly qtyPer: number
}

/** Items by id or SKU. @throws Problem naming each part that nobody has */
async function resolveParts(tx: Tx, parts: readonly Part[]): Promise<Component[]> {
  const bySku = await itemsBySku(
    tx,
    parts.flatMap((it) => it.sku ?? []),
  )
  const known = await knownItems(
    tx,
    parts.flatMap((it) => it.item ?? []),
  )
  const found = parts.map((it) =>
    it.item === undefined ? bySku.get(it.sku ?? '') : known.has(it.item) ? it.item : undefined,
  )
  const errors = found.flatMap((itemId, at) => {
    const field = `components.${at}.${parts[at]?.item === undefined ? 'sku' : 'item'}`
    return itemId === undefined ? [{ field, message: 'is no item of yours', mend: 'Create the item first.' }] : []
  })
  if (errors.length > 0) throw new Problem(404, 'HUB_NOT_FOUND', 'Nothing was changed: an item is not there.', errors)
  const components = found.flatMap((itemId, at) =>
    itemId === undefined ? [] : [{ itemId, qtyPer: parts[at]?.quantity ?? 1 }],
  )
  if (new Set(components.map((c) => c.itemId)).size === components.length) return components
  throw new Problem(400, 'HUB_VALIDATION', 'Nothing was changed: an item is named twice.', [
    { field: 'components', message: 'name an item twice', mend: 'Name each item once, with the sum as its quantity.' },
  ])
}

/** Listings of shops, and what one unit of them takes from stock. */
export function listingRoutes(app: Api, deps: ApiDeps): void {
  app.get('/listings', {
    config: { scope: 'listings:read' },
    schema: {
      querystring: z.strictObject({
        ...pageFields,
        connection: idOf('connection').optional(),
        sku: text(255).optional(),
        unmapped: flag.optional(),
      }),
      response: answers(pageOf(shownListing)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const { connection, sku, unmapped } = request.query
        await requireKnown(tx, { connection })
        const where = conditions(tx.merchantId)
        where.check('t.connection_id = ?', connection)
        where.narrow('t.channel_sku = ?', sku)
        // Before the joins, so that only rows that are shown have theirs read.
        where.check(
          '((select count(*) from listing_component c where c.merchant_id = $1 and c.listing_id = t.listing_id) = 0) = ?::boolean',
          unmapped,
        )
        const spec = { ...where, select: listingColumns, joins: listingJoins }
        return readPage(tx, list, { reading: spec, page: request.query }, showListing)
      }),
  })
  app.put('/listings/:id/components', {
    config: { scope: 'listings:write' },
    schema: { params: z.strictObject({ id: idOf('listing') }), body: mapping, response: answers(shownListing) },
    handler: (request) =>
      writing(deps, request, async (tx, cause) => {
        const listingId = request.params.id
        if ((await readListing(tx, listingId)) === null) throw notFound()
        const components = await resolveParts(tx, request.body.components)
        await deps.flows.mappingChanged(tx, cause, { listingId, components })
        const listing = await readListing(tx, listingId)
        if (listing === null) throw notFound()
        return showListing(listing)
      }),
  })
}
