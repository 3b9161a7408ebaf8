import { describe, expect, test } from 'vitest'
import { ChannelError } from '#kit'
import { orders } from './orders.ts'
import { type Reply, recorder, type Sent } from './recorder.ts'

const from = '2026-11-01T00:00:00.000Z'
const second = (iso: string) => Math.floor(Date.parse(iso) / 1000)
const gmt = (at: number) => new Date(at * 1000).toISOString().slice(0, 19)

interface Stored {
  readonly id: number
  readonly modified: number
  readonly status?: string
  readonly refunds?: readonly unknown[]
}

/**
 * The list route of a shop in Berlin (UTC+1 in November), as observed: exclusive, whole seconds, and a "Z" next to
 * dates_are_gmt shifts the cursor by the offset.
 */
function berlinShop(stored: () => readonly Stored[], headers = true) {
  return (sent: Sent): Reply => {
    const { modified_after: after, dates_are_gmt: areGmt, status, include, per_page: size, page = '1' } = sent.query
    let rows = stored().filter((row) => (row.status === 'trash') === (status === 'trash'))
    if (include !== undefined) rows = rows.filter((row) => include.split(',').includes(String(row.id)))
    if (after !== undefined) {
      const zoned = /Z|[+-]\d\d:\d\d$/.test(after)
      const local = 3600
      const at = second(zoned ? after : `${after}Z`) + (zoned ? (areGmt ? local : 0) : areGmt ? 0 : -local)
      rows = rows.filter((row) => row.modified > at)
    }
    rows = rows.toSorted((a, b) => a.modified - b.modified || a.id - b.id)
    const start = (Number(page) - 1) * Number(size)
    const body = rows
      .slice(start, start + Number(size))
      .map(({ id, modified, status = 'processing', refunds = [] }) => ({
        id,
        status,
        date_modified: gmt(modified + 3600),
        date_modified_gmt: gmt(modified),
        refunds,
      }))
    return headers ? { body, headers: { 'x-wp-totalpages': String(Math.ceil(rows.length / Number(size))) } } : { body }
  }
}

async function drain(
  ctx: Parameters<typeof orders.list>[0],
  since: string | null,
  onPage: () => void = () => undefined,
) {
  const items: { ref: string; changedAt: string | null; raw: string }[] = []
  let watermark = ''
  let pages = 0
  for (let page: string | null = null; ; ) {
    const answer = await orders.list(ctx, { since, from, page })
    items.push(...answer.items)
    watermark = answer.watermark
    pages += 1
    onPage()
    if (answer.next === null) break
    if (pages > 60) throw new Error('the listing does not end')
    page = answer.next
  }
  return { items, watermark, pages }
}

