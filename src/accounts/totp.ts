import { createHmac, timingSafeEqual } from 'node:crypto'

/** RFC 6238 over RFC 4226: what every authenticator app can do, SHA-1, six digits, 30 seconds. */
const stepS = 30
const digitsUsual = 6
/** One step before and after: a clock that is off, a person who types slowly. */
const window = 1
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export const stepAt = (at: Date): number => Math.floor(at.getTime() / 1_000 / stepS)

/** The code of one step. */
export function totpCode(
  key: Buffer,
  step: number,
  digits = digitsUsual,
  hash: 'sha1' | 'sha256' | 'sha512' = 'sha1',
): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(hash, key).update(counter).digest()
  const at = mac.readUInt8(mac.length - 1) & 0xf
  const number = (mac.readUInt32BE(at) & 0x7fffffff) % 10 ** digits
  return String(number).padStart(digits, '0')
}

/** The step that a code belongs to, newer than the last one used; null: it is wrong, too old or was used. */
export function findStep(key: Buffer, code: string, at: Date, usedStep: number): number | null {
  let found: number | null = null
  const given = Buffer.from(code)
  for (let step = stepAt(at) - window; step <= stepAt(at) + window; step++) {
    const expected = Buffer.from(totpCode(key, step))
    // All are looked at, so that time says nothing about which one it was.
    const equal = given.length === expected.length && timingSafeEqual(given, expected)
    if (equal && step > usedStep) found ??= step
  }
  return found
}

/** RFC 4648, without padding: how apps want the key. */
export function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')
}

/** What an app reads from a QR code. */
export function totpUri(key: Buffer, email: string): string {
  const query = new URLSearchParams({ secret: base32(key), issuer: 'Crossdock' })
  return `otpauth://totp/${encodeURIComponent(`Crossdock:${email}`)}?${query}`
}
