import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type PretendShopify, startPretend as startShopify } from '../../connectors/shopify/pretend/index.ts'
import { startPretend as startWoo } from '../../connectors/woocommerce/pretend/index.ts'
import type { PretendShop } from '../../src/connector-kit/pretend.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type Api, openApi } from './api.ts'
import { type Hub, openHub } from './hub.ts'

const clientId = 'client-of-this-hub'
const timeScale = 600
const record = () => undefined
const askedShape = z.object({ id: z.string(), url: z.string(), status: z.string() })
const consentShape = z.object({ status: z.string(), reason: z.string().nullable(), connection: z.string().nullable() })
const actsShape = z.object({ items: z.array(z.object({ act: z.string(), targets: z.array(z.string()) })) })
const connectionShape = z.object({
  ...{ id: z.string(), label: z.string(), status: z.string(), writeMode: z.string() },
  lastOrderSeenAt: z.string().nullable(),
  backfill: z.object({ state: z.string() }).nullable(),
})

let database: TestDatabase
let shopify: PretendShopify
let narrow: PretendShopify
let woo: PretendShop
let hub: Hub
let lily: Merchant
let oak: Merchant

interface Merchant {
  readonly api: Api
  readonly key: string
}
async function newMerchant(name: string): Promise<Merchant> {
  const shape = z.object({ key: z.object({ secret: z.string() }) })
  const made = await openApi(hub.url, hub.installToken).call('POST /merchants', shape, { name })
  return { api: openApi(hub.url, made.key.secret), key: made.key.secret }
}

beforeAll(async () => {
  database = await freshDatabase()
  shopify = await startShopify({ name: 'consent-shopify', seed: 21, timeScale, record })
  const secret = String(shopify.connect.credentials.apiSecret)
  const app = { clientId, clientSecret: secret }
  narrow = await startShopify({ name: 'narrow', seed: 23, timeScale, record, app, granted: ['write_orders'] })
  woo = await startWoo({ name: 'consent-woo', seed: 22, timeScale, record })
  for (const shop of [shopify, woo]) shop.addProduct({ sku: 'MUG', title: 'The mug', priceMinor: 1_999n, stock: 7 })
  hub = await openHub({
    databaseUrl: database.url,
    redisUrl: null,
    allowHosts: [...shopify.hosts, ...narrow.hosts, ...woo.hosts],
    logLevel: 'debug',
    env: { APP_SHOPIFY_ID: clientId, APP_SHOPIFY_SECRET: secret },
  })
  await hub.start({ name: 'all', role: 'all' })
  lily = await newMerchant('Lily')
  oak = await newMerchant('Oak')
})
afterAll(async () => {
  await hub?.close()
  await shopify?.close()
  await narrow?.close()
  await woo?.close()
  await database?.drop()
})

/** A browser that has only our cookie, and goes where it is sent one step at a time. */
interface Browser {
  cookie: string
  go(url: string): Promise<{ readonly status: number; readonly text: string; readonly location: string | null }>
}
function newBrowser(): Browser {
  const browser: Browser = {
    cookie: '',
    go: async (url) => {
      const ours = url.startsWith(hub.url) && browser.cookie !== '' ? { cookie: browser.cookie } : {}
      const answer = await fetch(url, { redirect: 'manual', headers: ours })
      return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') }
    },
  }
  return browser
}

async function start(merchant: Merchant, body: object, browser = newBrowser()) {
  const answer = await fetch(`${hub.url}/api/v1/connections/consents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${merchant.key}`, 'content-type': 'application/json', cookie: browser.cookie },
    body: JSON.stringify(body),
  })
  const cookie = answer.headers.get('set-cookie') ?? ''
  expect([answer.status, cookie]).toEqual([201, expect.stringMatching(/; HttpOnly; SameSite=Lax$/)])
  browser.cookie = cookie.split(';')[0] ?? ''
  return { browser, ...askedShape.parse(await answer.json()) }
}
const ofShopify = () => ({ connector: 'shopify', settings: shopify.connect.settings })
const ofWoo = () => ({ connector: 'woocommerce', settings: woo.connect.settings })

