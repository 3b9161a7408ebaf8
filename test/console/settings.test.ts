import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { servePages } from '../../src/platform/http/serve-pages.ts'
import { anApp, aTeam, type House, openHouse, password, type Team } from '../accounts/support.ts'
import { built, openBrowser, openTab, type Premises, type Screen, shoot, type Tab, violations } from './premises.ts'

let house: House
let team: Team
let at: Pick<Premises, 'browser' | 'url' | 'owner'>
beforeAll(async () => {
  house = await openHouse({ pages: (app) => servePages(app, built) })
  team = await aTeam(house, 'West')
  const url = await house.api.app.listen({ host: '127.0.0.1', port: 0 })
  at = { browser: await openBrowser(), url, owner: team.email }
})
afterAll(async () => {
  await at.browser.close()
  await house.close()
})

const wide: Screen = { width: 1280, scheme: 'light' }
const phone: Screen = { width: 375, scheme: 'dark' }

async function within(screen: Screen, walk: (page: Page, tab: Tab) => Promise<void>, as = at.owner): Promise<void> {
  const tab = await openTab(at, screen, as)
  try {
    await walk(tab.page, tab)
    // The browser notes refusals of the API by itself.
    expect(tab.complaints.filter((said) => !/status of 40[01349]/.test(said))).toEqual([])
  } finally {
    await tab.close()
  }
}
const passwordOf = (page: Page) => page.getByRole('dialog').locator('input[autocomplete="current-password"]')
const linkIn = async (page: Page) => (await page.getByRole('region', { name: 'link' }).innerText()).trim()

describe.each([wide, phone])('at $width px', (screen) => {
  const email = `guest-${screen.width}@example.com`
  let link = ''

  test('a colleague is asked in by a link that is shown once', () =>
    within(screen, async (page) => {
      await page.goto('/settings/team')
      await page.getByRole('button', { name: 'Invite somebody' }).click()
      await page.getByLabel('E-mail address').fill(email)
      await page.getByLabel('Role', { exact: true }).selectOption('viewer')
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: 'Make the link' }).click()
      link = await linkIn(page)
      expect(link).toMatch(/\/join#\S{20,}$/)
      await shoot(page, `invited-${screen.width}`)
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: 'Close' }).last().click()
      await page.getByText(`${email} as viewer`).waitFor()
      expect(await page.content()).not.toContain(link.split('#')[1])
    }))

  test('and comes in by it, once; the link is in no address and no log', async () => {
    const { page, close } = await openTab(at, screen, null)
    await page.goto(link)
    await page.getByText('You are asked to join West as viewer').waitFor()
    expect(page.url()).not.toContain('#')
    await shoot(page, `join-${screen.width}`)
    expect(await violations(page)).toEqual([])
    await page.getByLabel('Choose a password').fill(password)
    await page.getByRole('button', { name: 'Join West' }).click()
    await page.getByRole('heading', { name: 'Today', exact: true }).waitFor()
    await page.goto(link)
    await page.getByText('counts no more').waitFor()
    await close()
    expect(house.api.lines.join('\n')).not.toContain(link.split('#')[1])
  })
})

describe('the team', () => {
  test('a role is changed where it stands, after a password once the sign-in is old', () =>
    within(wide, async (page) => {
      await page.goto('/settings/team')
      const role = page.getByLabel('Role of guest-1280@example.com')
      await role.waitFor()
      house.pass(11 * 60)
      await role.selectOption('operator')
      await page.getByRole('heading', { name: 'Show that it is you' }).waitFor()
      expect(await violations(page)).toEqual([])
      await shoot(page, 'step-up')
      await passwordOf(page).fill('not the password')
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByRole('alert').waitFor()
      await passwordOf(page).fill(password)
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByText('Changed. They sign in again.').waitFor()
      await page.goto('/settings/audit-log')
      await page.getByText('Role changed').first().waitFor()
      expect(await page.locator('.changes').first().innerText()).toBe('Role: viewer → operator')
    }))

  test('who says no to the password changes nothing', () =>
    within(wide, async (page) => {
      await page.goto('/settings/team')
      const role = page.getByLabel('Role of guest-375@example.com')
      await role.waitFor()
      house.pass(11 * 60)
      await role.selectOption('manager')
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('alert').waitFor()
      expect(await role.inputValue()).toBe('viewer')
    }))

  test('who is removed is gone from the list; the last owner cannot go', () =>
    within(wide, async (page) => {
      await page.goto('/settings/team')
      const row = page.getByRole('listitem').filter({ hasText: 'guest-375@example.com' })
      await row.getByRole('button', { name: 'Remove' }).click()
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: 'Remove from the team' }).click()
      await row.waitFor({ state: 'detached' })
      await page.getByLabel(`Role of ${team.email}`).selectOption('viewer')
      await page.getByText('at least one owner').waitFor()
    }))
})

