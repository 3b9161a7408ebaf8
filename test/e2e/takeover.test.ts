import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type DelayLine, openDelayLine } from './delay-line.ts'
import { type FarSides, type Merchant, openStage, type Stage } from './harness.ts'
import { freePort } from './hub.ts'

const leaseMs = 4_000
let wire: DelayLine
let stage: Stage<'fern'>
let fern: Merchant
let metricsUrl: string
let admin: pg.Client // kept open: what is looked at here changes within a second
beforeAll(async () => {
  const port = await freePort()
  metricsUrl = `http://127.0.0.1:${port}/metrics`
  const between = async ({ woo }: FarSides) => {
    wire = await openDelayLine(woo)
    return { woo: wire.shop }
  }
  stage = await openStage({
    worlds: { fern: { skus: ['MUG', 'TEE', 'CAP'], wire: between } },
    env: { LANE_LEASE_MS: String(leaseMs) },
    parts: [
      { name: 'http', role: 'http' },
      { name: 'second', role: 'worker' },
    ],
  })
  fern = stage.merchants.fern
  admin = new pg.Client({ connectionString: stage.database.adminUrl })
  await admin.connect()
  await fern.api.call('POST /locations', z.unknown(), { code: 'HOME', name: 'At home', rank: 2 })
  // The one that will freeze has an address of its own: its metrics tell what became of it.
  const frozen = { PORT: String(port), HUB_FAILPOINTS: 'push.before_call:sleep=3000' }
  await stage.hub.end('SIGTERM', 'second')
  await stage.hub.start({ name: 'first', role: 'all', env: frozen })
})
afterAll(async () => {
  await admin?.end()
  await stage?.close()
})

/** The dock has 20 of each and says so again and again; what lies at home only a person counts. */
const setStock = (units: Readonly<Record<string, number>>) =>
  fern.api.call('POST /inventory/adjustments', z.unknown(), {
    reason: 'counted',
    lines: Object.entries(units).map(([sku, all]) => ({ sku, location: 'HOME', set: all - 20 })),
  })

interface PushRow {
  readonly row: string
  readonly sending: string | null
  readonly recheck_s: number | null
}
async function pushRow(sku: string): Promise<PushRow | null> {
  const { rows } = await admin.query<PushRow>(
    `select p.xmin || ' ' || p::text as row, case when p.sending_version > p.pushed_version then p.sending_qty::text end as sending,
       extract(epoch from p.recheck_at - now())::float8 as recheck_s
     from listing_push p join listing l using (merchant_id, listing_id) join connection c on c.connection_id = p.connection_id
     where c.connector = 'woocommerce' and l.channel_sku = $1`,
    [sku],
  )
  return rows[0] ?? null
}

/** Stops the first worker between two of its transactions: inside one it would hold locks until PostgreSQL ends it (30 s). */
async function freeze(): Promise<void> {
  const holding = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'crossdock.work'
    and state <> 'idle'`
  const isFree = async () => (await admin.query(holding)).rowCount === 0
  await stage.until('it is frozen with no lock in its hand', async () => {
    stage.hub.signal('first', 'SIGSTOP')
    await sleep(50)
    if ((await isFree()) && (await isFree())) return true
    stage.hub.signal('first', 'SIGCONT')
    return false
  })
}

/** How many turns the first worker lost to another. */
async function lost(): Promise<number> {
  const text = await (await fetch(metricsUrl, { signal: AbortSignal.timeout(5_000) })).text()
  const lines = text.split('\n').filter((line) => /^hub_lane_runs_total.*"push.stock".*"lost"/.test(line))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

const settled = (sku: string, units: number) =>
  stage.until(`${units} of ${sku} is confirmed and not to be looked at soon`, async () => {
    const row = await pushRow(sku)
    if (fern.woo.shows(sku) === units && row?.sending === null && (row.recheck_s ?? 0) > 60) return true
    throw new Error(`the shop shows ${fern.woo.shows(sku)}; ${row?.row}`)
  })

/** Thaws the first; what it then does to the row of this SKU is nothing. */
async function thaw(sku: string, lostBefore: number): Promise<void> {
  const before = await pushRow(sku)
  stage.hub.signal('first', 'SIGCONT')
  await stage.until('the first knows that it lost', async () => (await lost()) > lostBefore)
  expect((await pushRow(sku))?.row).toBe(before?.row)
}

describe('a worker that freezes while it holds a push lane', { timeout: 180_000 }, () => {
  afterEach(() => stage.hub.end('SIGTERM', 'second'))

  test('thawed, it changes no row and sends nothing, and the shop keeps the newer number', async () => {
    const lostBefore = await lost()
    // Looked for from the first moment: it is to be seen for three seconds, and this answer may take as long.
    const counted = setStock({ MUG: 32 })
    const seen: string[] = []
    await stage.until('the first is about to send', async () => {
      const row = await pushRow('MUG')
      if (row?.sending === '32') return true
      if (row && row.row !== seen.at(-1)) seen.push(row.row)
      throw new Error(`the row went through ${seen.join('; ')}`)
    })
    await counted
    await freeze()
    await setStock({ MUG: 25 })
    await stage.hub.start({ name: 'second', role: 'worker' })
    await settled('MUG', 25)

    const told = fern.truth.length
    await thaw('MUG', lostBefore)
    const writes = fern.truth.slice(told).filter((e) => e.who === fern.woo.name && e.what.startsWith('stock.'))
    expect(writes).toEqual([])
    expect(fern.woo.shows('MUG')).toBe(25)
  })

  test('its late call reaches the shop after the newer numbers, too high and too low, and is found and mended', async () => {
    const lostBefore = await lost()
    wire.hold((call) => call.method === 'POST' && call.body.includes('"stock_quantity":32'))
    await setStock({ TEE: 32, CAP: 25 })
    const body = await stage.until('the call is on the wire', () => wire.held())
    expect(body).toContain('"stock_quantity":25')
    await freeze()
    await setStock({ TEE: 25, CAP: 32 })
    await stage.hub.start({ name: 'second', role: 'worker' })
    const shops = () => [fern.woo.shows('TEE'), fern.woo.shows('CAP')]
    await stage.until('the second wrote the newer numbers', () => shops().join() === '25,32')
    await wire.letGo()
    expect(shops()).toEqual([32, 25])

    await settled('TEE', 25)
    await settled('CAP', 32)
    await thaw('CAP', lostBefore)
    await stage.shown(fern, 'TEE', 25)
    await stage.shown(fern, 'CAP', 32)
  })
})
