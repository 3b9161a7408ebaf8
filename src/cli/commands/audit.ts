import { z } from 'zod'
import { harmless } from '../print-answer.ts'
import { type Command, flag, page, text } from './command.ts'

const answered = z.object({
  scope: z.string(),
  broken: z.number(),
  unfinished: z.number(),
  audits: z.array(
    z.object({
      promise: z.string(),
      name: z.string(),
      state: z.string(),
      means: z.string(),
      mend: z.string(),
      violations: z.number(),
      more: z.boolean(),
      rows: z.array(z.record(z.string(), z.string())),
    }),
  ),
})
const shownRows = 5

function print(answer: unknown): string {
  const { scope, broken, unfinished, audits } = answered.parse(answer)
  const lines = audits
    .filter((one) => one.state !== 'kept')
    .flatMap((one) => {
      if (one.state === 'unfinished')
        return [`${one.promise} ${one.name}: not finished; ask again when there is less to do`]
      const rows = one.rows.slice(0, shownRows).map(
        (row) =>
          `    ${Object.entries(row)
            .map(([name, id]) => `${name} ${id}`)
            .join(', ')}`,
      )
      const left = one.violations - rows.length
      const more = left > 0 ? [`    and ${left}${one.more ? ' or more' : ''} others; --json shows up to 100`] : []
      return [`${one.promise} ${one.name}: ${one.means}`, ...rows, ...more, `    ${one.mend}`]
    })
  const looked = scope === 'recent' ? 'what changed lately and what is open' : 'all rows'
  const kept = audits.length - broken - unfinished
  return linesOf([...lines, `${kept} of ${audits.length} audits kept, looking at ${looked}`])
}

const linesOf = (lines: readonly string[]) => `${lines.map(harmless).join('\n')}\n`

/** Nothing is proven by an audit that did not finish. */
function failed(answer: unknown): boolean {
  const { broken, unfinished } = answered.parse(answer)
  return broken + unfinished > 0
}

export const audit: readonly Command[] = [
  {
    noun: 'audit',
    verb: '',
    what: 'Whether the hub keeps its promises, by its own tables; ends with 1 when one is broken',
    method: 'GET',
    path: '/audits',
    options: [flag('full', 'all rows, not only what changed lately and what is open')],
    print,
    failed,
  },
  {
    noun: 'audit-log',
    verb: 'list',
    what: 'Who did what, newest first',
    method: 'GET',
    path: '/audit-log',
    options: page,
    columns: ['seq', 'at', 'actor', 'client', 'act', 'targets'],
  },
  {
    noun: 'audit-log',
    verb: 'check',
    what: 'Whether it stands as it was written, 5,000 entries at a time; ends with 1 when not',
    method: 'GET',
    path: '/audit-log/check',
    options: [text('after', 'the "next" of the answer before')],
    failed: (answer) => z.object({ broken: z.string().nullable() }).parse(answer).broken !== null,
  },
  {
    noun: 'status',
    verb: '',
    what: 'What has waited longest, and which processes are at work',
    method: 'GET',
    path: '/status',
  },
]
