import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { cacheEndpoints, type Endpoint } from '../../src/inbox/endpoint-cache.ts'

describe('webhook addresses', () => {
  const found: Endpoint = {
    merchantId: randomUUID(),
    connectionId: randomUUID(),
    connector: 'stable',
    account: 'a',
    secrets: {},
  }
  const clockAt = (clock: { t: number }) => ({ now: () => new Date(clock.t), ms: () => clock.t })

  test('are looked up once for many deliveries, and again after 5 s, known or not', async () => {
    const clock = { t: 0 }
    const asked: string[] = []
    const find = cacheEndpoints(async (token) => {
      asked.push(token)
      return token === 'known' ? found : null
    }, clockAt(clock))
    const both = () => Promise.all(['known', 'unknown', 'known', 'unknown'].map(find))
    expect(await both()).toEqual([found, null, found, null])
    clock.t = 4_999
    await both()
    expect(asked).toEqual(['known', 'unknown'])
    clock.t = 5_000
    await both()
    expect(asked).toHaveLength(4)
  })

  test('a failed lookup is not remembered', async () => {
    let calls = 0
    const find = cacheEndpoints(
      async () => (++calls === 1 ? Promise.reject(new Error('gone')) : found),
      clockAt({ t: 0 }),
    )
    await expect(find('a')).rejects.toThrow('gone')
    expect(await find('a')).toBe(found)
  })

  test('guessing neither fills memory nor takes every lookup', async () => {
    let calls = 0
    const find = cacheEndpoints(async () => (++calls > 0 ? null : found), clockAt({ t: 0 }), { entriesMax: 2 })
    for (const token of ['a', 'b', 'c', 'c', 'a']) await find(token)
    expect(calls).toBe(4)
    const stuck = cacheEndpoints(() => new Promise(() => undefined), clockAt({ t: 0 }), { lookupsMax: 3 })
    for (const token of ['a', 'b', 'c']) void stuck(token)
    await expect(stuck('d')).rejects.toThrow('too many')
  })
})
