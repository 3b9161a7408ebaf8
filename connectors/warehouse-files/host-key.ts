import { createHash, timingSafeEqual } from 'node:crypto'

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

function digestOf(fingerprint: string): Buffer {
  const plain = fingerprint.trim().replace(/^SHA-?256:/i, '')
  const hex = plain.replaceAll(':', '')
  return /^[0-9a-f]{64}$/i.test(hex) ? Buffer.from(hex, 'hex') : Buffer.from(plain, 'base64')
}

/** Takes what partners send: with or without `SHA256:`, base64 with or without `=`, or hex with or without colons. */
export function sameFingerprint(one: string, other: string): boolean {
  const [a, b] = [digestOf(one), digestOf(other)]
  return a.length === 32 && b.length === 32 && timingSafeEqual(a, b)
}
