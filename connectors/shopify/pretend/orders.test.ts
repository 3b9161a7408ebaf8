import { afterEach, beforeEach, expect, test } from 'vitest'
import { buyOne, openTrial, reach, type Trial } from './trial.ts'

let trial: Trial
beforeEach(async () => {
  trial = await openTrial()
})
afterEach(() => trial.close())

const shipAll = `mutation ($fo: ID!) { fulfillmentCreate(fulfillment: { lineItemsByFulfillmentOrder: [{ fulfillmentOrderId: $fo }] }) { userErrors { message } } }`

async function shipEverything(id: string): Promise<void> {
  const reply = await trial.ask(
    'query ($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id } } } }',
    { id: `gid://shopify/Order/${id}` },
  )
  await trial.ask(shipAll, { fo: reply.at('data.order.fulfillmentOrders.nodes.0.id') })
}

test('a cancelled order gives its units back to the shop and its money to the buyer', async () => {
  const id = buyOne(trial, 'MUG-01', 3)
  expect(trial.shop.cancel(id)).toBe(true)
  expect(trial.shop.cancel(id)).toBe(false)
  expect(trial.shop.shows('MUG-01')).toBe(10)
  const reply = await trial.ask(
    'query ($id: ID!) { order(id: $id) { cancelledAt displayFinancialStatus currentTotalPriceSet { shopMoney { amount } } netPaymentSet { shopMoney { amount } } refunds(first: 5) { refundLineItems(first: 5) { nodes { quantity restockType } } } } }',
    { id: `gid://shopify/Order/${id}` },
  )
  expect(reply.at('data.order')).toMatchObject({
    displayFinancialStatus: 'REFUNDED',
    currentTotalPriceSet: { shopMoney: { amount: '0.0' } },
    netPaymentSet: { shopMoney: { amount: '0.0' } },
    refunds: [{ refundLineItems: { nodes: [{ quantity: 3, restockType: 'CANCEL' }] } }],
  })
})

test('nothing that shipped is cancelled or edited away', async () => {
  const id = buyOne(trial, 'MUG-01', 3)
  await shipEverything(id)
  expect(trial.shop.cancel(id)).toBe(false)
  expect(trial.shop.edit(id, 'MUG-01', 2)).toBe(false)
  expect(trial.shop.refund(id, { sku: 'MUG-01', quantity: 1 })).toBe(true)
  expect(trial.shop.orders()[0]?.lines).toEqual([{ sku: 'MUG-01', ordered: 3, wanted: 3, shipped: 3 }])
})

test('an edit moves what is wanted and what is on sale, up and down', () => {
  const id = buyOne(trial, 'MUG-01', 3)
  expect(trial.shop.edit(id, 'MUG-01', 1)).toBe(true)
  expect(trial.shop.shows('MUG-01')).toBe(9)
  expect(trial.shop.orders()[0]?.lines).toEqual([{ sku: 'MUG-01', ordered: 3, wanted: 1, shipped: 0 }])
  expect(trial.shop.edit(id, 'MUG-01', 5)).toBe(true)
  expect(trial.shop.shows('MUG-01')).toBe(5)
  expect(trial.shop.orders()[0]?.lines).toEqual([{ sku: 'MUG-01', ordered: 7, wanted: 5, shipped: 0 }])
  expect(trial.shop.edit(id, 'MUG-01', 5)).toBe(false)
  expect(trial.shop.edit(id, 'MUG-01', 11)).toBe(false)
  expect(trial.shop.edit(id, 'NOPE', 1)).toBe(false)
})

test('a refunded unshipped unit is not wanted any more and is not put back on sale', async () => {
  const id = buyOne(trial, 'MUG-01', 3)
  expect(trial.shop.refund(id, { sku: 'MUG-01', quantity: 2 })).toBe(true)
  expect(trial.shop.shows('MUG-01')).toBe(7)
  expect(trial.shop.orders()[0]?.lines).toEqual([{ sku: 'MUG-01', ordered: 3, wanted: 1, shipped: 0 }])
  expect(trial.shop.refund(id, { sku: 'MUG-01', quantity: 2 })).toBe(false)
  expect(trial.shop.refund(id, null)).toBe(true)
  const reply = await trial.ask(
    'query ($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { lineItems(first: 5) { nodes { remainingQuantity } } } } refunds(first: 5) { orderAdjustments(first: 5) { nodes { amountSet { shopMoney { amount } } } } } } }',
    { id: `gid://shopify/Order/${id}` },
  )
  expect(reply.at('data.order.fulfillmentOrders.nodes.0.lineItems.nodes.0.remainingQuantity')).toBe(1)
  expect(Number(reply.at('data.order.refunds.1.orderAdjustments.nodes.0.amountSet.shopMoney.amount'))).toBeLessThan(0)
})