const linkIn = (page: string, at: string, shape: RegExp) =>
  new URL(
    (shape.exec(page)?.[1] ?? '')
      .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
      .replaceAll('&amp;', '&'),
    at,
  ).href
/** Reads the consent page, presses the button, and says where the shop sends the browser then. */
async function press(browser: Browser, url: string, button: RegExp): Promise<string> {
  const page = await browser.go(url)
  expect(page.status).toBe(200)
  const next = linkIn(page.text, url, button)
  if (next.startsWith(hub.url)) return next
  return (await browser.go(next)).location ?? ''
}
const install = /id="install" href="([^"]+)"/
const approve = /class="wc-auth-approve" href="([^"]+)"/
const deny = /class="wc-auth-deny" href="([^"]+)"/
const consentOf = (merchant: Merchant, id: string) => merchant.api.call(`GET /connections/consents/${id}`, consentShape)
const connectionOf = (merchant: Merchant, id: string | null) =>
  merchant.api.call(`GET /connections/${id}`, connectionShape)

async function until<T>(what: string, probe: () => Promise<T | null>): Promise<T> {
  for (const from = Date.now(); Date.now() - from < 20_000; await new Promise((done) => setTimeout(done, 50))) {
    const seen = await probe()
    if (seen !== null) return seen
  }
  throw new Error(`${what}\n${hub.log().slice(-3_000)}`)
}

describe('a merchant connects a shop by its consent page', { timeout: 60_000 }, () => {
  test.each([
    ['Shopify', ofShopify, install],
    ['WooCommerce', ofWoo, approve],
  ])('%s: three clicks, and its orders are read while nothing is written', async (_name, settings, button) => {
    const shop = settings === ofShopify ? shopify : woo
    const asked = await start(lily, { ...settings(), ordersFrom: '2020-01-01T00:00:00Z' })
    expect((await consentOf(lily, asked.id)).status).toBe('waiting')
    const back = await press(asked.browser, asked.url, button)
    const page = await asked.browser.go(back)
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('is connected')])
    const { status, connection } = await consentOf(lily, asked.id)
    expect(status).toBe('connected')
    expect(page.text).toContain(`content="0; url=/channels/${connection}"`)
    expect(await connectionOf(lily, connection)).toMatchObject({ status: 'active', writeMode: 'off' })
    expect(shop.buy([{ sku: 'MUG', quantity: 1 }])).not.toBeNull()
    await until('its order is seen', async () => (await connectionOf(lily, connection)).lastOrderSeenAt)
    expect(shop.shows('MUG')).toBe(6)
  })

  test('connecting it again continues the same connection, as it was called and switched', async () => {
    const first = await lily.api.connections()
    const its = first.find((one) => one.label === shopify.name)
    await lily.api.call(`PATCH /connections/${its?.id}`, z.unknown(), { label: 'The lily shop' })
    const on = { mode: 'on', handOverFrom: null }
    await until('what was there is read', async () => {
      const { backfill } = await connectionOf(lily, its?.id ?? null)
      return backfill?.state === 'done' ? backfill : null
    })
    await lily.api.call(`PUT /connections/${its?.id}/write-mode`, z.unknown(), on)
    const asked = await start(lily, ofShopify())
    const page = await asked.browser.go(await press(asked.browser, asked.url, install))
    expect(page.text).toContain('goes on where it stopped')
    const { connection } = await consentOf(lily, asked.id)
    expect(connection).toBe(its?.id)
    expect(await connectionOf(lily, connection)).toMatchObject({ label: 'The lily shop', writeMode: 'on' })
    expect((await lily.api.connections()).length).toBe(first.length)
  })

  test.each([
    ['Shopify', ofShopify, install],
    ['WooCommerce', ofWoo, approve],
  ])(
    '[bad-input 29] %s: what another merchant has is refused, and nobody is told whose it is',
    async (_name, settings, button) => {
      const asked = await start(oak, settings())
      const page = await asked.browser.go(await press(asked.browser, asked.url, button))
      expect([page.status, page.text]).toEqual([409, expect.stringContaining('connected elsewhere')])
      expect(page.text).not.toMatch(/lily/i)
      expect(await consentOf(oak, asked.id)).toMatchObject({ status: 'refused', connection: null })
      expect(await oak.api.connections()).toEqual([])
      const log = await oak.api.call('GET /audit-log?limit=1', actsShape)
      expect(log.items).toEqual([{ act: 'connection.refused', targets: [settings().connector] }])
    },
  )

  test('whoever presses Deny has connected nothing', async () => {
    const asked = await start(oak, ofWoo())
    const page = await asked.browser.go(await press(asked.browser, asked.url, deny))
    expect(page.text).toContain('Nothing was saved')
    expect(page.text).toContain(`content="0; url=/channels/connect?consent=${asked.id}"`)
    expect(await consentOf(oak, asked.id)).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining('denied'),
    })
  })

  test('whoever grants less than is needed is told what is missing, and has connected nothing', async () => {
    const asked = await start(oak, { connector: 'shopify', settings: narrow.connect.settings })
    const page = await asked.browser.go(await press(asked.browser, asked.url, install))
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('gave access without')])
    const { status, reason } = await consentOf(oak, asked.id)
    expect([status, reason]).toEqual(['refused', expect.stringMatching(/without .*write_inventory.*Start again/)])
    expect(await oak.api.connections()).toEqual([])
  })

  test('another merchant sees nothing of the question', async () => {
    const asked = await start(lily, ofShopify())
    await expect(consentOf(oak, asked.id)).rejects.toThrow('404')
  })
})

