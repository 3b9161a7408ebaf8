import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { scaffold } from '../src/connector-kit/scaffold/files.ts'

const script = fileURLToPath(new URL('../src/connector-kit/scaffold/new-connector.ts', import.meta.url))
const folder = new URL('../connectors/', import.meta.url)
const run = (kind: string) => spawnSync(process.execPath, [script, kind], { encoding: 'utf8' })

test.each(['', 'Shop', '../escape', 'a b', '-x', 'x'.repeat(41), 'shopify'])(
  'a new connector named "%s" is refused in words, and nothing is written',
  (kind) => {
    const before = readdirSync(folder)
    const { status, stderr } = run(kind)
    expect(status).toBe(1)
    expect(stderr).toMatch(/cannot be a connector's name|is there already/)
    expect(readdirSync(folder)).toEqual(before)
  },
)

test('a new connector knows the kit and its own folder only', () => {
  const files = scaffold('example-market')
  const imports = Object.values(files).flatMap((text) => [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name))
  expect(imports.length).toBeGreaterThan(5)
  expect(imports.filter((name) => !/^(#kit|#kit\/pretend|zod|\.\/[a-z]+\.ts)$/.test(name ?? ''))).toEqual([])
  expect(files['manifest.ts']).toContain("kind: 'example-market'")
})
