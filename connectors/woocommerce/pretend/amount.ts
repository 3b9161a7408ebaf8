/**
 * Money as WooCommerce computes it, prices including tax, `tax_round_at_subtotal` off:
 * - a line's gross is whole cents (unit price x quantity, minus its coupon share);
 * - its tax is gross x rate / (100 + rate), kept at 6 decimals, and its net is gross minus that unrounded tax;
 * - the line's `total` shows net rounded half up (2 decimals, or `dp`), `total_tax` is always tax rounded to cents half
 *   *down* (Woo's mode when prices include tax). Net and tax are complements of whole cents, so both together are gross;
 * - shipping and fees are entered net, their tax is net x rate / 100, rounded the same way;
 * - the order's `total` is the sum of these rounded figures: to the cent what the buyer pays.
 */
export interface Amount {
  readonly netMicro: bigint
  readonly taxMicro: bigint
}

const microPerMinor = 10_000n

function roundDivide(value: bigint, divisor: bigint, half: 'up' | 'down'): bigint {
  const size = value < 0n ? -value : value
  const whole = size / divisor
  const twice = (size % divisor) * 2n
  const up = twice > divisor || (twice === divisor && half === 'up')
  const rounded = up ? whole + 1n : whole
  return value < 0n ? -rounded : rounded
}

/** From what the buyer pays. */
export function inclusive(grossMinor: bigint, rate: bigint): Amount {
  const gross = grossMinor * microPerMinor
  const taxMicro = roundDivide(gross * rate, 100n + rate, 'up')
  return { netMicro: gross - taxMicro, taxMicro }
}

/** From a figure entered without tax. */
export function exclusive(netMinor: bigint, rate: bigint): Amount {
  const netMicro = netMinor * microPerMinor
  return { netMicro, taxMicro: roundDivide(netMicro * rate, 100n, 'up') }
}

export function netMinor(amount: Amount): bigint {
  return roundDivide(amount.netMicro, microPerMinor, 'up')
}

export function taxMinor(amount: Amount): bigint {
  return roundDivide(amount.taxMicro, microPerMinor, 'down')
}

export function grossMinor(amount: Amount): bigint {
  return netMinor(amount) + taxMinor(amount)
}

/** `value * part / whole` to the cent. */
export function share(valueMinor: bigint, part: number, whole: number): bigint {
  return roundDivide(valueMinor * BigInt(part), BigInt(whole), 'up')
}

function decimal(value: bigint, scale: number): string {
  const size = value < 0n ? -value : value
  const text = size.toString().padStart(scale + 1, '0')
  const sign = value < 0n ? '-' : ''
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`
}

/** Text with `dp` decimals, as `wc_format_decimal` makes it. */
export function microText(micro: bigint, dp: number): string {
  if (dp >= 6) return decimal(micro * 10n ** BigInt(dp - 6), dp)
  return decimal(roundDivide(micro, 10n ** BigInt(6 - dp), 'up'), dp)
}

export function minorText(minor: bigint, dp = 2): string {
  return microText(minor * microPerMinor, dp)
}

/** Cents from a decimal text or number; null when it is neither. */
export function minorFrom(value: unknown): bigint | null {
  const text = typeof value === 'number' ? value.toFixed(2) : typeof value === 'string' ? value.trim() : ''
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text)
  if (!match) return null
  const micro = BigInt(match[2] ?? '0') * 1_000_000n + BigInt((match[3] ?? '').padEnd(6, '0'))
  return roundDivide(match[1] === '-' ? -micro : micro, microPerMinor, 'up')
}
