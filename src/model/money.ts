/** An amount in minor units (cents, yen, fils) of an ISO 4217 currency. Never a float. */
export interface Money {
  readonly minor: bigint
  readonly currency: string
}

// ISO 4217 exponents that are not 2. Everything else has two digits.
const exponents: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
  CLF: 4,
  UYW: 4,
}

/** Digits after the decimal point of a currency (JPY 0, EUR 2, KWD 3). */
export function minorDigits(currency: string): number {
  return exponents[currency] ?? 2
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
