import { createHash } from 'node:crypto'
import { z } from 'zod'
import { changesBetween } from '../api/audit-log.ts'
import type { Api, ApiDeps } from '../api/deps.ts'
import { answers, created, idOf, shownId, text } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'
import { findLocations, type LocationRow, locationColumns } from './read.ts'

const shownLocation = z.object({
  id: shownId,
  code: z.string(),
  name: z.string(),
  kind: z.string(),
  rank: z.int().describe('Lower ranks are taken from first.'),
  connection: shownId.nullable().describe('The partner that ships from here; null: you ship.'),
  version: z.string().describe('Send it with a change to be told when somebody else was faster.'),
})

const versionOf = (row: LocationRow): string =>
  createHash('sha256')
    .update(JSON.stringify([row.name, row.rank]))
    .digest('hex')
    .slice(0, 16)

const show = (row: LocationRow): z.infer<typeof shownLocation> => ({
  id: publicId('location', row.locationId),
  code: row.code,
  name: row.name,
  kind: row.kind,
  rank: row.rank,
  connection: row.connectionId === null ? null : publicId('connection', row.connectionId),
  version: versionOf(row),
})

const rank = z.int().min(0).max(10_000)
const newLocation = z.strictObject({
  code: text(60),
  name: text(200),
  kind: z.enum(['warehouse', 'store']).default('warehouse'),
  rank: rank.default(100),
})
type NewLocation = z.output<typeof newLocation>
const change = z.strictObject({
  name: text(200).optional(),
  rank: rank.optional(),
  version: z.string().max(100).optional(),
})
type Change = z.output<typeof change>

const list: List = { name: 'locations', from: 'location', keys: [['location_id', 'uuid']], direction: 'asc' }

async function createLocation(tx: Tx, locationId: string, { code, name, kind, rank: at }: NewLocation): Promise<void> {
  const made = await tx.rows(
    `insert into location (merchant_id, location_id, code, name, kind, rank) values ($1, $2, $3, $4, $5, $6)
     on conflict (merchant_id, code) do nothing returning 1`,
    [tx.merchantId, locationId, code, name, kind, at],
  )
  if (made.length > 0) return
  throw new Problem(409, 'HUB_CONFLICT', 'There is a location with this code.', [
    { field: 'code', message: 'is taken', mend: 'Choose another code, or change the one that is there.' },
  ])
}

async function current(tx: Tx, locationId: string): Promise<LocationRow> {
  const [row] = await findLocations(tx, { ids: [locationId], codes: [] })
  if (!row) throw notFound()
  return row
}

/** What it was before. */
async function changeLocation(tx: Tx, locationId: string, { version, ...to }: Change): Promise<LocationRow> {
  await tx.rows('select 1 from location where merchant_id = $1 and location_id = $2 for no key update', [
    tx.merchantId,
    locationId,
  ])
  const before = await current(tx, locationId)
  if (version !== undefined && version !== versionOf(before))
    throw new Problem(409, 'HUB_CONFLICT', 'The location was changed meanwhile. Read it again, then repeat.')
  await tx.rows(
    'update location set name = coalesce($3, name), rank = coalesce($4, rank) where merchant_id = $1 and location_id = $2',
    [tx.merchantId, locationId, to.name ?? null, to.rank ?? null],
  )
  return before
}

/** Where stock lies. A partner's location is made with its connection. */
export function locationRoutes(app: Api, deps: ApiDeps): void {
  app.get('/locations', {
    config: { scope: 'locations:read' },
    schema: { querystring: z.strictObject(pageFields), response: answers(pageOf(shownLocation)) },
    handler: (request) =>
      reading(deps, request, (tx) => {
        const everything = { ...conditions(tx.merchantId), select: locationColumns }
        return readPage(tx, list, { reading: everything, page: request.query }, show)
      }),
  })
  app.post('/locations', {
    config: { scope: 'locations:write' },
    schema: { body: newLocation, response: created(shownLocation) },
    handler: async (request, reply) => {
      const location = await writing(deps, request, async (tx) => {
        const id = deps.ports.ids.uuid()
        await createLocation(tx, id, request.body)
        return show(await current(tx, id))
      })
      return reply.code(201).send(location)
    },
  })
  app.patch('/locations/:id', {
    config: { scope: 'locations:write' },
    schema: { params: z.strictObject({ id: idOf('location') }), body: change, response: answers(shownLocation) },
    handler: (request) =>
      writing(deps, request, async (tx, _cause, changed) => {
        const before = await changeLocation(tx, request.params.id, request.body)
        const after = await current(tx, request.params.id)
        changed(changesBetween(before, after, { fixed: ['rank'], named: ['name'] }))
        return show(after)
      }),
  })
}
