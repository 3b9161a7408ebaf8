/** What a merchant may name as the far side, asked through the API of connectors as they are and the guard as it is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiDeps } from '../../src/api/deps.ts'
import { openBudgets } from '../../src/connections/budgets.ts'
import { makeCtx } from '../../src/connections/ctx.ts'
import { loadConnectors } from '../../src/connectors.ts'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { secret } from '../../src/platform/base/secret.ts'
import { type Egress, openEgress } from '../../src/platform/egress/open-egress.ts'
import { type Api, aMerchant, list, openApi } from './support.ts'

const ports = systemPorts()
const app = { clientId: 'client-1', clientSecret: secret('app-canary-secret') }
const nowhere: Readonly<Record<string, string>> = { 'inside.example.com': '10.0.0.5' }
const asked: string[] = []

let api: Api
let egress: Egress
let key: string
beforeAll(async () => {
  egress = openEgress({
    allowHosts: [],
    userAgent: 'hub-test',
    resolve: async (host) => {
      asked.push(host)
      return [{ address: nowhere[host] ?? '127.0.0.1', family: 4 }]
    },
    connect: () => {
      throw new Error('a socket was opened')
    },
  })
  const signal = new AbortController().signal
  const probeCtx: ApiDeps['probeCtx'] = ({ manifest }, target) =>
    makeCtx({ ...target, manifest, egress, ports, signal, budgets: openBudgets({ clock: ports.clock }) })
  api = await openApi({ connectors: await loadConnectors(), probeCtx, apps: new Map([['shopify', app]]) })
  key = (await aMerchant(api, 'Lake')).key
})
afterAll(async () => {
  egress.close()
  await api.close()
})

const count = async () => list((await api.call('GET /connections', { key })).json.items).length
const connect = (connector: string, settings: object, credentials: object, more: object = {}) =>
  api.call('POST /connections', { key, body: { connector, label: 'x', settings, credentials, ...more } })
const woo = (storeUrl: string) =>
  connect(
    'woocommerce',
    { storeUrl },
    { consumerKey: 'ck_canary', consumerSecret: 'cs_canary', webhookSecret: 'canary-webhook-secret' },
  )
const dock = (host: string, port = 22) =>
  connect(
    'warehouse-files',
    { host, port },
    { username: 'hub', password: 'canary-password' },
    { location: { code: 'DOCK', name: 'Dock', rank: 1 } },
  )

describe('the address of a shop', () => {
  test.each([
    ['[bad-input 31] cloud metadata', 'http://169.254.169.254/'],
    ['[bad-input 31] cloud metadata by https', 'https://169.254.169.254/'],
    ['[bad-input 32] one number', 'https://2852039166/'],
    ['[bad-input 32] one hexadecimal number', 'https://0xA9FEA9FE/'],
    ['[bad-input 32] octal parts', 'https://0251.0376.0251.0376/'],
    ['[bad-input 33] mapped IPv4', 'https://[::ffff:169.254.169.254]/'],
    ['[bad-input 33] NAT64', 'https://[64:ff9b::a9fe:a9fe]/'],
    ['[bad-input 33] 6to4', 'https://[2002:a9fe:a9fe::]/'],
    ['[bad-input 34] localhost with a final dot', 'https://localhost./'],
    ['[bad-input 34] two parts', 'https://127.1/'],
    ['[bad-input 34] zero', 'https://0/'],
    ['[bad-input 34] the unspecified address', 'https://[::]/'],
    ['[bad-input 35] a public name of a private address', 'https://inside.example.com/'],
    ['[bad-input 38] user and password', 'https://user:canary-pw@shop.example.com/'],
    ['[bad-input 38] the port of Redis', 'https://shop.example.com:6379/'],
    ['[bad-input 38] the port of PostgreSQL', 'https://shop.example.com:5432/'],
    ['[bad-input 38] the port of mail', 'https://shop.example.com:25/'],
  ])('%s is 400 with the mend, and nothing is connected or called', async (_, url) => {
    const before = await count()
    const answer = await woo(url)
    expect({ status: answer.status, text: answer.status === 400 ? '' : answer.text }).toEqual({ status: 400, text: '' })
    const [error] = list(answer.json.errors)
    expect([String(error?.field), String(error?.mend).length > 10]).toEqual([expect.stringMatching(/^settings/), true])
    expect(answer.text).not.toContain('canary')
    expect(await count()).toBe(before)
  })
})

test.each([
  ['10.0.0.5', 22],
  ['127.0.0.1', 2222],
  ['::1', 22],
  ['localhost.', 22],
  ['inside.example.com', 22],
  ['sftp.example.com', 25],
])('[bad-input 39] a warehouse at %s:%i is 400, and no socket is opened', async (host, port) => {
  const answer = await dock(host, port)
  expect({ status: answer.status, text: answer.status === 400 ? '' : answer.text }).toEqual({ status: 400, text: '' })
  expect(list(answer.json.errors)[0]?.field).toBe('settings')
  expect(answer.text).not.toContain('canary')
})

test('only the two names that a resolver could know were looked up', () => {
  expect([...new Set(asked)]).toEqual(['inside.example.com'])
})

describe('the name of a Shopify shop', () => {
  const ask = (settings: object, more: object = {}) =>
    api.call('POST /connections/consents', { key, body: { connector: 'shopify', settings, ...more } })

  test.each([
    'evil.com',
    'x.myshopify.com.evil.com',
    'x.myshopify.com/@evil',
    'x.myshopify.com%0d%0a',
    'x.myshopify.com\r\nhost: evil.com',
    'x.myshopify.com:8443',
    'user@x.myshopify.com',
    'xn--e1afmkfd.xn--80asehdb',
    'x.myshopify.com#.evil.com',
    '.myshopify.com',
  ])('[bad-input 24] %j is 400, and no browser is sent there', async (shop) => {
    const answer = await ask({ shop })
    expect([answer.status, list(answer.json.errors)[0]?.field]).toEqual([400, 'settings.shop'])
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('[bad-input 24] in upper case it is the same shop', async () => {
    const answer = await ask({ shop: 'Example.MyShopify.COM' })
    expect([answer.status, new URL(String(answer.json.url)).origin]).toEqual([201, 'https://example.myshopify.com'])
  })

  test.each(['redirect_uri', 'returnTo', 'returnUrl', 'callbackUrl'])(
    '[bad-input 26] %s to another site is refused, and the address to come back to is our own',
    async (name) => {
      const answer = await ask({ shop: 'example.myshopify.com' }, { [name]: '//evil.example' })
      expect(answer.status).toBe(400)
      const hidden = await ask({ shop: 'example.myshopify.com', [name]: '//evil.example' })
      expect([hidden.status, list(hidden.json.errors)[0]?.field]).toEqual([400, `settings.${name}`])
      const plain = await ask({ shop: 'example.myshopify.com' })
      expect(new URL(String(plain.json.url)).searchParams.get('redirect_uri')).toBe(
        'https://hub.example.com/connect/shopify/callback',
      )
    },
  )
})

test('no secret that was sent along was logged', () => {
  expect(api.lines.join('\n')).not.toContain('canary')
})
