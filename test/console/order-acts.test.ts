import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PartnerFact } from '../../src/connector-kit/index.ts'
import { partnerReported } from '../../src/flows-partner.ts'
import { uuidOf } from '../../src/model/id.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { list } from '../api/support.ts'
import { openPremises, openTab, type Premises, type Screen, shoot, violations } from './premises.ts'

let premises: Premises
beforeAll(async () => {
  premises = await openPremises()
})
afterAll(() => premises.close())

async function within(screen: Partial<Screen>, walk: (page: Page) => Promise<void>): Promise<void> {
  const tab = await openTab(premises, { width: 1280, scheme: 'light', ...screen })
  try {
    await walk(tab.page)
    expect(tab.complaints).toEqual([])
  } finally {
    await tab.close()
  }
}

const get = async (path: string) => (await premises.api.call(`GET ${path}`, { key: premises.shelf.key })).json
async function open(page: Page, number: string): Promise<string> {
  const id = String(list((await get(`/orders/search?q=${number}`)).items)[0]?.id)
  await page.goto(`/orders/${id}`)
  await page.getByRole('heading', { level: 1, name: `#${number}` }).waitFor()
  return id
}

/** The warehouse answers, as its file would. */
async function answer(order: string, fact: (request: string) => PartnerFact): Promise<void> {
  const [request] = list((await get(`/orders/${order}`)).fulfillmentOrders)
  const { merchantId, partner } = premises.shelf
  const report = {
    connectionId: uuidOf('connection', partner) ?? '',
    cause: { kind: 'file', id: randomUUID() },
  } as const
  const rows = [{ row: 2, fact: fact(String(request?.requestNumber)) }]
  await withTenantTx(premises.api.db, merchantId, (tx) => partnerReported(tx, systemIds, report, rows))
}

describe('an order is held', () => {
  test.each([1280, 375] as const)('at %i px: with a reason and for a time, and released again', (width) =>
    within({ width, scheme: width === 375 ? 'dark' : 'light' }, async (page) => {
      const id = await open(page, '1009')
      await page.getByRole('button', { name: 'Hold' }).click()
      const dialog = page.getByRole('dialog', { name: 'Hold #1009?' })
      await dialog.getByLabel('Reason').fill('address to be checked')
      await dialog.getByLabel('Until').selectOption('24')
      await shoot(page, `hold-${width}`)
      expect(await violations(page)).toEqual([])
      await dialog.getByRole('button', { name: 'Hold order' }).click()
      await page.getByText('address to be checked.').waitFor()
      await shoot(page, `held-${width}`)
      expect(await violations(page)).toEqual([])
      expect(await get(`/orders/${id}`)).toMatchObject({
        standing: 'waiting',
        held: { reason: 'address to be checked' },
      })
      await page.getByRole('button', { name: 'Release' }).click()
      await page.getByRole('button', { name: 'Hold' }).waitFor()
      expect(await get(`/orders/${id}`)).toMatchObject({ standing: 'to_send', held: null })
    }),
  )

  test('what the warehouse has cannot be held, and the button says so', () =>
    within({}, async (page) => {
      await open(page, '1001')
      const hold = page.getByRole('button', { name: 'Hold' })
      expect(await hold.getAttribute('aria-disabled')).toBe('true')
      expect(await hold.getAttribute('title')).toContain('a hold here no longer stops it')
      await hold.click({ force: true })
      expect(await page.getByRole('dialog').count()).toBe(0)
    }))
})

