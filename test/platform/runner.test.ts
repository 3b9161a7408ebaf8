import { randomUUID } from 'node:crypto'
import { setImmediate as tick } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seededRng } from '#kit/pretend'
import { type Ports, systemPorts } from '../../src/platform/base/ports.ts'
import { ensureLanes, fence, type LaneKey, returnLane, takeLane } from '../../src/platform/db/lane.ts'
import { type Db, openDb } from '../../src/platform/db/pool.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { createLog } from '../../src/platform/observe/log.ts'
import { createMetrics } from '../../src/platform/observe/metrics.ts'
import { type LaneKind, openRunner, type Runner, type Turn } from '../../src/platform/work/runner.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
const open: { runner: Runner; db: Db }[] = []
const merchantId = randomUUID()
const done: Turn = { again: false, dueInMs: null }

beforeEach(async () => {
  database = await freshDatabase()
})
afterEach(async () => {
  for (const { runner } of open) await runner.stop()
  for (const { db } of open.splice(0)) await db.close()
  await database.drop()
})

/** One process of the hub, as far as lanes go. Several of them share the database and, through `due`, the facts. */
function aProcess(work: LaneKind['work'], due: () => LaneKey[], more: Partial<LaneKind> & { leaseMs?: number } = {}) {
  const db = openDb(database.url, { work: 6, ingest: 1 })
  const metrics = createMetrics()
  const laters: number[] = []
  const ports: Ports = { ...systemPorts(), rng: { ...systemPorts().rng, unit: () => 0 } }
  const { leaseMs = 20_000, ...kind } = more
  const runner = openRunner({
    db,
    ports,
    metrics,
    leaseMs,
    log: createLog({ level: 'silent' }),
    kinds: [{ kind: 'work', concurrency: 4, scheduled: false, work, due: async () => due(), ...kind }],
    later: (key, ms) => {
      laters.push(ms)
      setTimeout(() => runner.wake(key), ms).unref()
    },
  })
  open.push({ runner, db })
  const counted = async (name: string) => {
    const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith(`${name}{`))
    return Object.fromEntries(lines.map((line) => [line.slice(name.length), Number(line.split(' ').at(-1))]))
  }
  return { runner, db, laters, counted }
}

