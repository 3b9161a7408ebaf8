import { z } from 'zod'
import type { ApiDeps, ApiPlugin } from '../api/deps.ts'
import { answers, flag } from '../api/fields.ts'
import { principalOf } from '../platform/http/access.ts'
import { audits, judgedElsewhere } from './audits.ts'
import { logRoutes } from './log-routes.ts'
import { openLook } from './look.ts'
import { runAudits, type Verdict } from './run-audits.ts'
import { showRow } from './shown.ts'

/** A caller waits for the answer, and its connection for no longer. */
const answerWithinMs = 30_000

const shownAudits = z.object({
  scope: z.enum(['recent', 'everything']).describe('What was looked at: what changed lately and is open, or all rows.'),
  broken: z.int(),
  unfinished: z.int(),
  audits: z.array(
    z.object({
      promise: z.string(),
      name: z.string(),
      state: z.enum(['kept', 'broken', 'unfinished']),
      reason: z.string().nullable().describe('Why it did not finish.'),
      means: z.string(),
      mend: z.string(),
      violations: z.int().describe('Counted up to 100.'),
      more: z.boolean(),
      rows: z.array(z.record(z.string(), z.string())).describe('Ids of the rows, by column.'),
    }),
  ),
  elsewhere: z
    .array(z.object({ promise: z.string(), why: z.string(), judgedBy: z.array(z.string()) }))
    .describe('What the tables alone cannot show, and which tests judge it.'),
})

function show(verdicts: readonly Verdict[], full: boolean): z.infer<typeof shownAudits> {
  const count = (state: Verdict['state']) => verdicts.filter((verdict) => verdict.state === state).length
  return {
    scope: full ? 'everything' : 'recent',
    broken: count('broken'),
    unfinished: count('unfinished'),
    audits: verdicts.map(({ audit, state, reason, rows, more }) => ({
      promise: audit.id,
      name: audit.name,
      state,
      reason,
      means: audit.means,
      mend: audit.mend,
      violations: rows.length,
      more,
      rows: rows.map(showRow),
    })),
    elsewhere: judgedElsewhere.map(({ id, why, by }) => ({ promise: id, why, judgedBy: [...by] })),
  }
}

/** Whether the hub keeps what it promises, by its own tables; and who did what in it. */
export const auditRoutes =
  (deps: ApiDeps): ApiPlugin =>
  async (app) => {
    logRoutes(app, deps)
    app.get('/audits', {
      config: { scope: 'audits:read' },
      schema: { querystring: z.strictObject({ full: flag.default(false) }), response: answers(shownAudits) },
      handler: async (request) => {
        const { full } = request.query
        const until = deps.ports.clock.ms() + answerWithinMs
        const look = openLook(deps.db, principalOf(request).merchantId)
        return show(await runAudits({ audits, look, full, goOn: () => deps.ports.clock.ms() < until }), full)
      },
    })
  }
