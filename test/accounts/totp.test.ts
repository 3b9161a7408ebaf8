import { describe, expect, test } from 'vitest'
import { base32, findStep, stepAt, totpCode, totpUri } from '../../src/accounts/totp.ts'

const seed = Buffer.from('12345678901234567890')
const longer = (bytes: number) => Buffer.from('1234567890'.repeat(7).slice(0, bytes))

describe('RFC 6238, appendix B', () => {
  test.each([
    [59, '94287082', '46119246', '90693936'],
    [1_111_111_109, '07081804', '68084774', '25091201'],
    [1_111_111_111, '14050471', '67062674', '99943326'],
    [1_234_567_890, '89005924', '91819424', '93441116'],
    [2_000_000_000, '69279037', '90698825', '38618901'],
    [20_000_000_000, '65353130', '77737706', '47863826'],
  ])('at %i seconds', (seconds, sha1, sha256, sha512) => {
    const step = stepAt(new Date(seconds * 1_000))
    expect(totpCode(seed, step, 8)).toBe(sha1)
    expect(totpCode(longer(32), step, 8, 'sha256')).toBe(sha256)
    expect(totpCode(longer(64), step, 8, 'sha512')).toBe(sha512)
  })
})

test('RFC 4226, appendix D: six digits', () => {
  const expected = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'
  expect(Array.from({ length: 10 }, (_, count) => totpCode(seed, count)).join(' ')).toBe(expected)
})

describe('which step a code is of', () => {
  const at = new Date(1_800_000_015_000)
  const now = stepAt(at)
  test.each([
    [-2, null],
    [-1, now - 1],
    [0, now],
    [1, now + 1],
    [2, null],
  ])('%i steps off', (off, found) => expect(findStep(seed, totpCode(seed, now + off), at, -1)).toBe(found))

  test('one that was used, or an older one, is none', () => {
    expect(findStep(seed, totpCode(seed, now), at, now)).toBeNull()
    expect(findStep(seed, totpCode(seed, now - 1), at, now)).toBeNull()
    expect(findStep(seed, totpCode(seed, now + 1), at, now)).toBe(now + 1)
  })

  test.each(['', '1', '1234567', '12345a', '０１２３４５'])('"%s" is of none', (code) =>
    expect(findStep(seed, code, at, -1)).toBeNull(),
  )
})

test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('RFC 4648: "%s" is %s', (text, written) => expect(base32(Buffer.from(text))).toBe(written))

test('an app is told the issuer and the key', () => {
  expect(totpUri(seed, 'a b@example.com')).toBe(
    'otpauth://totp/Crossdock%3Aa%20b%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Crossdock',
  )
})
