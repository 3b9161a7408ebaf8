import { z } from 'zod'
import { type Change, entryHash } from '../api/audit-log.ts'
import type { Api, ApiDeps } from '../api/deps.ts'
import { answers, shownId, shownTime, showTime } from '../api/fields.ts'
import { conditions, type List, pageFields, pageOf, readPage } from '../api/page.ts'
import { reading } from '../api/transactions.ts'
import { publicId } from '../model/id.ts'

interface EntryRow {
  readonly entryId: string
  readonly seq: bigint
  readonly at: Date
  readonly actor: string
  readonly client: string
  readonly act: string
  readonly targets: readonly string[]
  readonly changes: readonly Change[] | null
  readonly hash: Buffer
}

const word = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])
const shownEntry = z.object({
  id: shownId,
  seq: z.string().describe('Its place in the chain, from 1 on without a gap.'),
  at: shownTime,
  actor: z.string(),
  client: z.string(),
  act: z.string(),
  targets: z.array(z.string()),
  changes: z
    .array(z.object({ field: z.string(), before: word.optional(), after: word.optional() }))
    .describe('A field without values was written by a person, and its text is not kept here.'),
  hash: z.string().describe('Keep the last one elsewhere: with it, what is cut off later can be seen.'),
})
const showWord = (value: Change['before']) => (typeof value === 'object' && value !== null ? [...value] : value)
const showChange = ({ field, before, after }: Change) => ({
  field,
  ...(before !== undefined && { before: showWord(before) }),
  ...(after !== undefined && { after: showWord(after) }),
})
const show = (row: EntryRow): z.infer<typeof shownEntry> => ({
  id: publicId('auditEntry', row.entryId),
  seq: row.seq.toString(),
  at: showTime(row.at),
  actor: row.actor,
  client: row.client,
  act: row.act,
  targets: [...row.targets],
  changes: (row.changes ?? []).map(showChange),
  hash: row.hash.toString('hex'),
})

const list: List = { name: 'audit-log', from: 'audit_entry', keys: [['seq', 'int8']], direction: 'desc' }

const shownCheck = z.object({
  looked: z.int(),
  through: z.string().nullable().describe('The place of the last entry looked at.'),
  broken: z.string().nullable().describe('The place of the first entry that does not fit; null: all of them fit.'),
  next: z.string().nullable().describe('Send it as `after`. Null: the end of the log was reached.'),
})

interface CheckRow {
  readonly looked: number
  readonly through: bigint | null
  readonly broken: bigint | null
}

/** Some 15 µs an entry. */
const checkedMax = 5_000

const check = `with page as materialized (
    select * from audit_entry where merchant_id = $1 and seq > $2 order by seq limit ${checkedMax}
  ), first as materialized (select hash from audit_entry where merchant_id = $1 and seq = $2),
  told as (select p.*, lag(p.hash, 1, coalesce((select hash from first), ''::bytea)) over (order by p.seq) as expected,
      lag(p.seq, 1, $2::bigint) over (order by p.seq) + 1 as place from page p)
  select count(*)::int as looked, max(seq) as through,
    min(seq) filter (where seq <> place or prev_hash <> expected or hash <> ${entryHash('told')}) as broken from told`

/** Every link of the chain, page by page. What was cut off its end, only a copy of its last hash can show. */
function checkRoute(app: Api, deps: ApiDeps): void {
  app.get('/audit-log/check', {
    config: { scope: 'audit-log:read' },
    schema: {
      querystring: z.strictObject({
        after: z
          .string()
          .regex(/^\d{1,18}$/)
          .default('0'),
      }),
      response: answers(shownCheck),
    },
    handler: (request) =>
      reading(deps, request, async (tx) => {
        const [row] = await tx.rows<CheckRow & object>(check, [tx.merchantId, request.query.after])
        const { looked, through, broken } = row ?? { looked: 0, through: null, broken: null }
        return {
          looked,
          through: through?.toString() ?? null,
          broken: broken?.toString() ?? null,
          next: looked === checkedMax && broken === null ? (through?.toString() ?? null) : null,
        }
      }),
  })
}

/** Who did what, newest first, and whether it still stands as it was written. */
export function logRoutes(app: Api, deps: ApiDeps): void {
  checkRoute(app, deps)
  app.get('/audit-log', {
    config: { scope: 'audit-log:read' },
    schema: { querystring: z.strictObject(pageFields), response: answers(pageOf(shownEntry)) },
    handler: (request) =>
      reading(deps, request, (tx) => {
        const asked = {
          ...conditions(tx.merchantId),
          select: 't.entry_id as "entryId", t.seq, t.at, t.actor, t.client, t.act, t.targets, t.changes, t.hash',
        }
        return readPage<EntryRow, z.infer<typeof shownEntry>>(tx, list, { reading: asked, page: request.query }, show)
      }),
  })
}
