import { createHash } from 'node:crypto'
import type { Ids } from '../platform/base/ports.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface OpenedRequest {
  readonly fulfillmentOrderId: string
  readonly orderId: string
  readonly connectionId: string | null
  readonly requestNumber: string
}
export interface Reopened {
  readonly opened: readonly OpenedRequest[]
  /** Never sent, and no longer right: their request effects must not run. */
  readonly withdrawn: readonly string[]
}

/**
 * `FR` and 18 of A-Z0-9: within the 20 characters that partners' systems take. It follows from the order as its shop
 * knows it, so a hub that forgot what it asked for (a restored backup) asks under the same number, which no partner
 * carries out twice.
 */
function requestNumber(of: Parcel): string {
  const digest = createHash('sha256').update(`${of.accountId} ${of.externalId} ${of.locationId} ${of.asked}`).digest()
  const number = BigInt(`0x${digest.toString('hex')}`) & ((1n << 90n) - 1n)
  return `FR${number.toString(36).toUpperCase().padStart(18, '0')}`
}

/**
 * Requests that no partner has seen are void once their order changed; they are made anew from what is reserved now.
 * The number that nobody was told goes to the next one. Ids of one minute begin alike: what tells them apart is their end.
 */
async function withdrawUnsent(tx: Tx, orderIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `with due as materialized (
       select f.fulfillment_order_id from unnest($2::uuid[]) as i(order_id)
       cross join lateral (select fulfillment_order_id from fulfillment_order f where f.merchant_id = $1 and f.order_id = i.order_id
         and f.request_status = 'unsubmitted' and f.status = 'open' offset 0) f
     )
     update fulfillment_order f set status = 'cancelled', reason = 'the order changed before it was sent',
       request_number = f.request_number || '-' || right(f.fulfillment_order_id::text, 12)
     where f.merchant_id = $1 and f.fulfillment_order_id = any(array(select fulfillment_order_id from due))
       and f.request_status = 'unsubmitted' and f.status = 'open'
     returning f.fulfillment_order_id as id`,
    [tx.merchantId, orderIds],
  )
  return rows.map((row) => row.id)
}

interface Parcel {
  readonly orderId: string
  readonly accountId: string
  readonly externalId: string
  /** How often this location was asked for this order before. */
  readonly asked: number
  readonly locationId: string
  readonly connectionId: string | null
  readonly lines: { readonly lineId: string; readonly itemId: string; readonly qty: number }[]
}

/**
 * What may be asked for now: reserved and not handed off, of orders that are paid, mapped, wanted, complete, not held and not only watched. An
 * order of which a partner refused or shorted a part waits for a person. What a person ships by hand is never handed off,
 * so that an edit can let go of it: what they were asked for and have not sent yet is left out. Counts, because a NOT EXISTS may be answered by
 * reading all of the merchant's rows into a hash while statistics are young.
 */
async function parcelsOf(tx: Tx, orderIds: readonly string[]): Promise<Parcel[]> {
  if (orderIds.length === 0) return []
  return tx.rows<Parcel & object>(
    `select d.order_id as "orderId", d.account_id as "accountId", d.external_id as "externalId", d.location_id as "locationId",
       p.connection_id as "connectionId", d.lines, t.asked::int from (
       select o.order_id, o.account_id, o.external_id, r.location_id,
         json_agg(json_build_object('lineId', r.line_id, 'itemId', r.item_id, 'qty', r.reserved - r.handed - coalesce(h.asked, 0)) order by r.line_id, r.item_id) as lines
       from unnest($2::uuid[]) as i(order_id)
       cross join (select ships_partially from merchant where merchant_id = $1) m
       cross join lateral (select order_id, account_id, external_id from orders o where o.merchant_id = $1 and o.order_id = i.order_id
         and o.cancelled_at is null and o.hold is null and not o.is_test and not o.watched offset 0) o
       cross join lateral (select coalesce(sum(c.short), 0) as short, coalesce(array_agg(c.line_id), '{}') as mapped
         from order_line_component c where c.merchant_id = $1 and c.order_id = o.order_id) c
       cross join lateral (select count(*) as unmapped from order_line l
         where l.merchant_id = $1 and l.order_id = o.order_id and l.physical and l.qty_ordered > l.qty_cancelled and l.line_id <> all(c.mapped)) l
       cross join lateral (select count(*) as halts from order_halt z where z.merchant_id = $1 and z.order_id = o.order_id and z.halted) z
       cross join lateral (select count(*) as stopped from fulfillment_order f
         where f.merchant_id = $1 and f.order_id = o.order_id and f.status = 'incomplete') f
       cross join lateral (select * from reservation r where r.merchant_id = $1 and r.order_id = o.order_id and r.reserved > r.handed offset 0) r
       left join lateral (select sum(x.requested - x.rejected - x.cancelled - x.shipped) as asked from fulfillment_order f
         join fulfillment_order_line x on x.merchant_id = $1 and x.fulfillment_order_id = f.fulfillment_order_id and x.line_id = r.line_id and x.item_id = r.item_id
         where f.merchant_id = $1 and f.order_id = o.order_id and f.connection_id is null and f.status = 'in_progress'
           and f.location_id = r.location_id) h on true
       where (m.ships_partially or c.short = 0) and l.unmapped = 0 and f.stopped = 0 and z.halts = 0 and r.reserved - r.handed > coalesce(h.asked, 0)
       group by 1, 2, 3, 4 offset 0) d
     cross join lateral (select connection_id from location p where p.merchant_id = $1 and p.location_id = d.location_id offset 0) p
     cross join lateral (select count(*) as asked from fulfillment_order f where f.merchant_id = $1 and f.order_id = d.order_id
       and f.location_id = d.location_id and not (f.request_status = 'unsubmitted' and f.status = 'cancelled')) t
     order by 1, 4`,
    [tx.merchantId, orderIds],
  )
}

