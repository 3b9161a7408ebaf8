import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { run } from '../../src/cli/run.ts'
import { aShelf, messageBody, type Shelf } from './shelf.ts'
import { type Api, installToken, openApi } from './support.ts'

let api: Api
let shelf: Shelf
let url = ''
beforeAll(async () => {
  api = await openApi()
  shelf = await aShelf(api, 'reed')
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  const address: AddressInfo | string | null = api.app.server.address()
  url = address !== null && typeof address === 'object' ? `http://127.0.0.1:${address.port}` : ''
})
afterAll(() => api.close())

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}
async function crossdock(
  line: readonly string[],
  given: { key?: string; files?: Record<string, string> } = {},
): Promise<Ran> {
  const out: Uint8Array[] = []
  let err = ''
  const code = await run(line, {
    env: { CROSSDOCK_URL: url, CROSSDOCK_KEY: given.key ?? shelf.key },
    out: (chunk) => void out.push(Buffer.from(chunk)),
    err: (said) => {
      err += said
    },
    read: async (file) => given.files?.[file] ?? Promise.reject(new Error('no such file')),
  })
  return { code, out: Buffer.concat(out).toString('utf8'), err }
}

/** For people at a browser: a consent belongs to the one that asked for it, no key acts for a person, and a stream has no end. */
const ofPeople = /^[A-Z]+ \/(sign-|me\b|members|invitations|connections\/consents|events)/

