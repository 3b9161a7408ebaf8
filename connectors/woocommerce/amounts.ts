import { z } from 'zod'
import { type Money, minorDigits } from '#kit'

/** Figures in units of 1e-8 of the currency: WooCommerce keeps line figures unrounded, `dp=6` shows six of the digits. */
export type Fine = bigint
const fineDigits = 8

/** Missing, null and "" are zero: a total that is truly missing then fails to add up, which flags the order. */
export const amount = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value, context): Fine => {
    const text = typeof value === 'number' ? decimalOf(value) : (value ?? '').trim()
    if (text === '') return 0n
    const match = /^(-?)(\d{0,14})(?:\.(\d{0,30}))?$/.exec(text)
    if (match && (match[2] !== '' || match[3])) {
      const fraction = (match[3] ?? '').slice(0, fineDigits).padEnd(fineDigits, '0')
      return BigInt(`${match[1]}${match[2] || '0'}${fraction}`)
    }
    context.addIssue({ code: 'custom', message: 'not a decimal amount' })
    return z.NEVER
  })

function decimalOf(value: number): string {
  return Number.isFinite(value) ? value.toFixed(fineDigits) : 'not finite'
}

/** Half away from zero, as PHP's round() and thus the shop itself does. */
export function rounded(fine: Fine, currency: string): Money {
  const unit = 10n ** BigInt(fineDigits - minorDigits(currency))
  const half = unit / 2n
  return { minor: (fine < 0n ? fine - half : fine + half) / unit, currency }
}

/** Back to a fine figure, to add a rounded part to unrounded ones. */
export function fineOf(money: Money): Fine {
  return money.minor * 10n ** BigInt(fineDigits - minorDigits(money.currency))
}

/** Exact decimal text for show, without trailing zeros. */
export function fineText(fine: Fine): string {
  const digits = (fine < 0n ? -fine : fine).toString().padStart(fineDigits + 1, '0')
  const cut = digits.length - fineDigits
  const fraction = digits.slice(cut).replace(/0+$/, '')
  return `${fine < 0n ? '-' : ''}${digits.slice(0, cut)}${fraction === '' ? '' : `.${fraction}`}`
}

export function sumFine(list: readonly Fine[]): Fine {
  return list.reduce((sum, next) => sum + next, 0n)
}