describe('one’s own sign-in', () => {
  test('two steps are set up by the app, with recovery codes once, and switched off again', () =>
    within(phone, async (page) => {
      await page.goto('/settings/security')
      await page.getByRole('button', { name: 'Set it up' }).click()
      await page.getByRole('button', { name: 'Show the key' }).click()
      await page.getByRole('img', { name: /QR code/ }).waitFor()
      await shoot(page, 'two-steps')
      expect(await violations(page)).toEqual([])
      const uri = new URL((await page.getByRole('link', { name: 'Open in an app' }).getAttribute('href')) ?? '')
      const app = anApp(uri.searchParams.get('secret') ?? '')
      await page.getByRole('textbox', { name: 'Code' }).fill(app.code(house.now()))
      await page.getByRole('button', { name: 'Switch it on' }).click()
      const codes = (await page.getByRole('region', { name: 'recovery codes' }).innerText()).trim().split(/\s+/)
      expect(codes.length).toBe(10)
      await shoot(page, 'recovery-codes')
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: 'I have kept them' }).click()
      await page.getByText('10 recovery codes left').waitFor()
      house.pass(11 * 60)
      await page.getByRole('button', { name: 'Switch off' }).click()
      await page.getByRole('button', { name: 'Switch it off' }).click()
      await page
        .getByRole('dialog')
        .last()
        .getByRole('textbox', { name: 'Code' })
        .fill(codes[0] ?? '')
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByText('Whoever learns your password is in.').waitFor()
    }))

  test('another browser is listed and signed out; the password is changed', () =>
    within(wide, async (page) => {
      const other = await openTab(at, phone)
      await other.page.goto('/settings/security')
      await other.page.getByText('this browser').waitFor()
      await page.goto('/settings/security')
      await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere else' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await other.page.reload()
      await other.page.getByRole('heading', { name: 'Sign in to Crossdock' }).waitFor()
      await other.close()
      await page.getByLabel('Password now').fill(password)
      await page.getByLabel('New password').fill('password1234')
      await page.getByRole('button', { name: 'Change password' }).click()
      await page.getByRole('alert').waitFor()
      await page.getByLabel('New password').fill(password)
      await page.getByRole('button', { name: 'Change password' }).click()
      await page.getByText('Changed. Your other browsers must sign in again.').waitFor()
    }))
})

describe('what the business is', () => {
  test('name, zone and currency are changed, and the log says before and after', () =>
    within(wide, async (page) => {
      await page.goto('/settings')
      await page.getByLabel('Time zone').selectOption('Europe/Berlin')
      await page.getByLabel('Currency of your books').selectOption('EUR')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved.').waitFor()
      await page.getByRole('link', { name: 'Audit log' }).click()
      await page.getByText('Business changed').waitFor()
      expect((await page.locator('.changes').first().innerText()).split('\n')).toEqual([
        'Time zone: UTC → Europe/Berlin',
        'Currency: nothing → EUR',
      ])
      await page.getByRole('button', { name: 'Check the chain' }).click()
      await page.getByText(/entries looked at: each is as it was written/).waitFor()
      await shoot(page, 'audit-log-checked')
      expect(await violations(page)).toEqual([])
      await house.api.database.asAdmin((admin) => admin.query(`update audit_entry set actor = 'key:x' where seq = 3`))
      await page.getByRole('button', { name: 'Check the chain' }).click()
      await page.getByText('Entry 3 is not as it was written').waitFor()
    }))

  test('a key is made with its scopes and an end, works, is shown once, and is revoked', () =>
    within(wide, async (page) => {
      await page.goto('/settings/keys')
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByLabel('What is it for?').fill('The label printer')
      await page.getByLabel('orders:read', { exact: true }).check()
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: 'Make the key' }).click()
      const key = (await page.getByRole('region', { name: 'key', exact: true }).innerText()).trim()
      await page.getByRole('button', { name: 'Close' }).last().click()
      expect((await house.api.call('GET /orders', { key })).status).toBe(200)
      expect((await house.api.call('GET /items', { key })).status).toBe(403)
      await page.reload()
      const row = page.getByRole('listitem').filter({ hasText: 'The label printer' })
      await row.getByText('last used').waitFor()
      expect(await page.content()).not.toContain(key)
      await row.getByRole('button', { name: 'Revoke The label printer' }).click()
      await page.getByRole('button', { name: 'Revoke the key' }).click()
      await row.getByText('Revoked', { exact: true }).waitFor()
      expect((await house.api.call('GET /orders', { key })).status).toBe(401)
    }))

  test('a location is made and its rank changed', () =>
    within(phone, async (page) => {
      await page.goto('/settings/locations')
      await page.getByText('No location yet').waitFor()
      await page.getByRole('button', { name: 'New location' }).click()
      await page.getByLabel('Code').fill('BARN')
      await page.getByLabel('Name').fill('The barn')
      await page.getByLabel('Rank').fill('x')
      await page.getByText('Write a whole number').waitFor()
      await page.getByLabel('Rank').fill('3')
      expect(await violations(page)).toEqual([])
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('rank 3').waitFor()
      await page.getByRole('button', { name: 'Change BARN' }).click()
      await page.getByLabel('Rank').fill('1')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('rank 1').waitFor()
    }))
})
