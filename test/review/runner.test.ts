import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemPorts } from '../../src/platform/base/ports.ts'
import { ensureLanes, type LaneKey } from '../../src/platform/db/lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'
import { type LaneKind, openRunner, type Runner, type Turn } from '../../src/platform/work/runner.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
let runner: Runner | null = null
beforeEach(async () => {
  world = await openWorld(1)
})
afterEach(async () => {
  await runner?.stop()
  await world.close()
})

async function lanes(count: number): Promise<LaneKey[]> {
  const keys = Array.from({ length: count }, () => ({
    merchantId: world.merchantId,
    connectionId: randomUUID(),
    kind: 'work',
  }))
  await withTenantTx(world.db, world.merchantId, async (tx) => {
    for (const key of keys) await ensureLanes(tx, key.connectionId, ['work'])
  })
  return keys
}

function run(keys: readonly LaneKey[], concurrency: number, work: LaneKind['work']) {
  const laters: number[] = []
  const kind: LaneKind = { kind: 'work', concurrency, scheduled: false, work, due: async () => [...keys] }
  runner = openRunner({
    db: world.db,
    ports: systemPorts(),
    log: createLog({ level: 'silent' }),
    metrics: createMetrics(),
    kinds: [kind],
    leaseMs: 20_000,
    later: (_, ms) => void laters.push(ms),
  })
  return { runner, laters }
}

test('a lane that fails is left alone until its backoff is over, although its rows are due', async () => {
  const keys = await lanes(1)
  let runs = 0
  const { runner: it, laters } = run(keys, 1, async () => {
    runs++
    throw new Error('no')
  })
  for (const key of keys) it.wake(key)
  await sleep(200)
  expect(runs).toBe(1)
  expect(laters).toHaveLength(1)
})

test('a far side that asked to wait is left alone, however often its lane is woken, and no wake is lost', async () => {
  const [key] = await lanes(1)
  if (!key) throw new Error('no lane')
  let runs = 0
  const { runner: it } = run([key], 1, async (): Promise<Turn> => {
    runs++
    return runs === 1 ? { again: false, dueInMs: 600, holdMs: 600 } : { again: false, dueInMs: null, holdMs: 60_000 }
  })
  for (let n = 0; n < 20; n++) {
    it.wake(key)
    await sleep(15)
  }
  expect(runs).toBe(1)
  await expect.poll(() => runs, { timeout: 3_000 }).toBe(2)
})

test('a lane that always has more gives its place to one that waits', async () => {
  const keys = await lanes(2)
  const [busy, waiting] = keys
  if (!busy || !waiting) throw new Error('no lanes')
  const served = new Set<string>()
  const { runner: it } = run([], 1, async (lease) => {
    await sleep(5)
    served.add(lease.connectionId)
    return { again: lease.connectionId === busy.connectionId, dueInMs: null }
  })
  it.wake(busy)
  await sleep(50)
  it.wake(waiting)
  await expect.poll(() => served.has(waiting.connectionId), { timeout: 3_000 }).toBe(true)
  const before = served.size
  expect(before).toBe(2)
})
