import type { Reader, Reply, RestCall } from './rest.ts'

interface Dated {
  readonly id: number
  readonly created: number
  readonly modified: number
}

const second = (at: number) => Math.floor(at / 1000)
const orderbyChoices = ['date', 'modified', 'id', 'include', 'title', 'slug']

/** Strictly after and strictly before, in whole seconds (observed on WooCommerce 11.0.1, 2026-11-23). */
function datedBetween<T extends Dated>(items: readonly T[], read: Reader): readonly T[] {
  const after = read.seconds('after')
  const before = read.seconds('before')
  const modifiedAfter = read.seconds('modified_after')
  const modifiedBefore = read.seconds('modified_before')
  return items.filter(
    (item) =>
      (after === null || second(item.created) > after) &&
      (before === null || second(item.created) < before) &&
      (modifiedAfter === null || second(item.modified) > modifiedAfter) &&
      (modifiedBefore === null || second(item.modified) < modifiedBefore),
  )
}

function sorted<T extends Dated>(items: readonly T[], by: { readonly field: string; readonly asc: boolean }) {
  const value = (item: T) => {
    if (by.field === 'id') return item.id
    return second(by.field === 'modified' ? item.modified : item.created)
  }
  const direction = by.asc ? 1 : -1
  return [...items].sort((a, b) => direction * (value(a) - value(b) || a.id - b.id))
}

/** `_fields=id,sku` of WordPress: only these top-level fields come back. */
function onlyFields(row: Record<string, unknown>, fields: readonly string[] | null): Record<string, unknown> {
  if (!fields) return row
  const wanted = fields.map((field) => field.split('.')[0])
  return Object.fromEntries(Object.entries(row).filter(([name]) => wanted.includes(name)))
}

/** One page of a collection: sorted, cut, with WordPress's counting headers. Past the end it is an empty 200. */
export function pageOf<T extends Dated>(
  call: RestCall,
  read: Reader,
  from: {
    readonly items: readonly T[]
    readonly json: (item: T) => Record<string, unknown>
    readonly seen?: (item: T) => void
  },
): Reply {
  const perPage = read.number('per_page', { least: 1, most: 100, or: 10 })
  const page = read.number('page', { least: 1, most: 1_000_000, or: 1 })
  const order = read.choice('order', ['asc', 'desc'], 'desc')
  const orderby = read.choice('orderby', orderbyChoices, 'date')
  const include = read.ids('include')
  const exclude = read.ids('exclude')
  const dated = datedBetween(from.items, read)
  read.done()
  const chosen = dated.filter((item) => (!include || include.includes(item.id)) && !exclude?.includes(item.id))
  const all = sorted(chosen, { field: orderby, asc: order === 'asc' })
  const rows = all.slice((page - 1) * perPage, page * perPage)
  for (const row of rows) if (from.seen) call.onSeen(() => from.seen?.(row))
  const pages = Math.ceil(all.length / perPage)
  const fields = read.list('_fields')
  return {
    status: 200,
    data: rows.map((row) => onlyFields(from.json(row), fields)),
    headers: { 'x-wp-total': String(all.length), 'x-wp-totalpages': String(pages) },
  }
}
