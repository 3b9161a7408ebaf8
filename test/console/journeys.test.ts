import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { list } from '../api/support.ts'
import { openPremises, openTab, type Premises, type Screen, shoot, type Tab, violations } from './premises.ts'

let premises: Premises
beforeAll(async () => {
  premises = await openPremises()
})
afterAll(() => premises.close())

async function within(screen: Partial<Screen>, walk: (page: Page, tab: Tab) => Promise<void>): Promise<void> {
  const tab = await openTab(premises, { width: 1280, scheme: 'light', ...screen })
  try {
    await walk(tab.page, tab)
    expect(tab.complaints).toEqual([])
  } finally {
    await tab.close()
  }
}
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
const get = async (path: string) => (await premises.api.call(`GET ${path}`, { key: premises.shelf.key })).json

describe('orders', () => {
  test('each tab lists as many orders as its number says, and the numbers add up to all', () =>
    within({}, async (page) => {
      await page.goto('/orders')
      const tabs = page.getByRole('navigation', { name: 'Where orders stand' }).getByRole('link')
      await page.getByRole('link', { name: 'All 9' }).waitFor()
      const said = (await tabs.allInnerTexts()).map((text) => Number(/\d+$/.exec(text)?.[0]))
      const [all, ...stages] = said
      expect(stages.reduce((sum, n) => sum + n, 0)).toBe(all)
      for (const [at, n] of said.entries()) {
        await tabs.nth(at).click()
        const word = n === 0 ? 'No order stands here now' : `${n} order${n === 1 ? '' : 's'} shown, that is all of them`
        await page.getByText(word).waitFor()
        expect(await page.getByRole('table').locator('tbody tr').count()).toBe(n)
      }
    }))

  test('a link with filters shows a colleague the same list, and says what to do when nothing fits', () =>
    within({}, async (page) => {
      await page.goto('/orders?standing=needs_you')
      await page.getByText('2 orders shown').waitFor()
      await page.getByLabel('Placed').selectOption({ label: 'Last 24 hours' })
      await page.getByText('No orders match these filters.').waitFor()
      expect(new URL(page.url()).search).toContain('from=1d')
      await page.reload()
      await page.getByText('No orders match these filters.').waitFor()
      await page.getByRole('link', { name: 'Clear filters' }).click()
      await page.getByText('2 orders shown').waitFor()
    }))

  test('by keyboard alone: to the list, down a row, into the order, and to another page', () =>
    within({}, async (page) => {
      await page.goto('/exceptions')
      await heading(page, 'Exceptions')
      await page.keyboard.press('g')
      await page.keyboard.press('o')
      await page.getByText('9 orders shown').waitFor()
      await page.keyboard.press('j')
      await page.keyboard.press('j')
      await page.keyboard.press('Enter')
      await heading(page, '#1008')
      await page.goBack()
      await page.getByText('9 orders shown').waitFor()
    }))

  test('o opens the row too, and ? shows which keys there are; in a field a key is a letter', () =>
    within({}, async (page) => {
      await page.goto('/orders')
      await page.getByText('9 orders shown').waitFor()
      await page.keyboard.press('j')
      await page.keyboard.press('o')
      await heading(page, '#1009')
      await page.keyboard.press('?')
      const sheet = page.getByRole('dialog', { name: 'Account and appearance' })
      await sheet.getByText('open the row').waitFor()
      await shoot(page, 'keys')
      await page.keyboard.press('Escape')
      await sheet.waitFor({ state: 'hidden' })
      await page.keyboard.press('/')
      await page.keyboard.type('?')
      expect(await sheet.count()).toBe(0)
    }))

  test('an order of nobody, or of another merchant, is said to be not here', () =>
    within({}, async (page, tab) => {
      await page.goto('/orders/ord_01980000-0000-7000-8000-000000000000')
      await page.getByText('There is no order with this id here').waitFor()
      // The browser notes the 404 by itself.
      expect(tab.complaints.splice(0).every((said) => /status of 40[04]/.test(said))).toBe(true)
    }))
})

describe('search', () => {
  test.each([
    ['an order number', '1003', '#1003'],
    ['a tracking number', 'track-3', '#1003'],
    ['a SKU', 'SKU-2', 'SKU-2'],
  ])('%s and Enter opens what it is', (_, typed, title) =>
    within({}, async (page) => {
      await page.goto('/orders')
      await heading(page, 'Orders')
      await page.keyboard.press('/')
      await page.keyboard.type(typed)
      await page.getByRole('option').first().waitFor()
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('Enter')
      await heading(page, title)
    }),
  )
})

describe('stock', () => {
  test.each([1280, 375] as const)('at %i px a count is set with its reason, and the ledger keeps both', (width) =>
    within({ width }, async (page) => {
      const count = String(width)
      await page.goto('/inventory')
      const adjust = page.getByRole('button', { name: 'Adjust SKU-3' }).filter({ visible: true })
      await adjust.click()
      const dialog = page.getByRole('dialog', { name: 'Adjust SKU-3' })
      await dialog.getByLabel('New count').fill(count)
      await dialog.getByLabel('Note').fill('behind the shelf')
      await shoot(page, `adjust-${width}`)
      expect(await violations(page)).toEqual([])
      await dialog.getByRole('button', { name: `Set to ${count}` }).click()
      await dialog.getByText('The channels are being told').waitFor()
      await dialog.getByRole('button', { name: 'Close' }).last().click()
      await dialog.waitFor({ state: 'hidden' })
      await page.getByRole('link', { name: 'SKU-3', exact: true }).filter({ visible: true }).click()
      await page.getByText('“Counted: behind the shelf”').first().waitFor()
      expect((await get('/inventory/levels?sku=SKU-3')).items).toMatchObject([{ onHand: width }])
    }),
  )

  test('a count that is no number is refused before it is sent', () =>
    within({}, async (page) => {
      await page.goto('/inventory')
      await page.getByRole('button', { name: 'Adjust SKU-1' }).filter({ visible: true }).click()
      await page.getByLabel('New count').fill('-3')
      await page.getByText('Write a whole number, 0 or more.').waitFor()
      expect(await violations(page)).toEqual([])
    }))
})

