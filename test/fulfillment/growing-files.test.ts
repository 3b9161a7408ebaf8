import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Dock, left, openDock, ships, stock } from './dock.ts'

let dock: Dock
let at: number
beforeEach(async () => {
  at = Date.parse('2026-11-23T09:00:00Z')
  dock = await openDock({ settings: { stableForS: 60 }, clock: () => new Date(at) })
})
afterEach(() => dock?.close())

const pass = (seconds: number) => {
  at += seconds * 1_000
}
const lying = () => [...dock.folder.inbound.keys()].toSorted()
const count = (units: number) => stock(`BOX-1,${units},2026-11-22T18:00:00Z`)

/** The partner writes on, a line a minute, and we look each time. */
async function writeOn(name: string, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    pass(60)
    dock.folder.drop(name, `${dock.folder.inbound.get(name)?.bytes ?? ''}X-${minute},1,2026-11-22T18:00:00Z\r\n`)
    await dock.collect()
  }
}

describe('a file that is still written', () => {
  test('H2 3 and 4: a file is taken once it has stood still for the agreed time, and not before', async () => {
    await dock.deliver('stock-1.csv', count(7))
    pass(59)
    await dock.collect()
    expect([lying(), await dock.onHand('BOX-1')]).toEqual([['stock-1.csv'], 100])
    pass(1)
    await dock.collect()
    expect([lying(), await dock.onHand('BOX-1')]).toEqual([[], 7])
  })

  test('H2 4: growth begins the time anew, also a new date under the same size', async () => {
    await dock.deliver('stock-1.csv', 'sku,on_hand,as_of\r\n')
    pass(59)
    await dock.deliver('stock-1.csv', count(8))
    pass(59)
    await dock.deliver('stock-1.csv', count(7))
    pass(59)
    await dock.collect()
    expect([lying(), await dock.onHand('BOX-1')]).toEqual([['stock-1.csv'], 100])
    pass(1)
    await dock.collect()
    expect([lying(), await dock.onHand('BOX-1')]).toEqual([[], 7])
    expect(await dock.bench.rows('select state from partner_file where name like $1', ['stock-%'])).toEqual([
      { state: 'applied' },
    ])
  })

  test('H2 1: an empty file is left alone while it is fresh, and taken whole when it fills', async () => {
    await dock.deliver('stock-1.csv', '')
    pass(59)
    await dock.collect()
    expect(await dock.bench.rows(`select 1 from partner_file where direction = 'in'`)).toEqual([])
    await dock.deliver('stock-1.csv', count(7))
    pass(60)
    await dock.collect()
    expect([lying(), await dock.onHand('BOX-1')]).toEqual([[], 7])
    expect(await dock.openExceptions()).toEqual([])
  })

  test('H2 1: an empty file that stays empty is refused, and the queue goes on', async () => {
    await dock.deliver('stock-1.csv', '')
    dock.folder.drop('stock-2.csv', count(7))
    await dock.collect()
    pass(60)
    await dock.collect()
    expect((await dock.fate('stock-1.csv')).issues[0]).toMatch(/^0 - EMPTY_FILE/)
    expect(dock.folder.moved.get('stock-1.csv')).toBe('error')
    expect([lying(), await dock.onHand('BOX-1')]).toEqual([[], 7])
  })

  test('H2 4: a file that grows for half an hour is shown to a person, once, until it comes to rest', async () => {
    await dock.deliver('stock-1.csv', 'sku,on_hand,as_of\r\n')
    await writeOn('stock-1.csv', 29)
    expect(await dock.openExceptions()).toEqual([])
    await writeOn('stock-1.csv', 3)
    const [told, ...more] = await dock.bench.rows<{ detail: object }>('select kind, detail from exception')
    expect(more).toEqual([])
    expect(told).toMatchObject({ kind: 'file_refused', detail: { name: 'stock-1.csv', code: 'UNSTABLE' } })
    await dock.deliver('stock-1.csv', count(7))
    pass(60)
    await dock.collect()
    await dock.collect()
    expect([lying(), await dock.onHand('BOX-1'), await dock.openExceptions()]).toEqual([[], 7, []])
  })

  test('H2 4: a file that stands still late is no alarm: what counts is that it changes', async () => {
    await dock.deliver('stock-1.csv', count(7))
    pass(3_600)
    await dock.collect()
    expect([lying(), await dock.onHand('BOX-1'), await dock.openExceptions()]).toEqual([[], 7, []])
  })

  test('H2 4: a file that never comes to rest holds back those behind it for half an hour, and no longer', async () => {
    const request = await dock.ask(['BOX-1', 1])
    await dock.deliver('stock-1.csv', 'sku,on_hand,as_of\r\n')
    const old = dock.folder.inbound.get('stock-1.csv')?.modified ?? ''
    dock.folder.drop('shipments-1.csv', ships(left('P-1', request)))
    for (let minute = 0; minute < 30; minute++) {
      expect([minute, await dock.onHand('BOX-1')]).toEqual([minute, 100])
      pass(60)
      // Some servers keep the date of the first byte, so the file stays the first in line.
      dock.folder.inbound.set('stock-1.csv', { bytes: Buffer.alloc(minute + 30), modified: old })
      await dock.collect()
    }
    expect([lying(), await dock.onHand('BOX-1')]).toEqual([['stock-1.csv'], 99])
    expect(await dock.openExceptions()).toEqual(['file_refused'])
  })

  test('H2 4: a file that changes whenever it is read is waited for in the same way', async () => {
    dock.folder.slippery.add('stock-1.csv')
    await dock.deliver('stock-1.csv', stock('BOX-1,7,2026-11-22T19:00:00Z', 'BOX-2,5,2026-11-22T19:00:00Z'))
    dock.folder.drop('stock-2.csv', stock('BOX-2,5,2026-11-22T18:00:00Z'))
    for (let minute = 0; minute < 29; minute++) {
      pass(60)
      await dock.collect()
    }
    expect([lying().length, await dock.onHand('BOX-2'), await dock.openExceptions()]).toEqual([2, 100, []])
    for (let minute = 0; minute < 3; minute++) {
      pass(60)
      await dock.collect()
    }
    expect([lying(), await dock.onHand('BOX-2')]).toEqual([['stock-1.csv'], 5])
    expect(await dock.openExceptions()).toEqual(['file_refused'])
    dock.folder.slippery.clear()
    pass(60)
    await dock.collect()
    await dock.collect()
    expect([lying(), await dock.onHand('BOX-1'), await dock.openExceptions()]).toEqual([[], 7, []])
  })
})
