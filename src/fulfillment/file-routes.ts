import { z } from 'zod'
import type { Api, ApiDeps } from '../api/deps.ts'
import { answers, idOf, shownId, shownTime, showTime } from '../api/fields.ts'
import { requireKnown } from '../api/known.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading } from '../api/transactions.ts'
import { readByKey } from '../inbox/read.ts'
import { publicId } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'

interface FileRow {
  readonly fileId: string
  readonly connectionId: string
  readonly direction: string
  readonly name: string
  readonly size: number
  readonly sha256: string
  readonly state: string
  readonly document: string | null
  readonly summary: Readonly<Record<string, unknown>>
  readonly errors: number
  readonly warnings: number
  readonly createdAt: Date
}
interface IssueRow {
  readonly row: number
  readonly severity: string
  readonly field: string
  readonly code: string
  readonly message: string
}

const columns = `t.file_id as "fileId", t.connection_id as "connectionId", t.direction, t.name, t.size, encode(t.sha256, 'hex') as sha256, t.state, t.document, t.summary,
  i.errors, i.warnings, t.created_at as "createdAt"`
const joins = `cross join lateral (
  select count(*) filter (where i.severity = 'error')::int as errors, count(*) filter (where i.severity = 'warning')::int as warnings
  from partner_file_issue i where i.merchant_id = $1 and i.file_id = t.file_id) i`

const list: List = {
  name: 'files',
  from: 'partner_file',
  keys: [
    ['created_at', 'timestamptz'],
    ['file_id', 'uuid'],
  ],
  direction: 'desc',
}

const shownFile = z.object({
  id: shownId,
  partner: shownId,
  direction: z.string(),
  name: z.string(),
  size: z.int(),
  sha256: z.string(),
  state: z.string(),
  document: z.string().nullable(),
  summary: z.record(z.string(), z.unknown()),
  errors: z.int(),
  warnings: z.int(),
  createdAt: shownTime,
})
const shownIssue = z.object({
  row: z.int().describe('Line in the file as an editor shows it; 0 is the file as a whole.'),
  severity: z.string(),
  field: z.string(),
  code: z.string(),
  message: z.string(),
})

const show = ({ fileId, connectionId, summary, createdAt, ...row }: FileRow): z.infer<typeof shownFile> => ({
  ...row,
  id: publicId('file', fileId),
  partner: publicId('connection', connectionId),
  summary: { ...summary },
  createdAt: showTime(createdAt),
})

const issuesMax = 1_000

/** What was wrong with row 17. */
function readIssues(tx: Tx, fileId: string): Promise<IssueRow[]> {
  return tx.rows<IssueRow & object>(
    `select row, severity, field, code, message from partner_file_issue where merchant_id = $1 and file_id = $2 order by row, seq limit ${issuesMax}`,
    [tx.merchantId, fileId],
  )
}

/** A name that nobody's disk or header trips over. */
const plainName = (name: string): string => name.replaceAll(/[^\w.-]+/g, '_').replace(/^\.+/, '') || 'file'

/** As they were sent, or as they came; null: their time was over. */
async function bytesOf(tx: Tx, file: FileRow): Promise<Uint8Array | null> {
  if (file.direction === 'in') return readByKey(tx, file.connectionId, `file.${file.sha256}`)
  const [row] = await tx.rows<{ bytes: Buffer | null }>(
    'select bytes from partner_file where merchant_id = $1 and file_id = $2',
    [tx.merchantId, file.fileId],
  )
  return row?.bytes ?? null
}

async function found(tx: Tx, fileId: string): Promise<FileRow> {
  const [row] = await tx.rows<FileRow & object>(
    `select ${columns} from (select * from partner_file where merchant_id = $1 and file_id = $2) t ${joins}`,
    [tx.merchantId, fileId],
  )
  if (!row) throw notFound()
  return row
}

/** Requests hold names and addresses, so whoever may not see those gets no file. */
function contentRoute(app: Api, deps: ApiDeps): void {
  app.get('/files/:id/content', {
    config: { scope: 'orders:persons' },
    schema: { params: z.strictObject({ id: idOf('file') }), produces: ['application/octet-stream'] },
    handler: async (request, reply) => {
      const { file, bytes } = await reading(deps, request, async (tx) => {
        const row = await found(tx, request.params.id)
        return { file: row, bytes: await bytesOf(tx, row) }
      })
      if (bytes === null)
        throw new Problem(410, 'HUB_ERASED', 'The bytes of this file were let go of; its time was over.')
      const disposition = `attachment; filename="${plainName(file.name)}"`
      // Never a type that a browser would show: the bytes are somebody else's.
      return reply.type('application/octet-stream').header('content-disposition', disposition).send(Buffer.from(bytes))
    },
  })
}

const states = ['frozen', 'delivered', 'unverifiable', 'stored', 'applied', 'refused', 'duplicate'] as const

/** Files exchanged with partners, with what was wrong row by row; their bytes for who may see addresses. */
export function fileRoutes(app: Api, deps: ApiDeps): void {
  contentRoute(app, deps)
  app.get('/files', {
    config: { scope: 'fulfillment:read' },
    schema: {
      querystring: z.strictObject({
        ...pageFields,
        partner: idOf('connection').optional(),
        direction: z.enum(['in', 'out']).optional(),
        state: z.enum(states).optional(),
      }),
      response: answers(pageOf(shownFile)),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        await requireKnown(tx, { connection: request.query.partner })
        const where = conditions(tx.merchantId)
        where.check('t.connection_id = ?', request.query.partner)
        where.check('t.direction = ?', request.query.direction)
        where.check('t.state = ?', request.query.state)
        return readPage(tx, list, { reading: { ...where, select: columns, joins }, page: request.query }, show)
      }),
  })
  app.get('/files/:id', {
    config: { scope: 'fulfillment:read' },
    schema: {
      params: z.strictObject({ id: idOf('file') }),
      response: answers(shownFile.extend({ issues: z.array(shownIssue) })),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const row = await found(tx, request.params.id)
        return { ...show(row), issues: await readIssues(tx, row.fileId) }
      }),
  })
}
