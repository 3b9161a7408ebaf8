import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { conformance } from '#kit/conformance'
import { loadConnectors } from '../src/connectors.ts'

const folder = new URL('../connectors/', import.meta.url)
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !/^[._]/.test(entry.name))
  .map((entry) => entry.name)
const connectors = await loadConnectors()

test('every folder under connectors/ is a connector with a pretend far side', () => {
  expect([...connectors.keys()].toSorted()).toEqual(names.toSorted())
})

for (const [name, connector] of connectors) {
  const { startPretend } = await import(new URL(`${name}/pretend/index.ts`, folder).href)
  conformance(name, { connector, start: startPretend })
}