/** An order that is new in this transaction, paid, mapped and wanted: nothing was asked for yet, and what it holds is known. */
export interface FreshOrder {
  readonly orderId: string
  readonly accountId: string
  readonly externalId: string
  readonly isShort: boolean
  readonly held: readonly (Parcel['lines'][number] & { readonly locationId: string })[]
}

/** The same for orders of this transaction, of which nothing needs to be read. */
async function parcelsOfFresh(tx: Tx, orders: readonly FreshOrder[]): Promise<Parcel[]> {
  const places = [...new Set(orders.flatMap(({ held }) => held.map((h) => h.locationId)))]
  if (places.length === 0) return []
  const rows = await tx.rows<{ locationId: string; connectionId: string | null; partially: boolean }>(
    `select p.location_id as "locationId", p.connection_id as "connectionId", m.ships_partially as partially
     from merchant m cross join location p where m.merchant_id = $1 and p.merchant_id = $1 and p.location_id = any($2::uuid[])`,
    [tx.merchantId, places],
  )
  return orders.flatMap(({ orderId, accountId, externalId, isShort, held }) =>
    rows.flatMap(({ locationId, connectionId, partially }): Parcel[] => {
      const lines = held.filter((h) => h.locationId === locationId && h.qty > 0)
      if (lines.length === 0 || (isShort && !partially)) return []
      return [{ orderId, accountId, externalId, locationId, connectionId, lines, asked: 0 }]
    }),
  )
}

/**
 * Withdraws what was not sent and opens a fulfilment order per order and location for what is reserved now.
 * The caller holds the order rows' locks. `known`: orders that were here before this transaction.
 */
export async function reopenRequests(
  tx: Tx,
  ids: Ids,
  known: readonly string[],
  fresh: readonly FreshOrder[],
): Promise<Reopened> {
  const withdrawn = known.length === 0 ? [] : await withdrawUnsent(tx, known)
  const found = [...(await parcelsOf(tx, known)), ...(await parcelsOfFresh(tx, fresh))]
  const parcels = found.map((parcel) => {
    return { ...parcel, fulfillmentOrderId: ids.uuid(), requestNumber: requestNumber(parcel) }
  })
  if (parcels.length === 0) return { opened: [], withdrawn }
  const lines = parcels.flatMap((p) =>
    p.lines.map(({ lineId, itemId, qty }) => ({
      lineId,
      itemId,
      qty,
      orderId: p.orderId,
      fulfillmentOrderId: p.fulfillmentOrderId,
    })),
  )
  await tx.rows(
    `with opened as (
       insert into fulfillment_order (merchant_id, fulfillment_order_id, order_id, location_id, connection_id, request_number)
       select $1, "fulfillmentOrderId", "orderId", "locationId", "connectionId", "requestNumber"
       from json_to_recordset($2::json) as t("fulfillmentOrderId" uuid, "orderId" uuid, "locationId" uuid, "connectionId" uuid, "requestNumber" text)
     )
     insert into fulfillment_order_line (merchant_id, fulfillment_order_id, order_id, line_id, item_id, requested)
     select $1, "fulfillmentOrderId", "orderId", "lineId", "itemId", qty
     from json_to_recordset($3::json) as t("fulfillmentOrderId" uuid, "orderId" uuid, "lineId" uuid, "itemId" uuid, qty int)`,
    [tx.merchantId, JSON.stringify(parcels.map(({ lines: _, ...parcel }) => parcel)), JSON.stringify(lines)],
  )
  return { opened: parcels, withdrawn }
}

/**
 * Asks partners to stop what cancelled orders, and those that a person wants cancelled, no longer want; their stock stays held until the partner answers or ships.
 * What a person was to ship by hand ends here.
 */
export async function requestCancels(tx: Tx, orderIds: readonly string[]): Promise<OpenedRequest[]> {
  return tx.rows<OpenedRequest & object>(
    `with due as materialized (
       select f.fulfillment_order_id from unnest($2::uuid[]) as i(order_id)
       cross join lateral (select 1 from orders o where o.merchant_id = $1 and o.order_id = i.order_id
         and (o.cancelled_at is not null or (select count(*) from order_halt z where z.merchant_id = $1 and z.order_id = i.order_id and z.cancel_state = 'asked') > 0) offset 0) o
       cross join lateral (select fulfillment_order_id from fulfillment_order f where f.merchant_id = $1 and f.order_id = i.order_id
         and f.request_status in ('submitted', 'accepted') and f.status in ('open', 'in_progress') offset 0) f
     ), by_hand as (
       update fulfillment_order_line x set cancelled = x.requested - x.rejected - x.shipped
       where x.merchant_id = $1 and x.fulfillment_order_id = any(array(
         select f.fulfillment_order_id from due cross join lateral (select * from fulfillment_order f
           where f.merchant_id = $1 and f.fulfillment_order_id = due.fulfillment_order_id offset 0) f where f.connection_id is null))
     )
     update fulfillment_order f set cancel_requested_at = now(),
       request_status = case when f.connection_id is null then 'cancellation_accepted' else 'cancellation_requested' end,
       status = case when f.connection_id is null then 'cancelled' else f.status end
     where f.merchant_id = $1 and f.fulfillment_order_id = any(array(select fulfillment_order_id from due))
     returning f.fulfillment_order_id as "fulfillmentOrderId", f.order_id as "orderId", f.connection_id as "connectionId", f.request_number as "requestNumber"`,
    [tx.merchantId, orderIds],
  )
}
