import { expect, test } from 'vitest'
import { bestKind, isOutdated, openPasswords, weaknessOf } from '../../src/accounts/passwords.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'

const passwords = openPasswords(systemPorts().rng)

test.each(['argon2id', 'scrypt'] as const)(
  'a password kept by %s is known again, and nothing else is',
  async (kind) => {
    const stored = await passwords.hash('four words that are long', kind)
    expect(stored).toMatch(new RegExp(`^${kind}\\$`))
    expect(await passwords.matches('four words that are long', stored)).toBe(true)
    for (const other of ['four words that are lonG', 'four words that are long ', '', '\u0000'])
      expect(await passwords.matches(other, stored)).toBe(false)
    expect(await passwords.hash('four words that are long', kind)).not.toBe(stored)
  },
)

test('this Node has argon2id, and what an older one kept is replaced', async () => {
  expect(bestKind).toBe('argon2id')
  expect(isOutdated(await passwords.hash('x', 'scrypt'))).toBe(true)
  expect(isOutdated(await passwords.hash('x'))).toBe(false)
})

test('[bad-input 47] nobody has the password of nobody, and it takes the work of a real one to say so', async () => {
  const cpu = async (stored: string | null) => {
    const before = process.cpuUsage()
    for (let n = 0; n < 5; n++) expect(await passwords.matches('whatever it may be', stored)).toBe(false)
    return process.cpuUsage(before).user
  }
  const stored = await passwords.hash('four words that are long')
  await cpu(stored)
  const [known, unknown] = [await cpu(stored), await cpu(null)]
  expect(unknown / known).toBeGreaterThan(0.4)
  expect(unknown / known).toBeLessThan(2.5)
})

test('other work goes on meanwhile', async () => {
  let turns = 0
  let over = false
  const hashing = passwords.hash('four words that are long').finally(() => {
    over = true
  })
  while (!over) {
    turns++
    await new Promise((resolve) => setImmediate(resolve))
  }
  await hashing
  expect(turns).toBeGreaterThan(20)
})

test('whom waiting would not help is sent away at once', async () => {
  const tries = await Promise.allSettled(Array.from({ length: 60 }, () => passwords.matches('x', null)))
  const refused = tries.filter((one) => one.status === 'rejected')
  expect(refused.length).toBe(8)
  expect(refused[0]).toMatchObject({ reason: { status: 503 } })
  expect(await passwords.matches('x', null)).toBe(false)
}, 60_000)

test.each([
  ['elevenchars', 'fewer than 12'],
  ['aaaaaaaaaaaaaa', 'five different'],
  ['ababababababab', 'five different'],
  ['my jane.doe is 1', 'e-mail'],
  ['123456789012', 'first'],
  ['abcdefghijklmn', 'first'],
  ['password12345', 'first'],
  ['Crossdock2026!', 'first'],
  ['qwertyuiop123', 'first'],
])('%s is refused', (password, why) => {
  expect(weaknessOf(password, 'jane.doe@example.com')).toContain(why)
})

test.each(['four words that are long', 'vK4#tq9Lm2Zx', 'Straße über Brücke', '🐴🔋📎 correct battery'])(
  '%s is fit',
  (password) => {
    expect(weaknessOf(password, 'jane.doe@example.com')).toBeNull()
  },
)
