import { expect, test } from 'vitest'
import { ownAddress } from '../../src/console/api/own-address.ts'

test.each([
  ['/orders?standing=short#top', '/orders?standing=short#top'],
  ['/a/../orders', '/orders'],
  [undefined, '/'],
  ['', '/'],
  ['orders', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['/\n\\evil.example', '/'],
  ['/.//evil.example', '/'],
  ['https://evil.example/', '/'],
  ['javascript:alert(1)', '/'],
])('[bad-input 26] after signing in, %j leads to %s', (to, goes) => {
  expect(ownAddress(to)).toBe(goes)
})