describe('an answer that is not the answer', { timeout: 60_000 }, () => {
  type Change = (back: URL, asked: Awaited<ReturnType<typeof start>>) => Promise<unknown> | unknown
  const set = (name: string, value: string) => (back: URL) => back.searchParams.set(name, value)
  const late = () =>
    database.asAdmin((admin) => admin.query(`update consent_state set expires_at = now() - interval '1 second'`))
  /** A code that has done its work, in an answer that is signed as the shop signs. */
  const withUsedCode: Change = async (back) => {
    const first = await start(lily, ofShopify())
    const used = new URL(await press(first.browser, first.url, install))
    expect((await first.browser.go(used.href)).status).toBe(200)
    back.searchParams.set('code', used.searchParams.get('code') ?? '')
    back.searchParams.delete('hmac')
    back.searchParams.sort()
    const hmac = createHmac('sha256', String(shopify.connect.credentials.apiSecret)).update(back.search.slice(1))
    back.searchParams.set('hmac', hmac.digest('hex'))
  }
  const cases: readonly [string, number, Change][] = [
    ['[bad-input 23] without a state', 400, (back) => back.searchParams.delete('state')],
    ['[bad-input 23] with a made-up state', 400, set('state', 'A'.repeat(43))],
    [
      '[bad-input 23] with two states',
      400,
      (back) => back.searchParams.append('state', back.searchParams.get('state') ?? ''),
    ],
    ['[bad-input 23] after ten minutes', 400, late],
    [
      '[bad-input 30] in another browser',
      400,
      (_back, { browser }) => Object.assign(browser, { cookie: `connect=${'B'.repeat(43)}` }),
    ],
    [
      '[bad-input 30] in a browser without cookies',
      400,
      (_back, { browser }) => Object.assign(browser, { cookie: '' }),
    ],
    ['[bad-input 23] that was there before', 400, async (back, { browser }) => browser.go(back.href)],
    ['[bad-input 25] without a signature', 400, (back) => back.searchParams.delete('hmac')],
    ['[bad-input 25] with a wrong signature', 400, set('hmac', 'f'.repeat(64))],
    ['[bad-input 25] with two signatures', 400, (back) => back.searchParams.append('hmac', 'f')],
    ['[bad-input 24] for another shop', 400, set('shop', 'other.myshopify.com')],
    ['[bad-input 24] for a foreign host', 400, set('shop', 'x.myshopify.com.evil.com')],
    ['with another code', 400, set('code', 'made-up')],
    ['[bad-input 27] with a code that was used', 400, withUsedCode],
  ]
  test.each(cases)('%s is answered %i, and connects nothing', async (name, status, change) => {
    const before = await lily.api.connections()
    const asked = await start(lily, ofShopify())
    const back = new URL(await press(asked.browser, asked.url, install))
    await change(back, asked)
    const page = await asked.browser.go(back.href)
    expect(page.status).toBe(status)
    const isSpent = name.endsWith('that was there before')
    expect((await consentOf(lily, asked.id)).status === 'connected').toBe(isSpent)
    expect((await lily.api.connections()).length).toBe(before.length)
  })

  test('[bad-input 23] a state of one platform is of no use at another', async () => {
    const asked = await start(lily, ofShopify())
    const state = new URL(asked.url).searchParams.get('state')
    const page = await asked.browser.go(`${hub.url}/connect/woocommerce/callback?state=${state}&success=1`)
    expect(page.status).toBe(400)
    expect((await consentOf(lily, asked.id)).status).toBe('waiting')
  })

  test('keys that nobody waits for are not taken, and only the first that come are', async () => {
    const post = (user_id: string) =>
      fetch(`${hub.url}/connect/woocommerce/callback`, {
        method: 'POST',
        headers: { 'content-type': 'application/json;charset=UTF-8' },
        body: JSON.stringify({ key_id: 1, user_id, consumer_key: 'ck_canary', consumer_secret: 'cs_canary' }),
      }).then((answer) => answer.status)
    const asked = await start(lily, ofWoo())
    const state = new URL(asked.url).searchParams.get('user_id') ?? ''
    expect([await post('C'.repeat(43)), await post(''), await post(state), await post(state)]).toEqual([
      404, 404, 200, 404,
    ])
    const page = await asked.browser.go(
      `${hub.url}/connect/woocommerce/callback?state=${state}&success=1&user_id=${state}`,
    )
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('was not connected')])
    expect(page.text).not.toContain('canary')
  })

  test('[bad-input 26] an address that the answer names leads nowhere', async () => {
    const asked = await start(lily, ofWoo())
    const back = new URL(await press(asked.browser, asked.url, approve))
    for (const name of ['returnTo', 'redirect_uri', 'next', 'url'])
      back.searchParams.set(name, '//evil.example/<script>')
    const page = await asked.browser.go(back.href)
    expect([page.status, page.location]).toEqual([200, null])
    expect(page.text).not.toContain('evil')
    expect([...page.text.matchAll(/href="([^"]*)"/g)].map((found) => found[1])).toEqual([
      expect.stringMatching(/^\/channels\/con_/),
    ])
  })

  test('a browser that is back before the keys is told to wait, and then goes on', async () => {
    const asked = await start(lily, ofWoo())
    const { searchParams } = new URL(asked.url)
    const early = await asked.browser.go(`${searchParams.get('return_url')}&success=1`)
    expect(early.status).toBe(202)
    const page = await asked.browser.go(await press(asked.browser, asked.url, approve))
    expect(page.text).toContain('goes on where it stopped')
  })

  test('neither the state nor a code nor a key is in the log or in a row', async () => {
    const asked = await start(lily, ofShopify())
    const back = new URL(await press(asked.browser, asked.url, install))
    await asked.browser.go(back.href)
    const rows = await database.asAdmin(async (admin) => {
      const tables = ['consent', 'consent_state', 'connection', 'api_request']
      const all = await Promise.all(tables.map((table) => admin.query(`select t::text from ${table} t`)))
      return JSON.stringify(all.map((one) => one.rows))
    })
    const names = ['state', 'code', 'hmac'].map((name) => back.searchParams.get(name) ?? 'missing')
    const secret = String(shopify.connect.credentials.apiSecret)
    for (const word of [...names, secret, 'canary', asked.browser.cookie.split('=')[1] ?? 'missing']) {
      expect(hub.log()).not.toContain(word)
      expect(rows).not.toContain(word)
    }
  })
})

