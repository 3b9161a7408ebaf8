import { apiError } from './context.ts'

/** One term of Shopify's search syntax: `updated_at:>='2026-01-01T00:00:00Z'`. */
export interface Term {
  readonly field: string
  readonly operator: '=' | '>' | '>=' | '<' | '<='
  readonly value: string
}

const shape = /(\w+):(>=|<=|>|<)?(?:'([^']*)'|"([^"]*)"|([^\s()]+))|(\bAND\b)|(\S+)/g
const termsMax = 50

function operatorOf(text: string | undefined): Term['operator'] {
  return text === '>' || text === '>=' || text === '<' || text === '<=' ? text : '='
}

/** All terms must hold. OR, NOT and free words are refused: a filter that is half understood would hide orders. */
export function termsOf(query: string | null | undefined): Term[] {
  const terms: Term[] = []
  for (const [whole, field, operator, single, double, bare, and] of (query ?? '').matchAll(shape)) {
    if (and) continue
    const value = single ?? double ?? bare
    if (field === undefined || value === undefined || terms.length >= termsMax) {
      throw apiError(`the pretend Shopify cannot search for "${whole}"`, 'PRETEND_UNKNOWN_FIELD')
    }
    terms.push({ field, operator: operatorOf(operator), value })
  }
  return terms
}

function holds(order: number, operator: Term['operator']): boolean {
  if (operator === '>') return order > 0
  if (operator === '>=') return order >= 0
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return order === 0
}

/** Compared in whole seconds, as times are kept. */
export function timeMatches(term: Term, at: number): boolean {
  const wanted = Date.parse(term.value)
  if (Number.isNaN(wanted)) throw apiError(`not a time: "${term.value}"`, 'BAD_REQUEST')
  return holds(Math.floor(at / 1000) - Math.floor(wanted / 1000), term.operator)
}

/** Ids compare as numbers beyond 2^53. */
export function idMatches(term: Term, id: string): boolean {
  const wanted = /^\d{1,20}$/.test(term.value) ? BigInt(term.value) : null
  if (wanted === null) throw apiError(`not an id: "${term.value}"`, 'BAD_REQUEST')
  const own = BigInt(id)
  return holds(own === wanted ? 0 : own > wanted ? 1 : -1, term.operator)
}

export function unknownTerm(term: Term): never {
  throw apiError(`the pretend Shopify has no search field "${term.field}"`, 'PRETEND_UNKNOWN_FIELD')
}
