import { z } from 'zod'
import type { Api, ApiDeps } from '../api/deps.ts'
import { answers, created, idOf, shownId, shownTime, showTime, showTimeOrNull, text } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'

interface FileMark {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly at: string
}
interface WarehouseRow {
  readonly connectionId: string
  readonly label: string
  readonly connector: string
  readonly status: string
  readonly statusReason: string | null
  readonly writeMode: string
  readonly lastSuccessAt: Date | null
  readonly lastError: string | null
  readonly locationId: string | null
  readonly locationCode: string | null
  readonly lastSent: FileMark | null
  readonly lastReceived: FileMark | null
  readonly toSend: number
  readonly waiting: number
  readonly late: number
  readonly waitingSince: Date | null
  readonly rowsInError: number
  readonly filesInError: number
}

/** The newest files of a merchant among which the last of one partner is looked for. */
const filesLookedAt = 1_000
const mark = `json_build_object('id', f.file_id, 'name', f.name, 'state', f.state, 'at', f.created_at)`
const columns = `t.connection_id as "connectionId", t.label, t.connector, t.status, t.status_reason as "statusReason", t.write_mode as "writeMode",
  t.last_success_at as "lastSuccessAt", t.last_error as "lastError", l.location_id as "locationId", l.code as "locationCode",
  s.mark as "lastSent", r.mark as "lastReceived", e.to_send as "toSend", e.waiting, e.late, e.since as "waitingSince",
  x.rows as "rowsInError", x.files as "filesInError"`
const joins = `
  left join lateral (select location_id, code from location l where l.merchant_id = $1 and l.connection_id = t.connection_id order by rank limit 1) l on true
  left join lateral (select ${mark} as mark from partner_file f where f.merchant_id = $1 and f.connection_id = t.connection_id and f.direction = 'out'
    order by sequence desc limit 1) s on true
  left join lateral (select ${mark} as mark from (select * from partner_file where merchant_id = $1 order by created_at desc, file_id desc limit ${filesLookedAt}) f
    where f.connection_id = t.connection_id and f.direction = 'in' order by f.created_at desc limit 1) r on true
  cross join lateral (
    select (count(*) filter (where e.state <> 'accepted'))::int as to_send, (count(*) filter (where e.state = 'accepted'))::int as waiting,
      (count(*) filter (where e.state = 'accepted' and o.ack_due_at < now()))::int as late, min(o.submitted_at) filter (where e.state = 'accepted') as since
    from (select * from effect e where e.merchant_id = $1 and e.connection_id = t.connection_id and e.state in ('pending','sending','unknown','accepted') limit 10000) e
    left join lateral (select ack_due_at, submitted_at from fulfillment_order o where o.merchant_id = $1 and o.fulfillment_order_id = e.subject_id offset 0) o on true) e
  cross join lateral (
    select count(*)::int as files, coalesce(sum(case when x.kind = 'file_rows_rejected' then (x.detail ->> 'rejected')::int else 0 end), 0)::int as rows
    from (select kind, subject_id, detail from exception where merchant_id = $1 and resolved_at is null and kind in ('file_refused', 'file_rows_rejected')
      and subject_kind = 'file' limit 1000) x
    cross join lateral (select 1 from partner_file f where f.merchant_id = $1 and f.file_id = x.subject_id and f.connection_id = t.connection_id offset 0) f) x`

const shownFile = z.object({ id: shownId, name: z.string(), state: z.string(), at: shownTime })
const shownWarehouse = z.object({
  id: shownId.describe('Its connection.'),
  label: z.string(),
  connector: z.string(),
  status: z.string(),
  statusReason: z.string().nullable(),
  writeMode: z.string(),
  lastSuccessAt: shownTime.nullable(),
  lastError: z.string().nullable(),
  location: z.object({ id: shownId, code: z.string() }).nullable(),
  lastSent: shownFile.nullable(),
  lastReceived: shownFile
    .nullable()
    .describe(`Null: none among the newest ${filesLookedAt} files of all your partners.`),
  toSend: z.int().describe('Requests and cancels that are still to go.'),
  waiting: z.int().describe('Those that it has and has not answered.'),
  late: z.int().describe('Those of them whose time to answer is over.'),
  waitingSince: shownTime.nullable(),
  rowsInError: z.int().describe('Rows of its files that were not taken and that nobody has settled.'),
  filesInError: z.int(),
})