describe('a shop that goes', { timeout: 90_000 }, () => {
  const seen = z.object({
    ...{ status: z.string(), writeMode: z.string() },
    health: z.object({ state: z.string(), remedy: z.object({ action: z.string() }).nullable() }),
  })
  const show = (id: string) => lily.api.call(`GET /connections/${id}`, seen)
  const ids = z.object({ items: z.array(z.object({ id: z.string() })) })
  const ordersOf = async (id: string) =>
    (await lily.api.call(`GET /orders?limit=200&connection=${id}`, ids)).items.length
  const idOf = async (label: string) => (await lily.api.connections()).find((one) => one.label === label)?.id ?? ''
  const comeBack = async () => {
    const asked = await start(lily, ofShopify())
    const page = await asked.browser.go(await press(asked.browser, asked.url, install))
    expect(page.text).toContain('goes on where it stopped')
    return (await consentOf(lily, asked.id)).connection
  }
  const farewell = z.object({
    farewell: z.object({ webhooks: z.string(), login: z.string(), todo: z.string().nullable() }),
  })

  test('uninstalled there, it says what to do; connected again it goes on, with no order twice, whatever is told of the past', async () => {
    const id = await idOf('The lily shop')
    const before = await ordersOf(id)
    shopify.uninstall()
    await until('it stands still', async () => ((await show(id)).status === 'reauth_required' ? true : null))
    expect((await show(id)).health).toMatchObject({ state: 'sign_in_needed', remedy: { action: 'sign_in' } })
    expect((await lily.api.exceptions('connection_stopped')).length).toBe(1)
    shopify.buy([{ sku: 'MUG', quantity: 1 }])
    expect(await comeBack()).toBe(id)
    expect(await lily.api.exceptions('connection_stopped')).toEqual([])
    await until('what it sold meanwhile', async () => ((await ordersOf(id)) === before + 1 ? true : null))
    const told = (await lily.api.messages()).find(({ topic }) => topic === 'app/uninstalled')
    await lily.api.call(`POST /inbox/messages/${told?.id}/replay`, z.unknown())
    await until('it is read again', async () => {
      const again = (await lily.api.messages()).find((one) => one.id === told?.id)
      return again?.state === 'applied' ? true : null
    })
    await new Promise((done) => setTimeout(done, 500))
    expect(await show(id)).toMatchObject({ status: 'active', writeMode: 'on' })
  })

  test.each([
    ['Shopify', () => 'The lily shop', { webhooks: 'removed', login: 'revoked', todo: null }],
    [
      'WooCommerce',
      () => woo.name,
      { webhooks: 'removed', login: 'by_hand', todo: expect.stringContaining('ends in') },
    ],
  ])(
    '%s, disconnected: webhooks and access are given back, secrets are gone, and the orders stay',
    async (_name, label, gone) => {
      const id = await idOf(label())
      const before = await ordersOf(id)
      expect(before).toBeGreaterThan(0)
      expect((await lily.api.call(`POST /connections/${id}/disconnect`, farewell)).farewell).toEqual(gone)
      expect(await show(id)).toMatchObject({
        status: 'disconnected',
        writeMode: 'off',
        health: { state: 'disconnected' },
      })
      const rows = await database.asAdmin((admin) =>
        admin.query(
          `select credentials, endpoint_token from connection where label = $1 union all select kind, null from lane l
         join connection c using (merchant_id, connection_id) where c.label = $1`,
          [label()],
        ),
      )
      expect(rows.rows).toEqual([{ credentials: '', endpoint_token: null }])
      expect(await ordersOf(id)).toBe(before)
      const again = await lily.api.call(`POST /connections/${id}/disconnect`, farewell)
      expect(again.farewell).toEqual({ webhooks: 'none', login: 'none', todo: null })
    },
  )

  test('connected again after that, it is the same one, watches first, and has each order once', async () => {
    const id = await idOf('The lily shop')
    const before = await ordersOf(id)
    shopify.buy([{ sku: 'MUG', quantity: 1 }])
    expect(await comeBack()).toBe(id)
    await until('what it sold meanwhile', async () => ((await ordersOf(id)) === before + 1 ? true : null))
    expect(await show(id)).toMatchObject({ status: 'active', writeMode: 'off' })
  })
})
