import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { matrix, tableOf } from './matrix.ts'

const root = new URL('../../', import.meta.url)
const readme = new URL('./README.md', import.meta.url)
const [begin, end] = ['<!-- table: begin -->', '<!-- table: end -->']

/** What stands between the quotes of `test(`, `test.each(…)(` and the like, and of nothing that is skipped. */
function titlesOf(file: string): string[] {
  const text = readFileSync(new URL(file, root), 'utf8')
  const calls = text.matchAll(
    /^\s*(?:test|it|\]\)|\] as const\)|\)|.*\]\)\)|test\.(?:for|each|runIf)\(.*\))\(\s*(?<q>['"`])(?<title>.*?)(?<!\\)\k<q>/gm,
  )
  return [...calls].map((call) => (call.groups?.title ?? '').replaceAll(/\\(.)/g, '$1'))
}

test('all 48 faults are there, once each and in order', () => {
  expect(matrix.map(({ row }) => row)).toEqual(Array.from({ length: 48 }, (_, n) => n + 1))
})

test('at least 37 run on every push or each night, and the rest says where it is proved', () => {
  const own = matrix.filter(({ where }) => where === 'ci' || where === 'nightly')
  expect(own.length).toBeGreaterThanOrEqual(37)
  for (const { row, tests } of own) expect(tests.length, `fault ${row} has no test`).toBeGreaterThan(0)
  for (const one of matrix) if (!own.includes(one)) expect(one.note, `fault ${one.row}`).toBeTruthy()
})

test.each(matrix.flatMap(({ row, tests }) => tests.map(([file, name]) => ({ row, file, name }))))(
  'fault $row is proved by a test that exists: $name',
  ({ file, name }) => {
    expect(existsSync(new URL(file, root)), file).toBe(true)
    expect(titlesOf(file).filter((title) => title.startsWith(name))).toHaveLength(1)
  },
)

test('what is said to run on every push is not in the nightly folder, and the other way round', () => {
  for (const { row, where, tests } of matrix) {
    const places = tests.map(([file]) => (file.includes('/nightly/') ? 'nightly' : 'ci'))
    if (where === 'ci' || where === 'nightly') expect(places, `fault ${row}`).toContain(where)
  }
})

test('every fault that the tests here name is in the matrix with that test', () => {
  const named = matrix.flatMap(({ row, tests }) => tests.map(([, name]) => ({ row, name })))
  for (const file of new Set(matrix.flatMap(({ tests }) => tests.map(([path]) => path))))
    for (const title of file.startsWith('test/faults/') ? titlesOf(file) : []) {
      const row = Number(/^fault (\d\d):/.exec(title)?.[1] ?? 0)
      const isNamed = named.some((one) => one.row === row && title.startsWith(one.name))
      expect(row === 0 || isNamed, title).toBe(true)
    }
})

test('the table of README.md is what the matrix says', () => {
  const text = readFileSync(readme, 'utf8')
  const [before, rest = ''] = text.split(begin)
  const after = rest.split(end)[1]
  const wanted = `${before}${begin}\n${tableOf(matrix)}\n${end}${after}`
  if (process.env.WRITE_TABLE === '1') writeFileSync(readme, wanted)
  // The formatter pads the columns.
  const bare = (page: string) => page.replaceAll(/ +/g, ' ').replaceAll(/-{2,}/g, '-')
  const how = 'WRITE_TABLE=1 npm test -- test/faults/matrix.test.ts writes it'
  expect(bare(readFileSync(readme, 'utf8')), how).toBe(bare(wanted))
})
