/** The checklist of .github/security/asvs.md: whole, each item once, and with evidence that exists. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(path.join(root, '.github/security/asvs.md'), 'utf8')

/** Sections of ASVS 5.0.0 and how many items of levels 1 and 2 each has; they are numbered from 1 without a gap. */
const sections = `1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3
  6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5
  10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7
  16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2`
const items = sections
  .split(/\s+/)
  .map((section) => section.split(':'))
  .flatMap(([name, count]) => Array.from({ length: Number(count) }, (_, at) => `${name}.${at + 1}`))

interface Row {
  readonly ids: readonly string[]
  readonly state: string
  readonly words: string
  readonly evidence: string
}

/** `3.3.1–4` is four items. */
function idsIn(cell: string): string[] {
  return cell.split(', ').flatMap((part) => {
    const [, section = '', first = '', last = first] = /^(\d+\.\d+)\.(\d+)(?:–(\d+))?$/.exec(part) ?? []
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => `${section}.${Number(first) + at}`)
  })
}
const rows: readonly Row[] = page.split('\n').flatMap((line) => {
  const [, ids = '', state = '', words = '', evidence = ''] = line.split('|').map((cell) => cell.trim())
  return /^\d+\.\d+\.\d/.test(ids) ? [{ ids: idsIn(ids), state, words, evidence }] : []
})

test('each of the 253 items of levels 1 and 2 stands in the list once', () => {
  expect(items.length).toBe(253)
  expect(rows.flatMap(({ ids }) => ids).sort()).toEqual([...items].sort())
})

test('an item that is met names its evidence, any other says why', () => {
  const states = new Set(rows.map(({ state }) => state))
  expect(states).toEqual(new Set(['met', 'not met', 'does not apply']))
  expect(rows.filter(({ state, evidence }) => state === 'met' && evidence === '')).toEqual([])
  expect(rows.filter(({ words }) => words.length < 4)).toEqual([])
})

test('every path that is named exists', () => {
  const paths = rows.flatMap(({ evidence }) => [...evidence.matchAll(/`([^`]+)`/g)].map((found) => found[1] ?? ''))
  expect(paths.length).toBeGreaterThan(100)
  expect(paths.filter((name) => !existsSync(path.join(root, name)))).toEqual([])
})

test('the count at the top is the count of the rows, and what is not met stands there, too', () => {
  const count = (state: string) => rows.filter((row) => row.state === state).flatMap(({ ids }) => ids).length
  expect(page).toContain(`| ${count('met')} | ${count('not met')} | ${count('does not apply')} |`)
  const [head = ''] = page.split('## Item by item')
  const open = rows.filter(({ state }) => state === 'not met').flatMap(({ ids }) => ids)
  expect(open.filter((id) => !new RegExp(`[ (]${id.replaceAll('.', '\\.')}[,)]`).test(head))).toEqual([])
})