describe('an order is cancelled', () => {
  test('after hand-off: who has it is said, the answer is waited for, and nothing says cancelled before the channel does', () =>
    within({}, async (page) => {
      const id = await open(page, '1001')
      await page.getByRole('button', { name: 'Cancel…' }).click()
      const dialog = page.getByRole('dialog', { name: 'Cancel #1001?' })
      await dialog
        .getByText(/3PL has this order since .*We will ask them to stop\. They should answer within 1 h\./)
        .waitFor()
      expect(await page.evaluate('document.activeElement?.textContent')).toBe('Keep order')
      expect(await dialog.getByLabel('when the warehouse agrees').isChecked()).toBe(true)
      await shoot(page, 'cancel')
      expect(await violations(page)).toEqual([])
      await dialog.getByRole('button', { name: 'Ask 3PL to stop' }).click()
      await page.getByText(/Asked .*, waiting for 3PL to stop it\./).waitFor()
      await shoot(page, 'cancel-asked')
      expect(await violations(page)).toEqual([])
      expect(await page.getByText('At warehouse').count()).toBeGreaterThan(0)
      expect(await page.getByRole('button', { name: 'Cancel…' }).getAttribute('aria-disabled')).toBe('true')

      await answer(id, (request) => ({ type: 'cancel_accepted', request }))
      await page.reload()
      await page.getByText(/3PL agreed .*is being told\./).waitFor()
      await page.getByText(/Stock comes back when .* shows it as cancelled/).waitFor()
      await shoot(page, 'cancel-agreed')
      expect(await page.getByText('Stock is back').count()).toBe(0)
    }))

  test('at 375 px, before hand-off: it says that no warehouse has it, and who is told', () =>
    within({ width: 375, scheme: 'dark' }, async (page) => {
      await open(page, '1004')
      await page.getByRole('button', { name: 'Cancel…' }).click()
      const dialog = page.getByRole('dialog', { name: 'Cancel #1004?' })
      await dialog.getByText('No warehouse has this order.').waitFor()
      await dialog.getByLabel('Reason').selectOption('out_of_stock')
      await shoot(page, 'cancel-375')
      expect(await violations(page)).toEqual([])
      await dialog.getByRole('button', { name: 'Cancel at' }).click()
      await page.getByText(/is being told to cancel it, since/).waitFor()
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    }))

  test('too late: what left is said, and that nothing was cancelled', () =>
    within({}, async (page) => {
      const { key } = premises.shelf
      const id = await open(page, '1006')
      await premises.api.call(`POST /orders/${id}/cancel`, { key, body: { reason: 'other' } })
      await page.reload()
      await page.getByText(/is being told to cancel it/).waitFor()
      const late = 'update order_halt set cancel_state = $2, cancel_answered_at = now() where order_id = $1'
      const set = (state: string) =>
        withTenantTx(premises.api.db, premises.shelf.merchantId, (tx) => tx.rows(late, [uuidOf('order', id), state]))
      await set('too_late')
      await page.reload()
      await page.getByText(/Too late: .* did not stop it/).waitFor()
      await shoot(page, 'cancel-late')
      expect(await violations(page)).toEqual([])
      await set('refused')
      await page.reload()
      await page.getByText(/would not cancel it/).waitFor()
      await page.getByRole('button', { name: 'Keep order' }).click()
      await page.getByText(/would not cancel it/).waitFor({ state: 'hidden' })
      expect(await get(`/orders/${id}`)).toMatchObject({ cancel: null })
    }))
})

describe('the messages of an order are replayed', () => {
  test.each([
    ['same', { differences: [] }, /^Same result\. \(2 messages read again\)/],
    [
      'different',
      { differences: [{ what: 'line 1, ordered', stored: '0', replayed: '1' }] },
      'Different: line 1, ordered 1, was 0.',
    ],
    ['unknown', { differences: [], gone: 1 }, /the newest message of this order is no longer kept/],
  ])('and the answer is told as it is: %s', (result, more, words) =>
    within({ width: 375 }, async (page) => {
      // What each answer is comes from test/inbox/order-replay.test.ts; here it is how it is told.
      const answered = { messages: 2, gone: 0, unreadable: [], result, ...more }
      await page.route('**/replay', (route) => route.fulfill({ json: answered }))
      await open(page, '1003')
      await page.getByRole('button', { name: 'Replay…' }).click()
      const dialog = page.getByRole('dialog', { name: 'Replay #1003' })
      await dialog.getByText(/Replay 1 message of this order\?.*nothing is sent to a channel or warehouse/).waitFor()
      await dialog.getByRole('button', { name: 'Replay and compare' }).click()
      await dialog.getByText(words).waitFor()
      await shoot(page, `replay-${result}`)
      expect(await violations(page)).toEqual([])
    }),
  )

  test('against the hub itself: what it was made of is not kept here, and that is said', () =>
    within({}, async (page) => {
      await open(page, '1003')
      await page.getByRole('button', { name: 'Replay…' }).click()
      await page.getByRole('button', { name: 'Replay and compare' }).click()
      await page.getByText('0 messages read again, 1 no longer kept').waitFor()
    }))
})
