/** The kit's one door: all that a connector may import. */

export { type Money, minorDigits, moneyFromDecimal, moneyToDecimal, sumMoney } from '../model/money.ts'
export { cleanText } from '../model/text.ts'
export * from './connector.ts'
export * from './errors.ts'
export * from './manifest.ts'
export * from './unified.ts'
