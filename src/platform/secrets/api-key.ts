import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import { type Secret, secret } from '../base/secret.ts'

/** `hub_live_<id>_<secret>`: the id is looked up and shown to people, the secret is only compared. */
export interface ApiKeyParts {
  readonly id: string
  readonly secret: string
}

const idLength = 8
const secretLength = 32
const digits = '0123456789abcdefghijklmnopqrstuvwxyz'
const idShape = '[0-9a-z]{8}'
const shape = new RegExp(`^hub_live_(?<id>${idShape})_(?<secret>[0-9A-Za-z]{32})$`)

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** A new key: `text` is shown once to its owner, `id` and `hash` are stored. */
export function makeApiKey(): { readonly id: string; readonly text: Secret<string>; readonly hash: Buffer } {
  const id = randomText(digits, idLength)
  const key = randomText(digits + digits.slice(10).toUpperCase(), secretLength)
  return { id, text: secret(`hub_live_${id}_${key}`), hash: hashApiKey(key) }
}

/** The parts of a key as given in a request, or null when it is not one. */
export function parseApiKey(text: string): ApiKeyParts | null {
  const { id, secret: key } = shape.exec(text)?.groups ?? {}
  return id !== undefined && key !== undefined ? { id, secret: key } : null
}

/** SHA-256 of the secret part. 190 random bits need no slow hash. */
export function hashApiKey(secretPart: string): Buffer {
  return createHash('sha256').update(secretPart, 'utf8').digest()
}

/** Whether the secret part belongs to the stored hash, in constant time; a hash of any other length never fits. */
export function matchesApiKey(secretPart: string, storedHash: Uint8Array): boolean {
  const hash = hashApiKey(secretPart)
  return storedHash.length === hash.length && timingSafeEqual(hash, storedHash)
}
