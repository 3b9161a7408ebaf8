import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Merchant, openStage, type Stage } from '../../e2e/harness.ts'
import { done, tellStory } from '../../e2e/story.ts'

let stage: Stage<'lily'>
let lily: Merchant
beforeAll(async () => {
  stage = await openStage({ worlds: { lily: { skus: ['MUG', 'TEE', 'CAP'] } } })
  lily = stage.merchants.lily
})
afterAll(() => stage?.close())

/** Copies and swaps whole databases; nobody may be connected to them. */
async function asOperator(...statements: readonly string[]): Promise<void> {
  const operator = new pg.Client({ connectionString: inject('adminUrl') })
  await operator.connect()
  for (const statement of statements) await operator.query(statement)
  await operator.end()
}

/** What happens in `meanwhile` is lost to the hub, and to nobody else. */
async function forget<T>(meanwhile: () => Promise<T>): Promise<T> {
  const { pathname, username } = new URL(stage.database.url)
  const name = pathname.slice(1)
  await stage.calm(lily)
  await stage.hub.end('SIGTERM')
  await asOperator(`create database ${name}_backup template ${name} owner ${username}`)
  await stage.hub.start({ name: 'all', role: 'all' })
  const outcome = await meanwhile()
  await stage.hub.end('SIGTERM')
  await asOperator(`drop database ${name} with (force)`, `alter database ${name}_backup rename to ${name}`)
  await stage.hub.start({ name: 'all', role: 'all' })
  return outcome
}

describe('a backup', { timeout: 180_000 }, () => {
  test('fault 48: restored to before an order that was shipped, the hub reads it anew, asks and tells nobody twice, and every promise holds', async () => {
    await tellStory(stage, lily, lily.shopify, 'MUG')
    const shipped = await forget(async () => {
      const bought = lily.buy(lily.woo, { sku: 'TEE', quantity: 2 })
      await bought.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
      return bought
    })
    await shipped.until('here again', () => true)
    await stage.calm(lily)
    await tellStory(stage, lily, lily.shopify, 'CAP')
    expect(lily.dock.requests()).toHaveLength(3)
    expect(lily.truth.filter((e) => e.what === 'fulfillment.created')).toHaveLength(3)
    await stage.shown(lily, 'TEE', 18)
    expect(await stage.broken()).toEqual({})
  })

  test('fault 48: restored to before orders that a partner has, the hub asks under the same numbers, and each leaves once', async () => {
    const before = lily.dock.requests().length
    lily.dials.waitMinutes = [200, 200]
    const asked = await forget(async () => {
      const bought = [lily.shopify, lily.woo].map((shop) => lily.buy(shop, { sku: 'TEE', quantity: 1 }))
      for (const one of bought) await one.until('asked for', (o) => done(o, 'request.sent'))
      await stage.until('the partner has them', () => lily.dock.requests().length === before + 2)
      return bought
    })
    for (const one of asked) await one.until('asked for again', (o) => done(o, 'request.sent'))
    lily.dials.waitMinutes = [0, 0]
    const later = lily.buy(lily.shopify, { sku: 'TEE', quantity: 1 })
    for (const one of [...asked, later]) await one.until('told as shipped', (o) => done(o, 'shipment.confirmed'))
    await stage.calm(lily)
    expect(lily.dock.requests()).toHaveLength(before + 3)
    expect(await stage.broken()).toEqual({})
  })
})
