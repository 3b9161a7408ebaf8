import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { plantedBugs } from './bugs.ts'
import { edited } from './plant.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test.each(plantedBugs)('the place where $name is planted is still there', async ({ edits }) => {
  expect(edits.length).toBeGreaterThan(0)
  const texts = new Map<string, string>()
  for (const edit of edits) {
    const before = texts.get(edit.file) ?? (await readFile(path.join(root, edit.file), 'utf8'))
    texts.set(edit.file, edited(before, edit))
  }
})
