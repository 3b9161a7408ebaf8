import { z } from 'zod'
import type { Api, ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, idOf, text } from '../api/fields.ts'
import {
  conditions,
  cursorOf,
  type List,
  nameInCursor,
  type Page,
  type PageQuery,
  pageFields,
  pageOf,
  readPage,
} from '../api/page.ts'
import { reading, writing } from '../api/transactions.ts'
import type { Tx } from '../platform/db/tx.ts'
import { principalOf } from '../platform/http/access.ts'
import { notFound } from '../platform/http/problem.ts'
import { type ExceptionRow, exceptionColumns, showException, shownException } from './read.ts'
import { type Cause, recordEvents } from './record.ts'
import { todayRoute } from './today-route.ts'

const exceptions = (name: string): List => ({
  name,
  from: 'exception',
  keys: [
    ['raised_at', 'timestamptz'],
    ['exception_id', 'uuid'],
  ],
  direction: 'desc',
})
const open = exceptions('exceptions-open')
const settled = exceptions('exceptions-resolved')
const start = ['9999-12-31 00:00:00+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff']

type Shown = z.infer<typeof shownException>
interface Asked extends PageQuery {
  readonly state?: 'open' | 'resolved' | undefined
  readonly kind?: string | undefined
}

function readPart(tx: Tx, list: List, asked: Asked): Promise<Page<Shown>> {
  const where = conditions(tx.merchantId)
  where.where.push(`t.resolved_at is ${list === open ? '' : 'not '}null`)
  where.check('t.kind = ?', asked.kind)
  const spec = { ...where, select: exceptionColumns }
  return readPage<ExceptionRow, Shown>(tx, list, { reading: spec, page: asked }, showException)
}

/** Open ones first, newest first in each part: two lists one after the other, each with its index. */
async function readExceptions(tx: Tx, asked: Asked): Promise<Page<Shown>> {
  const inSettled = asked.after !== undefined && nameInCursor(asked.after) === settled.name
  if (asked.state === 'resolved' || (asked.state === undefined && inSettled)) return readPart(tx, settled, asked)
  const first = await readPart(tx, open, asked)
  if (asked.state === 'open' || first.next !== null) return first
  const left = asked.limit - first.items.length
  if (left === 0) return { items: first.items, next: cursorOf(settled, tx.merchantId, start) }
  const second = await readPart(tx, settled, { kind: asked.kind, limit: left })
  return { items: [...first.items, ...second.items], next: second.next }
}

async function readException(tx: Tx, exceptionId: string): Promise<ExceptionRow> {
  const [row] = await tx.rows<ExceptionRow & object>(
    `select ${exceptionColumns} from exception t where t.merchant_id = $1 and t.exception_id = $2`,
    [tx.merchantId, exceptionId],
  )
  if (!row) throw notFound()
  return row
}

/** A person says it is settled. Twice is once; if its cause is still there, it will be raised again. */
async function resolveException(
  tx: Tx,
  exceptionId: string,
  by: { actor: string; cause: Cause },
): Promise<ExceptionRow> {
  const fresh = await tx.rows(
    'update exception set resolved_at = now() where merchant_id = $1 and exception_id = $2 and resolved_at is null returning 1',
    [tx.merchantId, exceptionId],
  )
  const row = await readException(tx, exceptionId)
  if (fresh.length > 0 && row.subjectKind === 'order') {
    const event = { orderId: row.subjectId, kind: 'exception.resolved', cause: by.cause, data: { kind: row.kind } }
    await recordEvents(tx, by.actor, [event])
  }
  return row
}

function resolveRoute(app: Api, deps: ApiDeps): void {
  app.post('/exceptions/:id/resolve', {
    config: { scope: 'exceptions:write' },
    schema: { params: z.strictObject({ id: idOf('exception') }), response: answers(shownException) },
    handler: (request) =>
      writing(deps, request, async (tx, cause) => {
        const { actor } = principalOf(request)
        return showException(await resolveException(tx, request.params.id, { actor, cause }))
      }),
  })
}

/** What a person should look at. */
export const journalRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    app.get('/exceptions', {
      config: { scope: 'exceptions:read' },
      schema: {
        querystring: z.strictObject({
          ...pageFields,
          state: z.enum(['open', 'resolved']).optional(),
          kind: text(60).optional(),
        }),
        response: answers(pageOf(shownException)),
      },
      handler: (request) => reading(deps, request, (tx) => readExceptions(tx, request.query)),
    })
    resolveRoute(app, deps)
    todayRoute(app, deps)
  }
