import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPremises, openTab, type Premises, type Screen, shoot, type Tab, violations } from './premises.ts'

let premises: Premises
beforeAll(async () => {
  premises = await openPremises()
})
afterAll(() => premises.close())

const screens: readonly Screen[] = [
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
  { width: 375, scheme: 'light' },
  { width: 375, scheme: 'dark' },
]
/** Every page by its address, and a text that stands there once it has been read. */
const pages = [
  { name: 'today', path: () => '/', text: 'waits for SKU-2' },
  { name: 'orders', path: () => '/orders', text: '#1009' },
  { name: 'orders-needs-you', path: () => '/orders?standing=needs_you', text: '#1004' },
  { name: 'order', path: () => `/orders/${premises.shelf.order}`, text: 'Timeline' },
  { name: 'exceptions', path: () => '/exceptions', text: 'Not in stock' },
  { name: 'inventory', path: () => '/inventory', text: 'SKU-1' },
  { name: 'item', path: () => `/inventory/${premises.shelf.item}`, text: 'What channels show' },
  { name: 'listings', path: () => '/listings', text: 'GONE' },
  { name: 'listings-all', path: () => '/listings?show=all', text: 'Thing 2' },
  { name: 'channels', path: () => '/channels', text: 'Last order' },
  { name: 'status', path: () => '/status', text: 'found nothing' },
  { name: 'settings-business', path: () => '/settings', text: 'Currency of your books' },
  { name: 'settings-team', path: () => '/settings/team', text: 'No invitation is open' },
  { name: 'settings-security', path: () => '/settings/security', text: 'this browser' },
  { name: 'settings-keys', path: () => '/settings/keys', text: 'first key' },
  { name: 'settings-locations', path: () => '/settings/locations', text: 'Cellar' },
  { name: 'settings-privacy', path: () => '/settings/privacy', text: 'Under way' },
  { name: 'settings-audit-log', path: () => '/settings/audit-log', text: 'Stock adjusted' },
  { name: 'warehouses', path: () => '/warehouses', text: 'to send' },
  { name: 'warehouse', path: () => `/warehouses/${premises.shelf.partner}`, text: 'Applied in part' },
  { name: 'file', path: () => `/files/${premises.shelf.file}`, text: 'is not known' },
  { name: 'system', path: () => '/system', text: 'The hub works' },
  { name: 'join', path: () => '/join', text: 'counts no more' },
  { name: 'exceptions-settled', path: () => '/exceptions?state=resolved', text: 'None was settled yet' },
] as const

describe.each(screens)('at $width px, $scheme', (screen) => {
  let tab: Tab
  beforeAll(async () => {
    tab = await openTab(premises, screen)
  })
  afterAll(() => tab.close())

  test.each(pages)(
    '$name has no accessibility violation, breaks no policy and does not scroll sideways',
    async (it) => {
      const { page, complaints } = tab
      await page.goto(it.path())
      await page.getByText(it.text).filter({ visible: true }).first().waitFor()
      await shoot(page, `${it.name}-${screen.width}-${screen.scheme}`)
      expect(await violations(page)).toEqual([])
      expect(complaints).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    },
  )
})