async function lanes(count: number, of = merchantId): Promise<LaneKey[]> {
  const keys = Array.from({ length: count }, () => ({ merchantId: of, connectionId: randomUUID(), kind: 'work' }))
  const db = openDb(database.url, { work: 1, ingest: 1 })
  await withTenantTx(db, of, async (tx) => {
    for (const key of keys) await ensureLanes(tx, key.connectionId, ['work'])
  })
  await db.close()
  return keys
}
async function aLane(): Promise<LaneKey> {
  const [key] = await lanes(1)
  if (!key) throw new Error('no lane')
  return key
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const none = () => []

describe('wakes', () => {
  test('that come while the lane is running make it run once more, however many they are', async () => {
    const key = await aLane()
    let runs = 0
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const { runner } = aProcess(async () => {
      runs++
      begun.resolve()
      if (runs === 1) await gate.promise
      return done
    }, none)
    runner.wake(key)
    await begun.promise
    for (let n = 0; n < 50; n++) runner.wake(key)
    gate.resolve()
    await expect.poll(() => runs).toBe(2)
    await runner.stop()
    expect(runs).toBe(2)
  })

  test('of a lane that coalesces are gathered while it rests as long as its turn took, and its last one is answered', async () => {
    const key = await aLane()
    const starts: number[] = []
    const { runner } = aProcess(
      async () => {
        starts.push(performance.now())
        if (starts.length > 3) return done
        await sleep(40)
        runner.wake(key)
        runner.wake(key)
        return done
      },
      none,
      { coalesces: true },
    )
    runner.wake(key)
    await expect.poll(() => starts.length).toBe(4)
    await runner.stop()
    expect(starts).toHaveLength(4)
    for (const [n, at] of starts.slice(1).entries()) expect(at - (starts[n] ?? 0)).toBeGreaterThanOrEqual(75)
  })

  test('that another process hears between the holder’s last look and its return are answered by the holder', async () => {
    const key = await aLane()
    let waiting = 1
    let took = 0
    const due = () => (waiting > 0 ? [key] : [])
    const other = aProcess(async () => {
      throw new Error('the lane has one holder')
    }, due)
    const holder = aProcess(async () => {
      took += waiting
      waiting = 0 // the last look
      if (took === 1) {
        waiting = 1
        other.runner.wake(key)
        await other.runner.stop() // it asked for the lane, and did not get it
      }
      return done
    }, due)
    holder.runner.wake(key)
    await expect.poll(() => took).toBe(2)
    await holder.runner.stop()
    expect(await other.counted('hub_lane_runs_total')).toEqual({})
  })

  test('that come while the holder asks the rows for more are not overwritten by the answer', async () => {
    const key = await aLane()
    let runs = 0
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const { runner } = aProcess(
      async () => {
        runs++
        return done
      },
      none,
      {
        due: async () => {
          asked.resolve()
          await answer.promise
          return []
        },
      },
    )
    runner.wake(key)
    await asked.promise
    runner.wake(key)
    answer.resolve()
    await expect.poll(() => runs).toBe(2)
  })

  test('of more lanes than may run at once are all answered', async () => {
    const keys = await lanes(12)
    const ran = new Set<string>()
    let active = 0
    let most = 0
    const { runner } = aProcess(
      async (lease) => {
        most = Math.max(most, ++active)
        await sleep(5)
        active--
        ran.add(lease.connectionId)
        return done
      },
      none,
      { concurrency: 3 },
    )
    for (const key of keys) runner.wake(key)
    await expect.poll(() => ran.size).toBe(12)
    expect(most).toBe(3)
  })

  test('of a merchant with one lane find a place although another merchant’s lanes have them all', async () => {
    const [loud, other] = [await lanes(6), { ...(await lanes(1, randomUUID()))[0] } as LaneKey]
    const ended = Promise.withResolvers<void>()
    const ran: string[] = []
    const { runner } = aProcess(
      async (lease) => {
        ran.push(lease.connectionId)
        if (lease.merchantId === merchantId) await ended.promise
        return done
      },
      none,
      { concurrency: 3 },
    )
    for (const key of loud) runner.wake(key)
    await expect.poll(() => ran.length).toBe(3)
    runner.wake(other)
    await expect.poll(() => ran.length).toBe(4)
    expect(ran.at(-1)).toBe(other.connectionId)
    ended.resolve()
    await expect.poll(() => ran.length).toBe(7)
  })

  test('of many lanes of one merchant are answered after that of a merchant who has none running', async () => {
    const [loud, other] = [await lanes(6), { ...(await lanes(1, randomUUID()))[0] } as LaneKey]
    const ran: string[] = []
    const { runner } = aProcess(
      async (lease) => {
        ran.push(lease.connectionId)
        return done
      },
      none,
      { concurrency: 1 },
    )
    for (const key of loud) runner.wake(key)
    runner.wake(other)
    await expect.poll(() => ran.length).toBe(7)
    expect(ran.indexOf(other.connectionId)).toBeLessThanOrEqual(2)
  })

  test('for a lane of no known kind, or one that is not there, do nothing', async () => {
    let runs = 0
    const { runner } = aProcess(async () => {
      runs++
      return done
    }, none)
    runner.wake({ merchantId, connectionId: randomUUID(), kind: 'nothing' })
    runner.wake({ merchantId, connectionId: randomUUID(), kind: 'work' })
    await runner.stop()
    expect(runs).toBe(0)
  })
})

describe('leases', () => {
  test('a lease that was lost ends the turn as lost: nothing is written, retried or given back', async () => {
    const key = await aLane()
    let attempts = 0
    const { runner, db, counted, laters } = aProcess(async (lease) => {
      attempts++
      await database.asAdmin((admin) =>
        admin.query(`update lane set lease_until = now() - interval '1 s' where connection_id = $1`, [
          key.connectionId,
        ]),
      )
      const thief = await takeLane(db, key, true, 60_000)
      expect(thief?.tookOver).toBe(true)
      await withTenantTx(db, merchantId, async (tx) => {
        await fence(tx, lease)
        await tx.rows(`insert into item (merchant_id, item_id, sku) values ($1, $1, 'late')`, [merchantId])
      })
      return done
    }, none)
    runner.wake(key)
    await expect.poll(async () => Object.values(await counted('hub_lane_runs_total'))).toEqual([1])
    expect(await counted('hub_lane_runs_total')).toEqual({ '{kind="work",outcome="lost"} 1': 1 })
    await runner.stop()
    expect({ attempts, laters }).toEqual({ attempts: 1, laters: [] })
    const { rows } = await database.asAdmin((admin) =>
      admin.query('select lease_token is not null as held, (select count(*)::int from item) as items from lane'),
    )
    expect(rows).toEqual([{ held: true, items: 0 }])
  })

  test('a turn that lasts longer than its lease keeps it by heartbeats', async () => {
    const key = await aLane()
    const { runner, db, counted } = aProcess(
      async (lease) => {
        const before = lease.untilMs()
        await sleep(2_000)
        expect(lease.untilMs()).toBeGreaterThan(before)
        await withTenantTx(db, merchantId, (tx) => fence(tx, lease))
        return done
      },
      none,
      { leaseMs: 1_200 },
    )
    runner.wake(key)
    await expect.poll(() => counted('hub_lane_runs_total')).toEqual({ '{kind="work",outcome="done"} 1': 1 })
  })
})

describe('the sweeper', () => {
  test('finds work that nobody announced, has it done, and counts it', async () => {
    const [quiet, announced] = await lanes(2)
    if (!quiet || !announced) throw new Error('no lanes')
    const ran: string[] = []
    const gate = Promise.withResolvers<void>()
    const { runner, counted } = aProcess(
      async (lease) => {
        ran.push(lease.connectionId)
        if (lease.connectionId === announced.connectionId) await gate.promise
        return done
      },
      () => (ran.includes(quiet.connectionId) ? [] : [quiet, announced]),
    )
    runner.wake(announced)
    expect(await runner.sweep()).toBe(1)
    await expect.poll(() => ran.toSorted()).toEqual([quiet.connectionId, announced.connectionId].sort())
    expect(await runner.sweep()).toBe(0)
    expect(await counted('hub_found_by_sweeper_total')).toEqual({ '{kind="work"} 1': 1 })
    gate.resolve()
  })

  test('does not count what another process is busy with', async () => {
    const key = await aLane()
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const busy = aProcess(async () => {
      begun.resolve()
      await gate.promise
      return done
    }, none)
    const other = aProcess(
      async () => done,
      () => [key],
    )
    busy.runner.wake(key)
    await begun.promise
    expect(await other.runner.sweep()).toBe(0)
    gate.resolve()
    await busy.runner.stop()
    expect(await other.runner.sweep()).toBe(1)
  })

  test('takes up the lane of a holder that went silent', async () => {
    const key = await aLane()
    const took = Promise.withResolvers<boolean>()
    const { runner, db } = aProcess(async (lease) => {
      took.resolve(lease.tookOver)
      return done
    }, none)
    await takeLane(db, key, true, 100)
    await expect.poll(() => runner.sweep()).toBe(1)
    expect(await took.promise).toBe(true)
  })

  test('takes up a scheduled lane of a silent holder at once, not when its own time comes', async () => {
    const key = await aLane()
    const took = Promise.withResolvers<boolean>()
    const work = async ({ tookOver }: { readonly tookOver: boolean }) => {
      took.resolve(tookOver)
      return { ...done, restMs: 3_600_000 }
    }
    const { runner, db } = aProcess(work, none, { scheduled: true })
    const first = await takeLane(db, key, true, 20_000)
    if (first) await returnLane(db, first, 3_600_000)
    await takeLane(db, key, true, 100)
    await expect.poll(() => runner.sweep()).toBe(1)
    expect(await took.promise).toBe(true)
    await runner.stop()
    expect(await runner.sweep()).toBe(0)
  })
})

test('work that breaks backs off longer each time, is retried without any wake, and starts anew once it succeeds', async () => {
  const key = await aLane()
  let runs = 0
  const { runner, laters, counted } = aProcess(
    async () => {
      runs++
      if (runs <= 2 || runs === 4) throw new Error('broken')
      return done
    },
    () => (runs < 3 ? [key] : []),
  )
  runner.wake(key)
  await expect.poll(() => runs, { timeout: 5_000 }).toBe(3)
  expect(laters).toEqual([250, 500])
  runner.wake(key)
  await expect.poll(() => runs, { timeout: 5_000 }).toBe(5)
  expect(laters).toEqual([250, 500, 250])
  await runner.stop()
  const ends = await counted('hub_lane_runs_total')
  expect(Object.keys(ends)).toContain('{kind="work",outcome="failed"} 3')
})

test('stopping waits for the turns that run and begins no new ones', async () => {
  const [first, second] = await lanes(2)
  if (!first || !second) throw new Error('no lanes')
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const ended: string[] = []
  const { runner } = aProcess(
    async (lease) => {
      begun.resolve()
      await gate.promise
      ended.push(lease.connectionId)
      return { again: true, dueInMs: null }
    },
    () => [first, second],
    { concurrency: 1 },
  )
  runner.wake(first)
  runner.wake(second)
  await begun.promise
  let isStopped = false
  const stopped = runner.stop().then(() => {
    isStopped = true
  })
  runner.wake(second)
  await sleep(100)
  expect(isStopped).toBe(false)
  gate.resolve()
  await stopped
  expect(ended).toEqual([first.connectionId])
  const { rows } = await database.asAdmin((admin) =>
    admin.query('select count(*)::int as n from lane where lease_token is not null'),
  )
  expect(rows).toEqual([{ n: 0 }])
})

test.each([1, 2, 3])(
  'two processes never run one lane at once, and none of 200 random wakes is lost (seed %i)',
  async (seed) => {
    const rng = seededRng(seed)
    const keys = await lanes(6)
    const waiting = new Map(keys.map((key) => [key.connectionId, 0]))
    const active = new Set<string>()
    const overlaps: string[] = []
    let taken = 0
    const work: LaneKind['work'] = async (lease) => {
      const id = lease.connectionId
      if (active.has(id)) overlaps.push(id)
      active.add(id)
      for (let n = Math.floor(rng() * 3); n > 0; n--) await tick()
      taken += waiting.get(id) ?? 0
      waiting.set(id, 0)
      for (let n = Math.floor(rng() * 4); n > 0; n--) await tick()
      active.delete(id)
      return rng() < 0.1 ? { again: true, dueInMs: null } : done
    }
    const due = () => keys.filter((key) => (waiting.get(key.connectionId) ?? 0) > 0)
    const processes = [aProcess(work, due, { concurrency: 2 }), aProcess(work, due, { concurrency: 2 })]
    for (let n = 0; n < 200; n++) {
      const key = keys[Math.floor(rng() * keys.length)]
      if (!key) continue
      waiting.set(key.connectionId, (waiting.get(key.connectionId) ?? 0) + 1)
      processes[rng() < 0.5 ? 0 : 1]?.runner.wake(key)
      if (rng() < 0.4) await sleep(Math.floor(rng() * 6))
    }
    await expect.poll(() => taken, { timeout: 10_000 }).toBe(200)
    expect(overlaps).toEqual([])
  },
)
