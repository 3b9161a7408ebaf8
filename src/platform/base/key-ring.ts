import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Secret, secret } from './secret.ts'

/** The keys that seal credentials. New secrets are sealed with `current`; the others still open older ones. */
export interface KeyRing {
  readonly current: string
  readonly keys: ReadonlyMap<string, Secret<Buffer>>
}

const keyBytes = 32
const keysMax = 20
const keyShape = /^(?<id>[A-Za-z0-9_-]{1,32}):(?<key>[A-Za-z0-9+/_-]{43}=?)$/

/** `id:base64[,id:base64…]`, the first is current. Null when it is anything else. */
export function parseKeys(text: string): KeyRing | null {
  const keys = new Map<string, Secret<Buffer>>()
  const parts = text.trim().split(',')
  if (parts.length > keysMax) return null
  for (const part of parts) {
    const found = keyShape.exec(part.trim())?.groups
    const key = Buffer.from(found?.key ?? '', 'base64')
    if (!found?.id || key.length !== keyBytes || keys.has(found.id)) return null
    keys.set(found.id, secret(key))
  }
  const [current] = keys.keys()
  return current === undefined ? null : { current, keys }
}

/** The ring in a 0600 file, made with one random key when there is none. @throws Error when the file is not a ring. */
export function keysFromFile(file: string): KeyRing {
  if (!existsSync(file)) create(file)
  const ring = parseKeys(readFileSync(file, 'utf8'))
  if (ring) return ring
  throw new Error(
    `${file} does not hold keys. Put back the file that was there: credentials sealed with its keys cannot be read without it.`,
  )
}

function create(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  // A random id: a ring made anew after a loss is seen as other keys, not as the same key with another value.
  const line = `k${randomBytes(4).toString('hex')}:${randomBytes(keyBytes).toString('base64')}\n`
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, line, { mode: 0o600, flush: true })
  try {
    linkSync(draft, file) // whole or not at all: another starter never reads half a key
  } catch (cause) {
    if (!existsSync(file)) throw cause // otherwise another starter was faster
  } finally {
    rmSync(draft, { force: true })
  }
}