const showFile = (file: FileMark | null): z.infer<typeof shownFile> | null =>
  file && { ...file, id: publicId('file', file.id), at: showTime(new Date(file.at)) }

function show({ connectionId, locationId, locationCode, ...row }: WarehouseRow): z.infer<typeof shownWarehouse> {
  return {
    ...row,
    id: publicId('connection', connectionId),
    location: locationId === null ? null : { id: publicId('location', locationId), code: locationCode ?? '' },
    lastSuccessAt: showTimeOrNull(row.lastSuccessAt),
    waitingSince: showTimeOrNull(row.waitingSince),
    lastSent: showFile(row.lastSent),
    lastReceived: showFile(row.lastReceived),
  }
}

const list: List = { name: 'warehouses', from: 'connection', keys: [['connection_id', 'uuid']], direction: 'asc' }
const kindsOf = ({ connectors }: ApiDeps): string[] =>
  [...connectors.values()].filter(({ manifest }) => manifest.role === 'partner').map(({ manifest }) => manifest.kind)
const params = z.strictObject({ id: idOf('connection') })

/** @throws Problem 404 where there is no such partner here, 409 where it is connected no more */
async function requirePartner(tx: Tx, deps: ApiDeps, connectionId: string): Promise<void> {
  const [row] = await tx.rows<{ status: string }>(
    'select status from connection where merchant_id = $1 and connection_id = $2 and connector = any($3::text[])',
    [tx.merchantId, connectionId, kindsOf(deps)],
  )
  if (!row) throw notFound()
  if (row.status !== 'active')
    throw new Problem(409, 'HUB_CONFLICT', `This warehouse is ${row.status.replace('_', ' ')}. Connect it again first.`)
}

/** As a partner's files are limited, and a third more for base64. */
const fileBytesMax = 5_000_000
const newFile = z.strictObject({
  name: text(200).describe('As the partner’s contract names it; the name says what is in it.'),
  content: z
    .base64()
    .min(1)
    .max(Math.ceil((fileBytesMax * 4) / 3) + 4)
    .describe('Its bytes, in base64.'),
})

function handInRoute(app: Api, deps: ApiDeps): void {
  app.post('/warehouses/:id/files', {
    config: { scope: 'fulfillment:write' },
    bodyLimit: Math.ceil((fileBytesMax * 4) / 3) + 10_000,
    schema: {
      params,
      body: newFile,
      response: created(z.object({ id: shownId, known: z.boolean().describe('The same bytes came before.') })),
    },
    handler: async (request, reply) => {
      const made = await writing(deps, request, async (tx) => {
        const { id: connectionId } = request.params
        await requirePartner(tx, deps, connectionId)
        const { name, content } = request.body
        const file = await deps.flows.fileHandedIn(tx, { connectionId, name, bytes: Buffer.from(content, 'base64') })
        return { id: publicId('file', file.fileId), known: !file.isNew }
      })
      return reply.code(201).send(made)
    },
  })
}

/** Those who ship for the merchant: what went there, what came back, what waits and what was wrong. */
export function warehouseRoutes(app: Api, deps: ApiDeps): void {
  app.get('/warehouses', {
    config: { scope: 'fulfillment:read' },
    schema: { querystring: z.strictObject(pageFields), response: answers(pageOf(shownWarehouse)) },
    handler: (request) =>
      reading(deps, request, (tx) => {
        const where = conditions(tx.merchantId)
        where.check('t.connector = any(?::text[])', kindsOf(deps))
        where.check('t.status <> ?', 'disconnected')
        return readPage(tx, list, { reading: { ...where, select: columns, joins }, page: request.query }, show)
      }),
  })
  app.post('/warehouses/:id/send', {
    config: { scope: 'fulfillment:write' },
    schema: {
      params,
      response: answers(z.object({ hurried: z.int().describe('How many waited for their next try.') })),
    },
    handler: (request) =>
      writing(deps, request, async (tx) => {
        await requirePartner(tx, deps, request.params.id)
        return { hurried: await deps.flows.sendNow(tx, request.params.id) }
      }),
  })
  handInRoute(app, deps)
}
