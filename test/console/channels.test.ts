import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type PretendShopify, startPretend as startShopify } from '../../connectors/shopify/pretend/index.ts'
import { startPretend as startWoo } from '../../connectors/woocommerce/pretend/index.ts'
import type { PretendShop } from '../../src/connector-kit/pretend.ts'
import { anAddress, password } from '../accounts/support.ts'
import { openApi } from '../e2e/api.ts'
import { type Hub, openHub } from '../e2e/hub.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { openBrowser, openTab, type Premises, type Screen, shoot, type Tab, violations } from './premises.ts'

const timeScale = 600
const record = () => undefined
const app = { clientId: 'hub-of-the-walk', clientSecret: randomUUID() }
/** Of the hub's own: more than a shop shows, as much, and less; what one shop only sells is not in it. */
const shelf = { MUG: 12, TEA: 5, JAR: 2 }
const shown = 5

let database: TestDatabase
let shopify: PretendShopify
let woo: PretendShop
let hub: Hub
let at: Pick<Premises, 'browser' | 'url' | 'owner'>

/** A business with items, a place and a count, and a person who owns it. */
async function aBusiness(): Promise<string> {
  const install = openApi(hub.url, hub.installToken)
  const made = await install.call(
    'POST /merchants',
    z.object({ merchant: z.object({ id: z.string() }), key: z.object({ secret: z.string() }) }),
    { name: 'Example Home Goods', timeZone: 'Europe/Berlin' },
  )
  const email = anAddress('channels')
  const asked = { merchant: made.merchant.id, email }
  const { token } = await install.call('POST /installation/invitations', z.object({ token: z.string() }), asked)
  await install.call('POST /invitations/accept', z.unknown(), { token, password })
  const api = openApi(hub.url, made.key.secret)
  const skus = Object.entries(shelf)
  await api.call('POST /items', z.unknown(), { items: skus.map(([sku]) => ({ sku, title: `The ${sku}` })) })
  await api.call('POST /locations', z.unknown(), { code: 'HOME', name: 'At home' })
  const lines = skus.map(([sku, set]) => ({ sku, location: 'HOME', set }))
  await api.call('POST /inventory/adjustments', z.unknown(), { lines, reason: 'first count' })
  return email
}

beforeAll(async () => {
  database = await freshDatabase()
  shopify = await startShopify({ name: 'walk-shopify', seed: 31, timeScale, record, currency: 'EUR', app })
  woo = await startWoo({ name: 'walk-woo', seed: 32, timeScale, record })
  for (const shop of [shopify, woo])
    for (const sku of [...Object.keys(shelf), 'GIFT'])
      shop.addProduct({ sku, title: `The ${sku}`, priceMinor: 1_999n, stock: shown })
  hub = await openHub({
    databaseUrl: database.url,
    redisUrl: null,
    allowHosts: [...shopify.hosts, ...woo.hosts],
    logLevel: 'warn',
    env: { APP_SHOPIFY_ID: app.clientId, APP_SHOPIFY_SECRET: app.clientSecret },
  })
  await hub.start({ name: 'all', role: 'all' })
  at = { browser: await openBrowser(), url: hub.url, owner: await aBusiness() }
})
afterAll(async () => {
  await at?.browser.close()
  await hub?.close()
  await shopify?.close()
  await woo?.close()
  await database?.drop()
})

async function within(screen: Screen, walk: (page: Page, tab: Tab) => Promise<void>): Promise<void> {
  const tab = await openTab(at, screen)
  tab.page.setDefaultTimeout(30_000)
  try {
    await walk(tab.page, tab)
    expect(tab.complaints).toEqual([])
  } finally {
    await tab.close()
  }
}
const tabs = (page: Page) => page.getByRole('navigation', { name: 'About this channel' })
async function isFine(page: Page, name: string): Promise<void> {
  await shoot(page, name)
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
}

interface Walk {
  readonly title: string
  readonly screen: Screen
  readonly shop: () => PretendShop
  readonly fill: (page: Page) => Promise<void>
  readonly consent: string
}
const walks: readonly Walk[] = [
  {
    title: 'Shopify',
    screen: { width: 1280, scheme: 'light' },
    shop: () => shopify,
    fill: async (page) => {
      await page.getByRole('textbox', { name: 'Shop' }).fill(String(shopify.connect.settings.shop))
      await page.getByLabel('Address on this machine').fill(String(shopify.connect.settings.baseUrl))
    },
    consent: 'Install',
  },
  {
    title: 'WooCommerce',
    screen: { width: 375, scheme: 'dark' },
    shop: () => woo,
    fill: (page) => page.getByLabel('Address of the shop').fill(String(woo.connect.settings.storeUrl)),
    consent: 'Approve',
  },
]

