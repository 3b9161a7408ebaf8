import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { holdFlashSale } from './main.ts'

test('two hundred buyers at three shops: nothing is promised twice, nothing comes back on sale where a write compares, what lacks is short', async () => {
  const database = await freshDatabase()
  const said: string[] = []
  const takings = await holdFlashSale(database.url, { rounds: 6, seed: 1 }, (line) => said.push(line))
  await database.drop()
  expect(said).toEqual([])
  expect(takings).toMatchObject({ rounds: 6, broken: [] })
  expect(takings.sold).toBeGreaterThan(300)
  expect(takings.short).toBeGreaterThan(0)
}, 120_000)
