import { type Amount, exclusive, grossMinor, inclusive, netMinor, taxMinor } from './amount.ts'
import type { Charge, Line, Order, Rate } from './model.ts'

export const rates: readonly { readonly rate: Rate; readonly id: number; readonly label: string }[] = [
  { rate: 19n, id: 1, label: 'MwSt. 19 %' },
  { rate: 7n, id: 2, label: 'MwSt. 7 %' },
]
export function rateId(rate: Rate): number {
  return rates.find((r) => r.rate === rate)?.id ?? 1
}

export function lineAmount(line: Line): Amount {
  return inclusive(line.paidMinor, line.rate)
}
export function lineSubtotal(line: Line): Amount {
  return inclusive(line.subtotalMinor, line.rate)
}
export function chargeAmount(charge: Charge): Amount {
  return exclusive(charge.netMinor, charge.rate)
}
export function presentLines(order: Order): readonly Line[] {
  return order.lines.filter((line) => !line.removed)
}

export interface Totals {
  readonly discountMinor: bigint
  readonly discountTaxMinor: bigint
  readonly shippingMinor: bigint
  readonly shippingTaxMinor: bigint
  readonly cartTaxMinor: bigint
  readonly totalTaxMinor: bigint
  readonly totalMinor: bigint
}

const sum = <T>(items: readonly T[], of: (item: T) => bigint) => items.reduce((all, item) => all + of(item), 0n)

/** Recomputed whenever asked, so that edits always add up. The rounding rule is told in amount.ts. */
export function totalsOf(order: Order): Totals {
  const lines = presentLines(order)
  const shipping = order.shipping.map(chargeAmount)
  const fees = order.fees.map(chargeAmount)
  const paid = lines.map(lineAmount)
  const before = lines.map(lineSubtotal)
  const shippingTaxMinor = sum(shipping, taxMinor)
  const cartTaxMinor = sum(paid, taxMinor) + sum(fees, taxMinor)
  return {
    discountMinor: sum(before, netMinor) - sum(paid, netMinor),
    discountTaxMinor: sum(before, taxMinor) - sum(paid, taxMinor),
    shippingMinor: sum(shipping, netMinor),
    shippingTaxMinor,
    cartTaxMinor,
    totalTaxMinor: cartTaxMinor + shippingTaxMinor,
    totalMinor: sum([...paid, ...shipping, ...fees], grossMinor),
  }
}

export function refundedMinor(order: Order): bigint {
  return sum(order.refunds, (refund) => refund.amountMinor)
}

export function taxByRate(order: Order, rate: Rate): { readonly taxMinor: bigint; readonly shippingMinor: bigint } {
  const of = (charges: readonly Charge[]) => charges.filter((c) => c.rate === rate).map(chargeAmount)
  const lines = presentLines(order).filter((line) => line.rate === rate)
  return {
    taxMinor: sum(lines.map(lineAmount), taxMinor) + sum(of(order.fees), taxMinor),
    shippingMinor: sum(of(order.shipping), taxMinor),
  }
}
