import { randomUUID } from 'node:crypto'
import { stockCounted } from '../../src/flows.ts'
import { type Db, openDb } from '../../src/platform/db/pool.ts'
import { withClaimTx, withTenantTx } from '../../src/platform/db/tx.ts'
import { freshDatabase, type TestDatabase } from './database.ts'

export { anOrder, type LineDraft } from './an-order.ts'

export const ids = { uuid: () => randomUUID() }

/** One merchant with two locations (a partner ships from both), plain items and a kit, on a fresh database. */
export interface World {
  readonly db: Db
  readonly database: TestDatabase
  readonly merchantId: string
  readonly shop: { readonly accountId: string; readonly connectionId: string }
  readonly partner: string
  readonly items: readonly string[]
  readonly locations: readonly string[]
  readonly listings: readonly string[]
  close(): Promise<void>
}

export async function openWorld(itemCount: number): Promise<World> {
  const database = await freshDatabase()
  const db = openDb(database.url, { work: 8, ingest: 2 })
  const merchantId = randomUUID()
  await withClaimTx(db, (tx) => tx.rows(`insert into merchant (merchant_id, name) values ($1, 'Test')`, [merchantId]))
  const world = await withTenantTx(db, merchantId, async (tx) => {
    const [accountId, connectionId, partner] = [randomUUID(), randomUUID(), randomUUID()]
    const locations = [randomUUID(), randomUUID()]
    for (const [rank, id] of locations.entries()) {
      await tx.rows(
        `insert into location (merchant_id, location_id, code, name, rank, connection_id) values ($1, $2, $3, $3, $4, $5)`,
        [merchantId, id, `L${rank}`, rank, partner],
      )
    }
    const items = Array.from({ length: itemCount }, () => randomUUID())
    const listings: string[] = []
    for (const [n, id] of items.entries()) {
      await tx.rows(`insert into item (merchant_id, item_id, sku) values ($1, $2, $3)`, [merchantId, id, `SKU-${n}`])
      listings.push(await listing(`V${n}`, [[id, 1]]))
    }
    if (items[0] && items[1])
      listings.push(
        await listing('KIT', [
          [items[0], 1],
          [items[1], 2],
        ]),
      )
    async function listing(ref: string, parts: readonly (readonly [string, number])[]): Promise<string> {
      const id = randomUUID()
      await tx.rows(
        `insert into listing (merchant_id, listing_id, connection_id, external_id, publish_target) values ($1, $2, $3, $4, $4)`,
        [merchantId, id, connectionId, ref],
      )
      for (const [item, per] of parts)
        await tx.rows(
          `insert into listing_component (merchant_id, listing_id, item_id, qty_per) values ($1, $2, $3, $4)`,
          [merchantId, id, item, per],
        )
      return ref
    }
    return { shop: { accountId, connectionId }, partner, items, locations, listings }
  })
  return {
    db,
    database,
    merchantId,
    ...world,
    close: async () => {
      await db.close()
      await database.drop()
    },
  }
}

export async function setStock(world: World, item: number, location: number, onHand: number): Promise<void> {
  const [itemId, locationId] = [world.items[item], world.locations[location]]
  if (!itemId || !locationId) throw new Error('no such item or location')
  await withTenantTx(world.db, world.merchantId, (tx) =>
    stockCounted(tx, ids, { kind: 'api', id: randomUUID() }, [
      { itemId, locationId, onHand, asOf: null, kind: 'count' },
    ]),
  )
}
