import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../src/platform/db/migrate.ts'
import { openDb } from '../../src/platform/db/pool.ts'
import { pgCode, retrying, withTenantTx } from '../../src/platform/db/tx.ts'
import { type Merchant, openStage, type Stage } from '../e2e/harness.ts'
import { brokenPromises } from '../support/audits.ts'
import { freshDatabase } from '../support/database.ts'
import { openWorld } from '../support/world.ts'
import { allIsHere, deliverMany, openSenderFor } from './door.ts'
import type { Sender } from './manifest.ts'

describe('a hub whose work is stuck in the database', { timeout: 120_000 }, () => {
  let stage: Stage<'lily'>
  let lily: Merchant
  let sender: Sender
  beforeAll(async () => {
    stage = await openStage({ worlds: { lily: {} }, env: { POOL_WORK: '2' } })
    lily = stage.merchants.lily
    sender = await openSenderFor(stage, lily)
  })
  afterAll(async () => {
    sender?.close()
    await stage?.close()
  })

  test('fault 16: with every connection for work taken, deliveries of known and unknown senders are answered at once', async () => {
    await stage.database.asAdmin(async (admin) => {
      await admin.query('begin; lock table orders in access exclusive mode')
      const asked = Promise.allSettled(Array.from({ length: 6 }, () => lily.api.ordersOf('none')))
      const stuck = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'crossdock.work'
        and wait_event_type = 'Lock'`
      await stage.until('both connections for work are stuck', async () => (await admin.query(stuck)).rowCount === 2)
      const from = performance.now()
      const stranger = await fetch(`${stage.hub.url}/in/shopify/${'x'.repeat(43)}`, { method: 'POST', body: '{}' })
      await deliverMany(sender, 10)
      expect(stranger.status).toBe(401)
      expect([...sender.manifest().statuses]).toEqual([[200, 10]])
      expect(performance.now() - from).toBeLessThan(5_000)
      await admin.query('rollback')
      expect((await asked).map(({ status }) => status)).toEqual(Array(6).fill('fulfilled'))
    })
    await allIsHere(stage, sender)
  })

  test('fault 20: behind a lock that somebody holds on the stock, deliveries are taken in, and afterwards all is done', async () => {
    const acked = sender.manifest().acked.size
    const bought = await stage.database.asAdmin(async (admin) => {
      await admin.query('begin; lock table inventory_level in access exclusive mode')
      const order = lily.buy(lily.woo, { sku: 'MUG', quantity: 2 })
      await deliverMany(sender, 10)
      expect(sender.manifest().acked.size).toBe(acked + 10)
      await admin.query('rollback')
      return order
    })
    await bought.until('asked for', (o) => o.timeline.some(({ kind }) => kind === 'request.sent'))
    await allIsHere(stage, sender)
    await stage.shown(lily, 'MUG', 18)
    expect(await stage.broken()).toEqual({})
  })
})

test('fault 17: two who lock each other out are told apart by PostgreSQL, tried again, and both are done', async () => {
  const world = await openWorld(2)
  try {
    const met = Promise.withResolvers<void>()
    let here = 0
    const codes: (string | undefined)[] = []
    const raise = (items: readonly string[]) =>
      retrying(Math.random, () =>
        withTenantTx(world.db, world.merchantId, async (tx) => {
          for (const [n, item] of items.entries()) {
            await tx.rows(`update item set title = title || 'x' where merchant_id = $1 and item_id = $2`, [
              tx.merchantId,
              item,
            ])
            if (n === 0 && ++here === 2) met.resolve()
            if (n === 0) await met.promise
          }
        }).catch((error: unknown) => {
          codes.push(pgCode(error))
          throw error
        }),
      )
    await Promise.all([raise(world.items), raise(world.items.toReversed())])
    expect(codes).toEqual(['40P01'])
    const titles = await withTenantTx(world.db, world.merchantId, (tx) => tx.rows('select title from item'))
    expect(titles).toEqual([{ title: 'xx' }, { title: 'xx' }])
    expect(await withTenantTx(world.db, world.merchantId, brokenPromises)).toEqual({})
  } finally {
    await world.close()
  }
})

test('fault 20: a migration gives up on a table that somebody keeps, instead of making everybody wait behind it', async () => {
  const database = await freshDatabase()
  await database.asAdmin(async (reader) => {
    // As if the one that changes the stock had just been delivered.
    const { entries } = JSON.parse(
      readFileSync(new URL('../../migrations/meta/_journal.json', import.meta.url), 'utf8'),
    )
    const { when } = entries.find((entry: { tag: string }) => entry.tag === '0007_denied_units')
    await reader.query('delete from drizzle.__drizzle_migrations where created_at >= $1', [when])
    await reader.query('begin; select 1 from inventory_level limit 1')
    await expect(migrate(database.url)).rejects.toMatchObject({ code: '55P03' })
    await reader.query('rollback')
  })
  await database.drop()
})

test('fault 20: the server ends whoever of ours falls asleep with locks in hand, or waits for one too long', async () => {
  const database = await freshDatabase()
  const db = openDb(database.url)
  const ms = async (name: string) =>
    Number((await db.work.query(`select setting from pg_settings where name = '${name}'`)).rows[0].setting)
  for (const name of ['idle_in_transaction_session_timeout', 'statement_timeout', 'lock_timeout']) {
    expect(await ms(name), name).toBeGreaterThan(0)
    expect(await ms(name), name).toBeLessThanOrEqual(30_000)
  }
  await db.close()
  await database.drop()
})
