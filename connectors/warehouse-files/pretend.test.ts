import { afterEach, describe, expect, test } from 'vitest'
import type { FulfillmentRequest, PartnerFact } from '#kit'
import type { PretendWarehouse, StartPretendWarehouse, TruthEntry } from '#kit/pretend'
import { startPretend, type WarehouseDials } from './pretend/index.ts'
import { filePort, kindOf, testCtx } from './test-ctx.ts'

const files = filePort()
const open: PretendWarehouse[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((warehouse) => warehouse.close()))
})

interface Scene {
  readonly warehouse: PretendWarehouse
  readonly truth: TruthEntry[]
  readonly facts: PartnerFact[]
  send(batch: readonly FulfillmentRequest[]): Promise<void>
  /** Reads and archives what is there; the facts pile up. */
  collect(): Promise<void>
  until(done: () => boolean): Promise<void>
  of(what: string): readonly Readonly<Record<string, unknown>>[]
}

/** A warehouse in which a world minute is 20 ms, and a hub of ten lines. */
async function start(dials: Partial<WarehouseDials> = {}, faults: object = {}, seed = 5): Promise<Scene> {
  const truth: TruthEntry[] = []
  const options = {
    name: 'North',
    seed,
    timeScale: 3_000,
    faults,
    record: (entry: TruthEntry) => void truth.push(entry),
  }
  const warehouse = await startPretend(options, dials)
  open.push(warehouse)
  const ctx = testCtx(warehouse.connect.credentials, warehouse.connect.settings)
  const facts: PartnerFact[] = []
  let sequence = 0
  const scene: Scene = {
    warehouse,
    truth,
    facts,
    send: async (batch) => {
      sequence += 1
      const file = files.encode(batch, { sequence, now: new Date('2026-11-23T07:05:00Z'), settings: ctx.settings })
      for (let tries = 0; tries < 50; tries += 1) {
        const kind = await kindOf(files.put(ctx, file))
        if (kind === 'none') return
        expect(['transient', 'outcome_unknown']).toContain(kind)
      }
      throw new Error('the warehouse is never reached')
    },
    collect: async () => {
      const waiting = await files.list(ctx).catch(() => [])
      for (const it of waiting) {
        const bytes = await files.get(ctx, it).catch(() => null)
        const file = bytes === null ? null : files.decode({ name: it.name, bytes, settings: ctx.settings })
        // A file that is still growing breaks off; the next look takes it.
        if (file === null || (file.kind === 'refused' && file.code === 'TRUNCATED')) continue
        if (file.kind === 'refused') throw new Error(`${it.name}: ${file.code} ${file.message}`)
        for (const row of file.rows) {
          if (!row.ok) throw new Error(row.message)
          facts.push(row.fact)
        }
        await files.archive(ctx, it, 'done').catch(() => {})
      }
    },
    until: async (done) => {
      await expect.poll(async () => scene.collect().then(done), { timeout: 15_000, interval: 20 }).toBe(true)
    },
    of: (what) => truth.filter((entry) => entry.what === what).map((entry) => entry.data),
  }
  return scene
}

function request(
  number: string,
  lines: Readonly<Record<string, number>>,
  kind: 'ship' | 'cancel' = 'ship',
): FulfillmentRequest {
  return {
    number,
    kind,
    orderNumber: `#${number}`,
    placedAt: '2026-11-23T07:00:00Z',
    shipTo: { name: 'Ann Example', address1: 'Example Street 1' },
    service: null,
    lines: Object.entries(lines).map(([sku, quantity], at) => ({ lineNumber: at + 1, sku, title: sku, quantity })),
  }
}
function shippedUnits(facts: readonly PartnerFact[], sku: string): number {
  const seen = new Map<string, number>()
  for (const fact of facts)
    if (fact.type === 'shipped' && fact.sku === sku) seen.set(`${fact.shipment} ${fact.request}`, fact.quantity)
  return [...seen.values()].reduce((sum, units) => sum + units, 0)
}

