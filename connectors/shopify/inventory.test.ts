import { expect, test } from 'vitest'
import type { InventoryCommand } from '#kit'
import { inventory } from './inventory.ts'
import { type Asked, location, type Reply, shopCtx } from './testing.ts'

const item = (id: number) => `gid://shopify/InventoryItem/${id}`
const command = (id: number, more: Partial<InventoryCommand> = {}): InventoryCommand => ({
  key: `key-${id}`,
  target: item(id),
  available: 7,
  changeFrom: 9,
  ...more,
})
interface Row {
  readonly inventoryItemId: string
  readonly locationId: string
  readonly quantity: number
  readonly changeFromQuantity: number
}
/** A shop that refuses the whole call when it refuses one row. */
function shopRefusing(codes: Readonly<Record<string, string>>) {
  return ({ variables }: Asked): Reply => {
    const { quantities } = Object(variables.input)
    const userErrors = quantities.flatMap((row: Row, index: number) => {
      const code = codes[row.inventoryItemId]
      return code ? [{ code, field: ['input', 'quantities', String(index), 'quantity'], message: `no: ${code}` }] : []
    })
    return { data: { inventorySetQuantities: { userErrors } } }
  }
}
const keyOf = (asked: Asked | undefined) => asked?.variables.key

test('a batch is one call under one idempotency key, which names the numbers it replaces', async () => {
  const { ctx, asked } = shopCtx(shopRefusing({}))
  const results = await inventory.push(ctx, [command(1), command(2, { available: 0, changeFrom: 0 })])
  expect(results).toEqual([
    { key: 'key-1', outcome: 'applied' },
    { key: 'key-2', outcome: 'applied' },
  ])
  expect(asked).toHaveLength(1)
  expect(asked[0]?.request.replaySafe).toBe(true)
  expect(asked[0]?.variables).toEqual({
    key: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/),
    input: {
      name: 'available',
      reason: 'correction',
      quantities: [
        { inventoryItemId: item(1), locationId: location, quantity: 7, changeFromQuantity: 9 },
        { inventoryItemId: item(2), locationId: location, quantity: 0, changeFromQuantity: 0 },
      ],
    },
  })
})

test('the same rows sent again carry the same idempotency key, other rows another one', async () => {
  const { ctx, asked } = shopCtx(shopRefusing({}))
  await inventory.push(ctx, [command(1), command(2)])
  await inventory.push(ctx, [command(1), command(2)])
  await inventory.push(ctx, [command(1), command(2, { key: 'key-2-anew' })])
  expect(keyOf(asked[0])).toBe(keyOf(asked[1]))
  expect(keyOf(asked[2])).not.toBe(keyOf(asked[0]))
})

test('a stale number is a conflict for its row alone; the others are written by a second call with a new key', async () => {
  const { ctx, asked } = shopCtx(
    shopRefusing({ [item(2)]: 'CHANGE_FROM_QUANTITY_STALE', [item(4)]: 'NON_MUTABLE_INVENTORY_ITEM' }),
  )
  const results = await inventory.push(
    ctx,
    [1, 2, 3, 4].map((id) => command(id)),
  )
  const kinds = results.map((one) => [one.key, one.outcome === 'failed' ? one.error.kind : one.outcome])
  expect(kinds.sort()).toEqual([
    ['key-1', 'applied'],
    ['key-2', 'conflict'],
    ['key-3', 'applied'],
    ['key-4', 'unsupported'],
  ])
  expect(asked).toHaveLength(2)
  expect(keyOf(asked[1])).not.toBe(keyOf(asked[0]))
})

test('a shop that refuses other rows each time is not asked for ever', async () => {
  let calls = 0
  const { ctx } = shopCtx(() => {
    calls++
    const userErrors = [{ code: 'CHANGE_FROM_QUANTITY_STALE', field: ['input', 'quantities', '0'], message: 'stale' }]
    return { data: { inventorySetQuantities: { userErrors } } }
  })
  const results = await inventory.push(
    ctx,
    [1, 2, 3].map((id) => command(id)),
  )
  expect(results.map((one) => (one.outcome === 'failed' ? one.error.kind : one.outcome))).toEqual([
    'conflict',
    'conflict',
    'transient',
  ])
  expect(calls).toBe(2)
})

test.each([
  ['IDEMPOTENCY_CONCURRENT_REQUEST', 'transient'],
  ['IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED', 'conflict'],
  ['IDEMPOTENCY_KEY_PARAMETER_MISMATCH', 'conflict'],
  ['INVALID_REASON', 'invalid'],
  ['A_CODE_OF_NEXT_YEAR', 'invalid'],
])('%s concerns the call, so every row of it is %s', async (code, kind) => {
  const userErrors = [{ code, field: ['input'], message: 'no' }]
  const { ctx, asked } = shopCtx(() => ({ data: { inventorySetQuantities: { userErrors } } }))
  const results = await inventory.push(ctx, [command(1), command(2)])
  expect(results.map((one) => (one.outcome === 'failed' ? one.error.kind : one.outcome))).toEqual([kind, kind])
  expect(asked).toHaveLength(1)
})

test('a second call that fails does not lose what the first one told', async () => {
  let calls = 0
  const { ctx } = shopCtx((asked) => {
    calls++
    return calls === 1 ? shopRefusing({ [item(1)]: 'CHANGE_FROM_QUANTITY_STALE' })(asked) : { status: 503, body: '' }
  })
  const results = await inventory.push(ctx, [command(1), command(2)])
  expect(results.map((one) => (one.outcome === 'failed' ? one.error.kind : one.outcome))).toEqual([
    'conflict',
    'transient',
  ])
})

test('a call that fails as a whole is thrown to the hub', async () => {
  const { ctx } = shopCtx(() => ({ status: 429, body: '', headers: { 'retry-after': '4' } }))
  await expect(inventory.push(ctx, [command(1)])).rejects.toMatchObject({
    kind: 'rate_limited',
    info: { retryAfterMs: 4_000 },
  })
})

test('two hundred and fifty rows go out in calls of at most a hundred', async () => {
  const { ctx, asked } = shopCtx(shopRefusing({}))
  const results = await inventory.push(
    ctx,
    Array.from({ length: 250 }, (_, id) => command(id)),
  )
  expect(new Set(results.map((one) => one.key)).size).toBe(250)
  expect(asked.map((one) => Object(one.variables.input).quantities.length)).toEqual([100, 100, 50])
})

test('reading tells a number, not kept there, not tracked and not known apart', async () => {
  const level = (quantity: number) => ({ quantities: [{ quantity }] })
  const nodes = [
    { id: item(1), tracked: true, inventoryLevel: level(-3) },
    { id: item(2), tracked: true, inventoryLevel: null },
    { id: item(3), tracked: false, inventoryLevel: level(5) },
    null,
    {},
  ]
  const { ctx } = shopCtx(() => ({ data: { nodes } }))
  const read = await inventory.read(ctx, [1, 2, 3, 4, 5].map(item))
  expect([...read]).toEqual([
    [item(1), -3],
    [item(2), null],
    [item(3), null],
  ])
})
