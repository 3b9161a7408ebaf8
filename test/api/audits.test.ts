import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { aShelf, type Shelf } from './shelf.ts'
import { type Api, aMerchant, list, openApi } from './support.ts'

let api: Api
let shelf: Shelf
let fresh: string
let url = ''
beforeAll(async () => {
  api = await openApi()
  // Its requests were handed over without the lane that writes files: a broken promise.
  shelf = await aShelf(api, 'larch')
  fresh = (await aMerchant(api, 'Fresh')).key
  await api.app.listen({ port: 0, host: '127.0.0.1' })
  const address: AddressInfo | string | null = api.app.server.address()
  url = address !== null && typeof address === 'object' ? `http://127.0.0.1:${address.port}` : ''
})
afterAll(() => api.close())

async function crossdock(line: readonly string[], key: string) {
  const said = { out: '', err: '' }
  const code = await run(line, {
    env: { CROSSDOCK_URL: url, CROSSDOCK_KEY: key },
    out: (chunk) => {
      said.out += String(chunk)
    },
    err: (text) => {
      said.err += text
    },
    read: () => Promise.reject(new Error('no such file')),
  })
  return { code, ...said }
}

test('what is kept and what is broken is told with its rows as public ids, for what changed lately and for everything', async () => {
  for (const [query, scope] of [
    ['', 'recent'],
    ['?full=false', 'recent'],
    ['?full=true', 'everything'],
  ]) {
    const { status, json } = await api.call(`GET /audits${query}`, { key: shelf.key })
    expect([status, json.scope, json.broken, json.unfinished]).toEqual([200, scope, 1, 0])
    const broken = list(json.audits).filter((one) => String(one.state) === 'broken')
    expect(broken).toMatchObject([{ name: 'request_without_file', promise: 'I10', violations: 3, more: false }])
    for (const row of list(broken[0]?.rows))
      expect(row).toEqual({ fulfillment_order_id: expect.stringMatching(/^ful_[0-9a-f]{32}$/) })
  }
})

test('a merchant sees its own rows only, and needs the scope', async () => {
  const { json } = await api.call('GET /audits?full=true', { key: fresh })
  expect([json.broken, json.unfinished]).toEqual([0, 0])
  const made = await api.call('POST /api-keys', { key: fresh, body: { label: 'orders', scopes: ['orders:read'] } })
  const { status } = await api.call('GET /audits', { key: String(made.json.secret) })
  expect(status).toBe(403)
})

test.each(['full=yes', 'full=', 'all=true'])('%s is refused', async (query) => {
  expect((await api.call(`GET /audits?${query}`, { key: fresh })).status).toBe(400)
})

test('crossdock audit ends with 0 where all is kept, else with 1, and says what is broken and what to do', async () => {
  const kept = await crossdock(['audit', '--full'], fresh)
  expect(kept).toMatchObject({ code: 0, err: '' })
  expect(kept.out).toMatch(/^(\d+) of \1 audits kept, looking at all rows\n$/)
  const broken = await crossdock(['audit'], shelf.key)
  expect(broken.code).toBe(1)
  expect(broken.out).toMatch(
    /^I10 request_without_file: .*\n( {4}fulfillment_order_id ful_[0-9a-f]{32}\n){3} {4}Ask the partner/,
  )
  const json = await crossdock(['audit', '--json', '--full'], shelf.key)
  expect([json.code, JSON.parse(json.out).broken]).toEqual([1, 1])
  expect((await crossdock(['audit', 'list'], shelf.key)).code).toBe(2)
})
