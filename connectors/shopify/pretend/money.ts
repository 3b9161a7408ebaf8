/** An amount of an order in both of its currencies, in minor units: the shop's, and the one that the buyer saw ("presentment"). */
export interface Bag {
  readonly shop: bigint
  readonly buyer: bigint
}
export interface Currencies {
  readonly shop: string
  readonly buyer: string
}

export const nothing: Bag = { shop: 0n, buyer: 0n }

export function plus(a: Bag, b: Bag): Bag {
  return { shop: a.shop + b.shop, buyer: a.buyer + b.buyer }
}
export function minus(a: Bag, b: Bag): Bag {
  return { shop: a.shop - b.shop, buyer: a.buyer - b.buyer }
}
export function times(a: Bag, count: number): Bag {
  return { shop: a.shop * BigInt(count), buyer: a.buyer * BigInt(count) }
}
export function total(bags: Iterable<Bag>): Bag {
  let sum = nothing
  for (const bag of bags) sum = plus(sum, bag)
  return sum
}

/** Rounded half up; amounts here are never negative. */
function ratio(amount: bigint, part: bigint, whole: bigint): bigint {
  return whole === 0n ? 0n : (amount * part * 2n + whole) / (whole * 2n)
}
export function share(a: Bag, part: number, whole: number): Bag {
  return {
    shop: ratio(a.shop, BigInt(part), BigInt(whole)),
    buyer: ratio(a.buyer, BigInt(part), BigInt(whole)),
  }
}

/** Splits by weight so that the parts sum to the whole (largest remainder). */
function spread(whole: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n)
  if (sum === 0n) return weights.map(() => 0n)
  const parts = weights.map((weight) => (whole * weight) / sum)
  let left = whole - parts.reduce((a, b) => a + b, 0n)
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (whole * weight) % sum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder < b.remainder ? 1 : -1))
  for (const { index } of byRemainder) {
    if (left === 0n) break
    parts[index] = (parts[index] ?? 0n) + 1n
    left -= 1n
  }
  return parts
}
export function allocate(whole: Bag, weights: readonly Bag[]): Bag[] {
  const shop = spread(
    whole.shop,
    weights.map((weight) => weight.shop),
  )
  const buyer = spread(
    whole.buyer,
    weights.map((weight) => weight.buyer),
  )
  return weights.map((_, index) => ({ shop: shop[index] ?? 0n, buyer: buyer[index] ?? 0n }))
}

/** Tax of a net or gross amount, rate in basis points of a hundredth: 190_000 = 19 %. */
export function taxOf(amount: Bag, ratePpm: number, included: boolean): Bag {
  return share(amount, ratePpm, included ? 1_000_000 + ratePpm : 1_000_000)
}

const digitsOf: Readonly<Record<string, number>> = { JPY: 0, KWD: 3 }

/** The buyer's price of a shop price; `ratePpm`: millionths of a unit of the buyer's currency for one unit of the shop's. */
export function priced(shopMinor: bigint, currencies: Currencies, ratePpm: number): Bag {
  if (currencies.shop === currencies.buyer) return { shop: shopMinor, buyer: shopMinor }
  const up = 10n ** BigInt(digitsOf[currencies.buyer] ?? 2)
  const down = 10n ** BigInt(digitsOf[currencies.shop] ?? 2)
  return { shop: shopMinor, buyer: ratio(shopMinor * up, BigInt(ratePpm), 1_000_000n * down) }
}

/** "10.00", "-0.05", "1200" (JPY): the webhook's and the `Money` scalar's spelling. */
export function decimal(minor: bigint, currency: string): string {
  const digits = digitsOf[currency] ?? 2
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0')
  const fraction = digits > 0 ? `.${text.slice(-digits)}` : ''
  return `${minor < 0n ? '-' : ''}${text.slice(0, text.length - digits)}${fraction}`
}

/** "10.0", "19.99", "1200.0": the GraphQL `Decimal` drops trailing zeros but keeps one digit. */
function shortDecimal(minor: bigint, currency: string): string {
  const [whole, fraction = ''] = decimal(minor, currency).split('.')
  return `${whole}.${fraction.replace(/0+$/, '') || '0'}`
}

/** As a MoneyBag of the GraphQL API. */
export function moneyBag(bag: Bag, currencies: Currencies) {
  return {
    shopMoney: { amount: shortDecimal(bag.shop, currencies.shop), currencyCode: currencies.shop },
    presentmentMoney: { amount: shortDecimal(bag.buyer, currencies.buyer), currencyCode: currencies.buyer },
  }
}

/** As a `…_set` of a webhook body. */
export function moneySet(bag: Bag, currencies: Currencies) {
  return {
    shop_money: { amount: decimal(bag.shop, currencies.shop), currency_code: currencies.shop },
    presentment_money: { amount: decimal(bag.buyer, currencies.buyer), currency_code: currencies.buyer },
  }
}
