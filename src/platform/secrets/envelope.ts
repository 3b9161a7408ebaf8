import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { KeyRing } from '../base/key-ring.ts'

/** Where the envelope lives. It opens nowhere else: a copied row is as good as a forged one. */
export interface Place {
  readonly merchantId: string
  readonly table: string
  readonly rowId: string
  readonly column: string
}

export class EnvelopeError extends Error {
  readonly code: 'malformed' | 'unknown_key' | 'not_authentic'

  constructor(code: EnvelopeError['code'], message: string) {
    super(message)
    this.name = 'EnvelopeError'
    this.code = code
  }
}

const version = 'v1'
const nonceBytes = 12
const tagBytes = 16
const shape = /^v1\.(?<keyId>[A-Za-z0-9_-]{1,32})\.(?<nonce>[A-Za-z0-9_-]{16})\.(?<sealed>[A-Za-z0-9_-]{22,})$/

function boundTo(keyId: string, place: Place): Buffer {
  // JSON, so that no choice of parts reads the same as another.
  return Buffer.from(JSON.stringify([version, keyId, place.merchantId, place.table, place.rowId, place.column]))
}

function keyOf(ring: KeyRing, keyId: string): Buffer {
  const key = ring.keys.get(keyId)?.reveal()
  if (!key) throw new EnvelopeError('unknown_key', `no key "${keyId}" in the ring`)
  return key
}

/** A JSON value as `v1.<keyId>.<nonce>.<ciphertext+tag>`, AES-256-GCM, bound to its row and column. */
export function seal(ring: KeyRing, plain: unknown, place: Place): string {
  const text = JSON.stringify(plain)
  if (text === undefined) throw new TypeError('only a JSON value can be sealed')
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keyOf(ring, ring.current), nonce, { authTagLength: tagBytes })
  cipher.setAAD(boundTo(ring.current, place))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [version, ring.current, nonce.toString('base64url'), sealed.toString('base64url')].join('.')
}

/** The sealed value. @throws EnvelopeError; there is no second way to read an envelope */
export function open(ring: KeyRing, envelope: string, place: Place): unknown {
  const { keyId = '', nonce = '', sealed = '' } = shape.exec(envelope)?.groups ?? {}
  if (keyId === '') throw new EnvelopeError('malformed', 'this is not an envelope of this hub')
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', keyOf(ring, keyId), Buffer.from(nonce, 'base64url'), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(boundTo(keyId, place))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString('utf8')
    return JSON.parse(text)
  } catch {
    throw new EnvelopeError(
      'not_authentic',
      `envelope of ${place.table}.${place.column} was changed or belongs elsewhere`,
    )
  }
}

/** True when the envelope should be sealed again, because the current key is another. */
export function needsReseal(ring: KeyRing, envelope: string): boolean {
  return !envelope.startsWith(`${version}.${ring.current}.`)
}