/** To the shop's own page, where the person agrees or does not. */
async function ask(page: Page, { title, fill }: Walk): Promise<void> {
  await page.goto('/channels/connect')
  await page.getByRole('button', { name: `Choose ${title}` }).click()
  await fill(page)
  await page.getByRole('button', { name: `Sign in to ${title}` }).click()
}

describe('a merchant connects a shop', { timeout: 180_000 }, () => {
  test('before the first there is one sentence and one button', () =>
    within({ width: 375, scheme: 'light' }, async (page) => {
      await page.goto('/channels')
      await page.getByText('Nothing is written to it until you say so.').waitFor()
      await isFine(page, 'channels-empty-375')
      await page.getByRole('link', { name: 'Connect channel' }).first().click()
      await page.getByRole('button', { name: 'Choose WooCommerce' }).waitFor()
      await isFine(page, 'connect-choose-375')
    }))

  test('who writes another address than a shop’s is told what is wrong with it, where it was written', () =>
    within({ width: 1280, scheme: 'light' }, async (page, tab) => {
      await page.goto('/channels/connect')
      await page.getByRole('button', { name: 'Choose Shopify' }).click()
      await page.getByRole('textbox', { name: 'Shop' }).fill('https://example.com')
      await page.getByRole('button', { name: 'Sign in to Shopify' }).click()
      await page.getByText('A shop is named like').waitFor()
      await isFine(page, 'connect-wrong-1280')
      tab.complaints.length = 0 // the browser notes the 400 by itself
    }))

  test('whoever presses Deny is told that nothing was saved', () =>
    within({ width: 1280, scheme: 'light' }, async (page) => {
      const [, walk] = walks
      if (walk) await ask(page, walk)
      await page.getByRole('link', { name: 'Deny' }).click()
      await page.getByText('Nothing was saved').waitFor()
      await isFine(page, 'connect-denied-1280')
    }))

  test.each(walks)('$title: agrees there, sees what would change, switches it on, and sees an order', (walk) =>
    within(walk.screen, async (page) => {
      const { title, screen } = walk
      const shop = walk.shop()
      const named = (what: string) => `${title.toLowerCase()}-${what}-${screen.width}`
      await ask(page, walk)
      await page.getByRole('link', { name: walk.consent }).waitFor()
      await shoot(page, named('consent'))
      await page.getByRole('link', { name: walk.consent }).click()
      await page.waitForURL(/\/channels\/con_/)
      await page.getByRole('button', { name: 'Compare with our numbers' }).waitFor()
      await isFine(page, named('read'))
      expect(shop.shows('MUG')).toBe(shown)
      await page.getByRole('button', { name: 'Compare with our numbers' }).click()
      await page.getByRole('button', { name: '1 higher' }).click()
      await page.getByText('5 → 12').waitFor()
      await isFine(page, named('compare'))
      await page.getByRole('link', { name: 'Mapping' }).click()
      await page.getByText('Linked to no item').waitFor()
      await isFine(page, named('mapping'))
      await page.getByRole('link', { name: 'Go live', exact: true }).click()
      await page.getByRole('button', { name: 'Go live with some SKUs' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('checkbox', { name: 'MUG' }).check()
      await isFine(page, named('some'))
      expect(shop.shows('MUG')).toBe(shown)
      await dialog.getByRole('button', { name: 'Write 1 SKU' }).click()
      await page.getByText('Live for 1 SKU', { exact: true }).waitFor()
      await expect.poll(() => shop.shows('MUG'), { timeout: 30_000 }).toBe(shelf.MUG)
      expect(shop.shows('JAR')).toBe(shown)
      await page.getByRole('button', { name: 'Go live with all' }).click()
      await dialog.getByText('will change').waitFor()
      await isFine(page, named('go-live'))
      await dialog.getByRole('button', { name: 'Write all' }).click()
      await dialog.waitFor({ state: 'hidden' })
      await expect.poll(() => shop.shows('JAR'), { timeout: 30_000 }).toBe(shelf.JAR)
      for (const word of ['Overview', 'Stock pushes', 'Webhooks', 'Settings', 'Technical']) {
        await tabs(page).getByRole('link', { name: word, exact: true }).click()
        await isFine(page, named(word.toLowerCase().replace(' ', '-')))
      }
      expect(shop.buy([{ sku: 'TEA', quantity: 1 }])).not.toBeNull()
      const number = shop.orders().at(-1)?.number ?? 'none'
      await page.goto('/orders')
      const order = page.getByText(number, { exact: false }).filter({ visible: true }).first()
      // One that comes while the page is read is told of, and not pushed in under somebody's hand.
      const news = page.getByRole('button', { name: /^1 new order/ })
      await order.or(news).first().waitFor()
      if (await news.isVisible()) await news.click()
      await order.waitFor()
      await page.goto('/channels')
      await page.getByText(shop.name).first().waitFor()
      await isFine(page, named('list'))
    }),
  )
})
