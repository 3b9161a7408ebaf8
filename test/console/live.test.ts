import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPremises, openTab, type Premises, shoot, violations } from './premises.ts'

let premises: Premises
beforeAll(async () => {
  premises = await openPremises()
})
afterAll(() => premises.close())

const wide = { width: 1280, scheme: 'light' } as const
const aLocation = (code: string) =>
  premises.api.call('POST /locations', { key: premises.shelf.key, body: { code, name: `The ${code}` } })

test('what somebody else changes stands on the page within seconds, which says that it is live', async () => {
  const { page, complaints, close } = await openTab(premises, wide)
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await page.goto('/inventory')
  await page.getByText(/^live, as of /).waitFor()
  expect(await violations(page)).toEqual([])
  await page.goto('/settings/locations')
  await page.getByText('Cellar').waitFor()
  await aLocation('BARN')
  // Nothing else asks for locations again: without the hub's word it would not come.
  await page.getByText('The BARN').waitFor()
  expect(asked.filter((path) => path === '/api/v1/audits')).toEqual([])
  expect(complaints).toEqual([])
  await close()
})

test('without the line the page says since when it is not live, and is live again once the line is', async () => {
  const { page, close } = await openTab(premises, wide)
  await page.route('**/api/v1/events', (route) => route.fulfill({ status: 503, body: '' }))
  await page.goto('/orders')
  await page.getByText(/not live since \d\d:\d\d:\d\d: as of .*asked every 15 s/).waitFor()
  await page.getByText('9 orders shown').waitFor()
  await shoot(page, 'not-live')
  expect(await violations(page)).toEqual([])
  await page.unroute('**/api/v1/events')
  await page.reload()
  await page.getByText(/^live, as of /).waitFor()
  await close()
})
