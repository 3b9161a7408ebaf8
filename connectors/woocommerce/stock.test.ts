import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ItemResult, ListedListing } from '#kit'
import { inventory } from './inventory.ts'
import { listings } from './listings.ts'
import { noRoute, type Reply, recorder, type Sent, testSecrets } from './recorder.ts'

type Row = Record<string, unknown> & { id: number; parent_id?: number; type?: string }
const fixture = (name: string): Row[] =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'))
const products = fixture('products')
const variations = fixture('variations')

function catalogue(options: { readonly allVariations: boolean }) {
  return ({ path, query }: Sent): Reply => {
    if (path === 'wc/v3/variations') return options.allVariations ? { body: variations } : noRoute
    const parent = /^wc\/v3\/products\/(\d+)\/variations$/.exec(path)?.[1]
    let rows = parent === undefined ? products : variations.filter((row) => String(row.parent_id) === parent)
    if (query.include !== undefined) rows = rows.filter((row) => query.include?.split(',').includes(String(row.id)))
    if (query.type !== undefined) rows = rows.filter((row) => row.type === query.type)
    return { body: rows }
  }
}

async function listAll(ctx: Parameters<typeof listings.list>[0]) {
  const items: ListedListing[] = []
  for (let page: string | null = null, calls = 0; calls < 20; calls += 1) {
    const answer = await listings.list(ctx, { page })
    items.push(...answer.items)
    if (answer.next === null) break
    page = answer.next
  }
  return items
}

describe('listings', () => {
  test.each([true, false])(
    'all that is sold is listed, one target each for what is counted (route for all variations: %s)',
    async (allVariations) => {
      const { ctx } = recorder(catalogue({ allVariations }))
      const rows = (await listAll(ctx)).map((item) => [item.ref, item.target, item.sku, item.available, item.tracked])
      expect(rows).toEqual([
        ['31', '31', 'HAT', 12, true],
        ['50', '50', 'PEN', 7, true],
        ['77', '77', null, null, false],
        ['42', '40/42', 'SCARF-R', 4, true],
        ['43', '40/43', 'SCARF-B', null, false],
        ['51', '50', 'PEN', null, false],
        ['52', '50', 'PEN', null, false],
      ])
    },
  )

  test('a variation is named after its parent and its options', async () => {
    const { ctx } = recorder(catalogue({ allVariations: true }))
    const titles = new Map((await listAll(ctx)).map((item) => [item.ref, item.title]))
    expect([titles.get('42'), titles.get('43')]).toEqual(['Scarf – Red', 'Scarf – Blue'])
  })

  test('full pages lead on', async () => {
    const many = Array.from({ length: 230 }, (_, i) => ({ id: i + 1, name: 'x', type: 'simple', manage_stock: false }))
    const { ctx, sent } = recorder(({ path, query }) => {
      const start = (Number(query.page) - 1) * 100
      return { body: path === 'wc/v3/variations' ? [] : many.slice(start, start + 100) }
    })
    expect(await listAll(ctx)).toHaveLength(230)
    expect(sent.map((one) => one.query.page)).toEqual(['1', '2', '3', '1'])
  })
})

describe('reading stock', () => {
  test('products are asked for together, variations by parent, and what is not counted is null', async () => {
    const { ctx, sent } = recorder(catalogue({ allVariations: true }))
    const read = await inventory.read(ctx, ['31', '77', '40/42', '40/43', '50/51', '999', 'nonsense'])
    expect(Object.fromEntries(read)).toEqual({ '31': 12, '77': null, '40/42': 4, '40/43': null, '50/51': null })
    expect(sent.map((one) => [one.path, one.query.include])).toEqual([
      ['wc/v3/products', '31,77,999'],
      ['wc/v3/products/40/variations', '42,43'],
      ['wc/v3/products/50/variations', '51'],
    ])
  })
})

const command = (key: string, target: string, available: number) => ({ key, target, available, changeFrom: 0 })
const outcomes = (results: readonly ItemResult[]) =>
  Object.fromEntries(results.map((one) => [one.key, one.outcome === 'failed' ? one.error.kind : one.outcome]))

