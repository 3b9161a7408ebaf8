import { randomBytes, randomUUID } from 'node:crypto'
import { connector as shopify } from '../../connectors/shopify/index.ts'
import { claimAccount } from '../../src/connections/claim-account.ts'
import { saveConnection } from '../../src/connections/save-connection.ts'
import { itemsCreated, listingsSeen, stockCounted } from '../../src/flows.ts'
import { systemIds } from '../../src/platform/base/ids.ts'
import { type KeyRing, parseKeys } from '../../src/platform/base/key-ring.ts'
import type { Db } from '../../src/platform/db/pool.ts'
import { withClaimTx, withTenantTx } from '../../src/platform/db/tx.ts'
import { skuOf, variantGid } from './order-body.ts'

/** One merchant with one Shopify shop and one partner's location, as the hub has them after the first day. */
export interface Shop {
  readonly merchantId: string
  readonly accountId: string
  readonly connectionId: string
  /** Where Shopify delivers: path below the hub's address. */
  readonly path: string
  readonly domain: string
  readonly apiSecret: string
}

export const hubKeys = `bench:${randomBytes(32).toString('base64')}`
const perCall = 250

function ring(keys: string): KeyRing {
  const parsed = parseKeys(keys)
  if (parsed === null) throw new Error('the bench made keys that the hub does not take')
  return parsed
}

/** Opens a shop in the database itself, without a far side: for parts in which the hub calls nobody. */
export async function openShop(db: Db, keys: string, catalogue: { skus: number; onHand: number }): Promise<Shop> {
  const [merchantId, locationId] = [systemIds.uuid(), systemIds.uuid()]
  await withClaimTx(db, (tx) => tx.rows(`insert into merchant (merchant_id, name) values ($1, 'Bench')`, [merchantId]))
  const shop = await connectShop(db, keys, merchantId)
  await withTenantTx(db, merchantId, (tx) =>
    tx.rows(
      `insert into location (merchant_id, location_id, code, name, kind, rank, connection_id) values ($1, $2, 'DOCK', 'Dock', '3pl', 1, $3)`,
      [merchantId, locationId, systemIds.uuid()],
    ),
  )
  await fillShelves(db, shop, { ...catalogue, locationId })
  return shop
}

/** One more channel that sells what the merchant has. */
export async function openChannel(db: Db, keys: string, merchantId: string, skus: number): Promise<Shop> {
  const shop = await connectShop(db, keys, merchantId)
  for (const numbers of portions(skus)) await showListings(db, shop, numbers)
  return shop
}

async function connectShop(db: Db, keys: string, merchantId: string): Promise<Shop> {
  const connectionId = systemIds.uuid()
  const name = `bench-${randomBytes(6).toString('hex')}`
  const domain = `${name}.myshopify.com`
  const apiSecret = `shpss_${randomBytes(16).toString('hex')}`
  const token = randomBytes(32).toString('base64url')
  await withClaimTx(db, (tx) =>
    claimAccount(tx, { merchantId, connectionId, platform: 'shopify', accountKey: name, token }),
  )
  const accountId = await withTenantTx(db, merchantId, async (tx) => {
    const credentials = { shop: domain, accessToken: 'shpat_bench', apiSecret }
    const checked = {
      connector: 'shopify',
      label: name,
      credentials,
      settings: { shop: domain },
      ordersFrom: null,
      writeMode: 'on' as const,
      location: null,
      spoken: shopify,
      secrets: shopify.credentials.parse(credentials),
      parsed: { shop: domain, locationId: 'gid://shopify/Location/1' },
    }
    const account = { key: name, name, currency: 'EUR', timeZone: 'UTC', missing: [] }
    await saveConnection(tx, { ids: systemIds, keys: ring(keys) }, { connectionId, checked, account, token })
    const [row] = await tx.rows<{ account_id: string }>('select account_id from connection where connection_id = $1', [
      connectionId,
    ])
    return row?.account_id ?? ''
  })
  return { merchantId, accountId, connectionId, path: `/in/shopify/${token}`, domain, apiSecret }
}

/** Numbers of SKUs, as many at a time as one transaction takes. */
function portions(skus: number): number[][] {
  const all = Array.from({ length: skus }, (_, n) => n)
  return Array.from({ length: Math.ceil(skus / perCall) }, (_, n) => all.slice(n * perCall, (n + 1) * perCall))
}

/** Items, the shop's listings of them, and a first count: through the same flows as from outside. */
async function fillShelves(
  db: Db,
  shop: Shop,
  { skus, onHand, locationId }: { skus: number; onHand: number; locationId: string },
): Promise<void> {
  const cause = { kind: 'api', id: randomUUID() } as const
  for (const numbers of portions(skus)) {
    await withTenantTx(db, shop.merchantId, async (tx) => {
      const items = await itemsCreated(
        tx,
        systemIds,
        cause,
        numbers.map((n) => ({ sku: skuOf(n), title: `Example article ${n}` })),
      )
      await stockCounted(
        tx,
        systemIds,
        cause,
        items.map(({ itemId }) => ({ itemId, locationId, onHand, asOf: null, kind: 'count' as const })),
      )
    })
    await showListings(db, shop, numbers)
  }
}

async function showListings(db: Db, shop: Shop, numbers: readonly number[]): Promise<void> {
  await withTenantTx(db, shop.merchantId, (tx) =>
    listingsSeen(
      tx,
      systemIds,
      shop.connectionId,
      numbers.map((n) => ({
        ref: variantGid(n),
        target: `gid://shopify/InventoryItem/${n}`,
        sku: skuOf(n),
        title: `Example article ${n}`,
        available: 0,
        tracked: true,
      })),
    ),
  )
}
