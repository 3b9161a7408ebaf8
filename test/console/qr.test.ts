import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { qrModules } from '../../src/console/parts/qr.ts'

const rowsOf = (text: string) => qrModules(text).map((row) => row.map(Number).join(''))
const picture = (text: string) => {
  const rows = rowsOf(text)
  return [rows.length, createHash('sha256').update(rows.join('\n')).digest('hex')]
}

/** As jsQR 1.4 read them, with every length from 1 to 213 bytes, on 2026-11-24. */
test.each([
  ['HELLO', 21, 'c346c75add5698735afe3f7eb4f3e6c57ccefd9563f45f65c6d76aa518fb6f91'],
  [
    'otpauth://totp/Crossdock%3Aperson%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Crossdock',
    41,
    '171664e67b2bbaa76f80894dd9c90b854d650ffad43ebd850a387c93d8f07276',
  ],
  ['x'.repeat(213), 57, 'f8a692e420006d88c10e55f6fb2f048c68ad07db0d7c3f134adf4ff3fc04aae2'],
])('a QR code of %s is the one that a reader read', (text, size, hash) => {
  expect(picture(text)).toEqual([size, hash])
})

test('every size has its three corners, its timing lines and its dark module', () => {
  for (let bytes = 1; bytes <= 213; bytes += 7) {
    const rows = rowsOf('y'.repeat(bytes))
    const size = rows.length
    expect([rows[0]?.slice(0, 8), rows[0]?.slice(-8), rows[size - 1]?.slice(0, 8)]).toEqual(
      Array.from(['11111110', '01111111', '11111110']),
    )
    expect(rows[6]?.slice(8, size - 8)).toBe(
      '10'
        .repeat((size - 15) / 2)
        .concat('1')
        .slice(0, size - 16),
    )
    expect(rows[size - 8]?.[8]).toBe('1')
  }
})

test('a text that does not fit is refused, not cut', () => {
  expect(() => qrModules('é'.repeat(107))).toThrow(RangeError)
})
