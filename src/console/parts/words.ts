import type { Money } from '../api/types.ts'

/** "JPY 12,800", "EUR 1,102.40": the code first, the digits as the channel gave them. */
export function moneyText({ amount, currency }: Money): string {
  const [whole = '0', part] = amount.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return `${currency} ${grouped}${part === undefined ? '' : `.${part}`}`
}

export const counted = (n: number, one: string, many: string | undefined = `${one}s`): string =>
  `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`

/** A name of a platform as people write it. */
export function platformName(kind: string | null): string {
  const known: Readonly<Record<string, string>> = { shopify: 'Shopify', woocommerce: 'WooCommerce' }
  return kind === null ? 'Channel' : (known[kind] ?? kind)
}

/** What the API calls something, in words: `edit_after_handoff` → "Edit after handoff". */
export function plain(code: string): string {
  const words = code.replace(/[._-]+/g, ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
