import { z } from 'zod'
import { type Noun, publicId, uuidOf } from '../model/id.ts'
import { moneyToDecimal } from '../model/money.ts'

/** `ord_…` on the wire, the uuid inside. */
export function idOf(noun: Noun) {
  const example = publicId(noun, '01980000-0000-7000-8000-000000000000')
  return z
    .string()
    .max(60)
    .transform((text, context) => {
      const uuid = uuidOf(noun, text)
      if (uuid !== null) return uuid
      context.addIssue({ code: 'custom', message: `is no such id; write one like ${example}` })
      return z.NEVER
    })
}

/** Text that PostgreSQL and JSON can keep: no control character, no half of a surrogate pair. */
export function text(max: number, min = 1) {
  return z
    .string()
    .trim()
    .min(min)
    .max(max)
    .refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value), 'holds a character that is not text; remove it')
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null
  } catch {
    return false
  }
}
export const timeZone = z.string().max(60).refine(isTimeZone, 'is no IANA time zone; write one like Europe/Berlin')
const currencies = new Set(Intl.supportedValuesOf('currency'))
export const currency = z
  .string()
  .max(60)
  .refine((code) => currencies.has(code), 'is no ISO 4217 currency; write one like EUR')
export const quantity = z.int().min(0).max(1_000_000)
/** An instant, in UTC inside: PostgreSQL knows fewer offsets and years than ISO 8601. */
export const when = z.iso
  .datetime({ offset: true })
  .max(40)
  .transform((written, context) => {
    const at = new Date(written)
    if (at.getTime() >= 0 && at.getUTCFullYear() < 3_000) return at.toISOString()
    context.addIssue({ code: 'custom', message: 'is no instant from 1970 to 2999' })
    return z.NEVER
  })
/** `?flag=true`: query values are text. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true')

/** An id in an answer. */
export const shownId = z.string()
export const shownMoney = z.object({ amount: z.string(), currency: z.string() })
export const shownTime = z.string()

export const showMoney = (minor: bigint, currency: string): z.infer<typeof shownMoney> => ({
  amount: moneyToDecimal({ minor, currency }),
  currency,
})
export const showTime = (at: Date): string => at.toISOString()
export const showTimeOrNull = (at: Date | null): string | null => at?.toISOString() ?? null

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  correlationId: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string(), mend: z.string() })).optional(),
})

/** The answers of a route: the good one, and RFC 9457 for everything else. */
export const answers = <T extends z.ZodType>(good: T) => ({ 200: good, '4xx': problem })
export const created = <T extends z.ZodType>(good: T) => ({ 201: good, '4xx': problem })
