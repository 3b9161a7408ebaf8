import type { ApiDeps, Cause, StockLine } from '../api/deps.ts'
import { itemsBySku } from '../catalog/read.ts'
import { uuidOf } from '../model/id.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type FieldError, Problem } from '../platform/http/problem.ts'
import { findLocations } from './read.ts'

export interface AdjustLine {
  readonly sku: string
  /** A location's id or code. */
  readonly location: string
  readonly set?: number | undefined
  readonly delta?: number | undefined
}
export interface Adjusted {
  readonly line: AdjustLine
  readonly itemId: string
  readonly locationId: string
  readonly before: number
  readonly after: number
  readonly denied: number
}

const refused = (errors: readonly FieldError[]) =>
  new Problem(422, 'HUB_ROWS_REJECTED', `Nothing was changed: ${errors.length} of the lines cannot be applied.`, errors)

async function resolveLines(tx: Tx, lines: readonly AdjustLine[]): Promise<(StockLine & { line: AdjustLine })[]> {
  const items = await itemsBySku(
    tx,
    lines.map((line) => line.sku),
  )
  const ids = lines.flatMap((line) => uuidOf('location', line.location) ?? [])
  const found = await findLocations(tx, { ids, codes: lines.map((line) => line.location) })
  const place = (named: string) => {
    const id = uuidOf('location', named)
    return found.find((row) => row.locationId === id || row.code === named)?.locationId
  }
  const errors: FieldError[] = []
  const seen = new Map<string, number>()
  const resolved = lines.flatMap((line, at) => {
    const [itemId, locationId] = [items.get(line.sku), place(line.location)]
    const wrong = (field: string, message: string, mend: string) =>
      errors.push({ field: `lines.${at}.${field}`, message, mend })
    if (itemId === undefined) wrong('sku', 'is not known here', 'Create the item, or correct the SKU.')
    if (locationId === undefined) wrong('location', 'is not known here', 'Write the id or code of a location.')
    if (itemId === undefined || locationId === undefined) return []
    const first = seen.get(`${itemId} ${locationId}`)
    if (first !== undefined) wrong('sku', `is in line ${first} too`, 'Send one line for each SKU and location.')
    seen.set(`${itemId} ${locationId}`, first ?? at)
    const change = line.set === undefined ? { delta: line.delta ?? 0 } : { set: line.set }
    return [{ line, itemId, locationId, ...change }]
  })
  if (errors.length > 0) throw refused(errors)
  return resolved
}

/** All lines or none. @throws Problem 422 naming row, field and mend */
export async function adjustStock(
  tx: Tx,
  flows: ApiDeps['flows'],
  cause: Cause,
  lines: readonly AdjustLine[],
): Promise<{ readonly adjusted: readonly Adjusted[]; readonly short: number }> {
  const wanted = await resolveLines(tx, lines)
  const { counted, short } = await flows.stockAdjusted(tx, cause, wanted)
  const outcome = new Map(counted.map((row) => [`${row.itemId} ${row.locationId}`, row]))
  const errors: FieldError[] = []
  const adjusted = wanted.map(({ line, itemId, locationId, delta }, at) => {
    const { before = 0, after = 0, denied = 0 } = outcome.get(`${itemId} ${locationId}`) ?? {}
    if (delta !== undefined && before + delta < 0) {
      const message = `takes ${-delta} from the ${before} that are there`
      errors.push({ field: `lines.${at}.delta`, message, mend: 'Take fewer, or set what was counted.' })
    }
    return { line, itemId, locationId, before, after, denied }
  })
  if (errors.length > 0) throw refused(errors)
  return { adjusted, short }
}
