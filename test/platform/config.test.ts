import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError, Environment, readConfig } from '../../src/config.ts'
import { openFailpoints } from '../../src/platform/base/failpoints.ts'
import { uuidV7 } from '../../src/platform/base/ids.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'crossdock-config-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const key = Buffer.alloc(32, 7).toString('base64')
const database = 'postgres://hub:canary-password@db.example.com/hub'
const read = (env: Record<string, string>, argv: string[] = []) => readConfig({ argv, env: { DATA_DIR: dir, ...env } })

function problems(env: Record<string, string>, argv: string[] = []): readonly string[] {
  try {
    read(env, argv)
    return []
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems
    throw cause
  }
}

test('nothing set is a hub on this machine with its own database', () => {
  const config = read({})
  expect(config).toMatchObject({
    role: 'all',
    host: '127.0.0.1',
    port: 3000,
    publicUrl: 'http://127.0.0.1:3000',
    databaseUrl: null,
    redisUrl: null,
    dataDir: dir,
    logLevel: 'info',
    devAllowHosts: [],
    failpoints: '',
    pool: { work: 8, ingest: 3 },
    keep: { messagesDays: 30, personsDays: 30, historyDays: 400 },
    laneLeaseMs: 20_000,
    pollEveryS: null,
    trustProxy: false,
    signUp: 'first',
  })
})

test('the config cannot be changed', () => {
  const config = read({})
  expect([Object.isFrozen(config), Object.isFrozen(config.pool), Object.isFrozen(config.devAllowHosts)]).toEqual([
    true,
    true,
    true,
  ])
})

test('a full set of settings is read, and an empty one counts as not set', () => {
  const config = read(
    {
      HOST: '0.0.0.0',
      PORT: '8080',
      PUBLIC_URL: 'https://hub.example.com/',
      DATABASE_URL: database,
      REDIS_URL: 'redis://cache.example.com:6379',
      HUB_KEYS: `k2:${key},k1:${key}`,
      LOG_LEVEL: 'warn',
      POOL_WORK: '20',
      POLL_EVERY_S: '',
      TRUST_PROXY: '10.0.0.1, 10.0.0.0/8',
    },
    ['worker'],
  )
  expect(config).toMatchObject({
    role: 'worker',
    publicUrl: 'https://hub.example.com',
    pool: { work: 20, ingest: 3 },
    laneLeaseMs: 20_000,
    pollEveryS: null,
    trustProxy: ['10.0.0.1', '10.0.0.0/8'],
  })
  expect([config.keys.current, ...config.keys.keys.keys()]).toEqual(['k2', 'k2', 'k1'])
  expect(config.keys.keys.get('k1')?.reveal()).toEqual(Buffer.alloc(32, 7))
})

describe('a bad setting is refused with its name, what it got, and the mend', () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ['a word for a port', { PORT: 'http' }, /^PORT: got "http"; write a whole number from 0 to 65535$/],
    ['a port beyond the last', { PORT: '70000' }, /^PORT: got "70000"; write a whole number/],
    ['a plain public address', { PUBLIC_URL: 'http://hub.example.com' }, /^PUBLIC_URL: got "http:\/\/hub.*https/],
    [
      'an address that is none',
      { PUBLIC_URL: 'hub.example.com' },
      /^PUBLIC_URL: got "hub.example.com"; write the address/,
    ],
    ['an unknown log level', { LOG_LEVEL: 'loud' }, /^LOG_LEVEL: got "loud"; write one of trace, debug/],
    [
      'a far host for development',
      { DEV_ALLOW_HOSTS: '10.0.0.1:80' },
      /^DEV_ALLOW_HOSTS: got "10.0.0.1:80"; write host:port pairs of this machine/,
    ],
    ['a development host without port', { DEV_ALLOW_HOSTS: '127.0.0.1' }, /^DEV_ALLOW_HOSTS: .*such as/],
    ['a failpoint that is none', { HUB_FAILPOINTS: 'a.b:explode' }, /^HUB_FAILPOINTS: got "a.b:explode"; .*name:crash/],
    ['a pool of none', { POOL_WORK: '0' }, /^POOL_WORK: got "0"; write a whole number from 2/],
    ['a trust in everybody', { TRUST_PROXY: 'true' }, /^TRUST_PROXY: got "true"; write how many proxies/],
    ['a poll without pause', { POLL_EVERY_S: '0' }, /^POLL_EVERY_S: got "0"; write a whole number from 1/],
  ]
  test.each(cases)('%s', (_name, env, wanted) => {
    expect(problems(env)).toEqual([expect.stringMatching(wanted)])
  })

  test('all of them at once, not one after the other', () => {
    expect(problems({ PORT: 'x', LOG_LEVEL: 'y' }, ['nonsense'])).toHaveLength(3)
  })

  test('a secret is not repeated', () => {
    const said = problems({
      DATABASE_URL: 'mysql://hub:canary@db/hub',
      REDIS_URL: 'http://:canary@x',
      HUB_KEYS: 'k1:canary',
    })
    expect(said).toHaveLength(3)
    expect(said.join()).toContain('a value that is not shown here')
    expect(said.join()).not.toContain('canary')
  })
})

