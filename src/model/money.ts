/** An amount in minor units (cents, yen, fils) of an ISO 4217 currency. Never a float. */
export interface Money {
  readonly minor: bigint
  readonly currency: string
}

/** ISO 4217 currencies that have another number of digits than two. */
const byDigits = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
] as const
const exponents = new Map(
  byDigits.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)),
)

/** Digits after the decimal point of a currency (JPY 0, EUR 2, KWD 3). */
export function minorDigits(currency: string): number {
  return exponents.get(currency) ?? 2
}

// Fourteen digits: with the four decimals of CLF they still fit the ledger's 64 bits, and so do sums of many.
const decimalShape = /^(-?)(\d{1,14})(?:\.(\d{1,12}))?$/
const currencyShape = /^[A-Z]{3}$/

/**
 * The one door from a channel's decimal text to Money. Digits below the minor unit are accepted
 * only when they are zero: "10.00" is 10 yen, "10.50" JPY is refused, because rounding a
 * channel's figure would invent money.
 * @throws RangeError naming the text and the currency
 */
export function moneyFromDecimal(text: string, currency: string): Money {
  if (!currencyShape.test(currency)) throw new RangeError(`not an ISO 4217 currency: "${currency}"`)
  const match = decimalShape.exec(text.trim())
  if (!match) throw new RangeError(`not a decimal amount: "${text.slice(0, 40)}"`)
  const [, sign, whole, fraction = ''] = match
  const digits = minorDigits(currency)
  if (/[1-9]/.test(fraction.slice(digits))) {
    throw new RangeError(`${currency} has ${digits} decimals, got "${text}"`)
  }
  return { minor: BigInt(`${sign}${whole}${fraction.slice(0, digits).padEnd(digits, '0')}`), currency }
}

/** The decimal text of an amount, as channels and people write it ("19.99", "-0.05", "500"). */
export function moneyToDecimal(money: Money): string {
  const digits = minorDigits(money.currency)
  const negative = money.minor < 0n
  const text = (negative ? -money.minor : money.minor).toString().padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  return `${negative ? '-' : ''}${whole}${digits > 0 ? `.${text.slice(-digits)}` : ''}`
}

/** Sum of amounts of one currency. @throws RangeError when currencies differ */
export function sumMoney(amounts: readonly Money[], currency: string): Money {
  let minor = 0n
  for (const amount of amounts) {
    if (amount.currency !== currency) throw new RangeError(`cannot add ${amount.currency} to ${currency}`)
    minor += amount.minor
  }
  return { minor, currency }
}