describe('polling a shop whose clock is not UTC', () => {
  const now = second('2026-11-23T12:00:00Z')

  test('the cursor is the second before the watermark and the overlap, in GMT, without a Z', async () => {
    const { ctx, sent } = recorder(berlinShop(() => []))
    await orders.list(ctx, { since: '2026-11-23T12:00:00.000Z', from, page: null })
    expect(sent[0]?.query).toMatchObject({
      modified_after: '2026-11-23T11:57:59',
      dates_are_gmt: 'true',
      orderby: 'modified',
      order: 'asc',
      status: 'any',
      per_page: '100',
      dp: '6',
    })
  })

  test('the first poll starts one second before its start, because the bound is exclusive', async () => {
    const { ctx, sent } = recorder(berlinShop(() => []))
    await orders.list(ctx, { since: null, from, page: null })
    expect(sent[0]?.query.modified_after).toBe('2026-10-31T23:59:59')
  })

  test('an order changed in the very second of the watermark is found', async () => {
    const { ctx } = recorder(berlinShop(() => [{ id: 1, modified: now }]))
    const { items } = await drain(ctx, gmt(now))
    expect(items.map((item) => item.ref)).toEqual(['1'])
  })

  test('the watermark is the newest change seen, never our clock, and stays when nothing is new', async () => {
    const { ctx } = recorder(
      berlinShop(() => [
        { id: 1, modified: now - 500 },
        { id: 2, modified: now - 400 },
      ]),
    )
    expect((await drain(ctx, null)).watermark).toBe(`${gmt(now - 400)}.000Z`)
    const quiet = recorder(berlinShop(() => []))
    expect((await drain(quiet.ctx, `${gmt(now)}.000Z`)).watermark).toBe(`${gmt(now)}.000Z`)
    expect((await drain(quiet.ctx, null)).watermark).toBe(from)
  })

  test.each([true, false])(
    'orders that move while we page are neither lost nor waited for (page header: %s)',
    async (headers) => {
      const stored = Array.from({ length: 450 }, (_, i) => ({ id: i + 1, modified: now - 10_000 + i * 3 }))
      let turn = 0
      const { ctx } = recorder(berlinShop(() => stored, headers))
      const { items } = await drain(ctx, null, () => {
        // Ten early orders jump to the end after each page: with page numbers, ten others would slip through.
        for (let i = 0; turn < 8 && i < 10; i += 1)
          stored[turn * 10 + i] = { id: turn * 10 + i + 1, modified: now + turn }
        turn += 1
      })
      expect(new Set(items.map((item) => item.ref)).size).toBe(450)
    },
  )

  test.each([true, false])(
    '300 orders changed in one second are all read, and the listing ends (page header: %s)',
    async (headers) => {
      const stored = Array.from({ length: 300 }, (_, i) => ({ id: i + 1, modified: now }))
      const { ctx } = recorder(berlinShop(() => stored, headers))
      const { items } = await drain(ctx, null)
      expect(new Set(items.map((item) => item.ref)).size).toBe(300)
    },
  )

  test('orders in the trash are listed too, once the others are done', async () => {
    const { ctx, sent } = recorder(
      berlinShop(() => [
        { id: 1, modified: now },
        { id: 2, modified: now + 5, status: 'trash' },
      ]),
    )
    const { items, watermark } = await drain(ctx, null)
    expect(items.map((item) => item.ref)).toEqual(['1', '2'])
    expect(watermark).toBe(`${gmt(now + 5)}.000Z`)
    expect(sent.at(-1)?.query).toMatchObject({ status: 'trash', modified_after: '2026-10-31T23:59:59' })
  })

  test('checkout drafts are no orders', async () => {
    const { ctx } = recorder(berlinShop(() => [{ id: 1, modified: now, status: 'checkout-draft' }]))
    expect((await drain(ctx, null)).items).toEqual([])
  })

  test('a row without id or date does not block the poll', async () => {
    const body = [{ status: 'x' }, null, { id: 7, status: 'processing' }]
    const { ctx } = recorder((sent) => ({ body: sent.query.status === 'any' ? body : [] }))
    const { items } = await drain(ctx, null)
    expect(items).toMatchObject([{ ref: '7', changedAt: null }])
  })

  test('a page that times out is asked for by the half, and so are the next ones', async () => {
    const stored = Array.from({ length: 130 }, (_, i) => ({ id: i + 1, modified: now + i }))
    const shop = berlinShop(() => stored)
    const { ctx, sent } = recorder((one) =>
      one.query.per_page === '100' ? new ChannelError('transient', 'timeout') : shop(one),
    )
    const { items } = await drain(ctx, null)
    expect(new Set(items.map((item) => item.ref)).size).toBe(130)
    expect(sent.filter((one) => one.query.per_page === '100')).toHaveLength(1)
  })

  test('a rate limit is not answered by more requests', async () => {
    const { ctx, sent } = recorder(() => ({ status: 429 }))
    await expect(orders.list(ctx, { since: null, from, page: null })).rejects.toMatchObject({ kind: 'rate_limited' })
    expect(sent).toHaveLength(1)
  })
})

describe('the stored body holds all that translate needs', () => {
  const now = second('2026-11-23T12:00:00Z')

  test('refunds are fetched where there are any, and stored beside the order', async () => {
    const shop = berlinShop(() => [
      { id: 1, modified: now },
      { id: 2, modified: now, refunds: [{ id: 9, total: '-1' }] },
    ])
    const { ctx, sent } = recorder((one) => (one.path === 'wc/v3/orders/2/refunds' ? { body: [{ id: 9 }] } : shop(one)))
    const { items } = await drain(ctx, null)
    expect(items.map((item) => JSON.parse(item.raw).refunds)).toEqual([[], [{ id: 9 }]])
    expect(sent.filter((one) => one.path.endsWith('/refunds'))).toHaveLength(1)
    expect(JSON.parse(items[1]?.raw ?? '').order.id).toBe(2)
  })
})

describe('get', () => {
  const now = second('2026-11-23T12:00:00Z')
  const stored: readonly Stored[] = [
    { id: 1, modified: now },
    { id: 2, modified: now, status: 'trash' },
    { id: 4, modified: now, status: 'checkout-draft' },
  ]

  test('one list call fetches all, a second the trash; what is nowhere, and a draft, is missing', async () => {
    const { ctx, sent } = recorder(berlinShop(() => stored))
    const answers = await orders.get(ctx, ['1', '2', '3', '4', 'x'])
    expect(answers).toMatchObject([
      { ref: '1', changedAt: `${gmt(now)}.000Z` },
      { ref: '2' },
      { ref: '3', missing: true },
      { ref: '4', missing: true },
      { ref: 'x', missing: true },
    ])
    expect(answers[1]).not.toHaveProperty('missing')
    expect(sent.map((one) => [one.query.include, one.query.status])).toEqual([
      ['1,2,3,4', 'any'],
      ['2,3', 'trash'],
    ])
  })

  test('more than a page of ids is fetched in pages', async () => {
    const many = Array.from({ length: 150 }, (_, i) => ({ id: i + 1, modified: now }))
    const { ctx, sent } = recorder(berlinShop(() => many))
    const answers = await orders.get(
      ctx,
      many.map((row) => String(row.id)),
    )
    expect(answers.every((answer) => !('missing' in answer))).toBe(true)
    expect(sent).toHaveLength(2)
  })

  test('a failing shop is an error, never a missing order', async () => {
    const { ctx } = recorder(() => ({ status: 404, body: '<html>Not found</html>' }))
    await expect(orders.get(ctx, ['1'])).rejects.toMatchObject({ kind: 'transient' })
  })
})