describe('registrations as an app', () => {
  test('are pairs, named after their connector, and show no secret', () => {
    const config = read({
      APP_SHOPIFY_ID: 'client-1',
      APP_SHOPIFY_SECRET: 'canary',
      APP_BIG_SHOP_ID: 'b',
      APP_BIG_SHOP_SECRET: 'c',
    })
    expect([...config.apps.keys()]).toEqual(['shopify', 'big-shop'])
    expect(config.apps.get('shopify')?.clientSecret.reveal()).toBe('canary')
    expect(inspect(config, { depth: 9 })).not.toContain('canary')
  })

  test.each([
    ['an id alone', { APP_SHOPIFY_ID: 'client-1' }],
    ['a secret alone', { APP_SHOPIFY_SECRET: 'canary' }],
    ['a secret with a space in it', { APP_SHOPIFY_ID: 'client-1', APP_SHOPIFY_SECRET: 'can ary' }],
  ])('%s is refused by name', (_name, env) => {
    expect(problems(env)).toEqual([
      'APP_SHOPIFY_ID, APP_SHOPIFY_SECRET: set both, as the platform shows them, or neither',
    ])
  })
})

describe('settings that contradict each other are refused', () => {
  const far = { PUBLIC_URL: 'https://hub.example.com' }
  const cases: [string, Record<string, string>, string[], RegExp][] = [
    [
      'a shared database without keys',
      { DATABASE_URL: database },
      [],
      /^HUB_KEYS: is not set, and DATABASE_URL is.*openssl rand -base64 32/,
    ],
    ['two processes on the embedded database', {}, ['http'], /^DATABASE_URL: is not set, and the role http/],
    [
      'failpoints on a public hub',
      { ...far, HUB_FAILPOINTS: 'a:crash' },
      [],
      /^HUB_FAILPOINTS: is set while PUBLIC_URL/,
    ],
    [
      'open local ports on a public hub',
      { ...far, DEV_ALLOW_HOSTS: 'localhost:4001' },
      [],
      /^DEV_ALLOW_HOSTS: is set while PUBLIC_URL/,
    ],
    ['a role that there is not', {}, ['boss'], /^role: got "boss"; write one of all, http, worker, migrate/],
    ['two roles', {}, ['all', 'http'], /^role: got "all http"/],
  ]
  test.each(cases)('%s', (_name, env, argv, wanted) => {
    expect(problems(env, argv)).toEqual([expect.stringMatching(wanted)])
  })

  test('a public name that only begins like this machine is not this machine', () => {
    expect(problems({ PUBLIC_URL: 'https://127.0.0.1.example.com', HUB_FAILPOINTS: 'a:crash' })).toHaveLength(1)
    expect(problems({ PUBLIC_URL: 'https://localhost.example.com', DEV_ALLOW_HOSTS: '127.0.0.1:1' })).toHaveLength(1)
  })
})

