import type { Shop } from './state.ts'

/** The API's spelling of a moment: UTC, whole seconds. */
export function apiTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

/** The webhook's spelling: the shop's own offset. */
export function bodyTime(shop: Shop, at: number): string {
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):(\d\d)$/.exec(shop.offset) ?? []
  const shift = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
  return `${new Date(at + shift).toISOString().slice(0, 19)}${shop.offset}`
}

/** JSON in which a bigint is an exact integer: JSON.stringify alone would refuse it, a number would round it. */
export function exactJson(value: unknown): string {
  const marked = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `\u0001${item}\u0001` : item))
  return marked.replace(/"\\u0001(-?\d+)\\u0001"/g, '$1')
}
