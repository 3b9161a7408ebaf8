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
  const [merchantId, connectionId, locationId] = [systemIds.uuid(), systemIds.uuid(), systemIds.uuid()]
  const name = `bench-${randomBytes(6).toString('hex')}`
  const domain = `${name}.myshopify.com`
  const apiSecret = `shpss_${randomBytes(16).toString('hex')}`
  const token = randomBytes(32).toString('base64url')
  await withClaimTx(db, async (tx) => {
    await tx.rows('insert into merchant (merchant_id, name) values ($1, $2)', [merchantId, name])
    await claimAccount(tx, { merchantId, connectionId, platform: 'shopify', accountKey: name, token })
  })
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
    await tx.rows(
      `insert into location (merchant_id, location_id, code, name, kind, rank, connection_id) values ($1, $2, 'DOCK', 'Dock', '3pl', 1, $3)`,
      [merchantId, locationId, systemIds.uuid()],
    )
    const [row] = await tx.rows<{ account_id: string }>('select account_id from connection where connection_id = $1', [
      connectionId,
    ])
    return row?.account_id ?? ''
  })
  const shop = { merchantId, accountId, connectionId, path: `/in/shopify/${token}`, domain, apiSecret }
  await fillShelves(db, shop, { ...catalogue, locationId })
  return shop
}

/** Items, the shop's listings of them, and a first count: through the same flows as from outside. */
async function fillShelves(
  db: Db,
  shop: Shop,
  { skus, onHand, locationId }: { skus: number; onHand: number; locationId: string },
): Promise<void> {
  const cause = { kind: 'api', id: randomUUID() } as const
  for (let from = 0; from < skus; from += perCall) {
    const numbers = Array.from({ length: Math.min(perCall, skus - from) }, (_, n) => from + n)
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
      await listingsSeen(
        tx,
        systemIds,
        shop.connectionId,
        numbers.map((n) => ({
          ref: variantGid(n),
          target: `gid://shopify/InventoryItem/${n}`,
          sku: skuOf(n),
          title: `Example article ${n}`,
          available: onHand,
          tracked: true,
        })),
      )
    })
  }
}
