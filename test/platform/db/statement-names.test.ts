import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Db, openDb } from '../../../src/platform/db/pool.ts'
import { withClaimTx, withTenantTx } from '../../../src/platform/db/tx.ts'
import { freshDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
/** One connection, so that every statement meets what the one before it left behind. */
let db: Db
beforeAll(async () => {
  database = await freshDatabase()
  db = openDb(database.url, { work: 1, ingest: 1 })
})
afterAll(async () => {
  await db.close()
  await database.drop()
})

const often = 12

async function merchantWith(sku: string): Promise<string> {
  const merchantId = randomUUID()
  await withClaimTx(db, (tx) => tx.rows(`insert into merchant (merchant_id, name) values ($1, 'M')`, [merchantId]))
  await withTenantTx(db, merchantId, (tx) =>
    tx.rows('insert into item (merchant_id, item_id, sku) values ($1, $2, $3)', [merchantId, randomUUID(), sku]),
  )
  return merchantId
}

test('a statement that comes again and again is parsed once by its connection', async () => {
  const text = 'select kind from lane where kind = $1 /* often */'
  for (let n = 0; n < often; n++) await withClaimTx(db, (tx) => tx.rows(text, ['import']))
  const kept = await withClaimTx(db, (tx) =>
    tx.rows<{ runs: bigint }>(
      'select generic_plans + custom_plans as runs from pg_prepared_statements where statement = $1',
      [text],
    ),
  )
  expect(kept).toHaveLength(1)
  expect(Number(kept[0]?.runs)).toBeGreaterThan(1)
})

test('a statement that comes a few times is not kept', async () => {
  const text = 'select kind from lane where kind = $1 /* rarely */'
  for (let n = 0; n < 3; n++) await withClaimTx(db, (tx) => tx.rows(text, ['import']))
  const kept = await withClaimTx(db, (tx) =>
    tx.rows('select 1 from pg_prepared_statements where statement = $1', [text]),
  )
  expect(kept).toEqual([])
})

test('the plan kept from one merchant shows another merchant only its own rows', async () => {
  const merchants = [await merchantWith('A'), await merchantWith('B')] as const
  for (let n = 0; n < often; n++) {
    for (const [at, merchantId] of merchants.entries()) {
      const rows = await withTenantTx(db, merchantId, (tx) => tx.rows('select sku from item'))
      expect(rows).toEqual([{ sku: at === 0 ? 'A' : 'B' }])
    }
  }
})

test('a connection that keeps a statement which a migration has changed is not used again', async () => {
  const all = () => withClaimTx(db, (tx) => tx.rows('select * from lane'))
  for (let n = 0; n < often; n++) await all()
  await database.asAdmin((admin) => admin.query('alter table lane add column later int'))
  await expect(all()).rejects.toThrow('cached plan')
  await expect(all()).resolves.toEqual([])
})
