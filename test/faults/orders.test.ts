import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { seededRng } from '#kit/pretend'
import { type Connector, type OrderPage, UnreadableError } from '../../src/connector-kit/index.ts'
import { ordersArrived } from '../../src/flows.ts'
import { runImport } from '../../src/lanes/import-lane.ts'
import { runPoll } from '../../src/lanes/poll-lane.ts'
import { withTenantTx } from '../../src/platform/db/tx.ts'
import { aShift } from '../review/shift.ts'
import { brokenPromises } from '../support/audits.ts'
import { anOrder, ids, openWorld, setStock, type World } from '../support/world.ts'

let world: World
afterEach(() => world.close())

const rows = <T extends object>(sql: string) => withTenantTx(world.db, world.merchantId, (tx) => tx.rows<T>(sql))
const kept = () => withTenantTx(world.db, world.merchantId, (tx) => brokenPromises(tx))

const at = 1_800_000_000_000
const orderOf = (raw: string) => {
  const { ref, changedAt, quantity } = JSON.parse(raw)
  return anOrder(ref, changedAt, [{ listing: 'V0', quantity }])
}
/** A channel with these orders, in pages; `pageOf` may lie. */
function channel(
  pageOf: (n: number) => { readonly refs: readonly string[]; readonly next: number | null },
): Partial<Connector> {
  return {
    orders: {
      list: async (_, { page }): Promise<OrderPage> => {
        const { refs, next } = pageOf(Number(page ?? 0))
        const items = refs.map((ref) => ({
          ref,
          changedAt: new Date(at).toISOString(),
          raw: JSON.stringify({ ref, changedAt: at, quantity: 1 }),
        }))
        return { items, next: next === null ? null : String(next), watermark: new Date(at).toISOString() }
      },
      get: async () => [],
      translate: (raw) => orderOf(raw),
    },
  }
}
const imported = async () =>
  (await rows<{ ref: string }>('select external_id as ref from orders order by 1')).map(({ ref }) => ref)

class Died extends Error {}

test('fault 04: a poller that dies at any of its transactions, before or after the commit, skips no order and doubles none', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 100)
  const refs = Array.from({ length: 12 }, (_, n) => `o${String(n).padStart(2, '0')}`)
  const pages = channel((n) => ({ refs: refs.slice(n * 4, n * 4 + 4), next: n < 2 ? n + 1 : null }))
  for (let death = 0; death < 12; death++) {
    let left = death >> 1
    const shift = aShift(world, pages)
    const dying: typeof shift.tenant = async (work) => {
      const dies = left-- === 0
      if (dies && death % 2 === 0) throw new Died()
      const result = await shift.tenant(work)
      if (dies) throw new Died()
      return result
    }
    await runPoll({ ...shift, tenant: dying }).catch((error: unknown) => {
      if (!(error instanceof Died)) throw error
    })
    const [cursor] = await rows<{ value: string | null }>(`select value from sync_cursor where stream = 'orders'`)
    const stored = await rows(`select distinct subject_ref from inbox_message`)
    if (cursor?.value != null) expect(stored, 'the cursor is there only with all pages').toHaveLength(refs.length)
  }
  const shift = aShift(world, pages)
  await runPoll(shift)
  for (let turn = await runImport(shift); turn.again; ) turn = await runImport(shift)
  expect(await imported()).toEqual(refs)
  expect(await kept()).toEqual({})
})

test('fault 32: a channel that names one page again and again, or shifts orders between pages, ends and hides nothing', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 100)
  const asked: number[] = []
  const looping = channel((n) => {
    asked.push(n)
    return { refs: ['o1', 'o2'], next: 7 }
  })
  await runPoll(aShift(world, looping))
  expect(asked).toEqual([0, 7])
  expect(await rows(`select value from sync_cursor where stream = 'orders' and value is not null`)).toEqual([])
  // o3 moves from the page that comes next to the one just read: the next run has it.
  const shifting = (firstRun: boolean) =>
    channel((n) =>
      n === 0 ? { refs: firstRun ? ['o1', 'o2'] : ['o1', 'o2', 'o3'], next: 1 } : { refs: ['o4'], next: null },
    )
  for (const firstRun of [true, false]) {
    const shift = aShift(world, shifting(firstRun))
    await runPoll(shift)
    for (let turn = await runImport(shift); turn.again; ) turn = await runImport(shift)
  }
  expect(await imported()).toEqual(['o1', 'o2', 'o3', 'o4'])
  expect(await kept()).toEqual({})
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, n) => permutations(items.toSpliced(n, 1)).map((rest) => [item, ...rest]))
}

test('fault 34: six versions of an order in any of their 720 orders of arrival, some twice, end as the newest', async () => {
  world = await openWorld(2)
  for (const item of [0, 1]) await setStock(world, item, 0, 10_000)
  const rng = seededRng(34)
  const versions = [5, 3, 7, 1, 9, 4].map((quantity, n) => ({
    changedAt: at + n * 1_000,
    quantity,
    cancelled: n === 5 ? 1 : 0,
  }))
  const arrivals = permutations(versions)
  for (let step = 0; step < versions.length; step++) {
    const facts = arrivals.flatMap((order, n) => {
      const now = order[step]
      const again = rng() < 0.2 ? order[Math.floor(rng() * (step + 1))] : undefined
      return [now, again].flatMap((version) => {
        if (!version) return []
        const { changedAt, quantity, cancelled } = version
        const lines = [{ listing: `V${n % 2}`, quantity, cancelled }]
        return [{ messageId: randomUUID(), fetchedAt: null, order: anOrder(`o${n}`, changedAt, lines) }]
      })
    })
    for (let from = 0; from < facts.length; from += 200)
      await withTenantTx(world.db, world.merchantId, (tx) =>
        ordersArrived(tx, ids, world.shop, facts.slice(from, from + 200)),
      )
  }
  const ends = await rows(
    `select distinct l.qty_ordered as ordered, l.qty_cancelled as cancelled, c.need, c.short, o.changed_at as at
     from orders o join order_line l using (merchant_id, order_id) join order_line_component c using (merchant_id, order_id, line_id)`,
  )
  expect(ends).toEqual([{ ordered: 4, cancelled: 1, need: 3, short: 0, at: new Date(at + 5_000) }])
  expect((await imported()).length).toBe(720)
  expect(await kept()).toEqual({})
})

test('fault 42: a body that breaks the mapper ends as dead before a person, and a thousand others go through', async () => {
  world = await openWorld(1)
  await setStock(world, 0, 0, 2_000)
  const { orders } = channel(() => ({ refs: Array.from({ length: 1_001 }, (_, n) => `o${n}`), next: null }))
  const breaking = (raw: string) => {
    if (JSON.parse(raw).ref === 'o500') throw new TypeError('cannot read properties of undefined')
    if (JSON.parse(raw).ref === 'o501') throw new UnreadableError('total: not money')
    return orderOf(raw)
  }
  const shift = aShift(world, { orders: { ...orders, translate: breaking } as NonNullable<Connector['orders']> })
  await runPoll(shift)
  for (let turn = await runImport(shift); turn.again; ) turn = await runImport(shift)
  expect(await rows('select state, count(*)::int as n from inbox_message group by 1 order by 1')).toEqual([
    { state: 'applied', n: 999 },
    { state: 'dead', n: 2 },
  ])
  expect(await rows(`select count(*)::int as n from exception where kind = 'message_dead'`)).toEqual([{ n: 2 }])
  expect(await kept()).toEqual({})
})
