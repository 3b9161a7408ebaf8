import { z } from 'zod'
import { UnreadableError } from '#kit'

const depthMax = 64
const digitsExact = 15
const [quote, backslash, dot, zero, nine, exponent] = [0x22, 0x5c, 0x2e, 0x30, 0x39, 0x65]

/** Where the string ends that begins at `start`; the text's end when it does not. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return end
  }
  return text.length
}

/**
 * One linear pass before the parser sees the text: refuses deep nesting without recursion, and tells whether a number
 * stands in it that a double may not hold.
 */
function scan(text: string): { readonly longNumbers: boolean } {
  let depth = 0
  let digits = 0
  let longNumbers = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code >= zero && code <= nine) || code === dot) {
      digits++
      longNumbers ||= digits > digitsExact
      continue
    }
    longNumbers ||= digits > 0 && (code | 0x20) === exponent
    digits = 0
    if (code === quote) i = endOfString(text, i)
    else if (code === 0x7b || code === 0x5b) {
      depth++
      if (depth > depthMax) throw new UnreadableError(`JSON nested deeper than ${depthMax}`)
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  return { longNumbers }
}

/**
 * Webhook ids go beyond 2^53 (Shopify's own sample has 820982911946154508), so integers that a double cannot hold
 * come back as their own text. A key named __proto__ is dropped; of doubled keys the last wins.
 */
function revive(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (key === '__proto__') return undefined
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return context?.source ?? String(value)
  }
  return value
}

let last: { readonly text: string; readonly value: unknown } | null = null

/**
 * A JSON text from outside. The last one is remembered: a webhook's body is read for its address and at once again for
 * its order, and parsing is the dearest part of both. Nobody changes what is parsed. @throws UnreadableError
 */
export function parseJson(text: string): unknown {
  if (last?.text !== text) last = { text, value: parseAnew(text) }
  return last.value
}

function parseAnew(text: string): unknown {
  const { longNumbers } = scan(text)
  // A reviver makes parsing several times as slow, and hardly any body needs one.
  const careful = longNumbers || text.includes('__proto__') || text.includes('\\u00')
  try {
    return careful ? JSON.parse(text, revive) : JSON.parse(text)
  } catch (cause) {
    throw new UnreadableError('the body is not JSON', { cause })
  }
}

/** Checks a parsed body against the shape that we use. @throws UnreadableError naming the field */
export function readAs<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const read = shape.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new UnreadableError(`${what}: ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'unreadable'}`)
}

/** A number of Shopify as exact text, whether it came as a number, as text, or as a gid. */
export const NumericId = z
  .union([z.number().int().nonnegative(), z.string().regex(/^\d{1,20}$/)])
  .transform((value) => String(value))

/** A global id as it came; anything else that stands in its place (a control character, a novel) is no id. */
export const Gid = z.string().regex(/^gid:\/\/shopify\/[A-Za-z]{1,60}\/[!-~]{1,120}$/, 'not a global id')

/** `gid://shopify/Order/1` */
export function gid(type: string, id: string): string {
  return `gid://shopify/${type}/${id}`
}

/** An ISO instant with a zone, in UTC; null for anything else. */
export function readInstant(text: string): string | null {
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)$/.test(text)
  const at = isInstant ? new Date(text) : null
  return at === null || Number.isNaN(at.getTime()) ? null : at.toISOString()
}
