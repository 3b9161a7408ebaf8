/** Every question that the API takes about lists: from its own description, so that a new one cannot be forgotten. */
import { z } from 'zod'
import type { BenchDatabase } from '../cluster.ts'
import { type Filter, type Kept, kept } from './lists.ts'

export interface Question {
  readonly path: string
  readonly list: Kept
  readonly query: Readonly<Record<string, string>>
  /** The same in SQL: conditions with their values. */
  readonly where: readonly { readonly sql: string; readonly value: string }[]
}
/** `GET` of one row or of parts of it. */
export interface Single {
  readonly path: string
  readonly list: Kept
}

const parameter = z.object({
  name: z.string(),
  in: z.string(),
  required: z.boolean().optional(),
  schema: z.looseObject({ enum: z.array(z.string()).optional() }),
})
type Parameter = z.infer<typeof parameter>
const description = z.object({
  paths: z.record(
    z.string(),
    z.looseObject({ get: z.looseObject({ parameters: z.array(parameter).default([]) }).optional() }),
  ),
})

/** Neither lists nor rows of one. */
const others = new Set(['/merchant', '/audits'])

export async function questionsOf(
  url: string,
  database: BenchDatabase,
  merchantId: string,
): Promise<{ readonly questions: readonly Question[]; readonly singles: readonly Single[] }> {
  const { paths } = description.parse(await (await fetch(`${url}/api/openapi.json`)).json())
  const questions: Question[] = []
  const singles: Single[] = []
  for (const [route, { get }] of Object.entries(paths)) {
    const path = route.replace('/api/v1', '')
    if (!get || others.has(path)) continue
    const [of = '', row] = path.split('/{id}')
    const list = kept[of]
    if (!list) throw new Error(`GET ${path} is new to the bench: say in growth/lists.ts what it lists`)
    if (row === undefined) questions.push(...(await ofList(path, get.parameters, database, merchantId)))
    else singles.push({ path, list })
  }
  return { questions, singles }
}

async function ofList(
  path: string,
  parameters: readonly Parameter[],
  database: BenchDatabase,
  merchantId: string,
): Promise<Question[]> {
  const list = kept[path]
  const asked = parameters.filter(({ name, in: where }) => where === 'query' && name !== 'limit' && name !== 'after')
  if (!list) return []
  const alone: Question[] = asked.some(({ required }) => required) ? [] : [{ path, list, query: {}, where: [] }]
  for (const { name, schema } of asked) {
    const filter = list.filters[name]
    if (!filter) throw new Error(`GET ${path}?${name} is new to the bench: say in growth/lists.ts what it asks`)
    const values = await valuesOf(filter, schema.enum, database, merchantId)
    if (values.length === 0) throw new Error(`GET ${path}?${name}: nothing is there to ask for`)
    for (const { written, raw } of values)
      alone.push({ path, list, query: { [name]: written }, where: [{ sql: filter.sql, value: raw }] })
  }
  return alone
}

async function valuesOf(
  filter: Filter,
  known: readonly string[] | undefined,
  database: BenchDatabase,
  merchantId: string,
): Promise<readonly { readonly written: string; readonly raw: string }[]> {
  if (filter.values !== undefined) return database.query(filter.values, [merchantId])
  return (known ?? []).map((written) => ({ written, raw: written }))
}

export const wordsOf = ({ path, query }: Question): string =>
  `${path}${Object.entries(query)
    .map(([name, value]) => `?${name}=${value}`)
    .join('&')}`
