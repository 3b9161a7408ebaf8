import { afterEach, beforeEach, expect, test } from 'vitest'
import { buyOne, openTrial, type Trial } from './trial.ts'

let trial: Trial
beforeEach(async () => {
  trial = await openTrial()
})
afterEach(() => trial.close())

const setQuantities = `mutation SetQty($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id reason referenceDocumentUri createdAt changes { name delta quantityAfterChange item { id } location { id } } }
    userErrors { code field message }
  }
}`

async function itemOf(sku: string): Promise<string> {
  const reply = await trial.ask(
    'query ($q: String!) { productVariants(first: 1, query: $q) { nodes { inventoryItem { id tracked } } } }',
    { q: `sku:${sku}` },
  )
  return String(reply.at('data.productVariants.nodes.0.inventoryItem.id'))
}

async function levelOf(item: string): Promise<unknown> {
  const reply = await trial.ask(
    `query ($ids: [ID!]!, $location: ID!) { nodes(ids: $ids) { ... on InventoryItem { id inventoryLevel(locationId: $location) { updatedAt quantities(names: ["available", "on_hand", "committed"]) { name quantity } } } } }`,
    { ids: [item], location: trial.location },
  )
  return reply.at('data.nodes.0.inventoryLevel.quantities')
}

function row(item: string, quantity: number, changeFromQuantity: number | null) {
  return { inventoryItemId: item, locationId: trial.location, quantity, changeFromQuantity }
}
function input(...quantities: object[]) {
  return { name: 'available', reason: 'correction', referenceDocumentUri: 'gid://crossdock/Push/1', quantities }
}

test('a purchase takes from available and adds to committed, never changing on_hand', async () => {
  buyOne(trial, 'MUG-01', 3)
  expect(await levelOf(await itemOf('MUG-01'))).toEqual([
    { name: 'available', quantity: 7 },
    { name: 'on_hand', quantity: 10 },
    { name: 'committed', quantity: 3 },
  ])
  expect(trial.shop.buy([{ sku: 'MUG-01', quantity: 8 }])).toBeNull()
})

test('a write that names the number it replaces is applied once and told to the truth log', async () => {
  const item = await itemOf('MUG-01')
  const reply = await trial.ask(setQuantities, { key: 'k1', input: input(row(item, 7, 10)) })
  expect(reply.at('data.inventorySetQuantities.userErrors')).toEqual([])
  expect(reply.at('data.inventorySetQuantities.inventoryAdjustmentGroup.changes')).toMatchObject([
    { name: 'available', delta: -3, quantityAfterChange: 7 },
    { name: 'on_hand', delta: -3, quantityAfterChange: 7 },
  ])
  expect(trial.shop.shows('MUG-01')).toBe(7)
  expect(trial.truth.at(-1)).toMatchObject({
    what: 'stock.written',
    data: { sku: 'MUG-01', from: 10, to: 7, changeFrom: 10, applied: true, raised: 0, unseen: 0, by: 'api' },
  })
})

test('a stale compare value refuses the whole call and names the row', async () => {
  const [mug, tee] = [await itemOf('MUG-01'), await itemOf('TEE-02')]
  buyOne(trial, 'TEE-02', 1)
  const reply = await trial.ask(setQuantities, { key: 'k2', input: input(row(mug, 9, 10), row(tee, 5, 5)) })
  expect(reply.at('data.inventorySetQuantities')).toEqual({
    inventoryAdjustmentGroup: null,
    userErrors: [
      {
        code: 'CHANGE_FROM_QUANTITY_STALE',
        field: ['input', 'quantities', '1', 'changeFromQuantity'],
        message: 'The changeFromQuantity value does not match persisted value.',
      },
    ],
  })
  expect([trial.shop.shows('MUG-01'), trial.shop.shows('TEE-02')]).toEqual([10, 4])
  expect(trial.truth.at(-1)?.data).toMatchObject({ sku: 'TEE-02', applied: false, unseen: 1 })
})

test('a write without compare value is taken, and what it puts back on sale is counted', async () => {
  const item = await itemOf('MUG-01')
  buyOne(trial, 'MUG-01', 4)
  await trial.ask(setQuantities, { key: 'k3', input: input(row(item, 10, null)) })
  expect(trial.truth.at(-1)?.data).toMatchObject({ from: 6, to: 10, changeFrom: null, raised: 4, unseen: 4 })
})

test('an order that the client was shown is no unseen sale any more', async () => {
  const item = await itemOf('MUG-01')
  buyOne(trial, 'MUG-01', 4)
  await trial.ask('{ orders(first: 5) { nodes { id } } }')
  await trial.ask(setQuantities, { key: 'k4', input: input(row(item, 5, 6)) })
  expect(trial.truth.at(-1)?.data).toMatchObject({ unseen: 0 })
})

