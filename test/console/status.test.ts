import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPremises, openTab, type Premises, shoot, violations } from './premises.ts'

let premises: Premises
beforeAll(async () => {
  premises = await openPremises()
})
afterAll(() => premises.close())

test('the page says in one sentence what is wrong, then how long work waits and who is at it', async () => {
  const { page, complaints, close } = await openTab(premises, { width: 1280, scheme: 'light' })
  await page.goto('/status')
  // Nothing of the hub runs here but the pages themselves.
  await page.getByText(/No process carries work out/).waitFor()
  const lane = page.getByRole('listitem').filter({ hasText: 'Tell warehouses what to ship' })
  await lane.getByText(/^Oldest \d+ (s|min)$/).waitFor()
  expect(await violations(page)).toEqual([])
  expect(complaints).toEqual([])
  await close()
})

test.each([1280, 375] as const)(
  'at %i px: while the database is away the page of the hub still stands',
  async (width) => {
    const { page, close } = await openTab(premises, { width, scheme: 'dark' })
    const away = {
      status: 503,
      contentType: 'application/problem+json',
      body: '{"detail":"The database does not answer."}',
    }
    await page.route('**/api/v1/**', (route) => route.fulfill(away))
    await page.route('**/status.json', (route) =>
      route.fulfill({
        json: {
          ok: false,
          waitingFor: ['database'],
          since: new Date().toISOString(),
          startedAt: new Date().toISOString(),
          version: '0.1.0',
        },
      }),
    )
    await page.goto('/status')
    await page.getByText(/The hub waits for its database since/).waitFor()
    await shoot(page, `database-away-${width}`)
    expect(await violations(page)).toEqual([])
    await page.goto('/orders')
    await page.getByText('The page did not load.').waitFor()
    expect(await violations(page)).toEqual([])
    await page.unroute('**/api/v1/**')
    await page.unroute('**/status.json')
    await page.getByRole('link', { name: 'How the hub is' }).click()
    await page.getByText(/The hub works, since/).waitFor()
    await page.getByRole('link', { name: 'Go on to System status' }).click()
    await page.getByRole('heading', { level: 1, name: 'System status' }).waitFor()
    await close()
  },
)
