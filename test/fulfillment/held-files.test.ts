import { afterEach, describe, expect, test } from 'vitest'
import { type Dock, left, openDock, ships, stock } from './dock.ts'

let dock: Dock
afterEach(() => dock?.close())

const daysOn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()
const codes = async (name: string) => (await dock.fate(name)).issues.map((issue) => issue.split(':')[0])
const all = (units: number, hour: number, ...skus: readonly string[]) =>
  stock(...skus.map((sku) => `${sku},${units},2026-11-22T${hour}:00:00Z`))

describe('a date to come', () => {
  test('H2 28: a parcel that leaves in thirty days is held with the reason, and the others are booked', async () => {
    dock = await openDock()
    const request = await dock.ask(['BOX-1', 3])
    const soon = left('P-2', request).replace('2026-11-22T14:30:00Z', daysOn(0.9))
    const late = left('P-3', request).replace('2026-11-22T14:30:00Z', daysOn(30))
    await dock.deliver('shipments-1.csv', ships(left('P-1', request), soon, late))
    const { state, issues } = await dock.fate('shipments-1.csv')
    expect([state, issues.length]).toEqual(['applied', 1])
    expect(issues[0]).toMatch(/^4 shipped_at HELD_FUTURE_DATE: Row 4, shipped_at: .* more than a day ahead/)
    expect([await dock.onHand('BOX-1'), await dock.openExceptions()]).toEqual([98, ['file_rows_rejected']])
    await dock.deliver('shipments-2.csv', ships(left('P-3', request)))
    expect(await dock.onHand('BOX-1'), 'mended and sent again, it counts').toBe(97)
    await dock.bench.audit()
  })

  test('H2 28: a count of a day to come is held, the others are taken', async () => {
    dock = await openDock()
    await dock.deliver('stock-1.csv', stock(`BOX-1,1,${daysOn(30)}`, 'BOX-2,5,2026-11-22T18:00:00Z'))
    expect(await codes('stock-1.csv')).toEqual(['2 as_of HELD_FUTURE_DATE'])
    expect([await dock.onHand('BOX-1'), await dock.onHand('BOX-2')]).toEqual([100, 5])
  })
})

describe('a count that may not be whole', () => {
  test('H2 37: a count that misses two of five known SKUs is held: nothing of it is applied, and a person decides', async () => {
    dock = await openDock()
    const five = ['A', 'B', 'C', 'D', 'E']
    await dock.bench.stock(Object.fromEntries(five.map((sku) => [sku, 1])))
    await dock.deliver('stock-1.csv', all(10, 10, ...five))
    await dock.deliver('stock-2.csv', all(20, 11, 'A', 'B', 'C', 'D'))
    expect([(await dock.fate('stock-2.csv')).state, await dock.onHand('A')]).toEqual(['applied', 20])
    const before = await dock.ledger()
    await dock.deliver('stock-3.csv', all(30, 12, 'A', 'B', 'C'))
    const { state, issues } = await dock.fate('stock-3.csv')
    expect([state, issues.length]).toEqual(['refused', 1])
    expect(issues[0]).toMatch(/^0 - HELD_MISSING_SKUS: 2 of the 5 SKUs/)
    expect(await dock.ledger()).toEqual({ ...before, exceptions: (await dock.ledger()).exceptions })
    expect([await dock.openExceptions(), dock.folder.moved.get('stock-3.csv')]).toEqual([['file_refused'], 'error'])
    await dock.bench.replay(`state = 'ignored'`)
    await dock.collect()
    expect((await dock.fate('stock-3.csv')).state, 'a person had it read again').toBe('applied')
    expect(await Promise.all(['A', 'D', 'E'].map(dock.onHand))).toEqual([30, 20, 10])
    expect(await dock.openExceptions()).toEqual([])
    await dock.bench.replay()
    await dock.collect()
    expect((await dock.fate('stock-3.csv')).state, 'what was let through stays so').toBe('applied')
    await dock.bench.audit()
  })

  test('H2 37: what was counted down to nothing may be left out, and what nobody counted was never known', async () => {
    dock = await openDock()
    await dock.deliver('stock-1.csv', stock('BOX-1,5,2026-11-22T10:00:00Z', 'BOX-2,0,2026-11-22T10:00:00Z'))
    await dock.deliver('stock-2.csv', all(6, 11, 'BOX-1'))
    expect([(await dock.fate('stock-2.csv')).state, await dock.onHand('BOX-1')]).toEqual(['applied', 6])
  })

  test('H2 37: SKUs of rows that cannot be read are not missing, so the good rows are applied', async () => {
    dock = await openDock()
    await dock.deliver('stock-1.csv', all(5, 10, 'BOX-1', 'BOX-2'))
    await dock.deliver('stock-2.csv', stock('BOX-1,6,2026-11-22T11:00:00Z', 'BOX-2,-1,2026-11-22T11:00:00Z'))
    expect([await codes('stock-2.csv'), await dock.onHand('BOX-1')]).toEqual([['3 on_hand NEGATIVE'], 6])
  })

  test('H2 37: a partner who agreed to send changes only is never held for what is missing', async () => {
    dock = await openDock({ settings: { missingShare: 1 } })
    await dock.deliver('stock-1.csv', all(5, 10, 'BOX-1', 'BOX-2'))
    await dock.deliver('stock-2.csv', all(6, 11, 'BOX-1'))
    expect([await dock.onHand('BOX-1'), await dock.onHand('BOX-2')]).toEqual([6, 5])
  })

  test.each([
    ['last', 4, /the newest was taken/],
    ['sum', 10, /their sum was taken/],
  ])('H2 37: a SKU that comes twice is counted as agreed (%s), with a warning', async (sameSku, units, told) => {
    dock = await openDock({ settings: { sameSku } })
    await dock.deliver('stock-1.csv', stock('BOX-1,6,2026-11-22T10:00:00Z', 'BOX-1,4,2026-11-22T10:00:00Z'))
    const { state, issues } = await dock.fate('stock-1.csv')
    expect([state, issues.length, await dock.onHand('BOX-1')]).toEqual(['applied', 1, units])
    expect(issues[0]).toMatch(told)
    expect(await dock.openExceptions()).toEqual([])
    await dock.bench.audit()
  })
})
