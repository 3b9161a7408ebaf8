import { z } from 'zod'
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
  readonly hash: Buffer
}

const shownEntry = z.object({
  id: shownId,
  seq: z.string().describe('Its place in the chain, from 1 on without a gap.'),
  at: shownTime,
  actor: z.string(),
  client: z.string(),
  act: z.string(),
  targets: z.array(z.string()),
  hash: z.string().describe('Keep the last one elsewhere: with it, what is cut off later can be seen.'),
})
const show = (row: EntryRow): z.infer<typeof shownEntry> => ({
  id: publicId('auditEntry', row.entryId),
  seq: row.seq.toString(),
  at: showTime(row.at),
  actor: row.actor,
  client: row.client,
  act: row.act,
  targets: [...row.targets],
  hash: row.hash.toString('hex'),
})

const list: List = { name: 'audit-log', from: 'audit_entry', keys: [['seq', 'int8']], direction: 'desc' }

/** Who did what, newest first. */
export function logRoutes(app: Api, deps: ApiDeps): void {
  app.get('/audit-log', {
    config: { scope: 'audit-log:read' },
    schema: { querystring: z.strictObject(pageFields), response: answers(pageOf(shownEntry)) },
    handler: (request) =>
      reading(deps, request, (tx) => {
        const asked = {
          ...conditions(tx.merchantId),
          select: 't.entry_id as "entryId", t.seq, t.at, t.actor, t.client, t.act, t.targets, t.hash',
        }
        return readPage<EntryRow, z.infer<typeof shownEntry>>(tx, list, { reading: asked, page: request.query }, show)
      }),
  })
}