test('the same key with the same input answers the same and has no second effect', async () => {
  const item = await itemOf('MUG-01')
  const call = { key: 'k5', input: input(row(item, 7, 10)) }
  const first = await trial.ask(setQuantities, call)
  buyOne(trial, 'MUG-01', 2)
  const second = await trial.ask(setQuantities, call)
  expect(second.at('data')).toEqual(first.at('data'))
  expect(trial.shop.shows('MUG-01')).toBe(5)
})

test('the same key with other input is refused', async () => {
  const item = await itemOf('MUG-01')
  await trial.ask(setQuantities, { key: 'k6', input: input(row(item, 7, 10)) })
  const reply = await trial.ask(setQuantities, { key: 'k6', input: input(row(item, 6, 7)) })
  expect(reply.at('data.inventorySetQuantities.userErrors.0.code')).toBe('IDEMPOTENCY_KEY_PARAMETER_MISMATCH')
  expect(trial.shop.shows('MUG-01')).toBe(7)
})

test('a write without @idempotent, or without the compare field, is an error of the request', async () => {
  const item = await itemOf('MUG-01')
  const bare = await trial.ask(setQuantities.replace('@idempotent(key: $key)', '').replace(', $key: String!', ''), {
    input: input(row(item, 7, 10)),
  })
  expect(bare.at('errors.0.extensions.code')).toBe('BAD_REQUEST')
  const { changeFromQuantity: _, ...blind } = row(item, 7, 10)
  const silent = await trial.ask(setQuantities, { key: 'k7', input: input(blind) })
  expect(silent.at('errors.0.extensions.code')).toBe('INVALID_FIELD_ARGUMENTS')
  expect(trial.shop.shows('MUG-01')).toBe(10)
})

test.each([
  ['an unknown item', { inventoryItemId: 'gid://shopify/InventoryItem/1' }, 'INVALID_INVENTORY_ITEM'],
  ['an unknown location', { locationId: 'gid://shopify/Location/1' }, 'INVALID_LOCATION'],
  ['a negative number', { quantity: -1 }, 'INVALID_QUANTITY_NEGATIVE'],
  ['too high a number', { quantity: 1_000_000_001 }, 'INVALID_QUANTITY_TOO_HIGH'],
])('%s is refused by its code', async (_, change, code) => {
  const item = await itemOf('MUG-01')
  const reply = await trial.ask(setQuantities, { key: code, input: input({ ...row(item, 3, 10), ...change }) })
  expect(reply.at('data.inventorySetQuantities.userErrors.0.code')).toBe(code)
})

test('more than 250 rows are refused before anything else', async () => {
  const item = await itemOf('MUG-01')
  const rows = Array.from({ length: 251 }, () => row(item, 3, 10))
  const reply = await trial.ask(setQuantities, { key: 'many', input: input(...rows) })
  expect(reply.at('errors.0.extensions.code')).toBe('MAX_INPUT_SIZE_EXCEEDED')
})

test('with dropWrite the answer is a success and nothing happened', async () => {
  const item = await itemOf('MUG-01')
  trial.shop.setFaults({ dropWrite: 1 })
  const reply = await trial.ask(setQuantities, { key: 'k8', input: input(row(item, 7, 10)) })
  expect(reply.at('data.inventorySetQuantities.userErrors')).toEqual([])
  expect(trial.shop.shows('MUG-01')).toBe(10)
  expect(trial.truth.at(-1)?.data).toMatchObject({ applied: false, dropped: true })
})

test('a delta and an activation need a key too and are remembered', async () => {
  const item = await itemOf('MUG-01')
  const adjust = `mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) {
    inventoryAdjustQuantities(input: $input) @idempotent(key: $key) { inventoryAdjustmentGroup { changes { name delta } } userErrors { code field message } }
  }`
  const change = { inventoryItemId: item, locationId: trial.location, delta: 5, changeFromQuantity: 10 }
  const variables = { key: 'a', input: { name: 'available', reason: 'received', changes: [change] } }
  await trial.ask(adjust, variables)
  await trial.ask(adjust, variables)
  expect(trial.shop.shows('MUG-01')).toBe(15)
  const activate = await trial.ask(
    `mutation ($item: ID!, $location: ID!, $key: String!) { inventoryActivate(inventoryItemId: $item, locationId: $location, available: 3) @idempotent(key: $key) { inventoryLevel { id } userErrors { field message } } }`,
    { item, location: trial.location, key: 'b' },
  )
  expect(activate.at('data.inventoryActivate.userErrors')).toEqual([])
  expect(trial.shop.shows('MUG-01')).toBe(15)
})