/** A batch route that, like the real one, answers 200 with an error per item and ignores what it does not count. */
function batchShop(rows: Readonly<Record<string, Row | { error: string }>>) {
  return ({ path, body }: Sent): Reply => {
    const update: unknown = typeof body === 'object' && body !== null && 'update' in body ? body.update : []
    if (!Array.isArray(update)) return { status: 400 }
    if (update.length > 100)
      return { status: 413, body: { code: 'woocommerce_rest_request_entity_too_large', message: 'x' } }
    const answers = update.map((item: { id: number; stock_quantity: number }) => {
      const row = rows[`${path.replace('wc/v3/', '')} ${item.id}`]
      if (row === undefined) return { id: item.id, manage_stock: true, stock_quantity: item.stock_quantity }
      if ('error' in row) return { id: item.id, error: { code: row.error, message: 'x', data: { status: 404 } } }
      return row
    })
    return { body: { update: answers } }
  }
}

describe('pushing stock', () => {
  test('products and variations go in one batch for each parent, with an absolute quantity and nothing else', async () => {
    const { ctx, sent } = recorder(batchShop({}))
    const results = await inventory.push(ctx, [
      command('a', '31', 5),
      command('b', '40/42', 0),
      command('c', '40/43', 9),
      command('d', '77', 1),
    ])
    expect(outcomes(results)).toEqual({ a: 'applied', b: 'applied', c: 'applied', d: 'applied' })
    expect(sent.map((one) => [one.path, one.body, one.replaySafe])).toEqual([
      [
        'wc/v3/products/batch',
        {
          update: [
            { id: 31, stock_quantity: 5 },
            { id: 77, stock_quantity: 1 },
          ],
        },
        true,
      ],
      [
        'wc/v3/products/40/variations/batch',
        {
          update: [
            { id: 42, stock_quantity: 0 },
            { id: 43, stock_quantity: 9 },
          ],
        },
        true,
      ],
    ])
  })

  test('each item has its own result, read from the answer and not from the status', async () => {
    const { ctx } = recorder(
      batchShop({
        'products/batch 2': { error: 'woocommerce_rest_product_invalid_id' },
        'products/batch 3': { id: 3, manage_stock: false, stock_quantity: null },
        'products/batch 4': { id: 4, manage_stock: true, stock_quantity: 6 },
        'products/batch 5': { error: 'rest_invalid_param' },
        'products/50/variations/batch 51': { id: 51, manage_stock: 'parent', stock_quantity: 7 },
        'products/batch 6': { id: 999, manage_stock: true, stock_quantity: 5 },
      }),
    )
    const targets = ['1', '2', '3', '4', '5', '50/51', '6']
    const results = await inventory.push(
      ctx,
      targets.map((target) => command(target, target, 5)),
    )
    expect(outcomes(results)).toEqual({
      '1': 'applied',
      '2': 'not_found',
      '3': 'unsupported',
      '4': 'conflict',
      '5': 'invalid',
      '50/51': 'unsupported',
      '6': 'transient',
    })
  })

  test('more than a hundred are sent in batches that the shop takes', async () => {
    const { ctx, sent } = recorder(batchShop({}))
    const results = await inventory.push(
      ctx,
      Array.from({ length: 230 }, (_, i) => command(`k${i}`, String(i + 1), i)),
    )
    expect(results.every((one) => one.outcome === 'applied')).toBe(true)
    expect(new Set(results.map((one) => one.key)).size).toBe(230)
    expect(sent).toHaveLength(3)
  })

  test.each([[Number.NaN], [1.5], [-1], [1_000_000]])('the quantity %s is never sent', async (available) => {
    const { ctx, sent } = recorder(batchShop({}))
    const results = await inventory.push(ctx, [command('a', '31', available), command('b', '../orders', 1)])
    expect(outcomes(results)).toEqual({ a: 'invalid', b: 'invalid' })
    expect(sent).toEqual([])
  })

  test('one failing group does not hide what the others did', async () => {
    const shop = batchShop({})
    const { ctx } = recorder((sent) => (sent.path.includes('variations') ? { status: 503 } : shop(sent)))
    const results = await inventory.push(ctx, [command('a', '31', 5), command('b', '40/42', 1)])
    expect(outcomes(results)).toEqual({ a: 'applied', b: 'transient' })
    expect(JSON.stringify(results)).not.toContain(testSecrets.consumerSecret)
  })
})
