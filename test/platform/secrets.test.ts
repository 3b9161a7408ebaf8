import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { KeyRing } from '../../src/platform/base/key-ring.ts'
import { secret } from '../../src/platform/base/secret.ts'
import { hashApiKey, makeApiKey, matchesApiKey, parseApiKey } from '../../src/platform/secrets/api-key.ts'
import { EnvelopeError, needsReseal, open, seal } from '../../src/platform/secrets/envelope.ts'

const place = { merchantId: 'm-1', table: 'connection', rowId: 'c-1', column: 'credentials' }
const first = randomBytes(32)
const second = randomBytes(32)
const keyRing = (current: string, keys: Record<string, Buffer>): KeyRing => ({
  current,
  keys: new Map(Object.entries(keys).map(([id, key]) => [id, secret(key)])),
})
const ring = keyRing('k1', { k1: first })
const plain = { token: 'canary-token', nested: { list: [1, null, 'ü'] } }

function code(work: () => unknown): string {
  try {
    work()
    return 'opened'
  } catch (error) {
    return error instanceof EnvelopeError ? error.code : String(error)
  }
}

describe('envelope', () => {
  test('what was sealed is what opens, and the text shows nothing of it', () => {
    const envelope = seal(ring, plain, place)
    expect(open(ring, envelope, place)).toEqual(plain)
    expect(envelope).toMatch(/^v1\.k1\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+$/)
    expect(envelope).not.toContain('canary')
  })

  test('the same value sealed twice looks different', () => {
    expect(seal(ring, plain, place)).not.toBe(seal(ring, plain, place))
  })

  test.each([
    { merchantId: 'm-2' },
    { table: 'partner' },
    { rowId: 'c-2' },
    { column: 'app_secret' },
    { table: 'connection","c-1', rowId: '' },
  ])('an envelope moved to %o does not open', (moved) => {
    const envelope = seal(ring, plain, place)
    expect(code(() => open(ring, envelope, { ...place, ...moved }))).toBe('not_authentic')
  })

  test('every flipped bit of nonce, text or tag is noticed', () => {
    const [v, id, nonce = '', sealed = ''] = seal(ring, 'x', place).split('.')
    for (const [part, other] of [
      [nonce, (text: string) => `${v}.${id}.${text}.${sealed}`],
      [sealed, (text: string) => `${v}.${id}.${nonce}.${text}`],
    ] as const) {
      const bytes = Buffer.from(part, 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        expect(code(() => open(ring, other(changed.toString('base64url')), place))).toBe('not_authentic')
      }
    }
  })

  test('a key that is not in the ring, or is another key of that name, opens nothing', () => {
    const envelope = seal(ring, plain, place)
    expect(code(() => open(keyRing('k2', { k2: second }), envelope, place))).toBe('unknown_key')
    expect(code(() => open(keyRing('k1', { k1: second }), envelope, place))).toBe('not_authentic')
  })

  test('the key id is part of what is signed', () => {
    const twins = keyRing('k1', { k1: first, k2: first })
    expect(code(() => open(twins, seal(ring, plain, place).replace('.k1.', '.k2.'), place))).toBe('not_authentic')
  })

  test.each([
    '',
    'v1',
    'v0.k1.a.b',
    'v1.k1..',
    `v1.k1.${'A'.repeat(16)}.short`,
    '{"token":"canary-token"}',
    'v1.k/1.x.y',
  ])('text %j is refused as no envelope', (text) => {
    expect(code(() => open(ring, text, place))).toBe('malformed')
  })

  test('after rotation old envelopes open, are named for resealing, and new ones use the new key', () => {
    const old = seal(ring, plain, place)
    const rotated = keyRing('k2', { k1: first, k2: second })
    expect(open(rotated, old, place)).toEqual(plain)
    expect(needsReseal(rotated, old)).toBe(true)
    const fresh = seal(rotated, open(rotated, old, place), place)
    expect([fresh.slice(0, 6), needsReseal(rotated, fresh)]).toEqual(['v1.k2.', false])
  })

  test('a value that is not JSON is refused', () => {
    expect(() => seal(ring, undefined, place)).toThrow(TypeError)
    expect(() => seal(ring, { big: 1n }, place)).toThrow(TypeError)
  })
})

describe('api keys', () => {
  test('a new key parses to its stored id and matches its stored hash only', () => {
    const key = makeApiKey()
    const parts = parseApiKey(key.text.reveal())
    expect(key.text.reveal()).toMatch(/^hub_live_[0-9a-z]{8}_[0-9A-Za-z]{32}$/)
    expect(parts?.id).toBe(key.id)
    expect(matchesApiKey(parts?.secret ?? '', key.hash)).toBe(true)
    expect(matchesApiKey(parts?.secret ?? '', makeApiKey().hash)).toBe(false)
    expect(key.hash).toEqual(hashApiKey(parts?.secret ?? ''))
  })

  test('a thousand keys share neither id nor secret', () => {
    const made = Array.from({ length: 1_000 }, () => makeApiKey())
    expect(new Set(made.map((k) => k.text.reveal())).size).toBe(1_000)
    expect(new Set(made.map((k) => k.id)).size).toBe(1_000)
  })

  test.each([
    '',
    'hub_live_',
    `hub_test_${'a'.repeat(8)}_${'b'.repeat(32)}`,
    `hub_live_${'a'.repeat(8)}_${'b'.repeat(33)}`,
    `hub_live_${'A'.repeat(8)}_${'b'.repeat(32)}`,
    ` hub_live_${'a'.repeat(8)}_${'b'.repeat(32)}`,
    `hub_live_${'a'.repeat(8)}_${'b'.repeat(31)}\n`,
  ])('text %j is no key', (text) => {
    expect(parseApiKey(text)).toBeNull()
  })

  test('a stored hash of another length never matches and never throws', () => {
    expect(matchesApiKey('x', Buffer.alloc(0))).toBe(false)
    expect(matchesApiKey('x', Buffer.alloc(31))).toBe(false)
  })
})
