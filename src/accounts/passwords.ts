import * as crypto from 'node:crypto'
import { promisify } from 'node:util'
import type { Rng } from '../platform/base/ports.ts'
import { Problem } from '../platform/http/problem.ts'

/**
 * OWASP's Password Storage Cheat Sheet (read 2026-11): argon2id with 19 MiB and two passes; scrypt with 2^15, 8, 3 where
 * Node has no argon2 (before 24.7). The stored text says which it is, so a hash is read by any Node that knows its kind.
 */
const argon = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }
const scryptCost = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 2 ** 20 }
const saltBytes = 16
const hashBytes = 32
const shape = /^(?<kind>argon2id|scrypt)\$(?<salt>[\w-]{22})\$(?<hash>[\w-]{43})$/

export type Kind = 'argon2id' | 'scrypt'
export const bestKind: Kind = typeof crypto.argon2 === 'function' ? 'argon2id' : 'scrypt'

const scrypt = promisify<string, Buffer, number, crypto.ScryptOptions, Buffer>(crypto.scrypt)

/** On the threads of libuv: nothing else waits for it. */
function derive(kind: Kind, password: string, salt: Buffer): Promise<Buffer> {
  if (kind === 'scrypt') return scrypt(password, salt, hashBytes, scryptCost)
  return promisify(crypto.argon2)('argon2id', { ...argon, message: password, nonce: salt })
}

/** Each takes 20 to 30 MB and a thread that files and names need, too. */
const atOnceMax = 2
const waitingMax = 50

/** Lets a few in at once, and sends away whom waiting would not help. */
function openGate() {
  const waiting: (() => void)[] = []
  let inside = 0
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (inside >= atOnceMax) {
      if (waiting.length >= waitingMax)
        throw new Problem(503, 'HUB_BUSY', 'Too many sign in at once. Try again in a moment.')
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else inside++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else inside--
    }
  }
}

export interface Passwords {
  hash(password: string, kind?: Kind): Promise<string>
  /** Null as the hash: nobody has it, which takes just as long to say. */
  matches(password: string, stored: string | null): Promise<boolean>
}

export function openPasswords(rng: Rng): Passwords {
  const gate = openGate()
  const nobody = `${bestKind}$${rng.bytes(saltBytes).toString('base64url')}$${rng.bytes(hashBytes).toString('base64url')}`
  return {
    hash: (password, kind = bestKind) =>
      gate(async () => {
        const salt = rng.bytes(saltBytes)
        const hash = await derive(kind, password, salt)
        return `${kind}$${salt.toString('base64url')}$${hash.toString('base64url')}`
      }),
    matches: (password, stored) =>
      gate(async () => {
        const { kind, salt = '', hash = '' } = shape.exec(stored ?? nobody)?.groups ?? {}
        if (kind !== 'argon2id' && kind !== 'scrypt') throw new Error('a stored password hash is of no known kind')
        const found = await derive(kind, password, Buffer.from(salt, 'base64url'))
        return crypto.timingSafeEqual(found, Buffer.from(hash, 'base64url')) && stored !== null
      }),
  }
}

/** True: what this Node does better should take its place at the next chance. */
export const isOutdated = (stored: string): boolean => !stored.startsWith(`${bestKind}$`)

const wellKnown =
  /^(.{0,4}(password|passw0rd|qwertyuiop|qwerty|letmein|welcome|iloveyou|administrator|changeme|crossdock).{0,6})+$/i

/** Why nobody should have it; null: fit to be kept. Length is what counts; rules about kinds of characters help nobody. */
export function weaknessOf(password: string, email: string): string | null {
  if (password.length < 12) return 'has fewer than 12 characters'
  if (new Set(password.toLowerCase()).size < 5) return 'has fewer than five different characters'
  const name = email.split('@')[0] ?? ''
  if (name.length >= 4 && password.toLowerCase().includes(name)) return 'holds the e-mail address'
  if (isRun(password) || wellKnown.test(password)) return 'is among the first that anybody would try'
  return null
}

/** 123456789012, abcdefghijkl. */
function isRun(password: string): boolean {
  const codes = [...password].map((letter) => letter.charCodeAt(0))
  const steps = codes.slice(1).filter((code, at) => Math.abs(code - (codes[at] ?? 0)) <= 1)
  return steps.length >= codes.length - 2
}
