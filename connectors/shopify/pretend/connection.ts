import { apiError } from './context.ts'

export interface PageArgs {
  readonly first?: number | null
  readonly last?: number | null
  readonly after?: string | null
  readonly before?: string | null
  readonly reverse?: boolean | null
}
/** Where an entry stands in its order: value first, id for ties. */
export interface Place {
  readonly value: string
  readonly id: string
}

const pageMax = 250

function compare(a: Place, b: Place): number {
  if (a.value !== b.value) return a.value < b.value ? -1 : 1
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify({ last_id: place.id, last_value: place.value })).toString('base64')
}

function placeOf(cursor: string): Place {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64').toString('utf8'))
    if (typeof read === 'object' && read !== null && 'last_id' in read && 'last_value' in read) {
      return { id: String(read.last_id), value: String(read.last_value) }
    }
  } catch {
    // Answered below like any other cursor that is not ours.
  }
  throw apiError('Invalid cursor for current pagination sort.', 'BAD_REQUEST')
}

/** A Relay page by key, so that an entry which moves while a client pages is met at its new place, not skipped by offset. */
export function connection<T>(
  entries: readonly T[],
  args: PageArgs,
  place: (entry: T) => Place,
  view: (entry: T) => unknown,
) {
  if (args.last || args.before) throw apiError('the pretend Shopify pages forward only', 'PRETEND_UNKNOWN_FIELD')
  const size = args.first
  if (size === undefined || size === null) throw apiError('you must provide one of first or last', 'BAD_REQUEST')
  if (size < 0 || size > pageMax) {
    throw apiError(`The maximum value for first is ${pageMax}, got ${size}`, 'ARGUMENT_LIMIT_EXCEEDED')
  }
  const turn = args.reverse ? -1 : 1
  const placed = entries.map((entry) => ({ entry, at: place(entry) })).sort((a, b) => turn * compare(a.at, b.at))
  const after = args.after ? placeOf(args.after) : null
  const rest = after ? placed.filter(({ at }) => turn * compare(at, after) > 0) : placed
  const page = rest.slice(0, size)
  const first = page[0]
  const last = page.at(-1)
  return {
    pageInfo: {
      hasNextPage: rest.length > page.length,
      hasPreviousPage: after !== null,
      startCursor: first ? cursorOf(first.at) : null,
      endCursor: last ? cursorOf(last.at) : null,
    },
    nodes: () => page.map(({ entry }) => view(entry)),
    edges: () => page.map(({ entry, at }) => ({ cursor: cursorOf(at), node: view(entry) })),
  }
}

/** A short list that Shopify serves as a connection, in its own order. */
export function listed<T>(entries: readonly T[], args: PageArgs, view: (entry: T) => unknown) {
  return connection(
    entries.map((entry, index) => ({ entry, index })),
    args,
    ({ index }) => ({ value: index.toString().padStart(6, '0'), id: '' }),
    ({ entry }) => view(entry),
  )
}
