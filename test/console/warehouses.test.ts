import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPremises, openTab, type Premises, shoot, violations } from './premises.ts'

let premises: Premises
beforeAll(async () => {
  premises = await openPremises()
})
afterAll(() => premises.close())

test.each([1280, 375] as const)(
  'at %i px: from a warehouse to row 17 of its file, and the rows with reasons to take along',
  async (width) => {
    const { page, complaints, close } = await openTab(premises, { width, scheme: 'light' })
    await page.goto('/warehouses')
    await page.getByRole('link', { name: '3PL' }).click()
    await page.getByText('Applied in part').waitFor()
    await page.getByRole('link', { name: 'Received' }).click()
    await page.getByRole('link', { name: /csv\.exe/ }).click()
    // The name turns what follows it, and is shown as it is.
    await page.getByRole('heading', { level: 1, name: '../../etc/\ufffdcsv.exe' }).waitFor()
    const row = page.getByRole('row').filter({ hasText: 'is not known' })
    await row.waitFor()
    expect(await row.getByRole('cell').first().innerText()).toContain('17')
    await shoot(page, `file-walk-${width}`)
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the rows with reasons' }).click(),
    ])
    expect(readFileSync((await saved.path()) ?? '', 'utf8').split('\r\n')).toEqual([
      '"row","column","taken","code","what is wrong"',
      '"17","sku","no","UNKNOWN","is not known"',
      '',
    ])
    const [original] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download original' }).click(),
    ])
    expect(readFileSync((await original.path()) ?? '', 'utf8')).toBe('file')
    expect(complaints).toEqual([])
    await close()
  },
)

test('a corrected file is handed in, and is not said to be applied before it is', async () => {
  const { page, close } = await openTab(premises, { width: 1280, scheme: 'dark' })
  await page.goto(`/files/${premises.shelf.file}`)
  const pick = (name: string, text: string) =>
    page.getByLabel('Upload corrected').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })
  await page.getByText('is not known').waitFor()
  await pick('empty.csv', '')
  await page.getByText('This file is empty.').waitFor()
  await pick('stock_1.csv', 'sku,counted\n')
  await page.getByRole('link', { name: 'Taken in. Rows are being read' }).click()
  await page.getByRole('heading', { name: 'stock_1.csv' }).waitFor()
  await page.getByText('Checking').waitFor()
  expect(await page.getByText('Applied', { exact: true }).count()).toBe(0)
  expect(await violations(page)).toEqual([])
  await page.getByRole('link', { name: '3PL' }).click()
  await page
    .getByLabel('Upload a file')
    .setInputFiles({ name: 'b.csv', mimeType: 'text/csv', buffer: Buffer.from('sku,counted\n') })
  await page.getByText('The same bytes came before').waitFor()
  await page.getByRole('button', { name: 'Send now' }).click()
  await page.getByText('Due now.').waitFor()
  expect(await violations(page)).toEqual([])
  await close()
})