describe('today', () => {
  test('says what needs a person, by cause, with its worth, and leads to what mends it', () =>
    within({}, async (page) => {
      await page.goto('/')
      await heading(page, 'Today')
      await page.getByText(/^\d things need you, \d orders wait for them$/).waitFor()
      const queue = page.getByRole('region', { name: 'What needs you' })
      const short = queue.getByRole('listitem').filter({ hasText: '1 order waits for SKU-2' })
      await short.getByText('EUR 90.00').waitFor()
      await short.getByRole('link', { name: 'Show order #1004' }).waitFor()
      const today = page.getByRole('navigation', { name: 'Main', exact: true }).getByRole('link', { name: /Today/ })
      const things = await queue.locator('li').count()
      expect(await today.innerText()).toMatch(new RegExp(`Today\\s*${things}`))
      await short.getByRole('link', { name: 'Open SKU-2' }).click()
      await heading(page, 'SKU-2')
    }))

  test('each part fails alone: the queue that did not load says so, the numbers and channels stand', () =>
    within({}, async (page, tab) => {
      await page.route('**/api/v1/today', (route) => route.abort())
      await page.goto('/')
      await page.getByText('The queue did not load.').waitFor()
      await page.getByText('no contact yet').first().waitFor()
      expect(await page.getByText('Nothing needs you').count()).toBe(0)
      expect(await violations(page)).toEqual([])
      await page.unroute('**/api/v1/today')
      await page.getByRole('button', { name: 'Try again' }).first().click()
      await page.getByText('1 order waits for SKU-2').waitFor()
      tab.complaints.length = 0 // the browser's own words for the requests that were cut
    }))
})

describe('what needs a person', () => {
  test('an unlinked listing is linked from its order, and the order goes on', () =>
    within({}, async (page) => {
      await page.goto('/orders?standing=needs_you')
      await page.getByRole('link', { name: '#1005' }).click()
      await heading(page, '#1005')
      await page.getByText('linked to no item, so it cannot go to the warehouse').waitFor()
      await page.getByRole('link', { name: 'Link the listing' }).click()
      await page.getByRole('button', { name: 'Link GONE' }).click()
      await page.getByLabel('SKU of the item').fill('sku')
      await page.getByRole('button', { name: /SKU-1/ }).click()
      await shoot(page, 'link')
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: 'Link listing' }).click()
      await page.getByText('Linked: one listing takes 1 × SKU-1').waitFor()
      const orders = list((await get('/orders/search?q=1005')).items)
      expect(orders[0]).toMatchObject({ standing: 'to_send', problem: null })
    }))

  test('what is marked as settled leaves the open ones and is found among the settled', () =>
    within({ width: 375 }, async (page) => {
      await page.goto('/exceptions?kind=message_dead')
      await page.getByRole('button', { name: 'Mark as settled' }).click()
      await page.getByText('No open exceptions').waitFor()
      await page.getByRole('link', { name: 'Settled' }).click()
      await page.getByText('A message from a channel could not be read').waitFor()
    }))
})

describe('when the hub does not answer', () => {
  test('a page says what did not load and loads it again on request; nothing looks empty', () =>
    within({}, async (page, tab) => {
      await page.route('**/api/v1/orders?*', (route) => route.abort())
      await page.goto('/orders')
      await page.getByText('Orders did not load.').waitFor()
      expect(await page.getByText('No order').count()).toBe(0)
      expect(await violations(page)).toEqual([])
      await shoot(page, 'orders-failed')
      await page.unroute('**/api/v1/orders?*')
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByRole('table').waitFor()
      tab.complaints.length = 0 // the browser's own words for the requests that were cut
    }))
})

describe('appearance', () => {
  test('dark is chosen once and stays', () =>
    within({}, async (page) => {
      await page.goto('/orders')
      const scheme = () => page.evaluate('document.documentElement.dataset.mantineColorScheme')
      await heading(page, 'Orders')
      expect(await scheme()).toBe('light')
      await page.getByRole('button', { name: /Account and appearance/ }).click()
      expect(await violations(page)).toEqual([])
      await page.getByRole('radio', { name: 'Dark' }).check()
      await page.reload()
      await heading(page, 'Orders')
      expect(await scheme()).toBe('dark')
    }))

  test('at 320 px no page scrolls sideways', () =>
    within({}, async (page) => {
      await page.setViewportSize({ width: 320, height: 640 })
      for (const path of [
        '/',
        '/orders',
        `/orders/${premises.shelf.order}`,
        '/inventory',
        '/listings?show=all',
        '/status',
        '/warehouses',
        `/files/${premises.shelf.file}`,
        '/settings/team',
        '/settings/keys',
        '/settings/audit-log',
      ]) {
        await page.goto(path)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await page.waitForLoadState('networkidle')
        expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(320)
      }
    }))
})
