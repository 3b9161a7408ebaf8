/** What people show and are shown, and what shops hand over at consent: said once to whom it is for, and found nowhere else. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type PretendShopify, startPretend as startShopify } from '../../connectors/shopify/pretend/index.ts'
import { startPretend as startWoo } from '../../connectors/woocommerce/pretend/index.ts'
import type { PretendShop } from '../../src/connector-kit/pretend.ts'
import { anApp } from '../accounts/support.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { leaksOf } from './canaries.ts'
import { type Hub, openHub } from './hub.ts'

const email = 'canary-owner@example.com'
const guest = 'canary-guest@example.com'
const password = 'four canary words that are long'
const next = 'other canary words that are longer'
const wrong = 'canary guess that is wrong'

let database: TestDatabase
let shopify: PretendShopify
let woo: PretendShop
let hub: Hub

/** Every answer of the hub, with the secrets that it is meant to show. */
interface Said {
  readonly route: string
  readonly status: number
  readonly text: string
  readonly headers: string
}
const said: Said[] = []
/** What must be found nowhere; those that an answer hands out are named with it. */
const secrets = new Set<string>([password, next, wrong])
const handedOut = new Map<Said, string[]>()

/** A browser at the hub's own pages: keeps cookies, and each that it is given is a secret. */
function aBrowser() {
  const jar = new Map<string, string>()
  const go = async (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(path.startsWith('http') ? path : `${hub.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...{ 'sec-fetch-site': 'same-origin', cookie },
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const set = answer.headers.getSetCookie()
    const plain = [...answer.headers].filter(([name]) => name !== 'set-cookie')
    const one = {
      ...{ route: `${method} ${path.split('?')[0]}`, status: answer.status },
      ...{ text: await answer.text(), headers: JSON.stringify(plain) },
    }
    for (const [name = '', value = ''] of set.map((line) => line.split(';')[0]?.split('=') ?? [])) {
      if (value !== '') secrets.add(value)
      jar.set(name, value)
    }
    said.push(one)
    return { ...one, location: answer.headers.get('location') ?? '', said: one }
  }
  const call = async (route: string, body?: unknown) => {
    const [method = 'GET', path = ''] = route.split(' ')
    return go(method, `/api/v1${path}`, body)
  }
  /** A call whose answer hands something out. */
  const given = async <T>(route: string, shape: z.ZodType<T>, body: unknown, words: (answer: T) => string[]) => {
    const { said: one, text } = await call(route, body)
    const found = shape.safeParse(JSON.parse(text))
    if (!found.success) throw new Error(`${route}: ${text}`)
    const answer = found.data
    handedOut.set(one, words(answer))
    for (const word of words(answer)) secrets.add(word)
    return answer
  }
  return { go, call, given }
}
const linkIn = (page: string, at: string, shape: RegExp) =>
  new URL((shape.exec(page)?.[1] ?? '').replaceAll('&#38;', '&').replaceAll('&amp;', '&'), at).href

const me = aBrowser()
const keyShape = z.object({ secret: z.string() })
const totpShape = z.object({ key: z.string(), uri: z.string() })
const codesShape = z.object({ recoveryCodes: z.array(z.string()) })
const tokenShape = z.object({ token: z.string() })
const stepShape = z.object({ challenge: z.string() })
const consentShape = z.object({ url: z.string() })

/** Up, in, a wrong try, a second factor, its codes, a guest, a key, a new password. */
async function peopleComeIn(): Promise<void> {
  await me.call('POST /sign-up', { email, password: 'password1234', merchant: 'Canary' })
  await me.call('POST /sign-up', { email, password, merchant: 'Lake' })
  for (const bad of [{ email, password: wrong }, { email, password, token: wrong }, `{"password":"${wrong}",`])
    await me.call('POST /sign-in', bad)
  await me.call('POST /sign-in', { email, password })
  const { key } = await me.given('POST /me/totp', totpShape, undefined, (a) => [a.key])
  const app = anApp(key)
  const confirmed = { code: app.code(new Date(Date.now() - 30_000)) }
  const { recoveryCodes } = await me.given('POST /me/totp/confirm', codesShape, confirmed, (a) => a.recoveryCodes)
  await me.given('POST /invitations', tokenShape, { email: guest, role: 'viewer' }, (a) => [a.token])
  const { secret } = await me.given('POST /api-keys', keyShape, { label: 'k', scopes: ['*'] }, (a) => [a.secret])
  await me.go('GET', `/api/v1/orders?key=${secret}`)
  await me.call('PUT /me/password', { current: password, password: next })
  const other = aBrowser()
  const { challenge } = await other.given('POST /sign-in', stepShape, { email, password: next }, (a) => [a.challenge])
  await other.call('POST /sign-in/code', { challenge, code: '000000' })
  await other.call('POST /sign-in/code', { challenge, code: recoveryCodes[0] })
  await other.call('GET /me')
  await other.call('POST /sign-out')
}

/** Both kinds of consent, once to the end and once with an answer that is not the shop's. */
async function shopsConsent(): Promise<void> {
  const ask = async (connector: string, settings: object) => {
    const shown = (a: { readonly url: string }) => {
      const { searchParams } = new URL(a.url)
      return [searchParams.get('state') ?? searchParams.get('user_id') ?? 'no state']
    }
    return me.given('POST /connections/consents', consentShape, { connector, settings }, shown)
  }
  for (const spoilt of [true, false]) {
    const { url } = await ask('shopify', { ...shopify.connect.settings })
    const page = await (await fetch(url)).text()
    const install = linkIn(page, url, /id="install" href="([^"]+)"/)
    const back = install.startsWith(hub.url)
      ? install
      : ((await fetch(install, { redirect: 'manual' })).headers.get('location') ?? '')
    const { searchParams } = new URL(back)
    for (const name of ['code', 'hmac']) secrets.add(searchParams.get(name) ?? `no ${name}`)
    await me.go('GET', spoilt ? back.replace('hmac=', 'hmac=0') : back)
  }
  const { url } = await ask('woocommerce', { ...woo.connect.settings })
  const page = await (await fetch(url)).text()
  const approve = linkIn(page, url, /class="wc-auth-approve" href="([^"]+)"/)
  await me.go('GET', (await fetch(approve, { redirect: 'manual' })).headers.get('location') ?? '')
}

beforeAll(async () => {
  database = await freshDatabase()
  const settings = { timeScale: 600, record: () => undefined }
  shopify = await startShopify({ name: 'canary-shopify', seed: 31, ...settings })
  woo = await startWoo({ name: 'canary-woo', seed: 32, ...settings })
  for (const shop of [shopify, woo]) shop.addProduct({ sku: 'MUG', title: 'The mug', priceMinor: 1_999n, stock: 7 })
  const clientSecret = String(shopify.connect.credentials.apiSecret)
  secrets.add(clientSecret)
  hub = await openHub({
    ...{ databaseUrl: database.url, redisUrl: null, allowHosts: [...shopify.hosts, ...woo.hosts], logLevel: 'trace' },
    env: { APP_SHOPIFY_ID: 'client-of-this-hub', APP_SHOPIFY_SECRET: clientSecret },
  })
  for (const one of hub.secrets) secrets.add(one)
  await hub.start({ name: 'all', role: 'all' })
  await peopleComeIn()
  await shopsConsent()
  const asPage = { 'sec-fetch-mode': 'navigate', accept: 'text/html' }
  for (const page of ['/', '/sign-in?to=/orders', '/orders?q=canary', '/nothing', '/assets/none.js', '/%E0%A4%A'])
    await me.go('GET', page, undefined, asPage)
  for (const list of ['/me', '/members', '/invitations', '/me/sessions', '/api-keys', '/audit-log', '/connections'])
    await me.call(`GET ${list}`)
  await me.call('POST /export')
}, 120_000)
afterAll(async () => {
  await hub?.close()
  await shopify?.close()
  await woo?.close()
  await database?.drop()
})

test('the story was told: everybody came in, both shops are connected, and there is much to look for', () => {
  const statuses = said.map(({ route, status }) => `${route} ${status}`)
  for (const line of [
    'PUT /api/v1/me/password 200',
    'POST /api/v1/sign-in/code 401',
    'POST /api/v1/sign-in/code 200',
    'POST /api/v1/sign-out 200',
    'POST /api/v1/export 200',
  ])
    expect(statuses).toContain(line)
  const callbacks = said.filter(({ route }) => route.includes('/callback'))
  expect(callbacks.map(({ status }) => status)).toEqual([400, 200, 200])
  expect([...secrets].filter((word) => word.startsWith('no '))).toEqual([])
  expect(secrets.size).toBeGreaterThan(30)
})

test('nothing of it is in the log at its most talkative, nor is anybody’s address', () => {
  const log = hub.log()
  for (const route of ['sign-in', 'callback', 'me/totp', 'api-keys']) expect(log).toContain(route)
  expect(leaksOf(log, [...secrets, email, guest])).toEqual([])
})

test('what is kept of it is a hash or sealed: no row of any table holds it, queues included', async () => {
  const rows = await database.asAdmin(async (admin) => {
    const { rows: tables } = await admin.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
    )
    let text = ''
    for (const { name } of tables) text += JSON.stringify((await admin.query(`select t::text from ${name} t`)).rows)
    return { tables: tables.length, text }
  })
  expect(rows.tables).toBeGreaterThan(40)
  expect(rows.text).toContain(email)
  expect(leaksOf(rows.text, [...secrets])).toEqual([])
})

test('an address of a person is in its own row and its invitation, and in no other table', async () => {
  const found = await database.asAdmin(async (admin) => {
    const { rows: tables } = await admin.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
    )
    const there: string[] = []
    for (const { name } of tables) {
      const { rows } = await admin.query(`select 1 from ${name} t where t::text like any($1) limit 1`, [
        [`%${email}%`, `%${guest}%`],
      ])
      if (rows.length > 0) there.push(name)
    }
    return there.sort()
  })
  expect(found).toEqual(['public.invitation', 'public.user_account'])
})

test('each is said in the answer that hands it out and in no other, headers, errors and pages included', () => {
  const leaks = said.flatMap((one) => {
    const allowed = handedOut.get(one) ?? []
    const page = `${one.text} ${one.headers}`
    return leaksOf(page, [...secrets]).flatMap((word) =>
      allowed.includes(word) ? [] : [`${one.route} ${one.status}: ${word.slice(0, 8)}`],
    )
  })
  expect(leaks).toEqual([])
  expect(said.filter(({ status }) => status === 500)).toEqual([])
})

test('no route and no metric has one in its name', async () => {
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  expect(leaksOf(metrics, [...secrets, email, guest])).toEqual([])
})
