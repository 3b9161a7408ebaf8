import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  ensureLanes,
  extendLease,
  fence,
  freeLanes,
  type LaneKey,
  LeaseLost,
  orphanedLanes,
  returnLane,
  takeLane,
} from '../../../src/platform/db/lane.ts'
import { type Db, openDb } from '../../../src/platform/db/pool.ts'
import { type Tx, withClaimTx, withTenantTx } from '../../../src/platform/db/tx.ts'
import { freshDatabase, type TestDatabase } from '../../support/database.ts'

let database: TestDatabase
let db: Db
let key: LaneKey
const longMs = 60_000
const shortMs = 150

beforeAll(async () => {
  database = await freshDatabase()
  db = openDb(database.url, { work: 20, ingest: 1 })
})
afterAll(async () => {
  await db.close()
  await database.drop()
})
beforeEach(async () => {
  key = { merchantId: randomUUID(), connectionId: randomUUID(), kind: 'work' }
  await asMerchant((tx) => ensureLanes(tx, key.connectionId, ['work']))
})

const asMerchant = <T>(work: (tx: Tx) => Promise<T>) => withTenantTx(db, key.merchantId, work)
const write = (tx: Tx, sku: string) =>
  tx.rows('insert into item (merchant_id, item_id, sku) values ($1, $2, $3)', [tx.merchantId, randomUUID(), sku])
const written = () =>
  asMerchant(async (tx) => (await tx.rows<{ sku: string }>('select sku from item')).map((r) => r.sku))
const lane = () =>
  database.asAdmin(async (admin) => {
    const sql = 'select lease_token as token, lease_until < now() as over from lane where connection_id = $1'
    const { rows } = await admin.query<{ token: string | null; over: boolean }>(sql, [key.connectionId])
    return rows[0]
  })
const leaseIsOver = () => expect.poll(async () => (await lane())?.over).toBe(true)
async function take(leaseMs: number) {
  const lease = await takeLane(db, key, true, leaseMs)
  if (!lease) throw new Error('the lane is taken')
  return lease
}

test('of twenty who ask at once one gets the lane', async () => {
  for (let round = 0; round < 5; round++) {
    const leases = await Promise.all(Array.from({ length: 20 }, () => takeLane(db, key, true, longMs)))
    const got = leases.filter((lease) => lease !== null)
    expect(got).toHaveLength(1)
    for (const lease of got) await returnLane(db, lease, 0)
  }
})

test('nobody gets a lane that is held, that is not there, or whose time has not come, unless woken early', async () => {
  const lease = await take(longMs)
  expect(await takeLane(db, key, true, longMs)).toBeNull()
  await returnLane(db, lease, longMs)
  expect(await takeLane(db, key, false, longMs)).toBeNull()
  expect(await takeLane(db, key, true, longMs)).toMatchObject({ tookOver: false })
  expect(await takeLane(db, { ...key, kind: 'other' }, true, longMs)).toBeNull()
})

test('while its holder settles, nobody takes a lane, even when its lease is over by then', async () => {
  const lease = await take(shortMs)
  await asMerchant(async (tx) => {
    await fence(tx, lease)
    await leaseIsOver()
    expect(await takeLane(db, key, true, longMs)).toBeNull()
    await write(tx, 'settled in time')
  })
  expect(await takeLane(db, key, true, longMs)).toMatchObject({ tookOver: true })
  expect(await written()).toEqual(['settled in time'])
})

test('whoever lost a lane changes nothing any more: not the lane, and no row behind the fence', async () => {
  const old = await take(shortMs)
  await leaseIsOver()
  const thief = await take(longMs)
  expect(thief.tookOver).toBe(true)
  const late = asMerchant(async (tx) => {
    await fence(tx, old)
    await write(tx, 'too late')
  })
  await expect(late).rejects.toThrow(LeaseLost)
  await expect(extendLease(db, old, longMs)).rejects.toThrow(LeaseLost)
  await returnLane(db, old, 0)
  expect(await lane()).toEqual({ token: thief.token, over: false })
  expect(await written()).toEqual([])
  await asMerchant((tx) => fence(tx, thief))
})

test('a lease that is over is lost, although nobody took the lane', async () => {
  const lease = await take(shortMs)
  await leaseIsOver()
  await expect(asMerchant((tx) => fence(tx, lease))).rejects.toThrow(LeaseLost)
  await expect(extendLease(db, lease, longMs)).rejects.toThrow(LeaseLost)
  expect(await withClaimTx(db, (tx) => orphanedLanes(tx, 'work', 10))).toContainEqual(key)
})

test('a lease that is prolonged in time stays', async () => {
  const lease = await take(shortMs)
  await extendLease(db, lease, longMs)
  await new Promise((resolve) => setTimeout(resolve, 2 * shortMs))
  await asMerchant((tx) => fence(tx, lease))
  expect(await takeLane(db, key, true, longMs)).toBeNull()
})

test('a merchant cannot fence with the lease of another', async () => {
  const lease = await take(longMs)
  await expect(withTenantTx(db, randomUUID(), (tx) => fence(tx, lease))).rejects.toThrow(LeaseLost)
})

test('lanes that are held are not free', async () => {
  const free = () => withClaimTx(db, (tx) => freeLanes(tx, [key, { ...key, kind: 'not there' }]))
  expect(await free()).toEqual([key])
  const lease = await take(longMs)
  expect(await free()).toEqual([])
  await returnLane(db, lease, 0)
  expect(await free()).toEqual([key])
})
