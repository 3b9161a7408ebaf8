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

describe('a backup', { timeout: 180_000 }, () => {
  test('fault 48: restored to before an order that was shipped, the hub reads it anew, asks and tells nobody twice, and every promise holds', async () => {
    const { pathname, username } = new URL(stage.database.url)
    const name = pathname.slice(1)
    await tellStory(stage, lily, lily.shopify, 'MUG')
    await stage.calm(lily)
    await stage.hub.end('SIGTERM')
    await asOperator(`create database ${name}_backup template ${name} owner ${username}`)
    await stage.hub.start({ name: 'all', role: 'all' })

    const shipped = lily.buy(lily.woo, { sku: 'TEE', quantity: 2 })
    await shipped.until('shipped and confirmed', (o) => done(o, 'shipment.confirmed'))
    await stage.hub.end('SIGTERM')
    await asOperator(`drop database ${name} with (force)`, `alter database ${name}_backup rename to ${name}`)
    await stage.hub.start({ name: 'all', role: 'all' })
    await shipped.until('here again', () => true)
    await stage.calm(lily)
    await tellStory(stage, lily, lily.shopify, 'CAP')
    expect(lily.dock.requests()).toHaveLength(3)
    expect(lily.truth.filter((e) => e.what === 'fulfillment.created')).toHaveLength(3)
    await stage.shown(lily, 'TEE', 18)
    expect(await stage.broken()).toEqual({})
  })
})
