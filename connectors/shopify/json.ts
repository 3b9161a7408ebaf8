import { z } from 'zod'
import { UnreadableError } from '#kit'

const depthMax = 64
const quote = 0x22
const backslash = 0x5c

/** Refuses deep nesting before the parser sees it: one linear pass, no recursion. */
function checkDepth(text: string): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === backslash) i++
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (code === 0x7b || code === 0x5b) {
      depth++
      if (depth > depthMax) throw new UnreadableError(`JSON nested deeper than ${depthMax}`)
    } else if (code === 0x7d || code === 0x5d) depth--
  }
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

/** A JSON text from outside. @throws UnreadableError */
export function parseJson(raw: string | Uint8Array): unknown {
  const text = typeof raw === 'string' ? raw : new TextDecoder().decode(raw)
  checkDepth(text)
  try {
    return JSON.parse(text, revive)
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
