import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { servePages } from '../../src/platform/http/serve-pages.ts'
import { aMember, anAddress, type House, openHouse, password, signedIn, withSecondFactor } from '../accounts/support.ts'
import { built, openBrowser, openPremises, openTab, type Premises, shoot, type Tab, violations } from './premises.ts'

const wide = { width: 1280, scheme: 'light' } as const
const passwordOf = (page: Page) => page.locator('input[autocomplete$="password"]')
const phone = { width: 375, scheme: 'dark' } as const

describe('a hub in which nobody has an account', () => {
  let house: House
  const email = anAddress('first')
  let at: Pick<Premises, 'browser' | 'url' | 'owner'>
  beforeAll(async () => {
    house = await openHouse({ pages: (app) => servePages(app, built) })
    const url = await house.api.app.listen({ host: '127.0.0.1', port: 0 })
    at = { browser: await openBrowser(), url, owner: '' }
  })
  afterAll(async () => {
    await at.browser.close()
    await house.close()
  })

  test('the first person signs up, is in, signs out, and comes back to the page that was asked for', async () => {
    const { page, complaints, close } = await openTab(at, wide, null)
    await page.goto('/inventory?show=short')
    await page.getByRole('heading', { name: 'Sign in to Crossdock' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('link', { name: 'Create the first one' }).click()
    await page.getByLabel('Name of your business').fill('Example Home Goods')
    await page.getByLabel('E-mail address').fill(email)
    await passwordOf(page).fill('password1234')
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('too easy to guess').waitFor()
    await shoot(page, 'sign-up')
    expect(await violations(page)).toEqual([])
    await passwordOf(page).fill(password)
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('Nothing needs you. Last check').waitFor()
    await page.getByText('Nothing is connected yet').waitFor()
    await shoot(page, 'first-day')
    await page.getByRole('button', { name: /Account and appearance/ }).click()
    await page.getByText('owner of Example Home Goods').waitFor()
    await shoot(page, 'user-menu')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to Crossdock' }).waitFor()
    await page.goto('/inventory?show=short')
    await page.getByLabel('E-mail address').fill(email)
    await passwordOf(page).fill(password)
    await page.keyboard.press('Enter')
    await page.getByText('No order lacks stock.').waitFor()
    expect(complaints.filter((said) => !/status of (400|401)/.test(said))).toEqual([])
    await close()
  })

  test('with a second factor the code is asked for, and a wrong one is told as it is', async () => {
    const { app } = await withSecondFactor(house, await signedIn(house, email))
    const { page, close } = await openTab(at, phone, null)
    await page.goto('/sign-in')
    await page.getByLabel('E-mail address').fill(email)
    await passwordOf(page).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('Code').fill('000000')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('alert').waitFor()
    await shoot(page, 'code')
    expect(await violations(page)).toEqual([])
    house.pass(30)
    await page.getByLabel('Code').fill(app.code(house.now()))
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('heading', { level: 1, name: 'Today' }).waitFor()
    await close()
  })
})

describe('a colleague who may only look', () => {
  let premises: Premises
  let tab: Tab
  beforeAll(async () => {
    premises = await openPremises()
    const owner = await signedIn(premises, premises.owner)
    const team = { merchant: '', key: premises.shelf.key, email: premises.owner, owner }
    const { email } = await aMember(premises, team, 'viewer')
    tab = await openTab(premises, wide, email)
  })
  afterAll(async () => {
    await tab.close()
    await premises.close()
  })

  test('sees what is there; buttons that change something say why they cannot be pressed', async () => {
    const { page } = tab
    await page.goto('/inventory')
    const adjust = page.getByRole('button', { name: 'Adjust SKU-1' }).filter({ visible: true })
    await adjust.waitFor()
    expect(await adjust.getAttribute('aria-disabled')).toBe('true')
    expect(await adjust.getAttribute('title')).toBe('Your role (viewer) may not change stock.')
    await adjust.click({ force: true })
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(await violations(page)).toEqual([])
  })

  test('when the session ends elsewhere, the page asks to sign in and goes on where it was', async () => {
    const { page } = tab
    await page.goto('/orders?standing=needs_you')
    await page.getByText('2 orders shown').waitFor()
    await page.context().clearCookies()
    await page.getByRole('link', { name: 'Inventory' }).first().click()
    await page.getByRole('heading', { name: 'Sign in to Crossdock' }).waitFor()
    expect(decodeURIComponent(new URL(page.url()).search)).toContain('/inventory')
  })
})