describe('a calm warehouse', () => {
  test('reports its stock, accepts, ships everything with tracking, and the stock goes down by what left', async () => {
    const it = await start()
    it.warehouse.stock([
      { sku: 'A', onHand: 10 },
      { sku: 'B', onHand: 3 },
    ])
    await it.until(() => it.facts.some((fact) => fact.type === 'stock' && fact.sku === 'B' && fact.onHand === 3))
    await it.send([request('FR-1', { A: 2, B: 1 }), request('FR-2', { A: 3 })])
    await it.until(() => shippedUnits(it.facts, 'A') === 5 && shippedUnits(it.facts, 'B') === 1)
    expect(it.facts.filter((fact) => fact.type === 'accepted').map((fact) => fact.request)).toEqual(['FR-1', 'FR-2'])
    expect(it.facts.every((fact) => fact.type !== 'shipped' || fact.tracking !== null)).toBe(true)
    for (const [number, sku] of [
      ['FR-1', 'A'],
      ['FR-1', 'B'],
      ['FR-2', 'A'],
    ]) {
      const ends = it.facts.filter(
        (fact) => fact.type === 'shipped' && fact.request === number && fact.sku === sku && fact.final,
      )
      expect(ends).toHaveLength(1)
    }
    expect([it.warehouse.onHand('A'), it.warehouse.onHand('B')]).toEqual([5, 2])
    expect(it.warehouse.requests().map((shown) => shown.lines)).toEqual([
      [
        { sku: 'A', requested: 2, shipped: 2 },
        { sku: 'B', requested: 1, shipped: 1 },
      ],
      [{ sku: 'A', requested: 3, shipped: 3 }],
    ])
    expect(it.of('request.oversold')).toEqual([])
    await it.until(() => it.warehouse.quiet())
  })
  test('a later stock count includes what left before it, and its moment is after it', async () => {
    const it = await start()
    it.warehouse.stock([{ sku: 'A', onHand: 10 }])
    await it.send([request('FR-1', { A: 4 })])
    await it.until(() => it.facts.some((fact) => fact.type === 'stock' && fact.onHand === 6))
    const left = it.facts.filter((fact) => fact.type === 'shipped').map((fact) => fact.shippedAt)
    const counted = it.facts.find((fact) => fact.type === 'stock' && fact.onHand === 6)
    expect(counted?.type === 'stock' && left.every((at) => at < counted.asOf)).toBe(true)
  })
  test('a request number used twice is never sent twice; the first decision is said again', async () => {
    const it = await start()
    it.warehouse.stock([{ sku: 'A', onHand: 10 }])
    await it.send([request('FR-1', { A: 2 })])
    await it.until(() => shippedUnits(it.facts, 'A') === 2)
    await it.send([request('FR-1', { A: 2 })])
    await it.send([request('FR-1', { A: 3 })])
    await it.until(() => it.of('request.duplicate').length === 2 && it.warehouse.quiet())
    expect(it.of('request.duplicate')).toEqual([
      { number: 'FR-1', identical: true },
      { number: 'FR-1', identical: false },
    ])
    expect(it.warehouse.onHand('A')).toBe(8)
    await it.until(() => it.facts.filter((fact) => fact.type === 'accepted').length === 3)
  })
  test('units promised beyond what is there are counted as oversold and not sent', async () => {
    const it = await start({ partial: 0 })
    it.warehouse.stock([{ sku: 'A', onHand: 5 }])
    await it.send([request('FR-1', { A: 4 }), request('FR-2', { A: 3 })])
    await it.until(
      () => it.warehouse.quiet() && it.facts.filter((fact) => fact.type === 'shipped' && fact.final).length === 2,
    )
    expect(it.of('request.oversold')).toEqual([{ number: 'FR-2', sku: 'A', units: 2 }])
    expect(it.warehouse.onHand('A')).toBe(0)
    expect(shippedUnits(it.facts, 'A')).toBe(5)
  })
  test('a cancel before picking is honoured, one after it is not', async () => {
    const it = await start({ waitMinutes: [5, 5], pickMinutes: [30, 30] })
    it.warehouse.stock([{ sku: 'A', onHand: 5 }])
    await it.send([
      request('FR-1', { A: 1 }),
      request('FR-2', { A: 1 }),
      request('FR-1', {}, 'cancel'),
      request('FR-9', {}, 'cancel'),
    ])
    await it.until(() => it.facts.some((fact) => fact.type === 'cancel_accepted'))
    await it.until(() => it.of('request.picking').length === 1)
    await it.send([request('FR-2', {}, 'cancel')])
    await it.until(() => shippedUnits(it.facts, 'A') === 1)
    const answers = it.facts.filter((fact) => fact.type === 'cancel_accepted' || fact.type === 'cancel_rejected')
    expect(answers).toEqual([
      { type: 'cancel_accepted', request: 'FR-1' },
      { type: 'cancel_rejected', request: 'FR-9', reason: 'UNKNOWN_REQUEST' },
      { type: 'cancel_rejected', request: 'FR-2', reason: 'ALREADY_PICKED' },
    ])
    expect(it.warehouse.requests().find((shown) => shown.number === 'FR-1')).toMatchObject({
      cancelled: true,
      shipments: [],
    })
    expect(it.warehouse.onHand('A')).toBe(4)
  })
})