test('every route of the API that a key can ask has a command, and every command a route', async () => {
  const { paths } = (await api.app.inject('/api/openapi.json')).json()
  const routes = Object.keys(paths).flatMap((path) =>
    Object.keys(paths[path]).map((method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`),
  )
  const covered = commands.map(
    ({ method, path }) => `${method} ${path.replace(/\?.*/, '').replaceAll(/:(\w+)/g, '{$1}')}`,
  )
  expect(routes.filter((route) => !ofPeople.test(route) && !covered.includes(route))).toEqual([])
  expect(covered.filter((route) => !routes.includes(route))).toEqual([])
})

test('every list, as a table and as JSON, from a real server', async () => {
  const lists = commands.filter(({ method, path, columns }) => method === 'GET' && columns && !path.includes(':'))
  expect(lists.length).toBeGreaterThan(10)
  for (const { noun, verb, columns } of lists) {
    const table = await crossdock([noun, verb])
    expect([noun, table.code, table.err]).toEqual([noun, 0, ''])
    expect(table.out.split('\n')[0]?.split(/ +/), noun).toEqual(columns)
    const json = await crossdock([noun, verb, '--json', '--limit', '1'])
    expect(JSON.parse(json.out).items.length, noun).toBe(1)
  }
})

test('--all reads every page', async () => {
  const { out } = await crossdock(['orders', 'list', '--json', '--all', '--limit', '2'])
  expect(
    JSON.parse(out)
      .map((order: { number: string }) => order.number)
      .sort(),
  ).toEqual([...shelf.orderNumbers].sort())
})

test('options become the query, and words the path', async () => {
  const short = await crossdock(['orders', 'list', '--stage', 'short', '--json'])
  expect(JSON.parse(short.out).items.map((order: { number: string }) => order.number)).toEqual(['#1004'])
  const found = await crossdock(['orders', 'search', '#1004', '--json'])
  expect(JSON.parse(found.out).items[0].number).toBe('#1004')
  const one = await crossdock(['orders', 'show', shelf.order])
  expect(one.out).toContain('number: #1003')
})

test('an adjustment by options and by a file', async () => {
  const one = await crossdock([
    'stock',
    'adjust',
    '--reason',
    'found',
    '--sku',
    'SKU-3',
    '--location',
    'HOME',
    '--delta',
    '2',
    '--json',
  ])
  expect(JSON.parse(one.out).lines).toMatchObject([{ sku: 'SKU-3', before: 50, after: 52 }])
  const files = { 'count.json': '[{"sku":"SKU-3","location":"HOME","set":60}]' }
  const many = await crossdock(['stock', 'adjust', '--reason', 'count', '--lines', '@count.json', '--json'], { files })
  expect(JSON.parse(many.out).lines).toMatchObject([{ after: 60 }])
})

test('a shop is connected with credentials from standard input', async () => {
  const line = [
    'connections',
    'add',
    '--connector',
    'fake-shop',
    '--label',
    'x',
    '--settings',
    '{"shop":"cli"}',
    '--credentials',
    '-',
    '--json',
  ]
  const added = await crossdock(line, { files: { '-': '{"token":"from-stdin"}' } })
  expect(JSON.parse(added.out)).toMatchObject({ status: 'active', account: { key: 'cli' } })
})

test('an installation makes a merchant and gets its first key', async () => {
  const made = await crossdock(['merchants', 'add', '--name', 'By hand', '--json'], { key: installToken })
  const { key } = JSON.parse(made.out)
  expect((await crossdock(['merchant', 'show', '--json'], { key: key.secret })).out).toContain('By hand')
})

test("a refusal says the hub's words with field and mend, and ends with 1", async () => {
  const refused = await crossdock([
    'stock',
    'adjust',
    '--reason',
    'x',
    '--sku',
    'NOPE',
    '--location',
    'HOME',
    '--set',
    '1',
  ])
  expect(refused).toEqual({
    code: 1,
    out: '',
    err: 'Nothing was changed: 1 of the lines cannot be applied. (422)\n  lines.0.sku is not known here. Create the item, or correct the SKU.\n',
  })
  const unknown = await crossdock(['orders', 'list'], { key: 'nobody' })
  expect([unknown.code, unknown.err]).toEqual([
    1,
    'Sign in, or send a valid API key as "Authorization: Bearer …". (401)\n',
  ])
})

test('for a program, a refusal is JSON too', async () => {
  const refused = await crossdock(['orders', 'list', '--json'], { key: 'nobody' })
  expect(JSON.parse(refused.err)).toMatchObject({
    status: 401,
    detail: 'Sign in, or send a valid API key as "Authorization: Bearer …".',
  })
  const unknown = await crossdock(['orders', 'delete', '--json'])
  expect(JSON.parse(unknown.err)).toEqual({
    detail: '"orders" has: list, show, search, hold, release, cancel, keep, replay, standings',
    code: 'CLI_USAGE',
  })
})

test.each([
  [['nothing', 'list'], 'there is no "nothing"'],
  [['orders', 'delete'], '"orders" has: list, show, search'],
  [['orders', 'show'], 'write: crossdock orders show <id>'],
  [['orders', 'list', 'extra'], 'is too much'],
  [['orders', 'list', '--colour', 'red'], "Unknown option '--colour'"],
  [['orders', 'list', '--limit', ''], '--limit must be a number'],
  [['items', 'add', '--items', '{'], '--items is not JSON'],
  [['items', 'add', '--items', '@missing.json'], '--items is not JSON, or names no file'],
  [['locations', 'add', '--code', 'A'], '--name is missing'],
  [['orders', 'list', '--url', 'http://hub.example.com'], 'https only'],
  [['orders', 'list', '--url', 'nowhere'], 'is no address'],
])('%j is not understood, said so, and ends with 2', async (line, said) => {
  const { code, out, err } = await crossdock(line)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(said)
})

test('help is made from the commands, whole, of a noun and of one command', async () => {
  const { out } = await crossdock(['--help'])
  for (const { noun, verb } of commands) expect(out).toContain(`${noun} ${verb}`)
  const one = await crossdock(['orders', 'list', '--help'])
  expect(one.out).toContain('--placed-from')
  expect(one.out).not.toContain('connections add')
})

test('text of others cannot move the cursor or turn the line', async () => {
  const { out } = await crossdock(['files', 'list'])
  expect(out).toContain('../../etc/\ufffdcsv.exe')
  expect(out).not.toContain('\u202e')
})

test('the program itself writes raw bytes to standard output and ends with the right code', async () => {
  const start = (line: readonly string[]) => {
    const env = { PATH: process.env.PATH ?? '', CROSSDOCK_URL: url, CROSSDOCK_KEY: shelf.key }
    const child = spawn(process.execPath, ['src/cli/main.ts', ...line], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    return Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  }
  const [out, , [code]] = await start(['inbox', 'raw', shelf.message])
  expect([out, code]).toEqual([messageBody, 0])
  const [, err, [refused]] = await start(['orders', 'show', 'ord_00000000000070008000000000000000'])
  expect([refused, err]).toEqual([1, 'There is nothing here, or it is not yours. (404)\n'])
})