describe('keys', () => {
  test('with the embedded database they are made once, random, into a file for its owner only', () => {
    const first = read({}).keys
    const second = read({}).keys
    expect(statSync(path.join(dir, 'keys')).mode & 0o777).toBe(0o600)
    expect(second.current).toBe(first.current)
    expect(second.keys.get(second.current)?.reveal()).toEqual(first.keys.get(first.current)?.reveal())
    expect(first.keys.get(first.current)?.reveal()).toHaveLength(32)
  })

  test('none are made when the settings are refused', () => {
    expect(problems({ PORT: 'x' })).toHaveLength(1)
    expect(existsSync(path.join(dir, 'keys'))).toBe(false)
  })

  test('a spoiled key file is never replaced by new keys', () => {
    writeFileSync(path.join(dir, 'keys'), 'spoiled')
    expect(() => read({})).toThrow(/does not hold keys\. Put back the file/)
    expect(readFileSync(path.join(dir, 'keys'), 'utf8')).toBe('spoiled')
  })

  test.each(['k1', `k1:${key.slice(4)}`, `k1:${key},k1:${key}`, `:${key}`, `k 1:${key}`, ','])(
    '"%s" is not a ring',
    (ring) => {
      expect(problems({ DATABASE_URL: database, HUB_KEYS: ring })).toEqual([
        expect.stringMatching(/^HUB_KEYS: got a value that is not shown here; write id:key/),
      ])
    },
  )

  test('a config that is printed shows no key', () => {
    const config = read({ HUB_KEYS: `k1:${key}` })
    for (const shown of [
      inspect(config, { depth: 9 }),
      JSON.stringify(config),
      JSON.stringify([...config.keys.keys]),
    ]) {
      expect(shown).not.toContain(key)
      expect(shown).not.toMatch(/7,7,7|07 07 07/)
    }
  })
})

test('.env.example names every setting once, with its default, and no other', () => {
  const file = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
  const lines = file.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const given = lines.map((line) => line.split('=', 2)).map(([name = '', text = '']) => ({ name, text }))
  expect(given.map(({ name }) => name).toSorted()).toEqual(Object.keys(Environment.shape).toSorted())
  const withDefaults = read(
    Object.fromEntries(given.filter(({ name }) => name !== 'DATA_DIR').map(({ name, text }) => [name, text])),
  )
  expect({ ...withDefaults, keys: null }).toEqual({ ...read({}), keys: null })
})

describe('ports of the machine', () => {
  test('ids are uuid v7: version, variant, and later ones sort after earlier ones', () => {
    const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    expect(systemPorts().ids.uuid()).toMatch(shape)
    const ones = new Uint8Array(16).fill(255)
    expect(uuidV7(1_645_557_742_000, ones)).toBe('017f22e2-79b0-7fff-bfff-ffffffffffff')
    expect(uuidV7(1_645_557_742_001, new Uint8Array(16)) > uuidV7(1_645_557_742_000, ones)).toBe(true)
  })

  test('a failpoint throws where it is named, as often as it is told, and nowhere else', async () => {
    const failpoints = openFailpoints('effect.after_call:throw*2,other:sleep=1')
    await failpoints.hit('effect.before_call')
    await expect(failpoints.hit('effect.after_call')).rejects.toThrow('failpoint effect.after_call')
    await expect(failpoints.hit('effect.after_call')).rejects.toThrow()
    await failpoints.hit('effect.after_call')
    await failpoints.hit('other')
  })

  test('a crash ends the process at that very place', () => {
    const file = new URL('../../src/platform/base/failpoints.ts', import.meta.url).href
    const text = `import { openFailpoints } from '${file}'; await openFailpoints('a:crash').hit('a'); process.stdout.write('went on')`
    const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' })
    expect({ signal, stdout }).toEqual({ signal: 'SIGKILL', stdout: '' })
  })

  test('without a spec a hit does nothing', async () => {
    await systemPorts({ failpoints: '' }).failpoints.hit('effect.after_call')
  })
})
