import { createHash } from 'node:crypto'
import { type KeyRing, parseKeys } from '../../src/platform/base/key-ring.ts'
import { seal } from '../../src/platform/secrets/envelope.ts'
import { kinds } from './connectors.ts'
import type { Plan } from './plan.ts'
import { epochMs, type RealDatabase } from './real-database.ts'

const known = parseKeys(`sim:${Buffer.alloc(32, 7).toString('base64')}`)
if (known === null) throw new Error('the ring cannot be read')
export const keys: KeyRing = known

const uuid = (kind: number, n: number) =>
  `00000000-0000-4000-8000-${kind.toString(16).padStart(4, '0')}${n.toString(16).padStart(8, '0')}`
export const merchantId = uuid(1, 0)
export const secretKey = 'simulated'

export interface Furnished {
  readonly connectionId: string
  readonly kind: string
  readonly host: string
  readonly token: string
  readonly lanes: readonly string[]
}
export interface Furniture {
  readonly shops: readonly Furnished[]
  readonly partner: Furnished
  readonly locationId: string
  readonly itemOf: ReadonlyMap<string, string>
  /** Host and the listing's ref to its id. */
  readonly listingOf: ReadonlyMap<string, string>
}

const tokenOf = (host: string) => createHash('sha256').update(host).digest('base64url')
const channelLanes = ['import', 'effect', 'health', 'poll', 'listings', 'push.stock']

function connectionOf(n: number, kind: string, host: string): Furnished {
  const lanes = kind === kinds.warehouse ? ['import', 'effect', 'files'] : channelLanes
  return { connectionId: uuid(3, n), kind, host, token: tokenOf(host), lanes }
}

const sealed = new Map<string, string>()

function sealedFor(connectionId: string, column: 'credentials' | 'endpoint_token', plain: unknown): string {
  const place = { merchantId, table: 'connection', rowId: connectionId, column }
  const name = JSON.stringify(place)
  const text = sealed.get(name) ?? seal(keys, plain, place)
  sealed.set(name, text)
  return text
}

/** A merchant whose shops show what the ledger says, as after a quiet night. */
export async function furnish(real: RealDatabase, plan: Plan): Promise<Furniture> {
  const shops = plan.shops.map((shop, n) => connectionOf(n, shop.carriesOrder ? kinds.shopify : kinds.woo, shop.name))
  const partner = connectionOf(99, kinds.warehouse, 'warehouse')
  const locationId = uuid(4, 0)
  const itemOf = new Map(plan.items.map(({ sku }, n) => [sku, uuid(5, n)]))
  const listings = plan.shops.flatMap((shop, s) =>
    plan.listings.map((listing, n) => ({
      id: uuid(6, s * 100 + n),
      connection: shops[s]?.connectionId,
      host: shop.name,
      ref: listing.ref,
      sku: listing.sku,
      qty: plan.shownFirst.get(listing.ref) ?? 0,
      parts: listing.parts.map(({ sku, per }) => ({ item: itemOf.get(sku), per })),
    })),
  )
  const all = [...shops, partner].map((c) => ({
    ...c,
    account: c.connectionId.replace('-8000-0003', '-8000-0002'),
    credentials: sealedFor(c.connectionId, 'credentials', { key: secretKey }),
    endpoint: sealedFor(c.connectionId, 'endpoint_token', c.token),
    hash: createHash('sha256').update(c.token, 'utf8').digest('hex'),
  }))
  const items = plan.items.map(({ sku, onHand }, n) => ({ id: itemOf.get(sku), sku, onHand, seq: 300_000_000 + n }))
  const began = new Date(epochMs - 86_400_000).toISOString()
  const data = JSON.stringify({ merchantId, locationId, partner: partner.connectionId, all, items, listings, began })
  await real.look(furnishing, [data])
  const listingOf = new Map(listings.map(({ host, ref, id }) => [`${host} ${ref}`, id]))
  return { shops, partner, locationId, itemOf, listingOf }
}

const furnishing = `
with d as (select $1::jsonb as d), m as (select (d->>'merchantId')::uuid as id, d from d),
 c as (select m.id as m, x.* from m, jsonb_to_recordset(d->'all') as x("connectionId" uuid, account uuid, kind text, host text, credentials text, endpoint text, hash text, lanes jsonb)),
 i as (select m.id as m, x.* from m, jsonb_to_recordset(d->'items') as x(id uuid, sku text, "onHand" int, seq int)),
 l as (select m.id as m, x.* from m, jsonb_to_recordset(d->'listings') as x(id uuid, connection uuid, ref text, sku text, qty int, parts jsonb)),
 w1 as (insert into merchant (merchant_id, name) select id, 'Simulated' from m),
 w2 as (insert into channel_account (merchant_id, account_id, platform, external_account_id, name) select m, account, kind, host, host from c),
 w3 as (insert into connection (merchant_id, connection_id, account_id, connector, label, settings, credentials, endpoint_token, orders_from)
   select c.m, "connectionId", account, kind, host, jsonb_build_object('host', host), credentials, endpoint, (d->>'began')::timestamptz from c, d),
 w4 as (insert into webhook_endpoint (token_sha256, merchant_id, connection_id) select decode(hash, 'hex'), m, "connectionId" from c),
 w5 as (insert into lane (merchant_id, connection_id, kind, due_at, served_at) select m, "connectionId", k, (d->>'began')::timestamptz, '-infinity' from c, d, jsonb_array_elements_text(lanes) as k),
 w6 as (insert into location (merchant_id, location_id, code, name, kind, rank, connection_id) select id, (d->>'locationId')::uuid, 'DOCK', 'Dock', '3pl', 0, (d->>'partner')::uuid from m),
 w7 as (insert into item (merchant_id, item_id, sku) select m, id, sku from i),
 w8 as (insert into listing (merchant_id, listing_id, connection_id, external_id, channel_sku, title, publish_target) select m, id, connection, ref, sku, ref, ref from l),
 w9 as (insert into listing_component (merchant_id, listing_id, item_id, qty_per) select m, l.id, (p->>'item')::uuid, (p->>'per')::int from l, jsonb_array_elements(parts) as p),
 w10 as (insert into stock_clock (merchant_id, version) select id, 1 from m),
 w11 as (insert into inventory_level (merchant_id, item_id, location_id, on_hand) select m, id, (d->>'locationId')::uuid, "onHand" from i, d),
 w12 as (insert into inventory_movement (merchant_id, version, seq, item_id, location_id, kind, on_hand_delta, reserved_delta, cause_kind, cause_id)
   select m, 1, seq, id, (d->>'locationId')::uuid, 'count', "onHand", 0, 'api', m from i, d),
 w13 as (insert into stock_change (merchant_id, version, item_ids) select m, 1, array_agg(id) from i group by m),
 w14 as (insert into push_cursor (merchant_id, connection_id, seen_version) select distinct m, connection, 1 from l)
insert into listing_push (merchant_id, connection_id, listing_id, desired_version, sending_version, sending_qty, pushed_version, pushed_qty, confirmed_version, confirmed_qty, base_qty, base_version)
 select m, connection, id, 1, 1, qty, 1, qty, 1, qty, qty, 1 from l where jsonb_array_length(parts) > 0`