const money = `query { orders(first: 250) { nodes {
  id taxesIncluded currencyCode presentmentCurrencyCode
  subtotalPriceSet { ...B } totalShippingPriceSet { ...B } totalTaxSet { ...B } totalTipReceivedSet { ...B } totalPriceSet { ...B } totalDiscountsSet { ...B }
  currentSubtotalPriceSet { ...B } currentShippingPriceSet { ...B } currentTotalTaxSet { ...B } currentTotalPriceSet { ...B } currentTotalDiscountsSet { ...B }
  taxLines { priceSet { ...B } }
  shippingLines(first: 3) { nodes { discountedPriceSet { ...B } taxLines { priceSet { ...B } } } }
  lineItems(first: 3) { nodes { quantity requiresShipping originalUnitPriceSet { ...B } originalTotalSet { ...B } discountAllocations { allocatedAmountSet { ...B } } taxLines { priceSet { ...B } } } }
} } } fragment B on MoneyBag { shopMoney { amount } presentmentMoney { amount } }`

function cents(bag: unknown, side: string): bigint {
  const [whole = '', fraction = ''] = String(reach(bag, `${side}.amount`)).split('.')
  return BigInt(whole + fraction.padEnd(2, '0'))
}
function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
function sum(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n)
}

function expectSums(order: unknown, side: string): void {
  const at = (path: string) => cents(reach(order, path), side)
  const included = reach(order, 'taxesIncluded') === true
  const total = (subtotal: bigint, shipping: bigint, tax: bigint) => subtotal + shipping + (included ? 0n : tax)
  expect(
    total(at('subtotalPriceSet'), at('totalShippingPriceSet'), at('totalTaxSet')) + at('totalTipReceivedSet'),
  ).toBe(at('totalPriceSet'))
  const lines = list(reach(order, 'lineItems.nodes')).filter((line) => reach(line, 'requiresShipping') === true)
  const allocated = (line: unknown) =>
    sum(list(reach(line, 'discountAllocations')).map((one) => cents(reach(one, 'allocatedAmountSet'), side)))
  const net = lines.map((line) => cents(reach(line, 'originalTotalSet'), side) - allocated(line))
  expect(sum(net)).toBe(at('subtotalPriceSet'))
  expect(sum(lines.map(allocated))).toBe(at('totalDiscountsSet'))
  const taxed = [...lines, ...list(reach(order, 'shippingLines.nodes'))]
  const taxes = taxed.flatMap((one) => list(reach(one, 'taxLines'))).map((one) => cents(reach(one, 'priceSet'), side))
  expect(sum(taxes)).toBe(at('totalTaxSet'))
  expect(sum(list(reach(order, 'taxLines')).map((one) => cents(reach(one, 'priceSet'), side)))).toBe(at('totalTaxSet'))
  const now = total(at('currentSubtotalPriceSet'), at('currentShippingPriceSet'), at('currentTotalTaxSet'))
  const tip = at('currentTotalPriceSet') - now
  expect([0n, at('totalTipReceivedSet')]).toContain(tip)
}

test.each(['EUR', 'USD'] as const)(
  'every sum of a %s shop adds up to the cent in both currencies, also after changes',
  async (currency) => {
    const shop = await openTrial({
      currency,
      seed: currency === 'EUR' ? 11 : 12,
      queryCostMax: 100_000,
      bucket: { maximum: 100_000, restorePerSecond: 1 },
    })
    shop.shop.addProduct({ sku: 'BIG', title: 'Big', priceMinor: 3333n, stock: 10_000 })
    shop.shop.addProduct({ sku: 'ODD', title: 'Odd', priceMinor: 777n, stock: 10_000 })
    for (let round = 0; round < 200; round += 1) {
      const order = shop.shop.buy([
        { sku: 'BIG', quantity: 1 + (round % 3) },
        { sku: 'ODD', quantity: 7 },
      ])
      const id = order?.id ?? ''
      if (round % 5 === 1) shop.shop.edit(id, 'ODD', 4)
      if (round % 5 === 2) shop.shop.refund(id, { sku: 'ODD', quantity: 3 })
      if (round % 5 === 3) shop.shop.cancel(id)
      if (round % 5 === 4) shop.shop.edit(id, 'ODD', 9)
    }
    const reply = await shop.ask(money)
    const orders = list(reply.at('data.orders.nodes'))
    await shop.close()
    expect(orders).toHaveLength(200)
    for (const order of orders) for (const side of ['shopMoney', 'presentmentMoney']) expectSums(order, side)
    const seen = (path: string) => new Set(orders.map((order) => reach(order, path)))
    expect([...seen('currencyCode')]).toEqual([currency])
    expect(seen('presentmentCurrencyCode').size).toBeGreaterThan(2)
    expect(orders.some((order) => cents(reach(order, 'totalTipReceivedSet'), 'shopMoney') > 0n)).toBe(true)
    expect(orders.some((order) => cents(reach(order, 'totalDiscountsSet'), 'shopMoney') > 0n)).toBe(true)
  },
)

test('the same seed sells the same story', async () => {
  const tell = async () => {
    const one = await openTrial({ seed: 99 })
    for (let round = 0; round < 4; round += 1) one.shop.buy([{ sku: 'MUG-01', quantity: 1 }])
    const story = one.shop.orders().map(({ id, totalMinor, lines }) => ({ id, totalMinor, lines }))
    await one.close()
    return story
  }
  expect(await tell()).toEqual(await tell())
})
