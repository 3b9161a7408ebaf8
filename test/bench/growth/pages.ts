/** Asks the API for pages as any program outside of it would, holds them against the tables, and takes the time. */
import { z } from 'zod'
import type { BenchDatabase } from '../cluster.ts'
import { quantile } from '../figures.ts'
import { type Question, type Single, wordsOf } from './questions.ts'

export interface Caller {
  readonly url: string
  readonly key: string
  readonly merchantId: string
}
/** Places inside a list, drawn at random: cursors that lead there, and names of rows. */
export interface Places {
  readonly cursors: readonly string[]
  readonly names: readonly string[]
}

const page = z.object({ items: z.array(z.record(z.string(), z.unknown())), next: z.string().nullable() })
const placesMax = 300
const windowMax = 40_000

async function answered(caller: Caller, path: string): Promise<string> {
  const response = await fetch(`${caller.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${caller.key}` },
    signal: AbortSignal.timeout(60_000),
  })
  const text = await response.text()
  // A body that was let go of by age is an answer too.
  if (response.ok || response.status === 410) return text
  throw new Error(`GET ${path}: ${response.status} ${text.slice(0, 300)}`)
}

/** Draws from the list that the question is about, whatever else it asks. */
export async function drawPlaces(
  database: BenchDatabase,
  { merchantId }: Caller,
  { list, query, where }: Pick<Question, 'list' | 'query' | 'where'>,
): Promise<Places> {
  const parts = where.filter((_, n) => Object.keys(query)[n] === list.parted)
  const params = [merchantId, ...parts.map(({ value }) => value)]
  const own = ['t.merchant_id = $1', ...parts.map(({ sql }, n) => sql.replaceAll('?', `$${n + 2}`))].join(' and ')
  const [all] = await database.query<{ rows: number }>(
    `select count(*)::int as rows from ${list.from} where ${own}`,
    params,
  )
  const keys = list.keys.map(([column], n) => `(${column})::text as k${n}`).join(', ')
  const rows = await database.query<Record<string, string>>(
    `select ${list.named} as name, ${keys} from ${list.from} where ${own} and random() < ${placesMax / Math.max(all?.rows ?? 0, 1)} limit ${placesMax}`,
    params,
  )
  const shuffled = rows.map((row) => ({ row, at: Math.random() })).sort((a, b) => a.at - b.at)
  return {
    cursors: shuffled.map(({ row }) =>
      list.cursor.write(
        merchantId,
        list.keys.map((_, n) => row[`k${n}`] ?? ''),
      ),
    ),
    names: shuffled.map(({ row }) => row.name ?? ''),
  }
}

const addressOf = (question: Question, more: Readonly<Record<string, string>>) =>
  `${question.path}?${new URLSearchParams({ ...question.query, ...more })}`

interface Walk {
  readonly names: readonly string[]
  readonly end: string | null
}

async function walk(caller: Caller, question: Question, from: string | null, pages: number): Promise<Walk> {
  const names: string[] = []
  let after = from
  for (let n = 0; n < pages; n++) {
    const text = await answered(caller, addressOf(question, { limit: '120', ...(after !== null && { after }) }))
    const { items, next } = page.parse(JSON.parse(text))
    names.push(...items.map(question.list.name))
    if (next === null) return { names, end: null }
    if (next === after) throw new Error(`${wordsOf(question)}: a page leads to itself`)
    after = next
  }
  return { names, end: after }
}

/** What the table has between two cursors. */
async function tableHas(
  database: BenchDatabase,
  caller: Caller,
  question: Question,
  { from, end }: { from: string | null; end: string | null },
): Promise<string[]> {
  const { list, where } = question
  const params: string[] = [caller.merchantId]
  const conditions = where.map(({ sql, value }) => sql.replaceAll('?', `$${params.push(value)}`))
  const columns = list.keys.map(([column]) => column).join(', ')
  const bound = (cursor: string | null, operator: string) => {
    if (cursor === null) return
    const values = list.cursor.read(cursor).map((value, n) => `$${params.push(value)}::${list.keys[n]?.[1]}`)
    conditions.push(`(${columns}) ${operator} (${values.join(', ')})`)
  }
  bound(from, list.direction === 'desc' ? '<' : '>')
  bound(end, list.direction === 'desc' ? '>=' : '<=')
  const order = list.keys.map(([column]) => `${column} ${list.direction}`).join(', ')
  // The stage is worked out for one merchant, as the hub's own transactions name it.
  await database.query(`select set_config('hub.merchant_id', $1, false)`, [caller.merchantId])
  const rows = await database.query<{ name: string }>(
    `select ${list.named} as name from ${list.from} where ${['t.merchant_id = $1', ...conditions].join(' and ')} order by ${order} limit ${windowMax}`,
    params,
  )
  return rows.map((row) => row.name)
}

/** Pages from the start and from inside hold exactly what the table has there, in its order. Returns how many rows were compared. */
export async function verifyPages(
  database: BenchDatabase,
  caller: Caller,
  question: Question,
  places: Places,
): Promise<number> {
  let compared = 0
  for (const from of [null, places.cursors[0] ?? null]) {
    const { names, end } = await walk(caller, question, from, 3)
    const wanted = await tableHas(database, caller, question, { from, end })
    if (new Set(names).size !== names.length) throw new Error(`${wordsOf(question)}: a row is on two pages`)
    const wrong = wanted.findIndex((name, n) => name !== names[n])
    if (wrong >= 0 || wanted.length !== names.length)
      throw new Error(
        `${wordsOf(question)}: ${names.length} rows, the table has ${wanted.length}; differs at ${wrong}: ${names[wrong]}, not ${wanted[wrong]}`,
      )
    compared += names.length
  }
  return compared
}

async function p95(caller: Caller, addresses: readonly string[]): Promise<number> {
  const ms: number[] = []
  for (const address of addresses) {
    const from = performance.now()
    await answered(caller, address)
    ms.push(performance.now() - from)
  }
  return quantile(
    ms.toSorted((a, b) => a - b),
    0.95,
  )
}

const drawn = (of: readonly string[], n: number) => of[n % of.length] ?? ''

/** p95 in ms of `requests` first pages, and of as many pages from places inside. Null: it has no inside. */
export async function timeQuestion(
  caller: Caller,
  question: Question,
  places: Places,
  requests: number,
): Promise<{ readonly first: number; readonly inside: number | null }> {
  const times = Array.from({ length: requests }, (_, n) => n)
  const inside = times.map((n) => addressOf(question, { after: drawn(places.cursors, n) }))
  return {
    first: await p95(
      caller,
      times.map(() => addressOf(question, {})),
    ),
    inside: places.cursors.length === 0 ? null : await p95(caller, inside),
  }
}

/** p95 in ms of the smallest answer there is: what any request costs. */
export const timeFloor = (caller: Caller, requests: number): Promise<number> =>
  p95(
    caller,
    Array.from({ length: requests }, () => '/merchant'),
  )

/** p95 in ms of rows drawn at random, each with all that is shown about it. */
export function timeSingle(caller: Caller, { path }: Single, places: Places, requests: number): Promise<number> {
  const times = Array.from({ length: requests }, (_, n) => path.replace('{id}', drawn(places.names, n)))
  return p95(caller, times)
}
