/** What the simulator must know of a statement, by its text. */
const labels = new Map<string, string>()
export function labelOf(text: string): string {
  const label = labels.get(text) ?? text.trim().replace(/\s+/g, ' ').slice(0, 60)
  labels.set(text, label)
  return label
}

/** Locks no row, and changes nothing: its end concerns nobody. */
const reads = /^\s*select\b/i
const locks = /\bfor\s+(no key )?(update|share|key share)\b|\b(nextval|set_config|pg_\w*advisory\w*)\b/i
/** What a lane's holder begins each transaction with. */
export const fences = /^\s*select 1 from lane\b[^;]*\bfor no key update\s*$/i
const onlyReads = new Map<string, boolean>()
export function isOnlyRead(text: string): boolean {
  const known = onlyReads.get(text) ?? (reads.test(text) && !locks.test(text))
  onlyReads.set(text, known)
  return known
}

/**
 * Lanes are taken, prolonged and given back by one statement each, which is its whole transaction. Its end goes out
 * with it: whoever would step in between sees either what was before or what is after, and could as well have done so then.
 */
export const isWhole = (text: string): boolean => /^\s*update lane\b[^;]*\blease_until =/i.test(text)
