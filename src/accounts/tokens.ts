import { createHash } from 'node:crypto'
import type { Rng } from '../platform/base/ports.ts'
import { type Secret, secret } from '../platform/base/secret.ts'

const tokenBytes = 32

/** 256 random bits for somebody to keep; we keep its hash. So many bits need no slow one. */
export function makeToken(rng: Rng): { readonly text: Secret<string>; readonly hash: Buffer } {
  const text = rng.bytes(tokenBytes).toString('base64url')
  return { text: secret(text), hash: tokenHash(text) }
}

export const tokenHash = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

export const tokenShape = /^[\w-]{43}$/
