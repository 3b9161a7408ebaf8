import { expect, test } from 'vitest'
import { ownAddress } from '../../src/console/api/own-address.ts'

test.each([
  ['/orders?standing=short#top', '/orders?standing=short#top'],
  ['/a/../orders', '/orders'],
  [undefined, '/orders'],
  ['', '/orders'],
  ['orders', '/orders'],
  ['//evil.example', '/orders'],
  ['/\\evil.example', '/orders'],
  ['/\t/evil.example', '/orders'],
  ['/\n\\evil.example', '/orders'],
  ['/.//evil.example', '/orders'],
  ['https://evil.example/', '/orders'],
  ['javascript:alert(1)', '/orders'],
])('[bad-input 26] after signing in, %j leads to %s', (to, goes) => {
  expect(ownAddress(to)).toBe(goes)
})
