import { createHash } from 'node:crypto'

/** A statement as it is sent; with a name, each connection parses it once and keeps its plan. */
export interface Statement {
  readonly name?: string
  readonly text: string
  readonly values: unknown[]
}

// Each name is kept by every connection, so there are not many: texts that were put together for one caller get none.
const namesMax = 400
const usesBefore = 3
const watchedMax = 2_000

const names = new Map<string, string>()
const uses = new Map<string, number>()

/**
 * Names a text that comes again and again. Parsing and planning our statements costs more than running them on a few
 * rows (`npm run bench -- --part sets`, batches of one). A name follows from its text, so that all connections agree.
 */
export function toStatement(text: string, params: readonly unknown[]): Statement {
  const values = [...params]
  const known = names.get(text)
  if (known !== undefined) return { name: known, text, values }
  if (names.size >= namesMax) return { text, values }
  const seen = (uses.get(text) ?? 0) + 1
  if (seen <= usesBefore) {
    if (uses.size >= watchedMax) uses.clear()
    uses.set(text, seen)
    return { text, values }
  }
  uses.delete(text)
  const name = `hub_${createHash('sha256').update(text).digest('base64url').slice(0, 32)}`
  names.set(text, name)
  return { name, text, values }
}
