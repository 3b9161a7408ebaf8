import type { PartnerFact, UnifiedOrder } from '#kit'

const unitsMax = 2_147_483_647
const minorMax = 2n ** 63n
const isInstant = (text: string) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text))

/** Texts that no database keeps, with where they stand. */
function unstorable(value: unknown, at: string): readonly string[] {
  if (typeof value === 'string')
    return value.isWellFormed() && !value.includes('\u0000') ? [] : [`${at}: no clean text`]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => unstorable(inner, `${at}.${name}`))
}

function strangeAmounts(order: UnifiedOrder): readonly string[] {
  const { currency } = order.total
  const amounts = [...order.lines.map((line) => line.total), ...Object.values(order.parts), order.refunded, order.total]
  return amounts.flatMap((amount) => [
    ...(amount.currency === currency ? [] : [`an amount in ${amount.currency} in an order in ${currency}`]),
    ...(amount.minor < minorMax && amount.minor > -minorMax ? [] : ['an amount that no ledger holds']),
  ])
}

function strangeLines(order: UnifiedOrder): readonly string[] {
  const refs = new Set(order.lines.map((line) => line.ref))
  const within = (units: number, most: number) => Number.isInteger(units) && units >= 0 && units <= most
  return [
    ...(refs.size === order.lines.length ? [] : ['two lines with one ref']),
    ...order.lines.flatMap((line) => [
      ...(line.ref === '' ? ['a line without a ref'] : []),
      ...(within(line.ordered, unitsMax) ? [] : [`ordered ${line.ordered}`]),
      ...(within(line.cancelled, line.ordered) ? [] : [`cancelled ${line.cancelled} of ${line.ordered}`]),
      ...(within(line.shipped, line.ordered) ? [] : [`shipped ${line.shipped} of ${line.ordered}`]),
      ...(within(line.channelTook, unitsMax) ? [] : [`took ${line.channelTook}`]),
    ]),
  ]
}

/** What is wrong with an order beyond any channel's peculiarities; empty when it can be imported. */
export function strangeIn(order: UnifiedOrder): readonly string[] {
  const times = [order.placedAt, order.changedAt, order.cancelledAt].filter((time) => time !== null)
  return [
    ...(order.ref === '' ? ['no ref'] : []),
    ...times.filter((time) => !isInstant(time)).map((time) => `not an instant: ${time}`),
    ...strangeAmounts(order),
    ...strangeLines(order),
    ...unstorable(order, 'order'),
  ]
}

/** total - parts, in minor units: zero, or the order is flagged. */
export function moneyDelta({ total, lines, parts }: UnifiedOrder): bigint {
  const sum = lines.reduce((units, line) => units + line.total.minor, 0n)
  return total.minor - sum - parts.shipping.minor - parts.tax.minor - parts.other.minor + parts.discount.minor
}

/** What is wrong with a partner's fact; empty when it can be applied. */
export function strangeFact(fact: PartnerFact): readonly string[] {
  const units = fact.type === 'stock' ? fact.onHand : fact.type === 'shipped' ? fact.quantity : 0
  const time = fact.type === 'stock' ? fact.asOf : fact.type === 'shipped' ? fact.shippedAt : null
  return [
    ...(Number.isInteger(units) && units >= 0 && units <= unitsMax ? [] : [`${units} units`]),
    ...(time === null || isInstant(time) ? [] : [`not an instant: ${time}`]),
    ...unstorable(fact, 'fact'),
  ]
}
