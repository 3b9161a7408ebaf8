import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type DatabaseUrls, type SimCluster, startCluster } from './cluster.ts'
import { openDecisions, trailOf, trailText } from './decisions.ts'
import { drawPlan } from './plan.ts'
import { simulatedBugs } from './planted/bugs.ts'
import { hunt } from './planted/hunt.ts'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))
const patience = 180_000

/** One server for all runs of this file. */
let cluster: SimCluster | null = null
beforeAll(async () => {
  cluster = await startCluster()
}, patience)
afterAll(() => cluster?.stop())
function theServer(): DatabaseUrls {
  if (cluster === null) throw new Error('there is no server')
  return cluster.server
}

async function simulate(...args: string[]): Promise<{ readonly code: number; readonly last: unknown }> {
  const { url, adminUrl } = theServer()
  const run = spawn(process.execPath, [program, '--server', `${url},${adminUrl}`, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  run.stdout.on('data', (chunk: Buffer) => {
    text += chunk
  })
  const [code] = await once(run, 'exit')
  return { code: Number(code), last: JSON.parse(text.trim().split('\n').at(-1) ?? 'null') }
}

describe('decisions', () => {
  test('what was decided by a seed is decided again when it is forced, and nothing else is', () => {
    const first = openDecisions(7, null)
    const asked = () => [1, 2, 3].map((n) => `kind-${n}`)
    const told = asked().map((kind) => first.choose(kind, 5, 0.5))
    const again = openDecisions(8, trailOf(trailText(first.taken)))
    expect(asked().map((kind) => again.choose(kind, 5, 0.5))).toEqual(told)
    expect(again.choose('kind-1', 5, 0.5)).toBe(0)
  })
})

test('every story is of its own world: of its shops, its listings, its goods and its processes', () => {
  for (let seed = 1; seed <= 320; seed++) {
    const { shops, listings, items, workers, shownFirst, story } = drawPlan(seed)
    expect(story.length).toBeGreaterThan(0)
    expect([...shownFirst.keys()]).toEqual(listings.map(({ ref }) => ref))
    for (const deed of story) {
      if ('shop' in deed) expect(deed.shop).toBeLessThan(shops.length)
      if ('sku' in deed) expect(items.map(({ sku }) => sku)).toContain(deed.sku)
      if ('process' in deed) expect(deed.process).toBeLessThanOrEqual(workers)
      const refs = 'lines' in deed ? deed.lines.map(({ listing }) => listing) : []
      expect(listings.map(({ ref }) => ref)).toEqual(expect.arrayContaining(refs))
    }
  }
})

test('a few schedules of the real core break no promise, and the same seed takes the same steps', {
  timeout: patience,
}, async () => {
  const [few, one, again] = await Promise.all([
    simulate('--schedules', '4', '--processes', '1', '--fresh'),
    simulate('--seed', '4'),
    simulate('--seed', '4'),
  ])
  expect(few).toMatchObject({ code: 0, last: { schedules: 4, failed: 0 } })
  const hash = z.object({ hash: z.string().length(12) })
  expect(hash.parse(one.last)).toEqual(hash.parse(again.last))
})

test('a bug that is planted turns the simulation red', { timeout: patience }, async () => {
  const bug = simulatedBugs.find(({ name }) => name === 'ack-before-commit')
  if (!bug) throw new Error('the bug is gone')
  expect((await hunt(bug, { schedules: 60, processes: 2, server: theServer() })).caughtAt).not.toBeNull()
})

test('every seed that ever failed says why', async () => {
  const text = await readFile(path.join(path.dirname(program), 'failed-seeds.json'), 'utf8')
  const seeds = z.array(z.strictObject({ seed: z.int(), why: z.string().min(20) })).parse(JSON.parse(text))
  expect(new Set(seeds.map(({ seed }) => seed)).size).toBe(seeds.length)
})
