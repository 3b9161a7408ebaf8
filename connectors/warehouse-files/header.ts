import type { Column, DocumentContract } from './contract.ts'
import { type Refusal, refused } from './file-text.ts'
import type { TableRow } from './table.ts'

export interface Header {
  readonly kind: 'header'
  /** Column name to its place in a row. */
  readonly places: ReadonlyMap<string, number>
  readonly width: number
  readonly warnings: readonly string[]
}

/** "Order ID", "[order_id]" and "ORDER-ID" are one header. */
function normaliseHeader(header: string): string {
  return header
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
}

// The column's own name wins; only without it do its aliases count, so that a file may echo both numbers of an order.
function placesOf(column: Column, normal: readonly string[]): readonly number[] {
  const all = normal.map((name, at) => ({ name, at }))
  const own = all.filter(({ name }) => name === column.name)
  const found = own.length > 0 ? own : all.filter(({ name }) => column.aliases.includes(name))
  return found.map(({ at }) => at)
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name.slice(0, 60)}"`).join(', ')
}

/** Finds the contract's columns in a header row. All that is wrong is named at once, so that one correction is enough. */
export function readHeader(header: TableRow, contract: DocumentContract): Header | Refusal {
  const normal = header.cells.map(normaliseHeader)
  const found = contract.columns.map((column) => ({ column, at: placesOf(column, normal) }))
  const twice = found.filter(({ at }) => at.length > 1)
  if (twice.length > 0) {
    const names = twice.map(
      ({ column, at }) => `${column.name} (${quoted(at.map((place) => header.cells[place] ?? ''))})`,
    )
    return refused('DUPLICATE_HEADER', `More than one column means ${names.join('; ')}. Keep one.`, header.row)
  }
  const missing = found.filter(({ column, at }) => at.length === 0 && column.required !== 'no')
  if (missing.length > 0) {
    const names = missing.map(({ column }) => column.name)
    const mend = `The header must be the first row and name every column. Found: ${quoted(header.cells.slice(0, 20))}.`
    return refused('MISSING_HEADER', `Missing: ${names.join(', ')}. ${mend}`, header.row)
  }
  const places = new Map(
    found.flatMap(({ column, at }) => (at[0] === undefined ? [] : [[column.name, at[0]] as const])),
  )
  const known = new Set(places.values())
  const unknown = header.cells.filter((cell, at) => !known.has(at) && cell.trim() !== '')
  const warnings =
    unknown.length === 0 ? [] : [`Not read, because the contract has no such column: ${quoted(unknown)}.`]
  return { kind: 'header', places, width: header.cells.length, warnings }
}
