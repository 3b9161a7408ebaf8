import { z } from 'zod'
import { isUuid } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { notFound, Problem } from '../platform/http/problem.ts'

export const pageFields = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: z.string().min(1).max(600).optional(),
}
export interface PageQuery {
  readonly limit: number
  readonly after?: string | undefined
}
export interface Page<T> {
  readonly items: T[]
  /** Send it as `after`. Null: nothing is left. With a filter a page may be short and still have a next. */
  readonly next: string | null
}
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() })

type KeyType = 'timestamptz' | 'uuid' | 'text' | 'int8'
export interface List {
  /** Its name in cursors: a cursor of one list does not fit another. */
  readonly name: string
  readonly from: string
  /** Columns that order it, as an index does; the last one makes them unique. */
  readonly keys: readonly (readonly [column: string, type: KeyType])[]
  readonly direction: 'asc' | 'desc'
}
/** One reading of a list. `t` is the list's row; `$1` is the merchant, further parameters come from `params`. */
export interface Reading {
  readonly params: readonly unknown[]
  /** Conditions that the index serves, or that most rows meet. */
  readonly where: readonly string[]
  readonly select: string
  readonly joins?: string
  /** Conditions on what was joined, or rarely met: a limited number of rows is looked at for one page. */
  readonly filter: readonly Check[]
}
interface Check {
  readonly sql: string
  readonly value: unknown
  /** Of what is worked out for each row, from other tables. */
  readonly dear: boolean
}
type Reader = Pick<Tx, 'rows' | 'merchantId'>

/** Rows looked at for one page: some 15 ms, whether they have the column asked for or it is worked out, at 70 µs a row. */
const looksMax = { cheap: 5_000, dear: 200 }

/** As PostgreSQL writes one, and will read it again: a date of its calendar, an offset that it knows. */
function isInstant(text: string): boolean {
  const found = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?[+-](0\d|1[0-4])(:[0-5]\d)?$/.exec(text)
  const at = new Date(`${found?.[1]}T${found?.[2]}Z`)
  return (
    !Number.isNaN(at.getTime()) && at.toISOString().startsWith(`${found?.[1]}T${found?.[2]}`) && at.getUTCFullYear() > 0
  )
}

const keyShapes: Readonly<Record<KeyType, (text: string) => boolean>> = {
  timestamptz: isInstant,
  uuid: isUuid,
  int8: (text) => /^\d{1,18}$/.test(text),
  text: (text) => text.length <= 300 && text.isWellFormed() && !text.includes('\u0000'),
}

/** What is asked of a list, with its parameters; an absent value asks nothing. In `sql`, `?` is where the value goes. */
export function conditions(merchantId: string) {
  const params: unknown[] = [merchantId]
  const where: string[] = []
  const filter: Check[] = []
  return {
    params,
    where,
    filter,
    /** An index serves it. */
    narrow(sql: string, value: unknown): void {
      if (value !== undefined) where.push(sql.replaceAll('?', `$${params.push(value)}`))
    },
    /** Each row is looked at, so the number of looks is limited. */
    check(sql: string, value: unknown): void {
      if (value !== undefined) filter.push({ sql, value, dear: false })
    },
    /** The same for what is worked out row by row. */
    checkDear(sql: string, value: unknown): void {
      if (value !== undefined) filter.push({ sql, value, dear: true })
    },
  }
}

/** Where a page ended, opaque to the caller. */
export function cursorOf(list: List, merchantId: string, keys: readonly string[]): string {
  return Buffer.from(JSON.stringify([list.name, merchantId.slice(-12), ...keys])).toString('base64url')
}

const cursorShape = z.array(z.string()).max(8)

function partsOf(cursor: string): string[] {
  try {
    return cursorShape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch {
    return []
  }
}

/** Of which list a cursor claims to be. */
export const nameInCursor = (cursor: string): string | undefined => partsOf(cursor)[0]

function keysOf(list: List, merchantId: string, cursor: string): string[] {
  const [name, owner, ...keys] = partsOf(cursor)
  const fits = name === list.name && keys.length === list.keys.length
  if (!fits || !list.keys.every(([, type], at) => keyShapes[type](keys[at] ?? ''))) {
    throw new Problem(400, 'HUB_VALIDATION', 'The cursor does not belong to this list.', [
      { field: 'after', message: 'is no cursor of this list', mend: 'Send the "next" of the page before, unchanged.' },
    ])
  }
  if (owner !== merchantId.slice(-12)) throw notFound()
  return keys
}

/** One page by keyset: stable while rows come and go, and the same cost on page 1 and page 1,000. */
export async function readPage<Row extends object, Item>(
  tx: Reader,
  list: List,
  { reading, page }: { readonly reading: Reading; readonly page: PageQuery },
  show: (row: Row) => Item,
): Promise<Page<Item>> {
  const params = [...reading.params]
  const keys = list.keys.map(([column]) => `t.${column}`)
  const where = ['t.merchant_id = $1', ...reading.where]
  if (page.after !== undefined) {
    const from = keysOf(list, tx.merchantId, page.after)
    const values = from.map((value, at) => `$${params.push(value)}::${list.keys[at]?.[1]}`)
    where.push(`(${keys.join(', ')}) ${list.direction === 'desc' ? '<' : '>'} (${values.join(', ')})`)
  }
  const filtered = reading.filter.length > 0
  const looks = reading.filter.some(({ dear }) => dear) ? looksMax.dear : looksMax.cheap
  // As the indexes are written: without "nulls last" none of them fits, and a page sorts the whole table.
  const towards = list.direction === 'desc' ? 'desc nulls last' : 'asc'
  const order = `order by ${keys.map((key) => `${key} ${towards}`).join(', ')}`
  const scan = `(select t.* from ${list.from} t where ${where.join(' and ')} ${order} limit ${filtered ? looks : page.limit + 1}) t`
  const scanParams = [...params]
  const checks = reading.filter.map(({ sql, value }) => sql.replaceAll('?', `$${params.push(value)}`))
  const shownKeys = keys.map((key, at) => `${key}::text as key_${at}`).join(', ')
  const rows = await tx.rows<Row & Record<string, string>>(
    `select ${reading.select}, ${shownKeys} from ${scan} ${reading.joins ?? ''}
     ${filtered ? `where ${checks.join(' and ')}` : ''} ${order} limit ${page.limit + 1}`,
    params,
  )
  const items = rows.slice(0, page.limit)
  const [edge] = filtered && rows.length <= page.limit ? await lastLookedAt() : []
  const last = rows.length > page.limit ? items.at(-1) : edge
  const next =
    last === undefined
      ? null
      : cursorOf(
          list,
          tx.merchantId,
          keys.map((_, at) => last[`key_${at}`] ?? ''),
        )
  return { items: items.map(show), next }

  /** Nothing more was found, but the scan ended at its limit: the next page goes on from there. */
  function lastLookedAt(): Promise<Record<string, string>[]> {
    return tx.rows<Record<string, string>>(
      `select ${shownKeys} from ${scan} ${order} offset ${looks - 1} limit 1`,
      scanParams,
    )
  }
}
