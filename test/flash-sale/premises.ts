import { randomUUID } from 'node:crypto'
import { stockCounted } from '../../src/flows.ts'
import type { Db } from '../../src/platform/db/pool.ts'
import { withClaimTx, withTenantTx } from '../../src/platform/db/tx.ts'
import type { World } from '../support/world.ts'
import { type Numbers, partsOf } from './sales.ts'

export interface Premises {
  readonly merchantId: string
  readonly channels: readonly { readonly accountId: string; readonly connectionId: string }[]
  readonly world: Pick<World, 'db' | 'merchantId' | 'shop' | 'partner'>
}

const ids = { uuid: () => randomUUID() }

/** A merchant of its own with one warehouse, two items, and a listing of each and of the kit in every shop. */
export async function furnish(db: Db, shops: readonly unknown[], stock: Numbers): Promise<Premises> {
  const merchantId = randomUUID()
  const channels = shops.map(() => ({ accountId: randomUUID(), connectionId: randomUUID() }))
  const [partner, locationId] = [randomUUID(), randomUUID()]
  const items = { A: randomUUID(), B: randomUUID() }
  await withClaimTx(db, (tx) => tx.rows(`insert into merchant (merchant_id, name) values ($1, 'Sale')`, [merchantId]))
  await withTenantTx(db, merchantId, async (tx) => {
    await tx.rows(
      `insert into location (merchant_id, location_id, code, name, rank, connection_id) values ($1, $2, 'DOCK', 'The dock', 1, $3)`,
      [merchantId, locationId, partner],
    )
    for (const [sku, id] of Object.entries(items))
      await tx.rows('insert into item (merchant_id, item_id, sku) values ($1, $2, $3)', [merchantId, id, sku])
    for (const { connectionId } of channels) {
      for (const [ref, parts] of Object.entries(partsOf)) {
        const listingId = randomUUID()
        await tx.rows(
          'insert into listing (merchant_id, listing_id, connection_id, external_id, publish_target) values ($1, $2, $3, $4, $4)',
          [merchantId, listingId, connectionId, ref],
        )
        for (const sku of ['A', 'B'] as const)
          if (parts[sku] > 0)
            await tx.rows(
              'insert into listing_component (merchant_id, listing_id, item_id, qty_per) values ($1, $2, $3, $4)',
              [merchantId, listingId, items[sku], parts[sku]],
            )
      }
    }
    const counts = (['A', 'B'] as const).map((sku) => ({
      itemId: items[sku],
      locationId,
      onHand: stock[sku],
      asOf: null,
      kind: 'count' as const,
    }))
    await stockCounted(tx, ids, { kind: 'api', id: randomUUID() }, counts)
  })
  const [shop] = channels
  if (!shop) throw new Error('a sale needs a shop')
  return { merchantId, channels, world: { db, merchantId, shop, partner } }
}