describe('a warehouse with dials', () => {
  test('two parcels for one request: the first is not final, together they are all', async () => {
    const it = await start({ partial: 1 })
    it.warehouse.stock([{ sku: 'A', onHand: 9 }])
    await it.send([request('FR-1', { A: 3 })])
    await it.until(() => shippedUnits(it.facts, 'A') === 3)
    const parcels = it.facts.filter((fact) => fact.type === 'shipped')
    expect(parcels.map(({ quantity, final }) => ({ quantity, final }))).toEqual([
      { quantity: 2, final: false },
      { quantity: 1, final: true },
    ])
    expect(new Set(parcels.map((fact) => fact.tracking)).size).toBe(2)
  })
  test('a damaged unit leaves the stock and closes its line short, without touching what others were promised', async () => {
    const it = await start({ partial: 0, shortShip: 1 })
    it.warehouse.stock([
      { sku: 'A', onHand: 5 },
      { sku: 'B', onHand: 1 },
    ])
    await it.send([request('FR-1', { A: 3 }), request('FR-2', { B: 1 })])
    await it.until(() => it.facts.filter((fact) => fact.type === 'shipped' && fact.final).length === 2)
    expect(
      it.facts
        .filter((fact) => fact.type === 'shipped')
        .map(({ sku, quantity }) => [sku, quantity])
        .toSorted(),
    ).toEqual([
      ['A', 2],
      ['B', 0],
    ])
    expect([it.warehouse.onHand('A'), it.warehouse.onHand('B')]).toEqual([2, 0])
    expect(it.of('stock.damaged')).toHaveLength(2)
  })
  test('refused addresses and unknown goods are rejected with a reason, and nothing is promised', async () => {
    const it = await start({ reject: 1 })
    it.warehouse.stock([{ sku: 'A', onHand: 5 }])
    await it.send([request('FR-1', { A: 5 }), request('FR-2', { A: 5 }), request('FR-3', { NONE: 1 })])
    await it.until(() => it.facts.filter((fact) => fact.type === 'rejected').length === 3)
    expect(it.facts.flatMap((fact) => (fact.type === 'rejected' ? [fact.reason] : []))).toEqual([
      'INCORRECT_ADDRESS',
      'INCORRECT_ADDRESS',
      'INVALID_SKU NONE',
    ])
    expect(it.of('request.oversold')).toEqual([])
    expect(it.warehouse.onHand('A')).toBe(5)
  })
})

describe('a warehouse behind a bad line', () => {
  const rough = { duplicate: 0.3, reorder: 0.3, delay: 0.3, throttle: 0.2, failBefore: 0.2, failAfterEffect: 0.3 }
  test('every request still arrives once and every shipment comes back, whatever is late, double or cut', {
    timeout: 60_000,
  }, async () => {
    const it = await start({}, rough)
    it.warehouse.stock([{ sku: 'A', onHand: 1_000 }])
    for (let number = 1; number <= 30; number += 1) await it.send([request(`FR-${number}`, { A: 2 })])
    await it.until(() => it.of('request.received').length === 30 && it.warehouse.quiet())
    const truth = it.of('shipped').reduce((sum, data) => sum + Number(data.quantity), 0)
    await it.until(() => shippedUnits(it.facts, 'A') === truth)
    expect(it.of('requests.refused')).toEqual([])
    const damaged = it.of('stock.damaged').length
    expect(it.warehouse.onHand('A')).toBe(1_000 - truth - damaged)
    const perRequest = it.warehouse.requests().map((shown) => shown.lines[0]?.shipped ?? 0)
    expect(perRequest.every((units) => units <= 2)).toBe(true)
  })
  test('the same seed is the same host key, login and tracking numbers', async () => {
    const [one, two] = [await start({ partial: 0 }), await start({ partial: 0 })]
    expect(one.warehouse.connect.credentials).toEqual(two.warehouse.connect.credentials)
    for (const it of [one, two]) {
      it.warehouse.stock([{ sku: 'A', onHand: 5 }])
      await it.send([request('FR-1', { A: 1 })])
      await it.until(() => shippedUnits(it.facts, 'A') === 1)
    }
    const tracking = [one, two].map((it) => it.warehouse.requests()[0]?.shipments[0]?.tracking)
    expect(tracking[0]).toBe(tracking[1])
  })
})

test('startPretend is what the world calls', () => {
  const typed: StartPretendWarehouse = startPretend
  expect(typed).toBe(startPretend)
})
