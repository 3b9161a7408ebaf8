import { z } from 'zod'
import { cleanText } from '#kit'

/**
 * Atoms for bodies whose types vary in the wild: plugins send numbers as strings, "" for null, and PHP turns an array
 * with a gap into an object.
 */
export const id = z
  .union([z.number().int().nonnegative(), z.string().regex(/^\d{1,19}$/)])
  .transform((value) => BigInt(value).toString())

/** Id of something that may be gone: 0, "", null and absent are all "none". */
export const idOrNone = z
  .union([z.number(), z.string()])
  .nullish()
  .transform((value) => {
    const text = String(value ?? '')
    return /^\d{1,19}$/.test(text) && BigInt(text) > 0n ? BigInt(text).toString() : null
  })

/** Text, "" when it is missing. */
export const text = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .catch(null)
  .transform((value) => cleanText(String(value ?? '')).trim())

/** An array, whatever PHP made of it; empty when missing. */
export function listOf<T>(item: z.ZodType<T>) {
  return z
    .unknown()
    .optional()
    .transform((value) => {
      if (Array.isArray(value)) return value
      return typeof value === 'object' && value !== null ? Object.values(value) : []
    })
    .pipe(z.array(item))
}

/** Whole units. Fractions (weighed goods) are refused: the hub cannot ship half a unit, and rounding would lie. */
export const units = z
  .union([
    z.number(),
    z
      .string()
      .trim()
      .regex(/^-?\d{1,9}(\.0+)?$/)
      .transform(Number),
  ])
  .pipe(z.number().int())

/** A stock number: plugins make text of it. Null when there is none. */
export const count = z
  .union([
    z.number(),
    z
      .string()
      .trim()
      .regex(/^-?\d{1,12}(\.\d+)?$/)
      .transform(Number),
  ])
  .nullish()
  .catch(null)
  .transform((value) => value ?? null)

const meta = z.object({ key: text, value: z.unknown().optional() })
export const metaList = listOf(meta)
export type Meta = z.infer<typeof meta>

/** The last value under a key, when it is a plain number or text. */
export function metaValue(list: readonly Meta[], key: string): string | null {
  const value = list.findLast((entry) => entry.key === key)?.value
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}
