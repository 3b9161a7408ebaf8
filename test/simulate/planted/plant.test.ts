import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { edited } from '../../planted/plant.ts'
import { simulatedBugs } from './bugs.ts'
import { readRecord } from './record.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

test('there are at least thirty, each with a name of its own', () => {
  expect(new Set(simulatedBugs.map(({ name }) => name)).size).toBe(simulatedBugs.length)
  expect(simulatedBugs.length).toBeGreaterThanOrEqual(30)
})

test.each(simulatedBugs)('the place where $name is planted is still there', async ({ edits }) => {
  const texts = new Map<string, string>()
  for (const edit of edits) {
    const before = texts.get(edit.file) ?? (await readFile(path.join(root, edit.file), 'utf8'))
    texts.set(edit.file, edited(before, edit))
  }
})

test('what is recorded as caught is still planted, each once', () => {
  const names = readRecord().map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(simulatedBugs.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
})
